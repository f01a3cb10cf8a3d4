"""TensorFlow Lite models made table by table: tensors, buffers, quantization, damage."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, ScopecliError, UnsupportedError
from scopecli.formats.opening import load, survey
from scopecli.formats.tflite.layout import DTYPES
from scopecli.model.dtypes import BITS
from tests.flatbuffers import Run, flatbuffer
from tests.models import get, numbers
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from scopecli.model.model import Model

Table = dict[int, object]

FLOAT, STRING, INT8, INT4 = 0, 5, 9, 17


def number(value: int, layout: str = "I") -> bytes:
    return struct.pack(f"<{layout}", value)


def tensor(name: str, shape: Sequence[int], dtype: int, buffer: int, **more: object) -> Table:
    table: Table = {
        0: Run("i", tuple(shape)),
        1: number(dtype, "b"),
        2: number(buffer),
        3: name,
    }
    return table | {int(key.removeprefix("f")): value for key, value in more.items()}


def data(*content: int) -> Table:
    return {0: Run("B", content)}


def floats(*numbers: float) -> Table:
    return data(*np.array(numbers, "<f4").tobytes())


def graph(*tensors: Table, **more: object) -> Table:
    table: Table = {0: list(tensors)}
    return table | {int(key.removeprefix("f")): value for key, value in more.items()}


def model_of(graphs: list[Table], buffers: list[Table], more: Table | None = None) -> bytes:
    return flatbuffer({0: number(3), 2: graphs, 3: "made", 4: [{}, *buffers], **(more or {})})


def opened(folder: Path, content: bytes) -> Model:
    path = folder / "m.tflite"
    path.write_bytes(content)
    return survey(path)


def test_tensors_with_values(tmp_path: Path) -> None:
    first = graph(
        tensor("net/w", [2], FLOAT, 1),
        tensor("input", [2], FLOAT, 0),
        tensor("empty", [2], FLOAT, 2),
        tensor("", [], FLOAT, 3),
    )
    second = graph(tensor("net/w", [1], FLOAT, 3))
    model = opened(tmp_path, model_of([first, second], [floats(1, 2), {}, floats(3)]))
    assert [(v.key, v.shape, v.dtype, v.nbytes) for v in model.variables] == [
        ("net/w", (2,), "float32", 8),
        ("tensor_3", (), "float32", 4),
        ("net/w#2", (1,), "float32", 4),
    ]
    assert [(note.code, note.subject) for note in model.notes] == [("repeated-name", "net/w")]
    assert [numbers(model, v.key) for v in model.variables] == [[1, 2], [3], [3]]
    assert (model.format, model.separator) == ("tflite", "/")


@pytest.mark.parametrize("kind", sorted(DTYPES))
def test_every_type(tmp_path: Path, kind: int) -> None:
    dtype = DTYPES[kind]
    content = model_of([graph(tensor("w", [8], kind, 1))], [data(*bytes(BITS[dtype] or 8))])
    model = opened(tmp_path, content)
    assert get(model, "w").dtype == dtype
    if BITS[dtype]:
        assert numbers(model, "w") == [0] * 8
        assert not model.notes


def test_small_elements(tmp_path: Path) -> None:
    content = model_of([graph(tensor("w", [3], INT4, 1))], [data(0x1F, 0x08)])
    assert numbers(opened(tmp_path, content), "w") == [-1, 1, -8]


def test_a_type_that_nobody_knows(tmp_path: Path) -> None:
    model = opened(tmp_path, model_of([graph(tensor("w", [3], 99, 1))], [data(1)]))
    assert (get(model, "w").dtype, get(model, "w").nbytes) == ("type 99", None)
    with pytest.raises(ScopecliError):
        numbers(model, "w")


def test_quantization(tmp_path: Path) -> None:
    one: Table = {2: Run("f", (0.5,)), 3: Run("q", (-3,))}
    each: Table = {2: Run("f", (0.5, 0.25)), 3: Run("q", (0, 0)), 6: number(1, "i")}
    many: Table = {2: Run("f", (1.0,) * 65), 3: Run("q", (0,) * 65)}
    odd: Table = {2: Run("f", (float("inf"),))}
    tables = {"one": one, "each": each, "many": many, "odd": odd, "none": {}}
    tensors = [tensor(name, [2], INT8, 1, f4=table) for name, table in tables.items()]
    model = opened(tmp_path, model_of([graph(*tensors)], [data(1, 255)]))
    assert {v.key: v.attributes.get("quantization") for v in model.variables} == {
        "one": {"scale": (0.5,), "zero_point": (-3,)},
        "each": {"scale": (0.5, 0.25), "zero_point": (0, 0), "dimension": 1},
        "many": {"scale": "65 values", "zero_point": "65 values", "dimension": 0},
        "odd": {"scale": ("inf",), "zero_point": ()},
        "none": None,
    }
    assert numbers(model, "one") == [1, -1]


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    main = graph(
        tensor("x", [1, 3], FLOAT, 0, f7=Run("i", (-1, 3))),
        tensor("y", [1], INT8, 0),
        f1=Run("i", (0, 9)),
        f2=Run("i", (1,)),
        f3=[{}, {}],
        f4="main",
    )
    signature: Table = {0: [{0: "a"}, {0: "b"}], 1: [{0: "c"}], 2: "serve"}
    codes: list[Table] = [{0: b"\x05", 3: number(5)}, {1: "Mine", 3: number(32)}, {0: b"\x05"}]
    more: Table = {1: codes, 6: [{0: "min_runtime_version"}], 7: [signature]}
    assert opened(tmp_path, model_of([main, graph()], [], more)).metadata == {
        "schema_version": 3,
        "description": "made",
        "inputs": ["x float32[?,3]"],
        "outputs": ["y int8[1]"],
        "subgraphs": ["main", "subgraph 1"],
        "operators": 2,
        "operator_types": 2,
        "custom_operators": ["Mine"],
        "signature_defs": ["serve(a, b) -> (c)"],
        "metadata_names": ["min_runtime_version"],
    }


def test_values_behind_the_tables(tmp_path: Path) -> None:
    """As in files of more than two gigabytes, which offsets of 32 bits do not reach."""

    def made(place: int) -> bytes:
        behind: Table = {1: number(place, "Q"), 2: number(8, "Q")}
        return model_of([graph(tensor("w", [2], FLOAT, 1))], [behind])

    content = made(len(made(0)))
    model = opened(tmp_path, content + np.array([1, 2], "<f4").tobytes())
    assert numbers(model, "w") == [1, 2]
    with pytest.raises(DamagedFileError, match="buffer that ends at"):
        opened(tmp_path, content + bytes(7))


def test_texts(tmp_path: Path) -> None:
    def texts(*fields: int, content: bytes = b"") -> Table:
        return data(*struct.pack(f"<{len(fields)}I", *fields), *content)

    buffers = [
        texts(2, 16, 17, 19, content=b"abc"),
        texts(1, 16, 17, 19, content=b"abc"),
        texts(2, 17, 16, 19, content=b"abc"),
        texts(2, 16, 17, 20, content=b"abc"),
        texts(2),
    ]
    tensors = [tensor(f"t{at}", [2], STRING, at + 1) for at in range(5)]
    model = opened(tmp_path, model_of([graph(*tensors)], buffers))
    assert values.strings(model, get(model, "t0")) == [b"a", b"bc"]
    for at in range(1, 5):
        with pytest.raises(DamagedFileError, match="does not hold 2 strings"):
            values.strings(model, get(model, f"t{at}"))


def test_values_that_are_elsewhere_or_sparse(tmp_path: Path) -> None:
    tensors = [
        tensor("far", [2], FLOAT, 0, f10=number(1)),
        tensor("sparse", [9], FLOAT, 1, f6={}),
    ]
    model = opened(tmp_path, model_of([graph(*tensors)], [floats(1, 2)]))
    assert get(model, "far").attributes == {"external": True}
    assert get(model, "sparse").attributes == {"sparse": 2}
    assert [note.code for note in model.notes] == ["external-data"]
    for key in ("far", "sparse"):
        with pytest.raises(ScopecliError):
            numbers(model, key)
    with pytest.raises(UnsupportedError, match="sparsely"):
        numbers(model, "sparse")


class TestDamage:
    def test_another_size_than_the_shape_has(self, tmp_path: Path) -> None:
        model = opened(tmp_path, model_of([graph(tensor("w", [3], FLOAT, 1))], [floats(1)]))
        assert [note.code for note in model.notes] == ["size-mismatch"]
        with pytest.raises(DamagedFileError):
            load(tmp_path / "m.tflite")

    @pytest.mark.parametrize(
        "table",
        [
            tensor("w", [-1], FLOAT, 1),
            tensor("w", [1] * 65, FLOAT, 1),
            tensor("w", [2**31 - 1] * 3, FLOAT, 1),
            tensor("w", [1], FLOAT, 2),
            tensor("w", [1], FLOAT, 2**32 - 1),
        ],
    )
    def test_tensors_that_are_none(self, tmp_path: Path, table: Table) -> None:
        with pytest.raises(DamagedFileError):
            opened(tmp_path, model_of([graph(table)], [floats(1)]))

    def test_every_offset_is_looked_at(self, tmp_path: Path) -> None:
        """Whichever word of a model is changed, it is a model or a line."""
        content = model_of([graph(tensor("net/w", [2], FLOAT, 1))], [floats(1, 2)])
        refused = 0
        for at in range(len(content) - 4):
            for word in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, len(content) - at):
                changed = bytearray(content)
                struct.pack_into("<I", changed, at, word)
                (tmp_path / "m.tflite").write_bytes(changed)
                try:
                    survey(tmp_path / "m.tflite", input_format="tflite")
                except DamagedFileError:
                    refused += 1
        assert refused > 100

    def test_one_subgraph_under_two_numbers(self, tmp_path: Path) -> None:
        """Or a short file could have a tensor as often as it has words, squared."""
        content = bytearray(model_of([graph(), graph()], []))
        path = tmp_path / "m.tflite"
        path.write_bytes(content)
        assert load(path).format == "tflite"
        places = [at for at in range(0, len(content) - 8, 4) if content[at : at + 4] == number(2)]
        assert places
        for at in places:
            first = struct.unpack_from("<I", content, at + 4)[0]
            changed = bytearray(content)
            struct.pack_into("<I", changed, at + 8, (first - 4) % 2**32)
            path.write_bytes(changed)
            try:
                survey(path)
            except DamagedFileError as error:
                if "under two numbers" in str(error):
                    return
        pytest.fail("it was not told")


def test_the_sample() -> None:
    model = load(SAMPLES / "mobile.tflite")
    quantized = [v for v in model.variables if "quantization" in v.attributes]
    assert {v.dtype for v in quantized} == {"int8"}
    assert model.metadata["signature_defs"] == ["serving_default(x) -> (scores)"]
