"""TensorFlow V1 checkpoints: tables of tensor slices."""

from __future__ import annotations

import shutil
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.analysis import values
from scopecli.binary import ordered_code, sstable
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, NotAModelError, UnsupportedError
from scopecli.formats.opening import load
from tests import bundles
from tests.bundles import message, shape_message
from tests.models import get
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scopecli.model.model import Model

WHOLE = (0, -1)
Extents = tuple[tuple[int, int], ...]


def slice_message(extents: Extents) -> bytes:
    """A TensorSliceProto; all of an axis is an empty extent."""
    return message(
        *((1, b"" if length < 0 else message((1, start), (2, length))) for start, length in extents)
    )


def listing(name: str, shape: Sequence[int], *slices: Extents, dtype: int = bundles.FLOAT) -> bytes:
    """A SavedSliceMeta."""
    return message(
        (1, name.encode()),
        (2, shape_message(shape)),
        (3, dtype),
        *((4, slice_message(extents)) for extents in slices),
    )


def pair(name: str, extents: Extents, *fields: tuple[int, int | bytes]) -> bundles.Pair:
    """The entry of one slice, with the values in these fields of its TensorProto."""
    data = message((1, name.encode()), (2, slice_message(extents)), (3, message(*fields)))
    return bundles.slice_key(name.encode(), extents), message((2, data))


def write(
    path: Path,
    listed: Sequence[bytes],
    pairs: Sequence[bundles.Pair],
    pack: Callable[[bytes], bytes] | None = None,
) -> str:
    head = b"", message((1, message(*((1, one) for one in listed), (2, message((1, 9))))))
    path.write_bytes(bundles.table([head, *sorted(pairs)], per_block=2, pack=pack))
    return str(path)


def floats(*numbers: float) -> tuple[int, bytes]:
    return 5, struct.pack(f"<{len(numbers)}f", *numbers)


def numbers(model: Model, key: str) -> list[object]:
    variable = get(model, key)
    return [one for chunk in values.chunks(model, variable) for one in chunk.tolist()]


PACKERS = [None, lambda data: bytes(cramjam.snappy.compress_raw(data))]


@pytest.mark.parametrize("pack", PACKERS, ids=["plain", "snappy"])
def test_whole_and_partitioned_tensors(
    tmp_path: Path, pack: Callable[[bytes], bytes] | None
) -> None:
    left, right = ((0, 2), (0, 1)), ((0, 2), (1, 2))
    path = write(
        tmp_path / "model.ckpt",
        [
            listing("w", (2,), (WHOLE,)),
            listing("table", (2, 3), left, right),
            listing("step", (), (), dtype=bundles.INT64),
            listing("words", (2,), (WHOLE,), dtype=bundles.STRING),
            listing("gone", (2,), (WHOLE,)),
        ],
        [
            pair("w", (WHOLE,), floats(1, 2)),
            pair("table", left, floats(1, 4)),
            pair("table", right, floats(2, 3, 5, 6)),
            pair("step", (), (10, b"\x07")),
            pair("words", (WHOLE,), (8, b"one"), (8, b"two")),
        ],
        pack,
    )
    model = load(path)
    assert model.format == "tf-v1-checkpoint"
    assert [(v.key, v.shape, v.dtype, v.nbytes) for v in model.variables] == [
        ("w", (2,), "float32", 8),
        ("table", (2, 3), "float32", 24),
        ("step", (), "int64", 8),
        ("words", (2,), "string", None),
        ("gone", (2,), "float32", 8),
    ]
    assert model.metadata == {"num_shards": 1, "producer_version": 9}
    assert numbers(model, "w") == [1, 2]
    assert numbers(model, "table") == [1, 2, 3, 4, 5, 6]
    assert numbers(model, "step") == [7]
    assert values.strings(model, model.variables[3]) == [b"one", b"two"]
    with pytest.raises(UnsupportedError):
        numbers(model, "words")
    with pytest.raises(DamagedFileError, match="is listed, and its values are not there"):
        numbers(model, "gone")


def test_threads_read_one_table(tmp_path: Path) -> None:
    names = [f"w{i}" for i in range(20)]
    path = write(
        tmp_path / "model.ckpt",
        [listing(name, (2,), (WHOLE,)) for name in names],
        [pair(name, (WHOLE,), floats(i, i)) for i, name in enumerate(names)],
    )
    model = load(path)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda i: numbers(model, names[i % 20]), range(400))
        assert list(found) == [[i % 20, i % 20] for i in range(400)]


def test_shards_by_prefix_by_file_and_by_folder(tmp_path: Path) -> None:
    folder = tmp_path / "sharded"
    shutil.copytree(SAMPLES / "tf1_v1_sharded", folder)
    expected = [v[:5] for v in load(SAMPLES / "tf1_v1").variables]
    paths = ["", "model.ckpt", "model.ckpt-00000-of-00002", "model.ckpt-00001-of-00002"]
    for path in paths:
        model = load(folder / path)
        assert sorted(v[:5] for v in model.variables) == sorted(expected)
        assert model.metadata["num_shards"] == 2
        assert numbers(model, "embedding/table")[:1] != [0]
    (folder / "checkpoint").write_text('model_checkpoint_path: "/gone/model.ckpt"\n')
    assert len(load(folder).variables) == len(expected)
    (folder / "model.ckpt-00001-of-00002").unlink()
    model = load(folder / "model.ckpt")
    assert [note.code for note in model.notes] == ["missing-shard"]
    with pytest.raises(DamagedFileError, match="its parts have 28 elements of 40"):
        numbers(model, "embedding/table")


def test_the_graph_beside_it() -> None:
    model = load(SAMPLES / "tf1_v1")
    assert model.graph is not None
    assert {v.trainable for v in model.variables} == {True}
    assert len(model.collections["variables"].members) == 10


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (listing("w", (2,), (WHOLE, WHOLE)), "a slice of rank 2 in a tensor of 1"),
        (listing("w", (2,), ((1, 2),)), "a slice is not inside its tensor"),
        (listing("w", (1 << 40, 1 << 40), (WHOLE, WHOLE)), "claims a shape"),
    ],
)
def test_a_listing_that_contradicts_itself(tmp_path: Path, one: bytes, problem: str) -> None:
    with pytest.raises(DamagedFileError, match=problem):
        load(write(tmp_path / "model.ckpt", [one], []))


def test_a_table_that_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(bundles.table([(b"key", b"value")]))
    with pytest.raises(NotAModelError, match="is a LevelDB table, not a checkpoint"):
        load(tmp_path / "table")


@given(st.lists(st.binary(max_size=6), min_size=1, unique=True), st.binary(max_size=6))
def test_every_key_of_a_table_is_found(
    tmp_path_factory: pytest.TempPathFactory, keys: list[bytes], other: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "table"
    path.write_bytes(bundles.table([(key, b"v" + key) for key in sorted(keys)], per_block=2))
    with Source(str(path)) as source:
        for key in keys:
            assert sstable.find(source, key) == b"v" + key
        assert sstable.find(source, other) == (b"v" + other if other in keys else None)


@given(st.binary(), st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63 - 1))
def test_ordered_code_is_written_as_it_is_read(text: bytes, count: int, number: int) -> None:
    assert ordered_code.write_string(text) == bundles.ordered_string(text)
    assert ordered_code.write_number(count) == bundles.ordered_number(count)
    assert ordered_code.write_signed(number) == bundles.ordered_signed(number)
