"""GraphDef files: variables, constants, nodes, and what is no graph."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, NotAModelError, ScopecliError, UnsupportedError
from scopecli.formats.opening import load
from scopecli.formats.tensorflow.graphs.attributes import FunctionReference
from tests import graphs
from tests.bundles import message, shape_message
from tests.graphs import FLOAT, INT32, INT64, STRING, node, tensor
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.graph import Graph
    from scopecli.model.model import Model


def opened(folder: Path, data: bytes) -> Model:
    path = folder / "graph.pb"
    path.write_bytes(data)
    return load(path)


def graph_of(model: Model) -> Graph:
    assert model.graph is not None
    return model.graph


def test_variables_of_every_kind(tmp_path: Path) -> None:
    data = graphs.graph(
        graphs.variable("old", (3,), "Variable"),
        graphs.variable("net/w"),
        graphs.variable("resource", (4, -1), "VarHandleOp"),
        graphs.constant("not_listed", tensor(FLOAT, (), (5, b"\0\0\0\0"))),
        node("no_shape", "VariableV2"),
    )
    model = opened(tmp_path, data)
    assert model.format == "tf-graphdef"
    assert [(v.key, v.shape, v.dtype, v.nbytes, v.kind) for v in model.variables] == [
        ("old", (3,), "float32", 12, "variable"),
        ("net/w", (2, 3), "float32", 24, "variable"),
        ("resource", (4, None), "float32", None, "variable"),
        ("no_shape", None, "dtype 0", None, "variable"),
    ]
    assert {v.trainable for v in model.variables} == {None}
    assert model.metadata["producer"] == 22
    with pytest.raises(UnsupportedError, match="no values of its variables"):
        values.preview(model, model.variables[1])


def test_nodes_with_the_same_name_have_keys_of_their_own(tmp_path: Path) -> None:
    model = opened(tmp_path, graphs.graph(graphs.variable("w"), graphs.variable("w")))
    assert [(v.key, v.name) for v in model.variables] == [("w", "w"), ("w#1", "w")]
    assert [note.code for note in model.notes] == ["duplicate-node"]


def packed(pattern: str, *numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}{pattern}", *numbers)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (tensor(FLOAT, (2,), (4, packed("f", 1, 2))), [1, 2]),
        (tensor(FLOAT, (3,), (5, packed("f", 1, 2))), [1, 2, 2]),
        (tensor(FLOAT, (2,)) + b"\x2d" + packed("f", 7), [7, 7]),
        (tensor(FLOAT, (2,)), [0, 0]),
        (tensor(FLOAT, (0, 3)), []),
        (tensor(2, (2,), (6, packed("d", 0.5, 4))), [0.5, 4]),
        (tensor(INT32, (3,), (7, -1), (7, 5)), [-1, 5, 5]),
        (tensor(INT32, (2,), (7, b"\x01\x80\x01")), [1, 128]),
        (tensor(INT64, (1,), (10, 1 << 40)), [1 << 40]),
        (tensor(10, (3,), (11, b"\x01\x00\x01")), [True, False, True]),
        (tensor(19, (1,), (13, 0x3C00)), [1]),
        (tensor(14, (1,), (13, 0x3F80)), [1]),
        (tensor(5, (1,), (7, -300)), [-300]),
        (tensor(22, (1,), (16, 1 << 31)), [1 << 31]),
        (tensor(23, (1,), (17, -1)), [2**64 - 1]),
        (tensor(8, (1,), (9, packed("f", 1, -2))), [1 - 2j]),
        (tensor(18, (1,), (12, packed("d", 1, -2))), [1 - 2j]),
    ],
)
def test_constants_of_a_frozen_graph(tmp_path: Path, value: bytes, expected: list[object]) -> None:
    model = opened(tmp_path, graphs.graph(graphs.constant("c", value), node("x", "Identity", "c")))
    (variable,) = model.variables
    assert variable.kind == "constant"
    found = [one for chunk in values.chunks(model, variable) for one in chunk.tolist()]
    assert found == expected
    assert [one for n in range(len(expected)) for one in values.section(
        model, variable, (slice(n, n + 1),)).ravel().tolist()] == expected  # fmt: skip


def test_constants_of_strings(tmp_path: Path) -> None:
    data = graphs.graph(
        graphs.strings("words", "the", "", "ü"),
        graphs.constant("repeated", tensor(STRING, (3,), (8, b"x"))),
        graphs.constant("none", tensor(STRING, (2,))),
        graphs.constant("run", tensor(STRING, (2,), (4, b"\x01\x02abc"))),
    )
    model = opened(tmp_path, data)
    assert [values.strings(model, v) for v in model.variables] == [
        [b"the", b"", "ü".encode()],
        [b"x", b"x", b"x"],
        [b"", b""],
        [b"a", b"bc"],
    ]


@pytest.mark.parametrize(
    "value",
    [
        tensor(FLOAT, (3,), (4, b"1234")),
        tensor(STRING, (2,), (4, b"\x05\x01a")),
        tensor(STRING, (1 << 40,), (8, b"x")),
    ],
)
def test_constants_that_contradict_themselves(tmp_path: Path, value: bytes) -> None:
    model = opened(tmp_path, graphs.graph(graphs.constant("c", value)))
    with pytest.raises(DamagedFileError):
        values.strings(model, model.variables[0]) if value[1] == STRING else values.preview(
            model, model.variables[0]
        )


def test_a_constant_that_is_longer_than_the_window(tmp_path: Path) -> None:
    contents = packed("f", *range(100_000))
    parts = [graphs.constant(f"c{n}", tensor(FLOAT, (100_000,), (4, contents))) for n in range(5)]
    model = opened(tmp_path, graphs.graph(*parts, node("last", "Identity", ["c4", "^c0"])))
    assert [v.nbytes for v in model.variables] == [400_000] * 5
    assert values.section(model, model.variables[3], (slice(-2, None),)).tolist() == [99998, 99999]
    storage = model.variables[1].storage
    assert storage is not None
    assert (tmp_path / storage.shard).read_bytes()[storage.offset :].startswith(contents[:100])
    last = graph_of(model).node("last:0")
    assert last is not None
    assert (last.inputs, last.control_inputs) == (("c4",), ("c0",))
    assert [one.name for one in graph_of(model).consumers("c0")] == ["last"]


def test_attributes(tmp_path: Path) -> None:
    function = message((1, b"body"), (2, graphs.map_entry("T", message((6, 1)))))
    attributes = {
        "s": message((2, b"text")),
        "i": message((3, -5)),
        "f": b"\x25" + packed("f", 1.5),
        "b": message((5, 1)),
        "type": message((6, 101)),
        "shape": message((7, shape_message((2, -1)))),
        "unknown": message((7, message((3, 1)))),
        "func": message((10, function)),
        "names": message((1, message((2, b"a"), (2, b"b")))),
        "numbers": message((1, message((3, b"\x01\x02"), (3, 3)))),
        "empty": message((1, b"")),
        "nothing": b"",
        "placeholder": message((9, b"N")),
    }
    found = graph_of(opened(tmp_path, graphs.graph(node("n", "Op", ["a:1"], attributes)))).node("n")
    assert found is not None
    plain = {name: value for name, value in found.attributes.items() if name != "func"}
    assert plain == {
        "s": b"text",
        "i": -5,
        "f": 1.5,
        "b": True,
        "type": "float32_ref",
        "shape": (2, None),
        "unknown": None,
        "names": [b"a", b"b"],
        "numbers": [1, 2, 3],
        "empty": [],
        "nothing": None,
        "placeholder": "N",
    }
    reference = found.attributes["func"]
    assert isinstance(reference, FunctionReference)
    assert (reference.name, dict(reference.attributes)) == ("body", {"T": "float32"})
    assert "missing" not in found.attributes


def test_names_that_are_long_or_no_text(tmp_path: Path) -> None:
    long = "scope/" * 100 + "w"
    data = graphs.graph(
        graphs.variable(long),
        message((1, b"\xff\xfe"), (2, b"VariableV2")),
        message((2, b"NoOp"), (1, b"in another order")),
    )
    model = opened(tmp_path, data)
    assert [v.key for v in model.variables] == [long, "\udcff\udcfe"]
    assert graph_of(model).nodes.names[2] == "in another order"


def test_text_is_the_same_graph() -> None:
    binary, text = load(SAMPLES / "graphs/frozen.pb"), load(SAMPLES / "graphs/frozen.pbtxt")
    assert text.format == "tf-graphdef"
    assert [v[:6] for v in text.variables] == [v[:6] for v in binary.variables]
    assert graph_of(text).nodes.names == graph_of(binary).nodes.names


def test_text_that_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "graph.pbtxt").write_text('node {\n  calculator: "Mediapipe"\n}\n')
    with pytest.raises(DamagedFileError) as caught:
        load(tmp_path / "graph.pbtxt")
    assert "no field calculator in NodeDef (line 2, column 3)" in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        message((1, 8), (2, b"pytorch"), (3, b"1.0"), (7, graphs.graph(node("n", "Op")))),
        message((1, b"name of a net"), (100, b"layer")),
        message((1, message((1, message((1, b"key"), (2, message((1, b"value")))))))),
        message((1, b"text"), (2, b"text")),
        message((8, b"x")),
        b"\x0a\x7fshort",
    ],
)
def test_other_messages_are_not_taken_for_graphs(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(NotAModelError):
        opened(tmp_path, data)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_graph_that_was_cut_off(tmp_path: Path, cut: int) -> None:
    data = graphs.graph(*(graphs.variable(f"v{n}") for n in range(3)))
    (tmp_path / "graph.pb").write_bytes(data[:-cut])
    with pytest.raises(ScopecliError):
        load(tmp_path / "graph.pb")
