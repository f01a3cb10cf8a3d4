"""Which variables' readers are joined by the flow of data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    ("lines", "is_read"),
    [
        ("y = Mul(w/read, c)", True),  # of a model that is one multiplication
        ("y = Mul(w/read, c)\nw/Set = Assign(w, y)", False),
        ("y = Mul(w/read, c)\nz = Sub(y, c)\nw/Set = AssignSub(w, z)", False),
        ("y = Mul(w/read, c)\nz = Sub(y, c)\nw/Set = AssignSub(w, y)", True),
        ("y = MatMul(w/read, c)\nw/Set = Assign(w, y)", True),
        ("y = Mul(w/read, z)\nz = Sub(y, c)\nv/Set = Assign(v, z)", False),  # in a circle
    ],
)
def test_arithmetic_that_only_updates_is_no_reader(lines: str, *, is_read: bool) -> None:
    graph = parse(f"w: float32[3]\nv: float32[3]\n{lines}").model.graph
    assert graph is not None
    assert bool(Readers(graph).of("w")) is is_read


def test_a_long_sum_is_looked_at_for_a_while_only() -> None:
    """Of thousands of terms, each would be followed to the end."""
    sums = [f"s{n} = AddN(s{n - 1}, m{n})" for n in range(1, 400)]
    terms = [f"w{n}: float32[3]\nm{n} = Mul(w{n}/read, x)" for n in range(400)]
    graph = parse(
        "\n".join([*terms, "s0 = Neg(m0)", *sums, "w0/Set = Assign(w0, s399)"])
    ).model.graph
    assert graph is not None
    readers = Readers(graph)
    assert list(readers.of("w1")) == ["m1"]
    assert list(readers.of("w398")) == []


@given(st.data())
def test_connected_is_what_any_walk_finds(data: st.DataObject) -> None:
    """In graphs with circles too, which have no order to go by."""
    numbers = range(data.draw(st.integers(2, 7)))
    pairs = st.tuples(st.sampled_from(numbers), st.sampled_from(numbers))
    flows = data.draw(st.sets(pairs, max_size=12))
    lines = [f"v{i}: float32[3]" for i in numbers]
    for i in numbers:
        inputs = [f"op{source}" for source, end in sorted(flows) if end == i]
        lines.append(f"op{i} = AddN({', '.join([f'v{i}/read', *inputs])})")
    graph = parse("\n".join(lines)).model.graph
    assert graph is not None
    readers = Readers(graph)
    for i in numbers:
        others = [f"v{j}" for j in numbers if j != i]
        expected = {f"v{j}" for j in _behind(i, flows) | _behind(i, {(b, a) for a, b in flows})}
        assert readers.connected([f"v{i}"], others) == expected - {f"v{i}"}


def _behind(start: int, flows: set[tuple[int, int]]) -> set[int]:
    found: set[int] = set()
    waiting = [start]
    while waiting:
        at = waiting.pop()
        ends = {end for begin, end in flows if begin == at} - found
        found |= ends
        waiting += ends
    return found
