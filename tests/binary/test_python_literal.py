"""Python literals."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary.python_literal import parse

_LEAVES = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | st.integers(-(10**18), 10**18)
    | st.booleans()
    | st.none()
)
_LITERALS = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_LITERALS)
def test_it_is_what_python_says(value: object) -> None:
    text = repr(value)
    try:
        expected = ast.literal_eval(text)
    except ValueError:
        return  # lone surrogates
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'descr': '<f4', 'shape': (10L, 3L), }  \n", {"descr": "<f4", "shape": (10, 3)}),
        ("(1)", 1),
        ("(1,)", (1,)),
        ("[1, 2,]", [1, 2]),
        ('u"a"', "a"),
        (r"'\x41\u03c9\'\\\n'", "Aω'\\\n"),
    ],
)
def test_forms(text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "1 2",
        "(1, 2",
        "(1, 2]",
        "1)",
        "{1: 2",
        "{1, 2}",
        "{1: 2: 3}",
        "{1: 2, 3}",
        "{[]: 1}",
        "[1 2]",
        "[,]",
        "(1,,2)",
        "'a' 'b'",
        "'a",
        "a",
        "1.5",
        "1+1",
        "-" * 10_000 + "1",
        "1\r\n",
        "__import__('os')",
        "9" * 21,
        r"'\U00110000'",
        "Truex",
        "[" * 33 + "]" * 33,
        "'\\U80000000'",
        "[" * 1_000_000,
        "{'a': " * 100_000,
        "(" * 1000 + ")" * 1000,
        "\x00",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z]") as caught:
        parse(text)
    assert type(caught.value) is ValueError
    assert len(str(caught.value)) < 100


def test_as_deep_as_allowed() -> None:
    value: object = parse("[" * 32 + "]" * 32)
    for _ in range(31):
        assert isinstance(value, list)
        (value,) = value
    assert value == []
