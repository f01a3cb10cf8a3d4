"""Flax's files made byte by byte: trees, arrays, chunks, and what an optimizer leaves."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scopecli.errors import DamagedFileError, NotAModelError, UnsupportedError
from scopecli.formats.opening import load, survey
from tests.models import get, numbers
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model


def packed(value: object) -> bytes:
    """MessagePack of a tree; bytes stand for themselves."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        pairs = b"".join(packed(key) + packed(each) for key, each in value.items())
        return b"\xde" + struct.pack(">H", len(value)) + pairs
    if isinstance(value, list):
        return b"\xdc" + struct.pack(">H", len(value)) + b"".join(map(packed, value))
    if isinstance(value, str):
        return b"\xd9" + bytes([len(value.encode())]) + value.encode()
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    raise TypeError(value)


def extension(kind: int, data: bytes) -> bytes:
    return b"\xc9" + struct.pack(">Ib", len(data), kind) + data


def raw(data: bytes) -> bytes:
    return b"\xc6" + struct.pack(">I", len(data)) + data


def array(shape: list[int], dtype: str, data: bytes, kind: int = 1) -> bytes:
    return extension(kind, b"\x93" + packed(shape) + packed(dtype) + raw(data))


def floats(*numbers: float) -> bytes:
    return array([len(numbers)], "float32", np.array(numbers, "<f4").tobytes())


def opened(folder: Path, tree: object) -> Model:
    path = folder / "m.msgpack"
    path.write_bytes(packed(tree))
    return survey(path)


def test_a_tree(tmp_path: Path) -> None:
    tree = {
        "encoder": {"kernel": floats(1, 2), "scalar": array([], "int32", b"\7\0\0\0", kind=3)},
        "list": [floats(3), {"x": floats()}],
        7: floats(4),
        "step": 5,
        "rate": float("nan"),
        "on": True,
        "name": "me",
        "empty": {},
        "complex": extension(2, b"\x92" + packed(1.0) + packed(-2.0)),
        "odd": extension(9, b"abc"),
        "long": packed("x" * 255) + b"",
    }
    model = opened(tmp_path, tree)
    assert [(v.key, v.shape, v.dtype, v.nbytes) for v in model.variables] == [
        ("encoder/kernel", (2,), "float32", 8),
        ("encoder/scalar", (), "int32", 4),
        ("list/0", (1,), "float32", 4),
        ("list/1/x", (0,), "float32", 0),
        ("7", (1,), "float32", 4),
    ]
    assert model.metadata == {
        "step": 5,
        "rate": "nan",
        "on": True,
        "name": "me",
        "complex": "1.0+-2.0j",
        "odd": "3 bytes",
        "long": "x" * 255,
    }
    assert (model.format, model.separator, list(model.notes)) == ("flax-msgpack", "/", [])
    assert numbers(model, "encoder/kernel") == [1, 2]
    assert numbers(model, "encoder/scalar") == [7]
    assert numbers(model, "7") == [4]


def test_a_name_twice(tmp_path: Path) -> None:
    model = opened(tmp_path, {"a": {"b": floats(1)}, "a/b": floats(2)})
    assert [(note.code, note.subject) for note in model.notes] == [("duplicate-key", "a/b")]
    assert numbers(model, "a/b") == [2]


@pytest.mark.parametrize(
    ("dtype", "data", "expected"),
    [
        ("bfloat16", b"\x80?", [1]),
        ("bool", b"\1", [True]),
        ("int4", b"\xff", [-1]),
        ("float8_e4m3fn", b"8", [1]),
        ("complex64", np.array([1j], "<c8").tobytes(), [1j]),
    ],
)
def test_types(tmp_path: Path, dtype: str, data: bytes, expected: list[object]) -> None:
    model = opened(tmp_path, {"w": array([1], dtype, data)})
    assert (get(model, "w").dtype, get(model, "w").nbytes) == (dtype, len(data))
    assert numbers(model, "w") == expected


