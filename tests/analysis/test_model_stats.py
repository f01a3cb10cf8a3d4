"""Statistics of a whole model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.analysis.model_stats import ModelStats, measure_all, memory
from scopecli.analysis.stats import distribution, summary
from scopecli.errors import UnsupportedError
from scopecli.model.model import Model
from scopecli.model.scope import Member, ScopeTree
from scopecli.model.variable import StoredAt, Variable
from tests.analysis.models import Memory

if TYPE_CHECKING:
    from scopecli.analysis.model_stats import Measure


def array(data: Any) -> Any:
    return np.asarray(data, np.float32)


ARRAYS = {
    "a/kernel": array([[3, 0], [0, 4]]),
    "a/bias": array([np.nan, 0, np.inf]),
    "b/kernel": array([12]),
}


def variables(**more: Any) -> list[Variable]:
    return [Variable(k, k, v.shape, "float32", v.nbytes, **more) for k, v in ARRAYS.items()]


def measured(*others: Variable, measure: Measure = distribution) -> tuple[Model, ModelStats]:
    arrays = {**ARRAYS, **{other.key: array([100]) for other in others}}
    model = Model("m", "hdf5", [*variables(), *others], tensors=Memory(arrays))
    return model, measure_all(model, model.variables, measure, lambda _: None)


def inside(model: Model, scope: str) -> list[Variable]:
    found = ScopeTree(model.variables, "/").find(scope)
    assert found is not None
    return list(found.variables)


def test_a_scope_is_its_variables_together() -> None:
    model, stats = measured()
    group = stats.group(inside(model, "a"))
    assert (group.entries, group.params, group.bytes, group.unread) == (2, 7, 28, 0)
    figures = group.figures
    assert figures is not None
    assert (figures.elements, figures.zeros, figures.nans, figures.infinities) == (7, 3, 1, 1)
    assert figures.sparsity == pytest.approx(3 / 7)
    assert (figures.norm, figures.minimum, figures.maximum) == (5, 0, 4)
    assert figures.mean == pytest.approx(7 / 5)
    whole = stats.group(model.variables).figures
    assert whole is not None
    assert whole.norm == 13


def test_state_counts_only_where_nothing_else_is() -> None:
    slot = Variable("a/kernel/Adam", "a/kernel/Adam", (1,), "float32", 4, "slot")
    model, stats = measured(slot)
    with_slot = stats.group(inside(model, "a"))
    assert (with_slot.entries, with_slot.params, with_slot.bytes) == (3, 7, 32)
    assert with_slot.figures is not None
    assert with_slot.figures.norm == 5
    alone = stats.group([slot])
    assert alone.figures is not None
    assert (alone.params, alone.figures.norm) == (0, 100)


def test_what_cannot_be_read_is_left_out_and_said() -> None:
    words = Variable("a/words", "a/words", (2,), "string", 9)
    model, stats = measured(words)
    assert list(stats.problems) == ["a/words"]
    assert "not numbers" in stats.problems["a/words"]
    group = stats.group(inside(model, "a"))
    assert group.unread == 1
    assert group.figures is not None
    assert group.figures.norm == 5
    alone = stats.group([words])
    assert (alone.figures, alone.unread) == (None, 1)


def test_nothing_to_read_is_an_error() -> None:
    model = Model("m", "hdf5", variables())
    with pytest.raises(UnsupportedError, match="has no values"):
        measure_all(model, model.variables, summary, lambda _: None)
    assert measure_all(model, [], summary, lambda _: None) == ModelStats({}, {})


def test_another_failure_is_not_hidden() -> None:
    def broken(*_: object) -> Any:
        raise ZeroDivisionError

    model = Model("m", "hdf5", variables())
    with pytest.raises(ZeroDivisionError):
        measure_all(model, model.variables, broken, lambda _: None)


def test_tensors_are_read_in_the_order_of_the_file() -> None:
    places = {"a/kernel": 20, "a/bias": 0, "b/kernel": 10}
    stored = [v._replace(storage=StoredAt("f", places[v.key], 4)) for v in variables()]
    model = Model("m", "hdf5", stored, tensors=Memory(ARRAYS))
    stats = measure_all(model, stored, summary, lambda _: None)
    assert list(stats.measured) == ["a/bias", "b/kernel", "a/kernel"]


@pytest.mark.parametrize(("measure", "times"), [(summary, 1), (distribution, 2)])
def test_how_often_a_tensor_is_read(
    measure: Measure, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice only for a histogram, and only where it is larger than a chunk."""
    memory_of = Memory(ARRAYS)
    model = Model("m", "hdf5", variables(), tensors=memory_of)
    measure(model, model.variables[0], lambda _: None)
    assert len(memory_of.asked) == 1
    monkeypatch.setattr(values, "CHUNK_BYTES", 8)
    memory_of.asked.clear()
    found = measure(model, model.variables[0], lambda _: None)
    assert memory_of.asked == [(0, 2), (2, 2)] * times
    assert sum(found.histogram) == (4 if times == 2 else 0)


def test_memory_is_that_of_the_parameters() -> None:
    slot = Variable("s", "s", (100,), "float32", 400, "slot")
    half = Variable("h", "h", (2,), "float16", 4)
    assert memory([*variables(), slot, half]) == {
        "stored": 36,
        "float32": 40,
        "float16": 20,
        "int8": 10,
    }


def test_ranks() -> None:
    model, stats = measured()
    tree = ScopeTree(model.variables, "/")

    def names(rank: Any, members: list[Member]) -> list[str]:
        return [member.name for member in sorted(members, key=rank)]

    assert names(stats.by_norm, tree.root.members()) == ["b", "a"]
    assert names(stats.by_sparsity, tree.root.members()) == ["a", "b"]
    scope = tree.find("a")
    assert scope is not None
    assert names(stats.by_norm, scope.members()) == ["kernel", "bias"]
    unread = Member("x", [Variable("x", "x", (), "string", 1)], None)
    for rank in (stats.by_norm, stats.by_sparsity):
        assert rank(unread) > max(map(rank, tree.root.members()))


@pytest.mark.parametrize(
    ("data", "mean"), [([1, -1, 1e-17], 0.0), ([1, -1, 0.3], 0.1), ([1e-20, 3e-20], 2e-20)]
)
def test_what_rounding_leaves_is_no_mean(data: list[float], mean: float) -> None:
    variable = Variable("w", "w", (len(data),), "float64", 8 * len(data))
    memory_of = Memory({"w": np.array(data)})
    model = Model("m", "hdf5", [variable], tensors=memory_of)
    figures = measure_all(model, [variable], summary, lambda _: None).group([variable]).figures
    assert figures is not None
    assert figures.mean == pytest.approx(mean, abs=1e-30)
