"""The rows of a tree, and what is folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.analysis.outline import OutlineOptions, Row, outline
from scopecli.formats.opening import load
from scopecli.model.scope import Totals
from tests.analysis.models import var
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from scopecli.model.variable import Variable


def rows(variables: list[Variable], **options: object) -> list[Row]:
    return outline(variables, "/", OutlineOptions(**options))  # type: ignore[arg-type]


def drawn(variables: list[Variable], **options: object) -> list[str]:
    """Label and number of each row, indented."""
    return [
        f"{'  ' * row.depth}{row.label}{f' x{row.times}' if row.times > 1 else ''}"
        for row in rows(variables, **options)
    ]


def layers(*numbers: int, stem: str = "l_", inside: str = "/w") -> list[Variable]:
    return [var(f"{stem}{number}{inside}") for number in numbers]


def test_depths_and_last_ones() -> None:
    found = rows([var("a/b/c"), var("a/d"), var("e")])
    assert [(r.label, r.depth, r.is_last, r.path) for r in found] == [
        ("a", 0, False, "a"),
        ("b", 1, False, "a/b"),
        ("c", 2, True, "a/b/c"),
        ("d", 1, True, "a/d"),
        ("e", 0, True, "e"),
    ]
    assert found[0].totals == Totals(2, 12, 48)
    assert found[2].totals is None


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (layers(0, 1, 2), ["l_[0-2] x3", "  w"]),
        (layers(0, 1), ["l_0", "  w", "l_1", "  w"]),
        (layers(0, 1, 2, 5, 7, 8), ["l_[0-2,5,7-8] x6", "  w"]),
        (layers(9, 10, 11), ["l_[9-11] x3", "  w"]),
        (layers(0, 1, 2, inside=""), ["l_[0-2] x3"]),
        (layers(0, 1, 2, stem="", inside=""), ["[0-2] x3"]),
        ([var(f"conv{i}_bn/w") for i in range(3)], ["conv[0-2]_bn x3", "  w"]),
        (
            [*layers(0, 1, 2), *layers(0, 1, 2, stem="m_")],
            ["l_[0-2] x3", "  w", "m_[0-2] x3", "  w"],
        ),
        (
            [var(f"block_{i}/conv_{j}/w") for i in range(3) for j in range(3)],
            ["block_[0-2] x3", "  conv_[0-2] x3", "    w"],
        ),
    ],
)
def test_folding(variables: list[Variable], expected: list[str]) -> None:
    assert drawn(variables) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"shape": (9,)},
        {"dtype": "float16"},
        {"kind": "slot"},
        {"trainable": False},
        {"name": "l_1/b", "key": "l_1/b"},
        {"name": "l_1", "key": "l_1"},
        {"name": "l_1/w/x", "key": "l_1/w/x"},
    ],
)
def test_what_differs_is_not_folded(change: dict[str, object]) -> None:
    odd = var("l_1/w")._replace(**change)  # type: ignore[arg-type]
    labels = drawn([*layers(0), odd, *layers(2)])
    assert [label for label in labels if label[0] == "l"] == ["l_0", "l_1", "l_2"]


def test_a_different_one_parts_the_run() -> None:
    odd = var("l_3/w", (7,))
    labels = drawn([*layers(0, 1, 2), odd, *layers(4, 5, 6)])
    assert labels == ["l_[0-2] x3", "  w", "l_3", "  w", "l_[4-6] x3", "  w"]


def test_siblings_with_leading_zeros_are_not_folded() -> None:
    assert len(drawn([var(f"l_0{i}/w") for i in range(3)])) == 6


def test_totals_of_a_fold_are_those_of_all() -> None:
    fold, inner = rows(layers(0, 1, 2))
    assert fold.totals == Totals(3, 18, 72)
    assert (fold.path, fold.times, inner.path) == ("l_0", 3, "l_0/w")


def test_no_fold() -> None:
    assert drawn(layers(0, 1, 2), fold=False) == ["l_0", "  w", "l_1", "  w", "l_2", "  w"]


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (1, ["a", "d"]),
        (2, ["a", "  b", "d"]),
        (3, ["a", "  b", "    c", "d"]),
        (None, ["a", "  b", "    c", "d"]),
    ],
)
def test_depth(depth: int | None, expected: list[str]) -> None:
    assert drawn([var("a/b/c"), var("d")], depth=depth) == expected


def test_a_variable_that_is_a_scope_too_is_one_row() -> None:
    found = rows([var("a/w"), var("a/w/Adam", kind="slot")])
    assert [(r.label, len(r.variables), r.totals is not None) for r in found] == [
        ("a", 0, True),
        ("w", 1, True),
        ("Adam", 1, False),
    ]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("name", ["a", "b", "c"]),
        ("params", ["c", "b", "a"]),
        ("bytes", ["b", "c", "a"]),
        ("file", ["b", "a", "c"]),
    ],
)
def test_orders(order: str, expected: list[str]) -> None:
    variables = [
        var("b/w", (2,), nbytes=900),
        var("a/x", (1,), nbytes=4, kind="slot"),
        var("c/w", (50,), nbytes=200),
        var("a/w", (1,), nbytes=4),
    ]
    top = [r.label for r in rows(variables, order=order) if r.depth == 0]
    assert top == expected


def test_a_sample() -> None:
    model = load(SAMPLES / "keras2_weights.h5")
    labels = drawn(list(model.variables))
    assert labels[0] == "block_[0-5] x6"
    assert len(labels) == 6


def test_ten_thousand_levels_need_no_recursion() -> None:
    found = rows([var("/".join(["x"] * 10_000))])
    assert len(found) == 101
