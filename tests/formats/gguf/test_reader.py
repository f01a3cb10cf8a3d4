"""GGUF files of all versions and byte orders."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import pytest

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.gguf.layout import SCALARS, TENSOR_TYPES
from scopecli.formats.opening import load, survey
from scopecli.model.dtypes import BITS, BLOCKS, nbytes
from tests.models import get
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path


class Writer(NamedTuple):
    """Puts together files of any version and order."""

    version: int = 3
    order: str = "<"

    def number(self, layout: str, *values: float) -> bytes:
        return struct.pack(self.order + layout, *values)

    def length(self, number: int) -> bytes:
        return self.number("I" if self.version == 1 else "Q", number)

    def text(self, text: bytes | str) -> bytes:
        data = text.encode() if isinstance(text, str) else text
        return self.length(len(data)) + data

    def value(self, key: str, kind: int, data: bytes) -> bytes:
        return self.text(key) + self.number("I", kind) + data

    def array(self, kind: int, items: list[bytes]) -> bytes:
        return self.number("I", kind) + self.length(len(items)) + b"".join(items)

    def tensor(self, name: str, sizes: list[int], kind: int, offset: int) -> bytes:
        dims = b"".join(self.length(size) for size in sizes)
        start = self.text(name) + self.number("I", len(sizes)) + dims
        return start + self.number("IQ", kind, offset)

    def file(
        self, tensors: list[bytes], metadata: list[bytes] | None = None, data: bytes = b""
    ) -> bytes:
        head = b"GGUF" + self.number("I", self.version)
        head += self.length(len(tensors)) + self.length(len(metadata or ()))
        head += b"".join([*(metadata or ()), *tensors])
        return head + bytes(-len(head) % 32) + data


W = Writer()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "writer", [Writer(1), Writer(2), Writer(3), Writer(3, ">"), Writer(2, ">")], ids=str
)
def test_versions_and_orders(tmp_path: Path, writer: Writer) -> None:
    metadata = [
        writer.value("general.architecture", 8, writer.text("llama")),
        writer.value("a.numbers", 9, writer.array(4, [writer.number("I", n) for n in (1, 2)])),
        writer.value("a.words", 9, writer.array(8, [writer.text("x"), writer.text(b"\xff")])),
        writer.value("a.float", 6, writer.number("f", 0.5)),
        writer.value("a.flag", 7, b"\1"),
        writer.value("a.big", 10, writer.number("Q", 2**64 - 1)),
    ]
    tensors = [writer.tensor("blk.0.w", [2, 3], 0, 0), writer.tensor("n", [4], 27, 32)]
    data = writer.number("6f", *range(6)) + bytes(8) + writer.number("4q", 1, -2, 3, -4)
    model = load(write(tmp_path / "m.gguf", writer.file(tensors, metadata, data)))
    assert [(v.key, v.shape, v.dtype, v.nbytes) for v in model.variables] == [
        ("blk.0.w", (3, 2), "float32", 24),
        ("n", (4,), "int64", 32),
    ]
    assert model.metadata == {
        "gguf_version": writer.version,
        "endianness": "big" if writer.order == ">" else "little",
        "general.architecture": "llama",
        "a.numbers": (1, 2),
        "a.words": ("x", "\udcff"),
        "a.float": 0.5,
        "a.flag": True,
        "a.big": 2**64 - 1,
    }
    first, second = model.variables
    assert values.preview(model, first).tolist() == [0, 1, 2, 3, 4, 5]
    assert values.preview(model, second).tolist() == [1, -2, 3, -4]
    assert ("byte_order" in first.attributes) == (writer.order == ">")
    assert (model.format, model.separator) == ("gguf", ".")


@pytest.mark.parametrize("kind", sorted(TENSOR_TYPES))
def test_every_type(tmp_path: Path, kind: int) -> None:
    dtype = TENSOR_TYPES[kind]
    size = nbytes(dtype, 512)
    assert size
    content = W.file([W.tensor("w", [256, 2], kind, 0)], data=bytes(size))
    model = load(write(tmp_path / "m", content))
    (variable,) = model.variables
    assert (variable.dtype, variable.nbytes, variable.shape) == (dtype, size, (2, 256))
    if BITS.get(dtype):
        assert values.preview(model, variable).tolist() == [0] * 8
    else:
        with pytest.raises(UnsupportedError, match=f"{dtype} are quantized in blocks"):
            values.preview(model, variable)


def test_blocks_are_read_as_they_are(tmp_path: Path) -> None:
    data = bytes(range(18 * 4))
    content = W.file([W.tensor("w", [64, 2], 2, 0)], data=data)
    model = load(write(tmp_path / "m", content))
    (variable,) = model.variables
    assert model.tensors is not None
    assert model.tensors.read(variable, 0, 128) == data
    assert model.tensors.read(variable, 32, 64) == data[18:54]
    for start, count in ((1, 32), (0, 31), (16, 16)):
        with pytest.raises(UnsupportedError, match="whole blocks of 32"):
            model.tensors.read(variable, start, count)
    with pytest.raises(UnsupportedError):
        model.tensors.strings(variable)


def test_an_unknown_type_is_named_by_its_number(tmp_path: Path) -> None:
    model = load(write(tmp_path / "m", W.file([W.tensor("w", [3], 99, 0)])))
    (variable,) = model.variables
    assert (variable.dtype, variable.nbytes) == ("type 99", None)
    with pytest.raises(UnsupportedError):
        values.preview(model, variable)


class TestMetadata:
    def read(self, path: Path, kind: int, data: bytes) -> object:
        model = load(write(path / "m", W.file([], [W.value("k", kind, data)])))
        return model.metadata["k"]

    @pytest.mark.parametrize("kind", sorted(SCALARS))
    def test_arrays_long_and_short(self, tmp_path: Path, kind: int) -> None:
        item = W.number(SCALARS[kind], 1)
        assert self.read(tmp_path, 9, W.array(kind, [item] * 64)) == (1,) * 64
        words = self.read(tmp_path, 9, W.array(kind, [item] * 65))
        assert str(words).startswith("65 values of type ")

    def test_a_vocabulary(self, tmp_path: Path) -> None:
        tokens = [W.text("x" * (n % 40)) for n in range(90_000)]
        assert self.read(tmp_path, 9, W.array(8, tokens)) == "90000 values of type string"

    def test_arrays_in_arrays(self, tmp_path: Path) -> None:
        numbers = W.array(4, [W.number("I", 1)] * 3)
        strings = W.array(8, [W.text("a"), W.text("")])
        nested = W.array(9, [numbers, strings, W.array(9, [numbers]), W.array(9, [])])
        assert self.read(tmp_path, 9, nested) == "4 values of type array"

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_what_json_does_not_have(self, tmp_path: Path, value: float) -> None:
        assert self.read(tmp_path, 12, W.number("d", value)) == str(value)

    @pytest.mark.parametrize(
        ("kind", "data"),
        [
            (13, bytes(8)),
            (2**32 - 1, bytes(8)),
            (8, W.number("Q", 2**64 - 1)),
            (8, W.number("Q", 50)),
            (9, W.number("IQ", 4, 2**64 - 1)),
            (9, W.number("IQ", 8, 2**64 - 1)),
            (9, W.number("IQ", 8, 1000) + bytes(900)),
            (9, W.number("IQ", 9, 2**64 - 1)),
            (9, W.number("IQ", 13, 1) + bytes(30)),
            (9, W.number("IQ", 8, 70) + W.number("Q", 2**63) + bytes(70 * 8)),
            (9, W.number("IQ", 9, 1) * 1000 + W.number("IQ", 0, 0)),
        ],
    )
    def test_hostile(self, tmp_path: Path, kind: int, data: bytes) -> None:
        with pytest.raises(DamagedFileError):
            self.read(tmp_path, kind, data)


class TestDamage:
    @pytest.mark.parametrize(
        "content",
        [
            b"GGUF",
            b"GGUF\3\0\0\0",
            b"GGUF" + W.number("I", 3) + W.length(2**64 - 1) + W.length(0),
            b"GGUF" + W.number("I", 3) + W.length(0) + W.length(2**64 - 1),
            b"GGUF" + W.number("I", 3) + W.length(1) + W.length(0),
            W.file([W.text("w") + W.number("I", 2**32 - 1) + bytes(99)]),
            W.file([W.text("w") + W.number("I", 65) + bytes(999)]),
            W.file([W.text("w") + W.number("I", 4)]),
            W.file([W.tensor("w", [3], 2, 0)], data=bytes(99)),
            W.file([W.tensor("w", [3], 0, 0)] * 2, data=bytes(99)),
            W.file([], [W.value("general.alignment", 4, W.number("I", 0))]),
            W.file([], [W.value("general.alignment", 4, W.number("I", 24))]),
            W.file([], [W.value("general.alignment", 8, W.text("x"))]),
            W.file([], [W.value("a", 0, b"\0")] * 2),
        ],
    )
    def test_it_is_told(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(DamagedFileError) as caught:
            survey(write(tmp_path / "m", content))
        assert caught.value.path == str(tmp_path / "m")

    @pytest.mark.parametrize("version", [0, 4, 0x00040000])
    def test_other_versions(self, tmp_path: Path, version: int) -> None:
        content = b"GGUF" + version.to_bytes(4, "little") + bytes(99)
        with pytest.raises(UnsupportedError, match="and 1 to 3 are known"):
            load(write(tmp_path / "m", content))

    @pytest.mark.parametrize("offset", [0, 2**40, 2**64 - 9])
    def test_values_that_are_not_there(self, tmp_path: Path, offset: int) -> None:
        tensors = [W.tensor("a", [2], 0, 0), W.tensor("b", [2], 0, offset + 8)]
        path = write(tmp_path / "m", W.file(tensors, data=bytes(10)))
        model = survey(path)
        assert [(note.code, note.subject) for note in model.notes] == [("short-data", "b")]
        assert values.preview(model, get(model, "a")).tolist() == [0, 0]
        with pytest.raises(DamagedFileError):
            values.preview(model, get(model, "b"))
        with pytest.raises(DamagedFileError, match="b ends at byte"):
            load(path)

    def test_alignment(self, tmp_path: Path) -> None:
        metadata = [W.value("general.alignment", 4, W.number("I", 4096))]
        content = W.file([W.tensor("w", [1], 24, 0)], metadata).ljust(4096, b"\0") + b"\7"
        model = load(write(tmp_path / "m", content))
        assert values.preview(model, model.variables[0]).tolist() == [7]


def test_one_file_of_several(tmp_path: Path) -> None:
    numbers = {"no": (2, "H", 1), "count": (2, "H", 3), "tensors.count": (5, "i", 8)}
    metadata = [
        W.value(f"split.{key}", kind, W.number(code, number))
        for key, (kind, code, number) in numbers.items()
    ]
    (note,) = load(write(tmp_path / "m", W.file([W.tensor("w", [1], 24, 0)], metadata, b"1"))).notes
    assert (note.code, note.message) == ("split", "is part 2 of 3, which have 8 tensors in all")


def test_a_table_of_more_than_a_block(tmp_path: Path) -> None:
    """Entries of all lengths, so that the ends of the blocks are everywhere in one."""
    names = ["n" * (i % 97) + str(i) for i in range(20_000)]
    tensors = [W.tensor(name, [1 + i % 5], 24, i) for i, name in enumerate(names)]
    found = survey(write(tmp_path / "m", W.file(tensors))).variables
    assert [v.name for v in found] == names
    assert [v.shape for v in found[:7]] == [(1,), (2,), (3,), (4,), (5,), (1,), (2,)]
    offsets = [v.storage.offset for v in found if v.storage and v.storage.offset is not None]
    assert [offset - offsets[0] for offset in offsets] == list(range(20_000))


def test_a_text_longer_than_any(tmp_path: Path) -> None:
    path = tmp_path / "m"
    with path.open("wb") as file:
        file.write(W.file([W.tensor("w", [1], 24, 0)])[:24] + W.number("Q", 1 << 33))
        file.truncate(1 << 34)
    with pytest.raises(DamagedFileError, match="more bytes than there are"):
        load(path)


def test_the_samples_hold_the_same() -> None:
    little, big = (load(SAMPLES / f"{name}.gguf") for name in ("llama", "big_endian"))
    assert [v[:5] for v in little.variables] == [v[:5] for v in big.variables]
    assert {**little.metadata, "endianness": "big"} == big.metadata
    for ours, theirs in zip(little.variables, big.variables, strict=True):
        if ours.dtype in BLOCKS:
            with pytest.raises(ScopecliError):
                values.preview(little, ours)
        else:
            first, second = values.preview(little, ours), values.preview(big, theirs)
            assert first.tobytes() == second.tobytes(), ours.key
