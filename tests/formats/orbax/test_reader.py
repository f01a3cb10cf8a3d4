"""Orbax checkpoints of folders and databases; Zarr arrays in all their chunks."""

from __future__ import annotations

import json
import shutil
import struct
import zlib
from itertools import product
from typing import TYPE_CHECKING, Any

import cramjam
import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.errors import (
    DamagedFileError,
    NotAModelError,
    PathError,
    ScopecliError,
    UnsupportedError,
)
from scopecli.formats.opening import load
from tests import ocdbt
from tests.fuzz import seeds
from tests.models import get
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model

V2: dict[str, Any] = {
    "zarr_format": 2,
    "shape": [5, 3],
    "chunks": [2, 2],
    "dtype": "<f4",
    "compressor": None,
    "filters": None,
    "fill_value": None,
    "order": "C",
}
BYTES = {"name": "bytes", "configuration": {"endian": "little"}}
V3: dict[str, Any] = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [5, 3],
    "data_type": "float32",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 2]}},
    "chunk_key_encoding": {"name": "default"},
    "codecs": [BYTES],
    "fill_value": 0,
}
WHOLE = np.arange(15, dtype="<f4").reshape(5, 3)


def zstd(data: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(data))


def chunks_of(array: Any, lengths: tuple[int, ...]) -> dict[tuple[int, ...], Any]:
    """The chunks of an array, those at the end filled up."""
    found = {}
    counts = [-(-n // length) for n, length in zip(array.shape, lengths, strict=True)]
    for index in product(*map(range, counts)):
        chunk = np.zeros(lengths, array.dtype)
        part = array[tuple(slice(i * n, (i + 1) * n) for i, n in zip(index, lengths, strict=True))]
        chunk[tuple(map(slice, part.shape))] = part
        found[index] = chunk
    return found


def write(folder: Path, header: dict[str, Any], chunks: dict[str, bytes]) -> Path:
    name = ".zarray" if header["zarr_format"] == 2 else "zarr.json"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(header))
    for key, data in chunks.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(data)
    return folder


def runs_are_right(model: Model, key: str, whole: Any) -> None:
    """Each run of elements is what it is in the whole array."""
    variable = get(model, key)
    assert model.tensors is not None
    flat = whole.ravel()
    for start in range(len(flat)):
        for count in range(len(flat) - start + 1):
            data = model.tensors.read(variable, start, count)
            assert data == flat[start : start + count].tobytes()


@pytest.mark.parametrize(
    ("more", "pack"),
    [
        ({}, bytes),
        ({"compressor": {"id": "zlib", "level": 1}}, zlib.compress),
        ({"compressor": {"id": "gzip"}}, lambda data: bytes(cramjam.gzip.compress(data))),
        ({"compressor": {"id": "zstd", "level": 1}}, zstd),
    ],
)
def test_version_2(tmp_path: Path, more: dict[str, Any], pack: Any) -> None:
    chunks = chunks_of(WHOLE, (2, 2))
    files = {f"{a}.{b}": pack(chunk.tobytes()) for (a, b), chunk in chunks.items()}
    write(tmp_path / "a.w", V2 | more, files)
    (tmp_path / "_METADATA").write_text("{}")
    model = load(write(tmp_path / "b", V2, {}).parent)
    assert [(v.key, v.shape, v.dtype, v.nbytes) for v in model.variables] == [
        ("a.w", (5, 3), "float32", 60),
        ("b", (5, 3), "float32", 60),
    ]
    assert (model.format, model.separator) == ("orbax", ".")
    runs_are_right(model, "a.w", WHOLE)
    runs_are_right(model, "b", np.zeros((5, 3), "<f4"))


def test_other_orders_and_separators(tmp_path: Path) -> None:
    chunks = chunks_of(WHOLE, (2, 2))
    files = {f"{a}/{b}": chunk.astype(">f4").tobytes("F") for (a, b), chunk in chunks.items()}
    more = {"order": "F", "dtype": ">f4", "dimension_separator": "/"}
    path = write(tmp_path / "w", V2 | more, files)
    model = load(path)
    assert get(model, "w").attributes == {"byte_order": "big"}
    runs_are_right(model, "w", WHOLE)


def test_scalars_and_empty_ones(tmp_path: Path) -> None:
    write(tmp_path / "s", V2 | {"shape": [], "chunks": []}, {"0": struct.pack("<f", 2)})
    write(tmp_path / "e", V2 | {"shape": [0], "chunks": [1]}, {})
    model = load(tmp_path / "s")
    assert values.preview(model, get(model, "s")).tolist() == [2]
    empty = load(tmp_path / "e")
    assert values.preview(empty, get(empty, "e")).tolist() == []


@pytest.mark.parametrize(
    ("fill", "expected"), [(2, 2), (1.5, 1.5), ("NaN", np.nan), ("-Infinity", -np.inf)]
)
def test_what_stands_for_missing_chunks(tmp_path: Path, fill: object, expected: float) -> None:
    for dtype in ("<f4", ">f4", "bfloat16"):
        model = load(write(tmp_path / "w", V2 | {"fill_value": fill, "dtype": dtype}, {}))
        found = values.preview(model, model.variables[0]).astype("f8")
        np.testing.assert_array_equal(found, np.full(len(found), expected))


@pytest.mark.parametrize(
    ("fill", "expected"), [([1, 0.5], 1 + 0.5j), ([0, "-Infinity"], complex(0, -np.inf))]
)
def test_a_complex_number_stands_for_missing_chunks(
    tmp_path: Path, fill: object, expected: complex
) -> None:
    model = load(write(tmp_path / "w", V2 | {"fill_value": fill, "dtype": "<c8"}, {}))
    found = values.preview(model, model.variables[0])
    assert found[0] == expected


class TestVersion3:
    @pytest.mark.parametrize("packed", [False, True])
    def test_plain(self, tmp_path: Path, packed: bool) -> None:
        codecs = [BYTES, {"name": "zstd"}] if packed else [BYTES]
        files = {
            f"c/{a}/{b}": zstd(chunk.tobytes()) if packed else chunk.tobytes()
            for (a, b), chunk in chunks_of(WHOLE, (2, 2)).items()
        }
        model = load(write(tmp_path / "w", V3 | {"codecs": codecs}, files))
        runs_are_right(model, "w", WHOLE)

    def shard(self, chunk: Any) -> bytes:
        """A chunk of two, of which the second is not written where it is zero."""
        data, index = b"", b""
        for row in chunk:
            part = zstd(row.tobytes()) if row.any() else b""
            index += struct.pack("<QQ", len(data), len(part)) if part else b"\xff" * 16
            data += part
        return data + index + bytes(4)

    def header(self, **more: object) -> dict[str, Any]:
        settings = {
            "chunk_shape": [1, 2],
            "codecs": [BYTES, {"name": "zstd"}],
            "index_codecs": [BYTES, {"name": "crc32c"}],
            **more,
        }
        return V3 | {"codecs": [{"name": "sharding_indexed", "configuration": settings}]}

    def test_shards(self, tmp_path: Path) -> None:
        chunks = chunks_of(WHOLE, (2, 2))
        files = {f"c/{a}/{b}": self.shard(chunk) for (a, b), chunk in chunks.items()}
        model = load(write(tmp_path / "w", self.header(), files))
        runs_are_right(model, "w", WHOLE)

    @pytest.mark.parametrize(
        "more",
        [
            {"chunk_shape": [0, 2]},
            {"chunk_shape": [-1, 2]},
            {"chunk_shape": ["x", 2]},
            {"chunk_shape": [2]},
            {"chunk_shape": 3},
            {"codecs": 3},
            {"index_location": "start"},
            {"index_codecs": [{"name": "zstd"}]},
        ],
    )
    def test_shards_that_are_none(self, tmp_path: Path, more: dict[str, object]) -> None:
        files = {"c/0/0": self.shard(chunks_of(WHOLE, (2, 2))[0, 0])}
        model = load(write(tmp_path / "w", self.header(**more), files))
        with pytest.raises(ScopecliError):
            values.preview(model, model.variables[0])

    def test_a_group_is_no_array(self, tmp_path: Path) -> None:
        write(tmp_path / "w", {"zarr_format": 3, "node_type": "group"}, {})
        with pytest.raises(NotAModelError, match="without an array"):
            load(tmp_path / "w")


@pytest.mark.parametrize(
    "more",
    [{"compressor": {"id": "blosc"}}, {"filters": [{"id": "delta"}]}, {"dtype": [["a", "<f4"]]}],
)
def test_what_is_not_read(tmp_path: Path, more: dict[str, Any]) -> None:
    model = load(write(tmp_path / "w", V2 | more, {"0.0": bytes(16)}))
    assert get(model, "w").shape == (5, 3)
    with pytest.raises(UnsupportedError):
        values.preview(model, get(model, "w"))


@pytest.mark.parametrize(
    ("more", "chunk"),
    [
        ({}, bytes(15)),
        ({}, bytes(17)),
        ({"compressor": {"id": "zlib"}}, b"nothing"),
        ({"compressor": {"id": "zstd"}}, b"nothing"),
        ({"compressor": {"id": "zstd"}}, zstd(bytes(1000))),
        ({"compressor": {"id": "zlib"}}, zlib.compress(bytes(1000))),
    ],
)
def test_damaged_chunks(tmp_path: Path, more: dict[str, Any], chunk: bytes) -> None:
    model = load(write(tmp_path / "w", V2 | more, {"0.0": chunk}))
    with pytest.raises(DamagedFileError):
        values.preview(model, get(model, "w"))


@pytest.mark.parametrize(
    "more",
    [
        {"shape": [-1, 2]},
        {"shape": [1.5, 2]},
        {"shape": [True, 2]},
        {"shape": 3},
        {"shape": [2]},
        {"shape": [2**62, 2]},
        {"shape": [1] * 65, "chunks": [1] * 65},
        {"chunks": [0, 1]},
        {"zarr_format": 4},
        {"compressor": 3},
        {"dimension_separator": "/../"},
    ],
)
def test_headers_that_are_none(tmp_path: Path, more: dict[str, Any]) -> None:
    write(tmp_path / "w", V2, {})
    (tmp_path / "w" / ".zarray").write_text(json.dumps(V2 | more))
    with pytest.raises(ScopecliError) as caught:
        load(tmp_path / "w")
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[", "[]", "3", '"x"', "[" * 100_000])
def test_json_that_is_none(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "w", V2, {})
    for name in ("_METADATA", ".zarray"):
        (path / name).write_text(text)
        with pytest.raises(DamagedFileError):
            load(path)
        (path / name).write_text(json.dumps(V2))


def test_a_database(tmp_path: Path) -> None:
    header = json.dumps(V2 | {"chunks": [5, 3]}).encode()
    root = ocdbt.leaf({"p.w/.zarray": header, "p.w/0.0": (0, 60), "x": b"other"})
    ocdbt.write(tmp_path, WHOLE.tobytes() + root, ocdbt.manifest(60, len(root)))
    model = load(tmp_path)
    assert [(v.key, v.shape) for v in model.variables] == [("p.w", (5, 3))]
    runs_are_right(model, "p.w", WHOLE)


def test_several_items(tmp_path: Path) -> None:
    write(tmp_path / "state" / "w", V2, {"0.0": WHOLE[:2, :2].tobytes()})
    write(tmp_path / "averages" / "w", V2, {"0.0": WHOLE[2:4, :2].tobytes()})
    (tmp_path / "_CHECKPOINT_METADATA").write_text('{"metrics": {"loss": 1}, "other": 3}')
    for item in ("state", "averages"):
        (tmp_path / item / "_METADATA").write_text('{"use_ocdbt": false}')
    model = load(tmp_path)
    assert [v.key for v in model.variables] == ["averages.w", "state.w"]
    assert model.metadata == {"metrics": {"loss": 1}}
    first, second = (values.preview(model, v).tolist()[:2] for v in model.variables)
    assert (first, second) == ([6, 7], [0, 1])
    shutil.rmtree(tmp_path / "averages")
    assert [v.key for v in load(tmp_path).variables] == ["w"]


def test_the_parts_of_an_item_are_a_folder_deeper(tmp_path: Path) -> None:
    (tmp_path / "_CHECKPOINT_METADATA").write_text("{}")
    for item in ("state", "random/key"):
        write(tmp_path / item / "w", V2, {})
        (tmp_path / item / "_METADATA").write_text("{}")
    assert [v.key for v in load(tmp_path).variables] == ["random.key.w", "state.w"]


@pytest.mark.parametrize("name", ["{}", "ckpt_{:08}", "a-b-{}"])
@pytest.mark.parametrize("mark", ["_CHECKPOINT_METADATA", "default/_METADATA"])
def test_a_run_is_its_last_step(tmp_path: Path, name: str, mark: str) -> None:
    """The greatest number, not the last name; what an interrupted save left is no step."""
    for step in (9, 10):
        folder = tmp_path / name.format(step)
        write(folder / "default" / f"w{step}", V2, {})
        (folder / mark).write_text("{}")
        (folder / "default" / "_METADATA").write_text("{}")
    unfinished = tmp_path / f"{name.format(11)}.orbax-checkpoint-tmp"
    write(unfinished / "w11", V2, {})
    (unfinished / "_METADATA").write_text("{}")
    (tmp_path / "12").mkdir()
    (tmp_path / "13").write_text("no folder")
    assert [v.key for v in load(tmp_path).variables] == ["w10"]
    model = load(unfinished)
    assert [v.key for v in model.variables] == ["w11"]
    assert [note.code for note in model.notes] == ["unfinished"]


def test_a_folder_of_t5x(tmp_path: Path) -> None:
    """Arrays beside a MessagePack file that has the name of TensorFlow's state file."""
    for name in ("state.step", "target.encoder.kernel"):
        write(tmp_path / name, V2, {})
    (tmp_path / "checkpoint").write_bytes(b"\x81\xa7version\x03")
    model = load(tmp_path)
    assert [v.key for v in model.variables] == ["state.step", "target.encoder.kernel"]
    assert [(note.code, note.subject) for note in model.notes] == [("aggregate", "checkpoint")]


def test_numbered_folders_that_are_no_steps(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    with pytest.raises(PathError, match="without a checkpoint"):
        load(tmp_path)


def test_the_sample() -> None:
    model = load(SAMPLES / "orbax_zarr")
    assert {v.key: v.kind for v in model.variables} == {
        "opt_state.0.count": "bookkeeping",
        "opt_state.0.mu.dense.bias": "slot",
        "opt_state.0.mu.dense.kernel": "slot",
        "params.dense.bias": "variable",
        "params.dense.kernel": "variable",
        "step": "bookkeeping",
    }
    assert model.metadata["note"] == "a text"
    assert values.preview(model, get(model, "step")).tolist() == [3]


@pytest.mark.parametrize("version", [2, 3])
def test_groups_of_arrays(tmp_path: Path, version: int) -> None:
    """As the zarr library writes them: groups have headers too, and arrays are inside."""
    group = {"zarr_format": version, "node_type": "group", "attributes": {}}
    header = json.loads(seeds.ZARR_2 if version == 2 else seeds.ZARR_3)
    for folder in ("", "layers", "layers/dense"):
        (tmp_path / folder).mkdir(exist_ok=True)
        name = ".zgroup" if version == 2 else "zarr.json"
        (tmp_path / folder / name).write_text(json.dumps(group))
    for place in ("bias", "layers/dense/kernel"):
        (tmp_path / place).mkdir()
        name = ".zarray" if version == 2 else "zarr.json"
        (tmp_path / place / name).write_text(json.dumps(header))
    model = load(tmp_path)
    assert model.separator == "/"
    assert [v.key for v in model.variables] == ["bias", "layers/dense/kernel"]
