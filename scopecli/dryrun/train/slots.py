"""Slots: the variables that an optimizer keeps for each variable."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import (
    colocate_with,
)
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.dryrun.variables.variable import SaveSliceInfo

# What the update's node calls a slot, where `get_slot` has another name: a graph's reader knows
# no other.
ROLES = {
    ("ApplyMomentum", "momentum"): "accum",
    ("ApplyAdagrad", "accumulator"): "accum",
    ("ApplyRMSProp", "rms"): "ms",
    ("ApplyRMSProp", "momentum"): "mom",
    ("ApplyCenteredRMSProp", "rms"): "ms",
    ("ApplyCenteredRMSProp", "momentum"): "mom",
}


def create_slot(primary: Any, name: str, initializer: Any) -> Any:
    """A variable below another, for what is remembered of it."""
    opened = variable_scope(None, f"{primary.op.name}/{name}")
    with opened as scope, colocate_with(primary.op):
        partitioner, scope.partitioner = scope.partitioner, None
        shaped = callable(initializer)
        made = get_variable(
            "",
            initializer=initializer,
            trainable=False,
            use_resource=primary.is_resource,
            shape=primary.shape if shaped else None,
            dtype=primary.dtype.base_dtype if shaped else None,
        )
        scope.partitioner = partitioner
    info = primary._get_save_slice_info()  # noqa: SLF001 - TensorFlow's name for it
    if info is not None:
        own = made.op.name.removeprefix(primary.op.name + "/")
        part = (info.full_shape, info.var_offset, info.var_shape)
        made._set_save_slice_info(SaveSliceInfo(f"{info.full_name}/{own}", *part))  # noqa: SLF001
    return made
