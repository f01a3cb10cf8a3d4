from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, NotAModelError, UnsupportedError
from scopecli.formats.hdf5 import reader as hdf5
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.structure import attribute, strings
from scopecli.formats.hdf5.values import Block, Hdf5Values, _spaces, blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

    Build = Callable[[Callable[[h5py.File], None]], Model]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def make(fill: Callable[[h5py.File], None]) -> Model:
        path = tmp_path / "x.h5"
        with h5py.File(path, "w") as file:
            fill(file)
        return hdf5.read(str(path))

    return make


def by_key(model: Model) -> dict[str, Variable]:
    found = {variable.key: variable for variable in model.variables}
    assert len(found) == len(model.variables)
    return found


def values(model: Model, key: str) -> bytes:
    variable = by_key(model)[key]
    assert model.tensors is not None
    return model.tensors.read(variable, 0, variable.params)


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


@pytest.mark.parametrize("stored", ["<f4", ">f4", ">i8", "<u2", ">c16", "?", "<f2"])
def test_values_are_little_endian_whatever_the_file_has(build: Build, stored: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(stored)
    model = build(lambda file: file.update({"x": array}))
    expected = array.astype(array.dtype.newbyteorder("<")).tobytes()
    assert values(model, "x") == expected
    size = array.dtype.itemsize
    assert model.tensors is not None
    for start, count in ((0, 0), (5, 1), (3, 9), (11, 13), (1, 22)):
        run = model.tensors.read(by_key(model)["x"], start, count)
        assert run == expected[start * size : (start + count) * size]


@given(
    st.lists(st.integers(1, 5), max_size=4).flatmap(
        lambda shape: st.tuples(
            st.just(tuple(shape)),
            st.integers(0, int(np.prod(shape, dtype=int))),
            st.integers(0, int(np.prod(shape, dtype=int))),
        )
    )
)
def test_blocks_are_the_run_in_order_and_few(drawn: tuple[tuple[int, ...], int, int]) -> None:
    shape, a, b = drawn
    start, end = sorted((a, b))
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    found = list(blocks(shape, start, end - start))
    seen = [
        array[tuple(slice(i, i + n) for i, n in zip(block.start, block.extents, strict=True))]
        for block in found
    ]
    assert [int(i) for part in seen for i in part.ravel()] == list(range(start, end))
    assert [part.size for part in seen] == [block.elements for block in found]
    assert len(found) <= max(1, 2 * len(shape) - 1)


def test_scalars_empty_dataspaces_and_no_rows(build: Build) -> None:
    def fill(file: h5py.File) -> None:
        file["scalar"] = np.int64(5)
        file["null"] = h5py.Empty("f4")
        file["none"] = np.zeros((0, 3), "f4")

    model = build(fill)
    shapes = {key: (v.shape, v.nbytes, v.params) for key, v in by_key(model).items()}
    assert shapes == {"scalar": ((), 8, 1), "null": (None, 0, 0), "none": ((0, 3), 0, 0)}
    assert values(model, "scalar") == (5).to_bytes(8, "little")
    assert values(model, "null") == values(model, "none") == b""


def test_strings_of_fixed_and_variable_length(build: Build) -> None:
    def fill(file: h5py.File) -> None:
        file["fixed"] = np.array([[b"abc", b"d"], [b"", b"ef"]])
        file.create_dataset("free", data=["ä", "b" * 9000, ""], dtype=h5py.string_dtype())
        file.create_dataset("unset", (2,), dtype=h5py.string_dtype())
        file.create_dataset("one", data="alone", dtype=h5py.string_dtype())

    model = build(fill)
    assert model.tensors is not None
    read = {key: model.tensors.strings(variable) for key, variable in by_key(model).items()}
    assert read == {
        "fixed": [b"abc", b"d", b"", b"ef"],
        "free": ["ä".encode(), b"b" * 9000, b""],
        "unset": [b"", b""],
        "one": [b"alone"],
    }


def test_chunked_and_compressed_values(build: Build) -> None:
    array = np.arange(35 * 11, dtype="f8").reshape(35, 11)

    def fill(file: h5py.File) -> None:
        for name in ("gzip", "lzf", None):
            file.create_dataset(
                str(name), data=array, chunks=(4, 3), compression=name, shuffle=True
            )

    model = build(fill)
    assert {values(model, key) for key in ("gzip", "lzf", "None")} == {array.tobytes()}
    storage = by_key(model)["gzip"].storage
    assert storage is not None
    assert storage.offset is None
    assert 0 < storage.length < array.nbytes


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
            values(model, key)


def test_a_filter_that_needs_a_plugin_is_named(build: Build) -> None:
    def fill(file: h5py.File) -> None:
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((2,))
        properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        space = h5py.h5s.create_simple((4,))
        h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F32LE, space, properties)

    model = build(fill)
    assert by_key(model)["x"].shape == (4,)
    with pytest.raises(UnsupportedError, match="zstd"):
        values(model, "x")


