"""MXNet's parameters: the samples, and files of the older layouts made here byte by byte."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.mxnet import MAGIC
from scopecli.formats.opening import load
from tests.models import get
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model

DEVICE, FLOAT = struct.pack("<2i", 1, 0), struct.pack("<i", 0)
DATA = struct.pack("<6f", *range(6))
# The same array, of two rows and three columns, in each layout that MXNet has had.
LAYOUTS = {
    "before 0.10": struct.pack("<3I", 2, 2, 3),
    "long sizes": struct.pack("<Ii2q", 0xF993FAC8, 2, 2, 3),
    "storage types": struct.pack("<Iii2q", 0xF993FAC9, 0, 2, 2, 3),
    "NumPy": struct.pack("<Iii2q", 0xF993FACA, 0, 2, 2, 3),
}
WHOLE = LAYOUTS["storage types"] + DEVICE + FLOAT + DATA


def file(folder: Path, arrays: list[bytes], names: list[str], *, count: int | None = None) -> str:
    """A file with these arrays and names."""
    data = MAGIC + struct.pack("<Q", len(arrays) if count is None else count) + b"".join(arrays)
    data += struct.pack("<Q", len(names))
    for name in names:
        data += struct.pack("<Q", len(name.encode())) + name.encode()
    path = folder / "made.params"
    path.write_bytes(data)
    return str(path)


def numbers(model: Model, key: str) -> list[float]:
    variable = get(model, key)
    found: list[float] = values.preview(model, variable).ravel().tolist()
    return found


def test_a_module() -> None:
    model = load(SAMPLES / "module.params")
    assert (model.format, model.separator) == ("mxnet", ".")
    assert not model.notes
    found = {each.key: each for each in model.variables}
    assert found["arg:conv0_weight"].name == "conv0_weight"
    assert found["arg:conv0_weight"].shape == (2, 3, 2, 2)
    assert [found[f"arg:{name}"].dtype for name in ("float64", "uint8")] == ["float64", "uint8"]
    assert {key: each.trainable for key, each in found.items() if each.trainable is not None} == {
        "aux:batchnorm0_moving_mean": False
    }
    assert numbers(model, "arg:float16") == [0, 1, 2, 3, 4, 5]
    assert numbers(model, "aux:batchnorm0_moving_mean") == [0.5, 1.5]


def test_sparse_arrays_are_told_and_not_read() -> None:
    model = load(SAMPLES / "module.params")
    rows, cells = (
        next(each for each in model.variables if each.name == name) for name in ("rows", "cells")
    )
    assert (rows.shape, dict(rows.attributes)) == ((5, 2), {"layout": "row_sparse", "sparse": 2})
    assert (cells.shape, dict(cells.attributes)) == ((2, 3), {"layout": "sparse_csr", "sparse": 3})
    with pytest.raises(UnsupportedError, match="is kept as row_sparse"):
        values.preview(model, rows)


def test_shapes_of_numpy() -> None:
    model = load(SAMPLES / "gluon.params")
    assert {each.key: (each.shape, each.dtype) for each in model.variables} == {
        "encoder.0.weight": ((2, 3), "float32"),
        "encoder.0.mask": ((2,), "bool"),
        "scale": ((), "float32"),
        "none": ((0, 3), "float32"),
    }
    assert numbers(model, "scale") == [2.5]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(tmp_path: Path, layout: str) -> None:
    model = load(file(tmp_path, [LAYOUTS[layout] + DEVICE + FLOAT + DATA], ["w"]))
    (variable,) = model.variables
    assert (variable.shape, variable.dtype) == ((2, 3), "float32")
    assert numbers(model, "w") == [0, 1, 2, 3, 4, 5]


def test_no_names_and_no_shape(tmp_path: Path) -> None:
    """A list has no names; an array that was never given a shape is saved as nothing."""
    nothing = struct.pack("<Iii", 0xF993FAC9, 0, 0)
    model = load(file(tmp_path, [nothing, WHOLE, struct.pack("<I", 0)], []))
    assert [(each.key, each.shape) for each in model.variables] == [
        ("0", None),
        ("1", (2, 3)),
        ("2", None),
    ]


def test_a_name_that_comes_twice(tmp_path: Path) -> None:
    model = load(file(tmp_path, [WHOLE, WHOLE], ["w", "w"]))
    assert [each.key for each in model.variables] == ["w", "w#2"]
    assert [(note.code, note.subject) for note in model.notes] == [("duplicate-key", "w")]


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (struct.pack("<Iii2q", 0xF993FAC9, 0, 2, 2, -3) + DEVICE + FLOAT, "of the shape"),
        (struct.pack("<Iii2q", 0xF993FAC9, 0, 2, 1 << 62, 9) + DEVICE + FLOAT, "is cut short"),
        (struct.pack("<Iii", 0xF993FAC9, 0, 1 << 30), "of 1073741824 dimensions"),
        (struct.pack("<Ii", 0xF993FAC9, 7), "of the storage type 7"),
        (LAYOUTS["NumPy"] + DEVICE + struct.pack("<i", 99) + DATA, "of type 99"),
        (b"", "needs bytes"),
    ],
)
def test_damage(tmp_path: Path, array: bytes, problem: str) -> None:
    with pytest.raises(DamagedFileError, match=problem):
        load(file(tmp_path, [array], [], count=2))


def test_counts_are_held_against_the_file(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match=f"claims to have {1 << 63} arrays"):
        load(file(tmp_path, [WHOLE], ["w"], count=1 << 63))
    with pytest.raises(DamagedFileError, match="has 1 arrays and 2 names"):
        load(file(tmp_path, [WHOLE], ["w", "v"]))
