"""A model in numbers."""

from __future__ import annotations

from scopecli.analysis.summary import Count, kind_counts, parameters, summarize, total_bytes
from tests.analysis.models import model, var

VARIABLES = [
    var("m/a/w", (10,), nbytes=40),
    var("m/a/w/Adam", (10,), nbytes=40, kind="slot"),
    var("m/b/w", (3,), nbytes=6, dtype="float16"),
    var("m/c/w", None, nbytes=None, dtype="string"),
    var("m/b/w/EMA", (3,), nbytes=6, dtype="float16", attributes={"average_of": "m/b/w"}),
    var("step", (), nbytes=8, dtype="int64", kind="bookkeeping"),
]


def test_sums() -> None:
    assert parameters(VARIABLES) == 13
    assert total_bytes(VARIABLES) == 100


def test_kinds_come_in_a_fixed_order() -> None:
    assert kind_counts(reversed(VARIABLES)) == [
        Count("variable", 4, 16, 52),
        Count("slot", 1, 10, 40),
        Count("bookkeeping", 1, 1, 8),
    ]


def test_summary() -> None:
    summary = summarize(model(*VARIABLES))
    assert summary.dtypes == [
        Count("float32", 2, 20, 80),
        Count("float16", 2, 6, 12),
        Count("int64", 1, 1, 8),
        Count("string", 1, 0, 0),
    ]
    assert [v.name for v in summary.largest_variables] == [
        "m/a/w",
        "m/a/w/Adam",
        "step",
        "m/b/w",
        "m/b/w/EMA",
    ]
    # `m` alone would say nothing, so those inside it are named.
    assert [(s.path, s.totals.bytes) for s in summary.largest_scopes] == [
        ("m/a", 80),
        ("m/b", 12),
        ("m/c", 0),
    ]


def test_one_chain_of_scopes_ends_at_the_innermost() -> None:
    summary = summarize(model("a/b/c/w"))
    assert [scope.path for scope in summary.largest_scopes] == ["a/b/c"]


def test_nothing_at_all() -> None:
    summary = summarize(model())
    assert summary == ([], [], [], [], None)
