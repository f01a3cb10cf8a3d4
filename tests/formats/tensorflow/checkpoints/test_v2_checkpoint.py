"""The index and data shards of TensorFlow V2 checkpoints."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.analysis.compare.tensors import stored_same
from scopecli.errors import DamagedFileError, PathError, ScopecliError, UnsupportedError
from scopecli.formats.opening import load
from scopecli.formats.tensorflow.layout import DTYPES
from scopecli.model.dtypes import BITS
from scopecli.model.variable import Checksum, Slice
from tests import bundles
from tests.bundles import Tensor
from tests.models import get
from tests.samples import SAMPLES, V2, prefix_of


def floats(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


def test_entries_have_key_name_shape_dtype_and_size(tmp_path: Path) -> None:
    prefix = bundles.write(
        tmp_path / "m",
        {
            "scalar": Tensor(),
            "a/w": Tensor(shape=(2, 3), data=bytes(24)),
            "a/step": Tensor(bundles.INT64, (), bytes(8)),
            "empty": Tensor(shape=(0, 5), data=b""),
            "words": Tensor(bundles.STRING, (2,), bundles.strings(b"ab", b"")),
            "wide": Tensor(shape=(300, 40000, 1), data=b""),
            "größe": Tensor(),
        },
    )
    model = load(prefix)
    assert [(v.key, v.name, v.shape, v.dtype, v.nbytes) for v in model.variables] == [
        ("a/step", "a/step", (), "int64", 8),
        ("a/w", "a/w", (2, 3), "float32", 24),
        ("empty", "empty", (0, 5), "float32", 0),
        ("größe", "größe", (), "float32", 4),
        ("scalar", "scalar", (), "float32", 4),
        ("wide", "wide", (300, 40000, 1), "float32", 48_000_000),
        ("words", "words", (2,), "string", 2 + 4 + 2),
    ]
    assert model.format == "tf-v2-checkpoint"
    assert model.metadata == {
        "num_shards": 1,
        "endianness": "little",
        "producer_version": 1,
        "object_based": False,
    }


@pytest.mark.parametrize("number", sorted(DTYPES))
@pytest.mark.parametrize("reference", [0, 100])
def test_every_dtype(tmp_path: Path, number: int, reference: int) -> None:
    prefix = bundles.write(tmp_path / "m", {"w": Tensor(number + reference, (3,), bytes(64))})
    (variable,) = load(prefix).variables
    assert variable.dtype == DTYPES[number]
    bits = BITS[variable.dtype]
    assert variable.nbytes == (3 * max(bits // 8, 1) if bits else 64)


def test_an_unknown_dtype_is_named_by_its_number(tmp_path: Path) -> None:
    model = load(bundles.write(tmp_path / "m", {"w": Tensor(77, (3,), bytes(12))}))
    (variable,) = model.variables
    assert (variable.dtype, variable.nbytes) == ("dtype 77", 12)
    with pytest.raises(UnsupportedError):
        values.preview(model, variable)


def test_unknown_dimensions_and_rank(tmp_path: Path) -> None:
    unknown = bundles.message((1, 1), (2, bundles.message((3, 1))))
    prefix = bundles.write_pairs(
        tmp_path / "m",
        [bundles.header(), (b"a", bundles.entry(1, (2, -1))), (b"b", unknown), (b"c", b"\x08\x01")],
    )
    model = load(prefix)
    assert [(v.shape, v.nbytes) for v in model.variables] == [((2, None), 0), (None, None), ((), 4)]


def test_fields_of_an_entry_in_another_order(tmp_path: Path) -> None:
    """Protobuf allows any order, and fields that are not known."""
    entry = bundles.message(
        (5, 24), (99, b"new"), (2, bundles.shape_message((2, 3))), (4, 7), (1, 1)
    )
    prefix = bundles.write_pairs(
        tmp_path / "m", [bundles.header(), (b"w", entry)], [b"0123456" + floats(1, 2, 3, 4, 5, 6)]
    )
    model = load(prefix)
    (variable,) = model.variables
    assert (variable.shape, variable.dtype) == ((2, 3), "float32")
    assert values.preview(model, variable).tolist() == [1, 2, 3, 4, 5, 6]


def test_storage_is_decoded_on_demand(tmp_path: Path) -> None:
    tensors = {"a": Tensor(data=floats(1)), "b": Tensor(data=floats(2)), "c": Tensor(shard=1)}
    model = load(bundles.write(tmp_path / "m", tensors, num_shards=2))
    places = [(s.shard, s.offset, s.length) for v in model.variables if (s := v.storage)]
    assert places == [
        ("m.data-00000-of-00002", 0, 4),
        ("m.data-00000-of-00002", 4, 4),
        ("m.data-00001-of-00002", 0, 4),
    ]
    expected = int.from_bytes(bundles.masked_crc(floats(2)), "little")
    storage = model.variables[1].storage
    assert storage is not None
    assert storage.checksum == Checksum("crc32c-masked", expected)
    assert [values.preview(model, v).item() for v in model.variables] == [1, 2, 1]
    assert [(Path(f.path).name, f.role) for f in model.files] == [
        ("m.index", "index"),
        ("m.data-00000-of-00002", "data"),
        ("m.data-00001-of-00002", "data"),
    ]


def test_a_missing_shard_is_noted_and_the_rest_is_read(tmp_path: Path) -> None:
    tensors = {"a": Tensor(data=floats(7)), "c": Tensor(shard=1)}
    prefix = bundles.write(tmp_path / "m", tensors, num_shards=2)
    Path(f"{prefix}.data-00001-of-00002").unlink()
    model = load(prefix)
    (note,) = model.notes
    assert (note.code, note.subject) == ("missing-shard", "m.data-00001-of-00002")
    assert [f.size for f in model.files][1:] == [4, None]
    assert values.preview(model, get(model, "a")).item() == 7
    with pytest.raises(PathError, match="cannot be opened"):
        values.preview(model, get(model, "c"))


def test_a_short_shard(tmp_path: Path) -> None:
    prefix = bundles.write(tmp_path / "m", {"w": Tensor(shape=(4,), data=floats(1, 2, 3, 4))})
    Path(f"{prefix}.data-00000-of-00001").write_bytes(floats(1, 2))
    model = load(prefix)
    with pytest.raises(DamagedFileError, match="needs bytes 0 to 16, and has 8"):
        values.preview(model, model.variables[0])


def test_an_entry_smaller_than_its_shape(tmp_path: Path) -> None:
    model = load(bundles.write(tmp_path / "m", {"w": Tensor(shape=(4,), data=floats(1, 2))}))
    with pytest.raises(DamagedFileError, match="gives it 8 bytes where its shape needs 16"):
        values.preview(model, model.variables[0])


def test_big_endian_values(tmp_path: Path) -> None:
    pairs = [bundles.header(endianness=1), (b"w", bundles.entry(3, (3,), data=bytes(12)))]
    data = struct.pack(">3i", 1, -2, 3)
    model = load(bundles.write_pairs(tmp_path / "m", pairs, [data]))
    assert model.metadata["endianness"] == "big"
    (variable,) = model.variables
    assert values.preview(model, variable).tolist() == [1, -2, 3]
    little = load(bundles.write(tmp_path / "l", {"w": Tensor(3, (3,), bytes(12))}))
    assert stored_same(variable, variable)
    assert stored_same(variable, little.variables[0]) is None  # other bytes say nothing of values


def test_an_entry_without_a_checksum_has_none(tmp_path: Path) -> None:
    entry = bundles.entry(3, (3,), data=bytes(12))[:-5]
    model = load(
        bundles.write_pairs(tmp_path / "m", [bundles.header(), (b"w", entry)], [bytes(12)])
    )
    storage = model.variables[0].storage
    assert storage is not None
    assert storage.checksum is None
    assert stored_same(model.variables[0], model.variables[0]) is None


class TestStrings:
    def test_values(self, tmp_path: Path) -> None:
        words = [b"", b"a", b"x" * 300, b"\xff\0"]
        data = bundles.strings(*words)
        model = load(bundles.write(tmp_path / "m", {"w": Tensor(bundles.STRING, (2, 2), data)}))
        assert values.strings(model, model.variables[0]) == words

    @pytest.mark.parametrize(
        "data",
        [b"", b"\x01", b"\x01\0\0\0\0", b"\x01\0\0\0\0ab", b"\xff\xff\xff\xff\xff\x0f\0\0\0\0"],
    )
    def test_lengths_that_do_not_add_up(self, tmp_path: Path, data: bytes) -> None:
        model = load(bundles.write(tmp_path / "m", {"w": Tensor(bundles.STRING, (1,), data)}))
        with pytest.raises(DamagedFileError):
            values.strings(model, model.variables[0])

    def test_a_claim_of_very_many(self, tmp_path: Path) -> None:
        tensor = Tensor(bundles.STRING, (1 << 40,), bytes(100))
        model = load(bundles.write(tmp_path / "m", {"w": tensor}))
        with pytest.raises(DamagedFileError):
            values.strings(model, model.variables[0])


Extents = tuple[tuple[int, int], ...]


def partitioned(
    prefix: Path, whole: np.ndarray[tuple[int, ...], np.dtype[np.float32]], parts: list[Extents]
) -> str:
    """A checkpoint of one partitioned tensor `w`, cut at these starts and lengths."""
    pairs = [bundles.header(), (b"w", bundles.entry(1, whole.shape))]
    data = b""
    for extents in parts:
        cut = whole[tuple(slice(a, a + n) if n >= 0 else slice(None) for a, n in extents)]
        raw = cut.astype("<f4").tobytes()
        key = bundles.slice_key(b"w", extents)
        pairs.append((key, bundles.entry(1, cut.shape, offset=len(data), data=raw)))
        data += raw
    return bundles.write_pairs(prefix, pairs, [data])


WHOLE = np.arange(5 * 7 * 3, dtype=np.float32).reshape(5, 7, 3)
ALL = (0, -1)


class TestPartitions:
    @pytest.mark.parametrize(
        "parts",
        [
            [((0, 2), ALL, ALL), ((2, 3), ALL, ALL)],
            [((3, 2), ALL, ALL), ((0, 3), ALL, ALL)],
            [(ALL, (0, 4), ALL), (ALL, (4, 3), ALL)],
            [(ALL, ALL, (0, 1)), (ALL, ALL, (1, 2))],
            [((0, 5), (0, 7), (0, 3))],
            [((0, 1), (0, 7), ALL), ((1, 4), (0, 3), ALL), ((1, 4), (3, 4), ALL)],
            [((i, 1), ALL, ALL) for i in range(5)],
        ],
    )
    def test_parts_are_put_together(self, tmp_path: Path, parts: list[Extents]) -> None:
        model = load(partitioned(tmp_path / "m", WHOLE, parts))
        (variable,) = model.variables
        assert (variable.shape, variable.nbytes, variable.storage) == ((5, 7, 3), 420, None)
        found = values.section(model, variable, ())
        np.testing.assert_array_equal(found, WHOLE)
        slices = variable.attributes["slices"]
        assert isinstance(slices, tuple)
        assert len(slices) == len(parts)

    @pytest.mark.parametrize("start", [0, 1, 20, 21, 22, 104])
    @pytest.mark.parametrize("count", [0, 1, 3, 21, 50])
    def test_any_run_of_elements(self, tmp_path: Path, start: int, count: int) -> None:
        count = min(count, WHOLE.size - start)
        parts: list[Extents] = [(ALL, (0, 4), ALL), (ALL, (4, 3), ALL)]
        model = load(partitioned(tmp_path / "m", WHOLE, parts))
        assert model.tensors is not None
        data = model.tensors.read(model.variables[0], start, count)
        np.testing.assert_array_equal(
            np.frombuffer(data, "<f4"), WHOLE.reshape(-1)[start : start + count]
        )

    def test_slices_are_said_with_numbers(self, tmp_path: Path) -> None:
        parts: list[Extents] = [((0, 2), ALL, ALL), ((2, 3), ALL, ALL)]
        (variable,) = load(partitioned(tmp_path / "m", WHOLE, parts)).variables
        slices = variable.attributes["slices"]
        assert isinstance(slices, tuple)
        assert [part.spec for part in slices if isinstance(part, Slice)] == [
            "0,2:0,7:0,3",
            "2,3:0,7:0,3",
        ]

    @pytest.mark.parametrize(
        "parts",
        [
            [((0, 2), ALL, ALL)],
            [((0, 2), ALL, ALL), ((2, 3), (0, 6), ALL)],
        ],
    )
    def test_parts_that_leave_a_gap(self, tmp_path: Path, parts: list[Extents]) -> None:
        """Zeros in the place of what is missing would be wrong values, not missing ones."""
        model = load(partitioned(tmp_path / "m", WHOLE, parts))
        with pytest.raises(DamagedFileError, match="its parts have"):
            values.preview(model, model.variables[0])

    @pytest.mark.parametrize(
        "extents", [[(0, 2)], [(4, 2), ALL, ALL], [(-1, 2), ALL, ALL], [(0, 1 << 62), ALL, ALL]]
    )
    def test_parts_outside_their_tensor(
        self, tmp_path: Path, extents: list[tuple[int, int]]
    ) -> None:
        pairs = [
            bundles.header(),
            (b"w", bundles.entry(1, (5, 7, 3))),
            (bundles.slice_key(b"w", extents), bundles.entry(1, (2, 7, 3), data=bytes(168))),
        ]
        with pytest.raises(DamagedFileError, match="slice"):
            load(bundles.write_pairs(tmp_path / "m", pairs, [bytes(168)]))

    def test_a_row_of_a_terabyte_is_not_made(self, tmp_path: Path) -> None:
        shape = (1, 1 << 40)
        claimed = bundles.message((1, 1), (2, bundles.shape_message(shape)), (5, 4 << 40))
        pairs = [
            bundles.header(),
            (b"w", bundles.entry(1, shape)),
            (bundles.slice_key(b"w", [ALL, ALL]), claimed),
        ]
        model = load(bundles.write_pairs(tmp_path / "m", pairs, [bytes(100)]))
        with pytest.raises(ScopecliError):
            values.preview(model, model.variables[0])

    def test_parts_of_a_scalar(self, tmp_path: Path) -> None:
        pairs = [
            bundles.header(),
            (b"w", bundles.entry(1, ())),
            (bundles.slice_key(b"w", []), bundles.entry(1, (), data=floats(1))),
        ]
        model = load(bundles.write_pairs(tmp_path / "m", pairs, [floats(1)]))
        with pytest.raises(DamagedFileError):
            values.preview(model, model.variables[0])


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        ([(b"a", bundles.entry(1, ()))], "is|has"),
        ([bundles.header(), (b"w", b"\x08")], "does not end"),
        ([bundles.header(), (b"w", b"\x08\x01\x12\x0a\x00")], "field 2 has 10 bytes"),
        ([bundles.header(), (b"w", bundles.entry(1, [1 << 62] * 3))], "no tensor has"),
        ([bundles.header(), (b"w", bundles.entry(1, [1] * 300))], "rank 300"),
        ([bundles.header(200_000), (b"w", bundles.entry(1, ()))], "claims 200000 data shards"),
        ([bundles.header(), (b"\0junk", bundles.entry(1, ()))], "slice key"),
    ],
)
def test_damage_behind_a_right_checksum(
    tmp_path: Path, pairs: list[bundles.Pair], problem: str
) -> None:
    prefix = bundles.write_pairs(tmp_path / "m", pairs)
    with pytest.raises(ScopecliError, match=problem) as caught:
        load(f"{prefix}.index")
    assert caught.value.path


@pytest.mark.parametrize("keys", [[b"b", b"a"], [b"a", b"a"]])
def test_keys_out_of_order(tmp_path: Path, keys: list[bytes]) -> None:
    pairs = [bundles.header(), *((key, bundles.entry(1, ())) for key in keys)]
    (tmp_path / "m.index").write_bytes(bundles.table(pairs))
    with pytest.raises(DamagedFileError, match="keys are out of order"):
        load(tmp_path / "m")


def test_a_name_that_is_not_utf8_survives(tmp_path: Path) -> None:
    (variable,) = load(bundles.write(tmp_path / "m", {"a\udcff": Tensor()})).variables
    assert variable.name == "a\udcff"


def test_hundreds_of_blocks(tmp_path: Path) -> None:
    tensors = {f"scope_{i // 50}/layer_{i}/kernel": Tensor() for i in range(3000)}
    model = load(bundles.write(tmp_path / "m", tensors))
    assert [v.key for v in model.variables] == sorted(tensors)


@pytest.mark.parametrize("sample", V2)
def test_checksums_of_the_samples_hold(sample: str) -> None:
    """The stored checksum is that of the bytes that the index leads to."""
    model = load(SAMPLES / prefix_of(sample))
    checked = 0
    for variable in model.variables:
        storage = variable.storage
        if storage is None or variable.dtype == "string":
            continue
        assert model.tensors is not None
        data = model.tensors.read(variable, 0, variable.params)
        assert storage.checksum is not None
        assert storage.checksum.value.to_bytes(4, "little") == bundles.masked_crc(data)
        checked += 1
    assert checked