def test_a_type_that_nobody_knows(tmp_path: Path) -> None:
    model = opened(tmp_path, {"w": array([1], "str96", bytes(12))})
    assert (get(model, "w").dtype, list(model.notes)) == ("str96", [])
    with pytest.raises(UnsupportedError):
        numbers(model, "w")


class TestChunks:
    def cut(self, *chunks: bytes, shape: object = None) -> dict[str, object]:
        return {
            "__msgpack_chunked_array__": True,
            "shape": shape or {"0": 2, "1": 2},
            "chunks": {str(at): chunk for at, chunk in enumerate(chunks)},
        }

    def test_they_are_one(self, tmp_path: Path) -> None:
        tree = {"p": {"w": self.cut(floats(1), floats(2, 3), floats(4))}, "b": floats(5)}
        model = opened(tmp_path, tree)
        assert [(v.key, v.shape, v.nbytes) for v in model.variables] == [
            ("p/w", (2, 2), 16),
            ("b", (1,), 4),
        ]
        assert not model.metadata
        assert numbers(model, "p/w") == [1, 2, 3, 4]
        assert model.tensors is not None
        whole = model.tensors.read(get(model, "p/w"), 0, 4)
        for start in range(4):
            for count in range(4 - start):
                part = model.tensors.read(get(model, "p/w"), start, count)
                assert part == whole[4 * start : 4 * (start + count)]

    def test_one_is_missing(self, tmp_path: Path) -> None:
        model = opened(tmp_path, {"w": self.cut(floats(1))})
        assert [note.code for note in model.notes] == ["size-mismatch"]
        with pytest.raises(DamagedFileError, match="has 4 bytes where its shape needs 16"):
            numbers(model, "w")

    @pytest.mark.parametrize("shape", [{"0": -1}, {"0": "x"}, {"0": 2**62, "1": 2}])
    def test_sizes_that_are_none(self, tmp_path: Path, shape: object) -> None:
        with pytest.raises(DamagedFileError):
            opened(tmp_path, {"w": self.cut(floats(1), shape=shape)})

    def test_all_are_missing(self, tmp_path: Path) -> None:
        with pytest.raises(DamagedFileError, match="the pieces are missing"):
            opened(tmp_path, {"b": floats(1), "w": self.cut()})


class TestOptimizers:
    def kinds(self, model: Model) -> dict[str, tuple[str, object, object]]:
        return {
            v.key: (v.kind, v.attributes.get("slot_of"), v.attributes.get("slot_name"))
            for v in model.variables
        }

    def test_of_optax(self, tmp_path: Path) -> None:
        weights = {"a": {"w": floats(1)}, "w": floats(1)}
        state = {"0": {"mu": weights, "count": floats(1)}, "1": {}}
        tree = {"params": weights, "opt_state": state, "step": floats(1), "stats": weights}
        assert self.kinds(opened(tmp_path, tree)) == {
            "params/a/w": ("variable", None, None),
            "params/w": ("variable", None, None),
            "opt_state/0/mu/a/w": ("slot", "params/a/w", "mu"),
            "opt_state/0/mu/w": ("slot", "params/w", "mu"),
            "opt_state/0/count": ("bookkeeping", None, None),
            "step": ("bookkeeping", None, None),
            "stats/a/w": ("variable", None, None),
            "stats/w": ("variable", None, None),
        }

    def test_before_optax(self, tmp_path: Path) -> None:
        slots = {"a": {"w": {"grad_ema": floats(1), "grad_sq_ema": floats(1)}}}
        state = {"step": floats(1), "param_states": slots}
        tree = {"optimizer": {"target": {"a": {"w": floats(1)}}, "state": state}}
        assert self.kinds(opened(tmp_path, tree)) == {
            "optimizer/target/a/w": ("variable", None, None),
            "optimizer/state/step": ("bookkeeping", None, None),
            "optimizer/state/param_states/a/w/grad_ema": (
                "slot",
                "optimizer/target/a/w",
                "grad_ema",
            ),
            "optimizer/state/param_states/a/w/grad_sq_ema": (
                "slot",
                "optimizer/target/a/w",
                "grad_sq_ema",
            ),
        }

    def test_state_without_parameters(self, tmp_path: Path) -> None:
        model = opened(tmp_path, {"opt_state": {"mu": floats(1)}, "step": floats(1)})
        assert {v.kind for v in model.variables} == {"variable"}


