from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from scopecli.errors import UnsupportedError
from scopecli.formats.hdf5 import reader as hdf5
from tests.models import by_key, data_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scopecli.model.model import Model

    Build = Callable[[Callable[[h5py.File], None]], Model]


TYPES: list[tuple[Any, str, int | None]] = [
    ("<f4", "float32", 4),
    (">f8", "float64", 8),
    ("<f2", "float16", 2),
    ("i1", "int8", 1),
    (">u2", "uint16", 2),
    ("<c8", "complex64", 8),
    (">c16", "complex128", 16),
    ("?", "bool", 1),
    ("S5", "string", 5),
    (h5py.string_dtype(), "string", None),
    (np.dtype([("a", "i4"), ("b", "f8")]), "compound", 12),
    (np.dtype([("r", "i4"), ("i", "i4")]), "compound", 8),
    (h5py.enum_dtype({"A": 1, "B": 2}, basetype="i2"), "enum", 2),
    (h5py.vlen_dtype("i4"), "vlen(int32)", None),
    (np.dtype("(3,2)f4"), "array(float32, 3, 2)", 24),
    (np.dtype("V3"), "opaque", 3),
    (h5py.ref_dtype, "reference", 8),
    (h5py.regionref_dtype, "region_reference", 12),
]


@pytest.mark.parametrize(("stored", "name", "size"), TYPES)
def test_types_are_named(build: Build, stored: Any, name: str, size: int | None) -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("x", (2, 3), dtype=stored)

    variable = by_key(build(fill))["x"]
    assert (variable.dtype, variable.shape) == (name, (2, 3))
    assert variable.nbytes == (size and 6 * size)
    big = np.dtype(stored).byteorder == ">"
    assert variable.attributes.get("byte_order") == ("big" if big else None)


def test_scalars_empty_dataspaces_and_no_rows(build: Build) -> None:
    def fill(file: h5py.File) -> None:
        file["scalar"] = np.int64(5)
        file["null"] = h5py.Empty("f4")
        file["none"] = np.zeros((0, 3), "f4")

    model = build(fill)
    shapes = {key: (v.shape, v.nbytes, v.params) for key, v in by_key(model).items()}
    assert shapes == {"scalar": ((), 8, 1), "null": (None, 0, 0), "none": ((0, 3), 0, 0)}
    assert data_of(model, "scalar") == (5).to_bytes(8, "little")
    assert data_of(model, "null") == data_of(model, "none") == b""


def test_storage_says_where_contiguous_bytes_are(build: Build) -> None:
    array = np.arange(5, dtype="<i4")
    model = build(lambda file: file.update({"g/x": array}))
    storage = by_key(model)["g/x"].storage
    assert storage is not None
    assert (storage.shard, storage.length) == ("x.h5", 20)
    with open(model.path, "rb") as file:
        assert storage.offset is not None
        file.seek(storage.offset)
        assert file.read(20) == array.tobytes()


def test_an_object_is_listed_once_under_its_first_path(build: Build) -> None:
    def fill(file: h5py.File) -> None:
        file["b/x"] = np.zeros(3)
        file["a"] = file["b/x"]
        file["c"] = file["b"]
        file["b/loop"] = file["/"]
        file["b/self"] = file["b"]

    model = build(fill)
    (variable,) = model.variables
    assert (variable.key, variable.attributes["aliases"]) == ("a", ("b/x",))
    assert {(note.code, note.subject) for note in model.notes} == {
        ("hard-link", "b/loop"),
        ("hard-link", "b/self"),
        ("hard-link", "c"),
    }


def test_links_are_noted_and_never_followed(build: Build, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["secret"] = np.ones(3)

    def fill(file: h5py.File) -> None:
        file["real"] = np.zeros(3)
        file["soft"] = h5py.SoftLink("/real")
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["outside"] = h5py.ExternalLink("other.h5", "/secret")

    model = build(fill)
    assert list(by_key(model)) == ["real"]
    assert {(note.code, note.subject) for note in model.notes} == {
        ("soft-link", "soft"),
        ("soft-link", "dangling"),
        ("external-link", "outside"),
    }


def test_values_in_other_files_are_listed_and_refused(build: Build, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "source.h5", "w") as source:
        source.create_dataset("d", data=np.ones((7, 3)), maxshape=(None, 3))
    (tmp_path / "raw.bin").write_bytes(b"\1" * 16)

    def fill(file: h5py.File) -> None:
        file.create_dataset("raw", (4,), dtype="f4", external=[("raw.bin", 0, 16)])
        layout = h5py.VirtualLayout((2, 3), "f8", maxshape=(None, 3))
        source = h5py.VirtualSource("source.h5", "d", (7, 3), maxshape=(None, 3))
        layout[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
        file.create_virtual_dataset("virtual", layout)

    model = build(fill)
    found = by_key(model)
    assert found["raw"].shape == (4,)
    assert found["virtual"].shape == (2, 3), "the source, which has 7 rows, was opened"
    for key, variable in found.items():
        assert variable.attributes["external"] is True
        assert variable.storage is None
        with pytest.raises(UnsupportedError, match="another file"):
            data_of(model, key)


def test_names_that_are_not_utf_8_survive(build: Build) -> None:
    def fill(file: h5py.File) -> None:
        space = h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5d.create(file.id, b"caf\xe9", h5py.h5t.IEEE_F32LE, space)

    model = build(fill)
    (variable,) = model.variables
    assert variable.key.encode("utf-8", "surrogateescape") == b"caf\xe9"
    assert data_of(model, variable.key) == bytes(4)


def test_a_user_block_shifts_offsets(tmp_path: Path) -> None:
    path = str(tmp_path / "x.mat")
    with h5py.File(path, "w", userblock_size=1024) as file:
        file["x"] = np.full(4, 7, "<i8")
    model = hdf5.read(path)
    assert model.metadata["user_block"] == 1024
    storage = by_key(model)["x"].storage
    assert storage is not None
    with open(path, "rb") as raw:
        assert storage.offset is not None
        raw.seek(storage.offset)
        assert raw.read(8) == (7).to_bytes(8, "little")
    assert data_of(model, "x") == np.full(4, 7, "<i8").tobytes()


def test_groups_nested_without_end_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "deep.h5")
    with h5py.File(path, "w", libver="latest") as file:
        group = file.id
        for _ in range(2000):
            group = h5py.h5g.create(group, b"g")
    with pytest.raises(UnsupportedError, match="nested more than 500 deep"):
        hdf5.read(path)


def test_the_listing_is_that_of_visititems(tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        for i in range(40):
            file[f"g{i % 7}/h-{i % 3}/d{i}"] = np.zeros((i, 2), "f4")
        file.create_group("empty")
        file["type"] = np.dtype("f8")
    expected: list[tuple[str, tuple[int, ...]]] = []
    with h5py.File(path) as file:
        file.visititems(
            lambda name, found: (
                expected.append((name, found.shape)) if isinstance(found, h5py.Dataset) else None
            )
        )
    assert [(v.key, v.shape) for v in hdf5.read(path).variables] == expected
