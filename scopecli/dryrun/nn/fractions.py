"""`tf.nn.zero_fraction`: how much of a tensor is zero."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import identity, size
from scopecli.dryrun.ops.control_flow.conditionals import cond
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.ops.reductions import reduce_sum
from scopecli.dryrun.values.dtypes import float32, int32, int64


def zero_fraction(value: Any, name: str | None = None) -> Any:
    """How much of a tensor is zero; what is small is counted in fewer bits."""
    with name_scope(name, "zero_fraction", [value]):
        value = convert_to_tensor(value, name="value")
        count: Any = size(value, out_type=int64)
        nonzero = cond(
            count <= int32.max,
            lambda: cast(_nonzero(value, int32), int64),
            lambda: _nonzero(value, int64),
        )
        with name_scope("counts_to_fraction"):
            zero: Any = cast(count - nonzero, float32)
            share = zero / cast(count, float32)
        return identity(share, "fraction")


def _nonzero(value: Any, kind: Any) -> Any:
    with name_scope("count_nonzero"):
        zero = zeros([], dtype=value.dtype)
        other = cast(apply("NotEqual", value, zero), kind)
        return reduce_sum(other, name="nonzero_count")