@pytest.mark.parametrize("stored", [np.dtype([("a", "i4")]), h5py.vlen_dtype("i4"), "V2"])
def test_values_that_are_no_numbers_are_refused(build: Build, stored: Any) -> None:
    model = build(lambda file: file.create_dataset("x", (2,), dtype=stored) and None)
    with pytest.raises(UnsupportedError, match="cannot be read as numbers"):
        values(model, "x")


def test_names_that_are_not_utf_8_survive(build: Build) -> None:
    def fill(file: h5py.File) -> None:
        space = h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5d.create(file.id, b"caf\xe9", h5py.h5t.IEEE_F32LE, space)

    model = build(fill)
    (variable,) = model.variables
    assert variable.key.encode("utf-8", "surrogateescape") == b"caf\xe9"
    assert values(model, variable.key) == bytes(4)


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
    assert values(model, "x") == np.full(4, 7, "<i8").tobytes()


@pytest.mark.parametrize("how", [{}, {"chunks": (10,), "compression": "gzip"}])
def test_threads_read_one_file(build: Build, how: dict[str, Any]) -> None:
    arrays = {f"d{i}": np.arange(i, i + 500, dtype="<i4") for i in range(20)}

    def fill(file: h5py.File) -> None:
        for name, data in arrays.items():
            file.create_dataset(name, data=data, **how)

    model = build(fill)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            model = hdf5.read(model.path)
            found = pool.map(partial(values, model), arrays)
            assert list(found) == [data.tobytes() for data in arrays.values()]


def test_threads_open_the_file_once(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    model = build(lambda file: file.update({"x": np.arange(4)}))
    made: list[Hdf5Values] = []
    both = threading.Barrier(2)

    class Counted(Hdf5Values):
        def __init__(self, open_file: Any) -> None:
            time.sleep(0.05)  # as an import does, it lets others run
            super().__init__(open_file)
            made.append(self)

    monkeypatch.setattr("scopecli.formats.hdf5.values.Hdf5Values", Counted)

    def read(_: int) -> bytes:
        both.wait()
        return values(model, "x")

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(read, range(2)))) == 1
    assert len(made) == 1


def test_plain_runs_are_read_without_libhdf5(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.arange(12, dtype="<f4").reshape(3, 4)

    def fill(file: h5py.File) -> None:
        file["plain"], file["big"] = array, array.astype(">f4")
        file.create_dataset("chunked", data=array, chunks=(2, 2))
        file.create_dataset("unwritten", (2, 2), "<f4", fillvalue=7)

    model = build(fill)
    read: list[int] = []

    def noted(dataset: Any, block: Block) -> tuple[Any, Any]:
        read.append(block.elements)
        return _spaces(dataset, block)

    monkeypatch.setattr("scopecli.formats.hdf5.values._spaces", noted)
    for key in ("plain", "big", "chunked"):
        assert values(model, key) == array.tobytes()
    assert values(model, "unwritten") == np.full(4, 7, "<f4").tobytes()
    assert read == [12, 12, 4]
    assert model.tensors is not None
    part = model.tensors.read(by_key(model)["plain"], 5, 4)
    assert part == array.ravel()[5:9].tobytes()


def test_a_part_of_a_file_is_read_in_place(tmp_path: Path) -> None:
    inner = tmp_path / "inner.h5"
    with h5py.File(inner, "w") as file:
        file["x"] = np.arange(3, dtype="<i2")
    data = inner.read_bytes()
    outer = tmp_path / "outer.bin"
    outer.write_bytes(b"before" + data + b"after")
    with Source(str(outer)) as source:
        window = source.window(6, len(data), "inner")
        assert hdf5_structure.identify(window) == "hdf5"
        cut = hdf5_structure.content_of(source.window(6, len(data) - 9, "cut"))
        with hdf5_structure.opened(hdf5_structure.content_of(window)) as file:
            assert file.place == ("outer.bin", 6)
        with (
            hdf5_structure.opened(cut) as file,
            pytest.raises(DamagedFileError, match="truncated"),
        ):
            file.group("")


def test_groups_nested_without_end_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "deep.h5")
    with h5py.File(path, "w", libver="latest") as file:
        group = file.id
        for _ in range(2000):
            group = h5py.h5g.create(group, b"g")
    with pytest.raises(UnsupportedError, match="nested more than 500 deep"):
        hdf5.read(path)