class TestDamage:
    @pytest.mark.parametrize(
        "leaf",
        [
            array([2], "float32", b"")[:-6],
            extension(1, b""),
            extension(1, b"\x92\x90\xa1x"),
            extension(1, b"\x93\1\xa1x\xc4\0"),
            extension(1, b"\x93\x91\xff\xa1x\xc4\0"),
            extension(1, b"\x93\x91\xc0\xa1x\xc4\0"),
            extension(1, b"\x93\x90\1\xc4\0"),
            extension(1, b"\x93\x90\xa1x\1"),
            array([1] * 65, "float32", bytes(4)),
            array([2**62, 2], "float32", bytes(4)),
            extension(2, b"\x92"),
            b"\xc1",
            b"\xdf\xff\xff\xff\xff",
            {b"\x90": 1},
            b"\x81\xa1a" * 300 + b"\1",
            b"\x91" * 300 + b"\1",
        ],
    )
    def test_it_is_told(self, tmp_path: Path, leaf: object) -> None:
        path = tmp_path / "m.msgpack"
        path.write_bytes(packed({"first": floats(1), "w": leaf}))
        with pytest.raises((DamagedFileError, NotAModelError)) as caught:
            survey(path, input_format="flax-msgpack")
        assert str(path) in str(caught.value)

    def test_bytes_behind_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "m.msgpack"
        path.write_bytes(packed({"w": floats(1)}) + b"\0\0")
        with pytest.raises(DamagedFileError, match="2 bytes behind its end"):
            survey(path)

    def test_no_map(self, tmp_path: Path) -> None:
        path = tmp_path / "m.msgpack"
        path.write_bytes(packed([floats(1)]))
        with pytest.raises(DamagedFileError, match="is not a map"):
            survey(path, input_format="flax-msgpack")

    @pytest.mark.parametrize("tree", [{"a": 1}, {}, {"a": extension(5, b"x")}])
    def test_without_an_array_it_is_not_flax(self, tmp_path: Path, tree: object) -> None:
        with pytest.raises(NotAModelError):
            opened(tmp_path, tree)

    def test_another_size_than_the_shape_has(self, tmp_path: Path) -> None:
        model = opened(tmp_path, {"w": array([3], "float32", bytes(8))})
        assert [note.code for note in model.notes] == ["size-mismatch"]
        with pytest.raises(DamagedFileError):
            load(tmp_path / "m.msgpack")

    def test_names_that_repeat_a_long_one(self, tmp_path: Path) -> None:
        """A deep path times many leaves is more than any file has."""
        inner: bytes = packed(["x"] * 60_000).replace(packed("x"), b"\1")
        for _ in range(100):
            inner = b"\x81\xda\xff\xff" + b"k" * 0xFFFF + inner
        path = tmp_path / "m.msgpack"
        path.write_bytes(packed({"w": floats(1), "deep": inner}))
        with pytest.raises(DamagedFileError, match="longer names than"):
            survey(path)


def test_the_sample() -> None:
    model = load(SAMPLES / "flax_train_state.msgpack")
    assert {v.kind for v in model.variables} == {"variable", "slot", "bookkeeping"}
    assert numbers(model, "cut")[:3] == [0, 1, 2]
    assert all("__msgpack" not in v.key for v in model.variables)
