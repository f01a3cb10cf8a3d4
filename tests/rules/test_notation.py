"""The notation of the examples."""

from __future__ import annotations

import pytest

from scopecli.model.layer import Layer
from scopecli.model.model import Note
from scopecli.model.variable import Variable
from scopecli.rules.notation import parse

TEXT = """
    format := keras-h5   # a comment
    separator := .
    meta := {"step": 3}
    a.w: float32[4,3] trainable slot_of=v
    a.m: int64[] slot
    layer := enc/dense Dense
    !missing-shard data-0: is missing
    @variables: a.w, a.m
    @losses: loss:0
"""


def test_a_model() -> None:
    model = parse(TEXT).model
    assert (model.format, model.separator, model.metadata) == ("keras-h5", ".", {"step": 3})
    assert model.variables[0] == Variable(
        "a.w", "a.w", (4, 3), "float32", 48, "variable", True, None, {"slot_of": "v"}
    )
    assert model.variables[1][2:6] == ((), "int64", 8, "slot")
    assert model.layers == [Layer("enc/dense", "enc", "dense", "Dense", {})]
    assert model.notes == [Note("missing-shard", "is missing", "data-0")]
    assert [(c.key, c.kind, c.members) for c in model.collections.values()] == [
        ("variables", "variables", ("a.w", "a.m")),
        ("losses", "nodes", ("loss:0",)),
    ]
    assert model.graph is None


def test_a_graph() -> None:
    model = parse("w: float32[2]\ny = MatMul(x:1, w/read, ^init)\nsaver := w, key=v").model
    graph = model.graph
    assert graph is not None
    assert model.format == "tf-metagraph"
    assert list(zip(graph.nodes.names, graph.nodes.ops, strict=True)) == [
        ("w", "VariableV2"),
        ("w/read", "Identity"),
        ("y", "MatMul"),
    ]
    node = graph.node("y:0")
    assert node is not None
    assert (node.inputs, node.control_inputs) == (("x:1", "w/read"), ("init",))
    assert graph.saver is not None
    assert [(saved.key, saved.variable) for saved in graph.saver.saves] == [
        ("w", "w"),
        ("key", "v"),
    ]
    assert graph.functions == {}
    assert graph.signatures == ()


def test_two_models_and_damage() -> None:
    example = parse("path := a\nw: float32[2]\n---\nv: float32[2]")
    assert example.other is not None
    assert (example.other.path, example.model.variables[0].key) == ("a", "v")
    context = parse("damage := DamagedFileError is cut off").context()
    assert context.damage is not None
    assert str(context.damage) == "is cut off"


@pytest.mark.parametrize("text", ["nonsense", "w: float32[x]", "w: float32[2] red"])
def test_nonsense(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        parse(text)