def test_a_truncated_file_says_so_with_sizes(build: Build, tmp_path: Path) -> None:
    size = build(lambda file: file.update({"x": np.zeros(1000)})).files[0].size
    assert size is not None
    data = (tmp_path / "x.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(data[: size // 2])
    with pytest.raises(DamagedFileError, match=f"truncated: has {size // 2} bytes of {size}"):
        hdf5.read(str(tmp_path / "cut.h5"))


def test_a_file_left_open_for_writing_gets_a_hint(tmp_path: Path) -> None:
    path = str(tmp_path / "open.h5")
    script = (
        "import h5py, os, sys\n"
        "f = h5py.File(sys.argv[1], 'w', libver='latest')\n"
        "f['x'] = 1.0\n"
        "f.swmr_mode = True\n"
        "f.flush()\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, path], check=True)
    with pytest.raises(DamagedFileError, match="h5clear -s"):
        hdf5.read(path)


def test_a_file_can_be_open_in_h5py_at_the_same_time(build: Build) -> None:
    model = build(lambda file: file.update({"x": np.arange(3, dtype="<i4")}))
    expected = values(model, "x")
    with h5py.File(model.path) as file:  # while our reader has it open
        assert file["x"][()].tobytes() == expected
        again = hdf5.read(model.path)
        assert values(again, "x") == expected


def test_what_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"x" * 3000):
        (tmp_path / "x.h5").write_bytes(content)
        with pytest.raises(NotAModelError, match="not an HDF5 file"):
            hdf5.read(str(tmp_path / "x.h5"))


def test_an_attribute_larger_than_the_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.zeros(77, "S100")
    data = bytearray(path.read_bytes())
    at = data.index(b"layer_names\0")
    extent = data.index((77).to_bytes(8, "little"), at)
    data[extent : extent + 8] = (1 << 40).to_bytes(8, "little")
    path.write_bytes(data)
    with (
        hdf5_structure.opened_path(str(path)) as file,
        pytest.raises(DamagedFileError, match="attribute layer_names"),
    ):
        attribute(file, file.group(""), "layer_names")


def test_a_heap_without_end_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["a", "b"]
        file.create_dataset("x", data=["c", "d"], dtype=h5py.string_dtype())
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    data[heap + 16 : heap + 32] = bytes(16)  # the first object: number 0, no size
    path.write_bytes(data)
    model = hdf5.read(str(path))
    assert model.tensors is not None
    with pytest.raises(DamagedFileError, match="never ends"):
        model.tensors.strings(model.variables[0])
    with (
        hdf5_structure.opened_path(str(path)) as opened,
        pytest.raises(DamagedFileError, match="never ends"),
    ):
        attribute(opened, opened.group(""), "layer_names")


def test_attributes_split_in_parts_are_put_together(tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        file.attrs["names0"] = [b"a", b"b"]
        file.attrs["names1"] = ["c"]
        file.attrs["names3"] = ["lost"]
        file.attrs["number"] = 3
        file.attrs["null"] = h5py.Empty("f4")
        file.attrs["none"] = np.zeros(0, "S1")
    with hdf5_structure.opened_path(path) as file:
        root = file.group("")
        assert strings(file, root, "names") == ["a", "b", "c"]
        assert attribute(file, root, "number") == 3
        assert strings(file, root, "number") == []
        assert attribute(file, root, "null") is None
        assert attribute(file, root, "none") == []
        assert attribute(file, root, "absent") is None


def test_groups_are_not_reached_through_soft_links(tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        file.create_group("real/inner")
        file["soft"] = h5py.SoftLink("/real")
        file["data"] = 1.0
    with hdf5_structure.opened_path(path) as opened:
        assert opened.group("real/inner") is not None
        assert opened.group("soft/inner") is None
        assert opened.group("data") is None


def test_plugins_are_off_before_the_library_is_loaded() -> None:
    script = "import os, scopecli.formats.hdf5.file\nprint(os.environ['HDF5_PLUGIN_PRELOAD'])\n"
    environment = {k: v for k, v in os.environ.items() if k != "HDF5_PLUGIN_PRELOAD"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "::\n"


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
