"""Numbers, shapes and kinds as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.model.variable import Slice, Variable
from scopecli.render import words
from tests.analysis.models import var


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1.00k"),
        (1234, "1.23k"),
        (9994, "9.99k"),
        (9996, "10.0k"),
        (99_940, "99.9k"),
        (99_960, "100k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (1_234_567, "1.23M"),
        (7_000_000_000, "7.00G"),
        (10**15, "1.00P"),
        (2**63 - 1, "9.22E"),
    ],
)
def test_count(number: int, text: str) -> None:
    assert words.count(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "?"), (0, "0 B"), (732, "732 B"), (1000, "1.00 kB"), (4_900_000, "4.90 MB")],
)
def test_size(number: int | None, text: str) -> None:
    assert words.size(number) == text


@given(st.integers(1000, 10**20))
def test_three_figures_that_are_right(number: int) -> None:
    text = words.count(number)
    match = re.fullmatch(r"([0-9.]+)([kMGTPE])", text)
    assert match
    value = float(match[1]) * 1000 ** (1 + "kMGTPE".index(match[2]))
    assert value == pytest.approx(number, rel=0.0051)
    assert len(match[1].replace(".", "")) == 3


def test_numbers_that_no_float_holds() -> None:
    assert words.count(10**5000).endswith("E")


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (1, "slot", "1 slot"),
        (0, "slot", "0 slots"),
        (2, "bookkeeping entry", "2 bookkeeping entries"),
        (1, "more entry", "1 more entry"),
    ],
)
def test_plural(number: int, noun: str, text: str) -> None:
    assert words.plural(number, noun) == text


@pytest.mark.parametrize(
    ("dims", "text"),
    [((), "()"), ((3,), "(3,)"), ((2, 3), "(2, 3)"), ((None, 3), "(?, 3)"), (None, "no shape")],
)
def test_shape(dims: tuple[int | None, ...] | None, text: str) -> None:
    assert words.shape(dims) == text


PARTS = (Slice((0,), (2,), None), Slice((2,), (2,), None))


@pytest.mark.parametrize(
    ("variable", "collections", "marks"),
    [
        (var("w"), (), []),
        (var("w", kind="slot"), (), ["slot"]),
        (var("w", kind="bookkeeping"), (), ["bookkeeping"]),
        (var("w", trainable=True), ("variables", "trainable_variables"), ["trainable"]),
        (var("w", trainable=False), (), ["not trainable"]),
        (var("w"), ("regularization_losses", "mine\x1b"), ["regularized", "mine\\x1b"]),
        (var("w", attributes={"average_of": "v"}), (), ["average"]),
        (var("w", attributes={"slices": PARTS}), (), ["2 parts"]),
        (
            var("w", attributes={"byte_order": "big", "external": True}),
            (),
            ["big-endian", "external"],
        ),
    ],
)
def test_marks(variable: Variable, collections: tuple[str, ...], marks: list[str]) -> None:
    assert words.marks(variable, collections) == marks


def test_counted() -> None:
    texts = [words.counted(number, "parameter") for number in (0, 1, 2, 1500)]
    assert texts == ["0 parameters", "1 parameter", "2 parameters", "1.50k parameters"]
