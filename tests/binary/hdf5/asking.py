"""What HDF5 files commonly have, and all that can be asked of them."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np

from scopecli.binary.hdf5.reader import Hdf5Reader, Place
from scopecli.formats.hdf5.driver import InMemory
from tests import hdf5_files
from tests.hdf5_readers import answers

PLACE = Place("x", 0)


def reader(data: bytes) -> Hdf5Reader:
    return Hdf5Reader(InMemory(data, "x.h5"), PLACE)


def ask(data: bytes) -> None:
    """Ask for everything, and fail with the first that cannot be read."""
    for answer in everything(data).values():
        if isinstance(answer, Exception):
            raise answer


def everything(data: bytes) -> dict[str, object]:
    return answers(reader(data))


def compact() -> Any:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    return properties


def common(file: h5py.File) -> None:
    """What models have, and what is a little odd beside it. Never more than eight in a group."""
    for number, kind in enumerate(hdf5_files.PLAIN_TYPES):
        fields = np.dtype(kind).fields or {}
        if not any(field[0].hasobject for field in fields.values()):
            file.create_dataset(f"types/{number // 8}/{number}", (2, 3), kind)
    for i in range(6):
        layer = file.create_group(f"layers/{i}")
        layer["kernel:0"] = np.zeros((i, 2), "f4")
        layer["bias:0"] = np.zeros(i, "f4")
        layer.attrs["weight_names"] = [b"kernel:0", b"bias:0"]
        layer.attrs["names"] = np.array([b"kernel:0", b"bias:0"])
    file["few/scalar"] = 1.5
    file["few/null"] = h5py.Empty("f4")
    file["few/soft"] = h5py.SoftLink("/few/scalar")
    file["few/outside"] = h5py.ExternalLink("other.h5", "/x")
    file["few/layer"] = file["layers/1"]
    file["few/around"] = file["/"]
    file["few/ä"] = "text"
    file.create_dataset("compact", data=np.zeros(3), dcpl=compact())
    file.attrs["a1"] = '{"class_name": "Model"}' * 500
    file.attrs["a2"] = 2
    file.attrs["a3"] = np.array([1.5, -2], ">f4")
    file.attrs["a4"] = ["free", "ä", ""]
    file.attrs["a5"] = h5py.Empty("S1")
    file.attrs["a6"] = True
