"""ONNX models made byte by byte: what they hold, where, and what is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, PathError, ScopecliError, UnsupportedError
from scopecli.formats.opening import load, survey
from tests.bundles import message
from tests.models import get, numbers
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scopecli.model.model import Model

Fields = tuple[tuple[int, int | bytes], ...]

FLOAT, INT32, INT64, STRING, COMPLEX64, INT4 = 1, 6, 7, 8, 14, 22


def tensor(name: str, dtype: int, shape: Sequence[int], *fields: tuple[int, int | bytes]) -> bytes:
    dims: Fields = tuple((1, size) for size in shape)
    return message(*dims, (2, dtype), (8, name.encode()), *fields)


def floats(name: str, *numbers: float) -> bytes:
    return tensor(name, FLOAT, [len(numbers)], (9, np.array(numbers, "<f4").tobytes()))


def external(name: str, shape: Sequence[int], **pairs: object) -> bytes:
    entries = [
        (13, message((1, key.encode()), (2, str(value).encode()))) for key, value in pairs.items()
    ]
    return tensor(name, FLOAT, shape, *entries, (14, 1))


def attribute(name: str, *fields: tuple[int, int | bytes]) -> bytes:
    return message((1, name.encode()), *fields)


def node(op: str, name: str, output: str, *attributes: bytes) -> bytes:
    named = ((2, output.encode()), (3, name.encode()), (4, op.encode()))
    return message(*named, *((5, each) for each in attributes))


def graph(*initializers: bytes, nodes: Sequence[bytes] = (), more: Fields = ()) -> bytes:
    return message(*((1, each) for each in nodes), *((5, each) for each in initializers), *more)


def model_of(graph_message: bytes, *more: tuple[int, int | bytes]) -> bytes:
    return message((1, 8), (2, b"test"), (7, graph_message), (8, message((2, 18))), *more)


def opened(folder: Path, content: bytes) -> Model:
    path = folder / "m.onnx"
    path.write_bytes(content)
    return survey(path)


class TestWhatItHolds:
    def test_initializers(self, tmp_path: Path) -> None:
        model = opened(tmp_path, model_of(graph(floats("a.w", 1, 2), floats("a.b", 3))))
        assert [v[:6] for v in model.variables] == [
            ("a.w", "a.w", (2,), "float32", 8, "variable"),
            ("a.b", "a.b", (1,), "float32", 4, "variable"),
        ]
        assert (model.format, model.separator) == ("onnx", ".")
        assert numbers(model, "a.w") == [1, 2]

    def test_scopes_at_a_slash_where_a_name_has_one(self, tmp_path: Path) -> None:
        model = opened(tmp_path, model_of(graph(floats("a/w.0", 1))))
        assert model.separator == "/"

    def test_bodies_in_bodies_and_functions(self, tmp_path: Path) -> None:
        constant = node("Constant", "n", "c", attribute("value", (5, floats("", 5))))
        inner = graph(floats("in", 4), nodes=[constant])
        loop = node("Loop", "loop", "l", attribute("body", (6, inner)))
        outer = graph(nodes=[loop], more=((5, floats("w", 3)),))
        branch = node("If", "", "out", attribute("then_branch", (6, outer)))
        function = message((1, b"Fn"), (7, constant), (10, b"local"))
        content = model_of(graph(floats("w", 1), nodes=[branch]), (25, function))
        model = opened(tmp_path, content)
        assert [(v.key, v.kind) for v in model.variables] == [
            ("w", "variable"),
            ("Fn.c", "constant"),
            ("out.then_branch.w", "constant"),
            ("out.then_branch.loop.body.c", "constant"),
            ("out.then_branch.loop.body.in", "constant"),
        ]
        keys = [v.key for v in model.variables]
        assert [numbers(model, key) for key in keys] == [[1], [5], [3], [5], [4]]
        assert model.metadata["local_functions"] == ["Fn"]

    def test_graphs_for_training(self, tmp_path: Path) -> None:
        training = message((2, graph(floats("momentum", 1))))
        model = opened(tmp_path, model_of(graph(floats("w", 1)), (20, training)))
        assert [(v.key, v.kind) for v in model.variables] == [
            ("w", "variable"),
            ("training_algorithm.momentum", "constant"),
        ]

    def test_constants_of_plain_numbers(self, tmp_path: Path) -> None:
        packed = b"\1\2" + b"\xff" * 9 + b"\1"
        nodes = [
            node("Constant", "", "f", attribute("value_float", (2, 0))),
            node("Constant", "", "i", attribute("value_int", (3, 7))),
            node("Constant", "", "ints", attribute("value_ints", (8, packed))),
            node("Constant", "", "one_by_one", attribute("value_ints", (8, 5), (8, 6))),
            node("Constant", "", "texts", attribute("value_strings", (9, b"a"), (9, b""))),
            node("Constant", "", "nothing", attribute("unknown", (3, 7))),
            node("Relu", "", "r", attribute("value_int", (3, 7))),
        ]
        model = opened(tmp_path, model_of(graph(nodes=nodes)))
        assert [(v.key, v.shape, v.dtype) for v in model.variables] == [
            ("f", (), "float32"),
            ("i", (), "int64"),
            ("ints", (3,), "int64"),
            ("one_by_one", (2,), "int64"),
            ("texts", (2,), "string"),
        ]
        assert numbers(model, "i") == [7]
        assert numbers(model, "ints") == [1, 2, -1]
        assert numbers(model, "one_by_one") == [5, 6]
        assert values.strings(model, get(model, "texts")) == [b"a", b""]

    def test_sparse_ones(self, tmp_path: Path) -> None:
        flat = message((1, floats("s", 1, 2)), (2, tensor("", INT64, [2], (7, b"\0\5"))))
        places = tensor("", INT64, [2, 2], (7, b"\0\1\1\2"))
        pairs = message((1, floats("p", 3, 4)), (2, places), (3, 2), (3, 3))
        zeros = message((1, floats("z")), (3, 2))
        sparse = ((15, flat + message((3, 2), (3, 3))), (15, pairs), (15, zeros))
        model = opened(tmp_path, model_of(graph(more=sparse)))
        assert [v.attributes["sparse"] for v in model.variables] == [2, 2, 0]
        assert numbers(model, "s") == [1, 0, 0, 0, 0, 2]
        assert numbers(model, "p") == [0, 3, 0, 0, 0, 4]
        assert numbers(model, "z") == [0, 0]
        assert model.tensors is not None
        assert model.tensors.read(get(model, "s"), 5, 1) == np.float32(2).tobytes()

    def test_sparse_ones_that_contradict_themselves(self, tmp_path: Path) -> None:
        one = tensor("", INT64, [1], (7, b"\0"))
        odd = tensor("", INT64, [2, 3], (7, bytes(6)))
        sparse = tuple(
            (15, message((1, floats(name, 1, 2)), (2, places), (3, 2), (3, 3)))
            for name, places in (("few", one), ("odd", odd))
        )
        model = opened(tmp_path, model_of(graph(more=sparse)))
        for key in ("few", "odd"):
            with pytest.raises(DamagedFileError, match="sparse"):
                numbers(model, key)

    @pytest.mark.parametrize(
        ("dtype", "shape", "fields", "expected"),
        [
            (FLOAT, [2], ((4, np.array([1, 2], "<f4").tobytes()),), [1, 2]),
            (FLOAT, [2], ((4, b"\0\0\x80?"), (4, b"\0\0\0@")), [1, 2]),
            (INT32, [2], ((5, b"\xff" * 9 + b"\1" + b"\3"),), [-1, 3]),
            (3, [2], ((5, b"\xff" * 9 + b"\1" + b"\3"),), [-1, 3]),
            (9, [2], ((5, 1), (5, 0)), [True, False]),
            (10, [1], ((5, 0x3C00),), [1]),
            (13, [1], ((11, 2**64 - 1),), [2**64 - 1]),
            (INT4, [3], ((9, b"\xf7\x08"),), [7, -1, -8]),
            (INT4, [3], ((5, b"\xf7\x01\x08"),), [7, -1, -8]),
            (26, [5], ((9, b"\xe4\x01"),), [0, 1, -2, -1, 1]),
            (COMPLEX64, [1], ((4, np.array([1, 2], "<f4").tobytes()),), [1 + 2j]),
        ],
    )
    def test_ways_to_write_numbers(
        self, tmp_path: Path, dtype: int, shape: list[int], fields: Fields, expected: list[object]
    ) -> None:
        model = opened(tmp_path, model_of(graph(tensor("w", dtype, shape, *fields))))
        assert numbers(model, "w") == expected

    def test_texts(self, tmp_path: Path) -> None:
        good = tensor("t", STRING, [2], (6, b"a"), (6, b"b\xff"))
        model = opened(tmp_path, model_of(graph(good, tensor("few", STRING, [2], (6, b"a")))))
        assert values.strings(model, get(model, "t")) == [b"a", b"b\xff"]
        with pytest.raises(DamagedFileError, match="has 1 strings"):
            values.strings(model, get(model, "few"))

    def test_what_it_says_of_itself(self, tmp_path: Path) -> None:
        dims = message((1, message((2, b"N"))), (1, message((1, 3))), (1, b""))
        kind = message((1, message((1, FLOAT), (2, dims))))
        more = (
            (2, b"main"),
            (11, message((1, b"x"), (2, kind))),
            (11, message((1, b"w"), (2, kind))),
            (12, message((1, b"y"))),
        )
        properties = (14, message((1, b"author"), (2, b"me")))
        content = model_of(graph(floats("w", 1), more=more), properties, (5, 3))
        assert opened(tmp_path, content).metadata == {
            "author": "me",
            "ir_version": 8,
            "producer_name": "test",
            "graph_name": "main",
            "inputs": ["x float32[N,3,?]"],
            "outputs": ["y"],
            "opset_import": ["ai.onnx 18"],
            "model_version": 3,
        }

    def test_a_name_twice(self, tmp_path: Path) -> None:
        model = opened(tmp_path, model_of(graph(floats("w", 1), floats("w", 2), floats("w#2", 3))))
        assert [v.key for v in model.variables] == ["w", "w#2", "w#2#2"]
        assert [note.subject for note in model.notes] == ["w", "w#2"]
        assert [numbers(model, v.key) for v in model.variables] == [[1], [2], [3]]

    def test_an_empty_tensor_has_no_field_of_values(self, tmp_path: Path) -> None:
        empty = [tensor("f", 1, [0, 2]), tensor("s", 8, [0])]
        model = opened(tmp_path, model_of(graph(*empty)))
        assert model.tensors is not None
        assert model.tensors.read(get(model, "f"), 0, 0) == b""
        assert list(model.tensors.strings(get(model, "s"))) == []
        assert not model.notes


class TestExternalData:
    def test_a_file_beside(self, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "d.bin").write_bytes(bytes(4) + np.array([1, 2], "<f4").tobytes())
        entry = external("w", [2], location="sub/d.bin", offset=4, length=8)
        rest = external("r", [3], location="sub/d.bin")
        model = opened(tmp_path, model_of(graph(entry, rest)))
        assert numbers(model, "w") == [1, 2]
        assert numbers(model, "r") == [0, 1, 2]
        assert [(f.role, f.size) for f in model.files][1:] == [("data", 12)]
        assert not model.notes

    @pytest.mark.parametrize(
        "location",
        ["../d.bin", "a/../../d.bin", "/etc/passwd", "..\\d", "\\d", "C:\\d", "C:d", "", "a\0b"],
    )
    def test_a_path_that_leads_out(self, tmp_path: Path, location: str) -> None:
        (tmp_path / "d.bin").write_bytes(bytes(8))
        folder = tmp_path / "model"
        folder.mkdir()
        model = opened(folder, model_of(graph(external("w", [2], location=location))))
        assert [note.code for note in model.notes] == ["external-data"]
        assert len(model.files) == 1
        assert get(model, "w").attributes == {"external": True}
        with pytest.raises(UnsupportedError):
            numbers(model, "w")

    def test_a_missing_file(self, tmp_path: Path) -> None:
        model = opened(tmp_path, model_of(graph(external("w", [2], location="d.bin"))))
        assert [(n.code, n.subject) for n in model.notes] == [("missing-shard", "d.bin")]
        with pytest.raises(PathError):
            numbers(model, "w")

    def test_a_short_file(self, tmp_path: Path) -> None:
        (tmp_path / "d.bin").write_bytes(bytes(7))
        model = opened(tmp_path, model_of(graph(external("w", [2], location="d.bin"))))
        assert [note.code for note in model.notes] == ["short-data"]
        with pytest.raises(DamagedFileError, match="ends at byte 8"):
            load(tmp_path / "m.onnx")

    @pytest.mark.parametrize("pairs", [{"offset": "x"}, {"offset": -1}, {"offset": 2**70}])
    def test_no_offset(self, tmp_path: Path, pairs: dict[str, object]) -> None:
        entry = external("w", [2], location="d.bin", **pairs)
        with pytest.raises(DamagedFileError, match="offset"):
            opened(tmp_path, model_of(graph(entry)))


class TestDamage:
    @pytest.mark.parametrize(
        "initializer",
        [
            tensor("w", FLOAT, [2**64 - 1]),
            tensor("w", FLOAT, [2**62, 2**62]),
            tensor("w", FLOAT, [1] * 65),
            tensor("w", FLOAT, [], (1, b"\xff")),
            b"\x0a\xff",
        ],
    )
    def test_tensors_that_are_none(self, tmp_path: Path, initializer: bytes) -> None:
        with pytest.raises(DamagedFileError):
            opened(tmp_path, model_of(graph(initializer)))

    @pytest.mark.parametrize("size", [7, 9])
    def test_another_size_than_the_shape_has(self, tmp_path: Path, size: int) -> None:
        model = opened(tmp_path, model_of(graph(tensor("w", FLOAT, [2], (9, bytes(size))))))
        assert [note.code for note in model.notes] == ["size-mismatch"]

    def test_no_values(self, tmp_path: Path) -> None:
        model = opened(tmp_path, model_of(graph(tensor("w", FLOAT, [2]), tensor("e", FLOAT, [0]))))
        assert [(note.code, note.subject) for note in model.notes] == [("no-values", "w")]
        with pytest.raises(UnsupportedError, match="no values"):
            numbers(model, "w")

    def test_too_few_numbers(self, tmp_path: Path) -> None:
        model = opened(tmp_path, model_of(graph(tensor("w", INT64, [2], (7, 1)))))
        with pytest.raises(DamagedFileError, match="has 8 bytes where its shape needs 16"):
            numbers(model, "w")

    def test_an_unknown_type(self, tmp_path: Path) -> None:
        model = opened(tmp_path, model_of(graph(tensor("w", 99, [2], (9, bytes(8))))))
        assert (get(model, "w").dtype, get(model, "w").nbytes) == ("dtype 99", None)
        with pytest.raises(ScopecliError):
            numbers(model, "w")

    def test_elements_of_six_bits(self, tmp_path: Path) -> None:
        """Their size is known, and how they are packed is not the same in all formats."""
        model = opened(tmp_path, model_of(graph(tensor("w", 27, [5], (9, bytes(4))))))
        assert (get(model, "w").dtype, get(model, "w").nbytes) == ("float6_e2m3fn", 4)
        with pytest.raises(UnsupportedError, match="float6"):
            numbers(model, "w")

    def test_graphs_inside_graphs_without_end(self, tmp_path: Path) -> None:
        body = graph()
        for _ in range(200):
            body = graph(nodes=[node("If", "n", "o", attribute("b", (6, body)))])
        with pytest.raises(DamagedFileError, match="graphs inside graphs"):
            opened(tmp_path, model_of(body))

    def test_a_sparse_one_without_values(self, tmp_path: Path) -> None:
        with pytest.raises(DamagedFileError, match="no values"):
            opened(tmp_path, model_of(graph(more=((15, message((3, 2))),))))


def test_a_folder_with_one(tmp_path: Path) -> None:
    opened(tmp_path, model_of(graph(floats("w", 1))))
    assert load(tmp_path).format == "onnx"
    (tmp_path / "other.onnx").write_bytes((tmp_path / "m.onnx").read_bytes())
    with pytest.raises(PathError, match=r"has 2 checkpoints: m.onnx, other.onnx"):
        load(tmp_path)


def test_values_are_not_read_for_the_structure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of 64 MB costs its place."""
    from scopecli.binary.source import Source

    read: list[int] = []
    plain = Source.read

    def counted(source: Source, offset: int, length: int) -> bytes:
        read.append(length)
        return plain(source, offset, length)

    monkeypatch.setattr(Source, "read", counted)
    path = tmp_path / "m.onnx"
    size = 1 << 26
    path.write_bytes(model_of(graph(tensor("w", FLOAT, [size // 4], (9, bytes(size))))))
    assert get(load(path), "w").nbytes == size
    assert sum(read) < 1 << 20
    os.truncate(path, 0)


def test_the_external_sample() -> None:
    model = load(SAMPLES / "onnx_external")
    assert {v.storage.shard for v in model.variables if v.storage} == {"model.onnx.data"}
    assert [os.path.basename(f.path) for f in model.files] == ["model.onnx", "model.onnx.data"]
