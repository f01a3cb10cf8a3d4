"""Updates of some rows of a variable: what optimizers do with `IndexedSlices`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/training/optimizer.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import control_dependencies
from scopecli.dryrun.ops.applying import apply, apply_op
from scopecli.dryrun.ops.arrays import shape
from scopecli.dryrun.ops.grouping import group
from scopecli.dryrun.ops.indexed_slices import IndexedSlices
from scopecli.dryrun.variables.assigning import assign, assign_sub, scatter_add

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation, Tensor


def deduplicated(rows: IndexedSlices) -> IndexedSlices:
    """The rows with each number once, and sums where one came twice."""
    unique, places = apply_op("Unique", rows.indices, out_idx="int32").outputs
    summed = apply("UnsortedSegmentSum", rows.values, places, shape(unique)[0])
    return IndexedSlices(summed, unique, rows.dense_shape)


def subtracted(rows: IndexedSlices, variable: Any, rate: Tensor) -> Any:
    """The node of a plain step; rows that come twice are subtracted twice."""
    if not variable.is_resource:
        return variable.scatter_sub(rows.with_values(rows.values * rate))
    steps: Any = -rows.values * rate
    return apply_op("ResourceScatterAdd", variable.handle, rows.indices, steps)


def adam_step(
    rows: IndexedSlices, variable: Any, slots: tuple[Any, Any], hyper: tuple[Any, ...]
) -> Operation:
    """The nodes of a step of Adam's.

    Args:
        rows: the gradient, each row once.
        variable: what is trained.
        slots: its first and second moment.
        hyper: both powers (variables), the learning rate, both betas and epsilon.
    """
    first_power, second_power, rate, first, second, epsilon = hyper
    scaled: Any = rate * apply("Sqrt", 1 - second_power)
    scaled = scaled / (1 - first_power)
    gradient: Any = rows.values
    mean = _moved(slots[0], gradient * (1 - first), first, rows.indices)
    spread = _moved(slots[1], (gradient * gradient) * (1 - second), second, rows.indices)
    root: Any = apply("Sqrt", spread)
    step = assign_sub(variable, scaled * mean / (root + epsilon))
    return group(step, mean, spread)


def _moved(slot: Any, added: Any, share: Any, indices: Tensor) -> Any:
    """A moment that decays everywhere, and grows in some rows."""
    with control_dependencies([assign(slot, slot * share)]):
        if not slot.is_resource:
            return scatter_add(slot, indices, added)
        with control_dependencies([apply_op("ResourceScatterAdd", slot.handle, indices, added)]):
            return slot.value()
