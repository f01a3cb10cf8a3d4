"""Which variables a command is about, and in which order."""

from __future__ import annotations

import pytest

from scopecli.analysis.select import Selection, ordered, select
from scopecli.errors import UnknownNameError
from scopecli.model.variable import Variable
from tests.analysis.models import model, stored, var

NAMES = ("gen/h0/w", "gen/h0/b", "gen/h10/w", "gen", "gen_2/w", "disc/w", "step")
MODEL = model(*NAMES[:-1], var("step", (), kind="bookkeeping"))


def names(selection: Selection) -> list[str]:
    return [v.name for v in select(MODEL, selection)]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), NAMES),
        (Selection("gen"), ("gen/h0/w", "gen/h0/b", "gen/h10/w", "gen")),
        (Selection("gen/"), ("gen/h0/w", "gen/h0/b", "gen/h10/w", "gen")),
        (Selection("gen/h0"), ("gen/h0/w", "gen/h0/b")),
        (Selection("gen/h0/w"), ("gen/h0/w",)),
        (Selection(include=("*/w",)), ("gen/h0/w", "gen/h10/w", "gen_2/w", "disc/w")),
        (Selection(include=("disc*", "step")), ("disc/w", "step")),
        (Selection(include=("gen/h?/w",)), ("gen/h0/w",)),
        (Selection(include=("gen/h[01]/w",)), ("gen/h0/w",)),
        (Selection(include=("GEN*",)), ()),
        (Selection(exclude=("gen*", "step")), ("disc/w",)),
        (Selection("gen", ("*/w",), ("*h0*",)), ("gen/h10/w",)),
        (Selection(bookkeeping=False), NAMES[:-1]),
        (Selection(include=("[",)), ()),
    ],
)
def test_select(selection: Selection, expected: tuple[str, ...]) -> None:
    assert names(selection) == list(expected)


def test_globs_match_key_name_and_path() -> None:
    variable = Variable("key1", "name1", (), "float32", 4, attributes={"path": "outer/name1"})
    for glob in ("key1", "name1", "outer/*"):
        assert select(model(variable), Selection(include=(glob,))) == [variable]
        assert select(model(variable), Selection(exclude=(glob,))) == []


def test_a_scope_is_of_paths() -> None:
    variable = Variable("key1", "name1", (), "float32", 4, attributes={"path": "outer/name1"})
    assert select(model(variable), Selection("outer")) == [variable]


@pytest.mark.parametrize(
    ("scope", "hint"),
    [
        ("gen/h1", "did you mean gen/h10 or gen/h0 or gen?"),
        ("dics", "did you mean disc?"),
        ("zzz", None),
    ],
)
def test_an_unknown_scope(scope: str, hint: str | None) -> None:
    with pytest.raises(UnknownNameError, match=f"has no scope '{scope}'") as caught:
        names(Selection(scope))
    assert caught.value.hint == hint


def test_another_separator() -> None:
    dotted = model("a.b", "a.c.d", "ab", separator=".")
    assert [v.name for v in select(dotted, Selection("a"))] == ["a.b", "a.c.d"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("key", ["l_1", "l_10", "l_2"]),
        ("name", ["l_1", "l_2", "l_10"]),
        ("params", ["l_2", "l_10", "l_1"]),
        ("bytes", ["l_10", "l_2", "l_1"]),
        ("file", ["l_10", "l_1", "l_2"]),
    ],
)
def test_orders(order: str, expected: list[str]) -> None:
    variables = [
        stored("l_10", "a", 5)._replace(shape=(5,), nbytes=900),
        stored("l_2", "b", 0)._replace(shape=(9,), nbytes=9),
        stored("l_1", "a", 9)._replace(shape=None, nbytes=None),
    ]
    assert [v.name for v in ordered(variables, order)] == expected


def test_equal_ones_keep_their_place() -> None:
    variables = [var("b"), var("a")]
    for order in ("params", "bytes", "file"):
        assert ordered(variables, order) == variables
