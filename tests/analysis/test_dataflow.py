"""Which variables' readers are joined by the flow of data."""

from __future__ import annotations

import pytest

from scopecli.analysis.dataflow import Readers
from scopecli.rules.notation import parse

TEXT = """
    a: float32[3]
    b: float32[3]
    c: float32[3]
    apart: float32[3]
    beside: float32[3]
    first = MatMul(x, a/read)
    relu = Relu(first)
    second = MatMul(relu, b/read)
    third = MatMul(second, c/read)
    alone = MatMul(y, apart/read)
    also = MatMul(x, beside/read)
    gradients/first_grad/MatMul = MatMul(third, apart/read)
"""


@pytest.mark.parametrize(
    ("variable", "others", "expected"),
    [
        ("a", "bc", {"b", "c"}),  # downstream
        ("c", "ab", {"a", "b"}),  # upstream
        ("b", "ac", {"a", "c"}),
        ("a", ["apart", "beside"], set()),  # a gradient is no flow, nor is a common input
        ("apart", "abc", set()),
    ],
)
def test_connected(variable: str, others: list[str], expected: set[str]) -> None:
    graph = parse(TEXT).model.graph
    assert graph is not None
    assert Readers(graph).connected([variable], others) == expected
