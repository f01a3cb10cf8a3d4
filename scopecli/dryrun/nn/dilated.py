"""Dilated convolutions: blocks of the input become rows of the batch, and back.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/nn_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, shape, stack
from scopecli.dryrun.ops.constant_values import vector
from scopecli.dryrun.ops.constants import constant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scopecli.dryrun.graph.nodes import Tensor


def with_space_to_batch(
    value: Tensor,
    sizes: Tensor | Sequence[int],
    rates: Sequence[int],
    padding: Any,
    first: bool,
    convolved: Callable[[Tensor, str], Tensor],
) -> Tensor:
    """What a convolution makes of blocks of the input.

    Args:
        value: the input.
        sizes: the shape of the kernel.
        rates: how far apart the elements of the kernel are, an axis each.
        padding: how the windows meet the edges.
        first: whether the channels are the second axis.
        convolved: the convolution of a tensor with a padding.
    """
    apart = convert_to_tensor(list(rates), "int32", name="dilation_rate")
    if all(rate == 1 for rate in rates):
        return convolved(value, padding)
    count = len(rates)
    base: Any = [[0, 0]] * count
    same = str(padding).upper() == "SAME"
    if same:
        known: Any = vector(convert_to_tensor(sizes, "int32", name="filter_shape"))
        totals = [(size - 1) * rate for size, rate in zip(known, rates, strict=False)]
        base = [[total // 2, total - total // 2] for total in totals]
    axes = range(2, 2 + count) if first else range(1, 1 + count)
    dims = value.dims or (None,) * (count + 2)
    spatial: Any = [dims[axis] for axis in axes]
    if same:
        around = constant(base, "int32", name="stack")
    if None in spatial:
        whole: Any = shape(value)
        spatial = stack([whole[axis] for axis in axes])
    with name_scope("required_space_to_batch_paddings"):
        spatial = convert_to_tensor(spatial, "int32", name="input_shape")
        if not same:
            around = constant(base, "int32", name="base_paddings")
        if spatial.op.type == "Const":
            paddings, crops = _known(vector(spatial), base, rates)
            constant(paddings, "int32", name="paddings")
            constant(crops, "int32", name="crops")
        else:
            paddings, crops = _fed(spatial, around, apart, count)
    blocks = [1, *rates] if first else list(rates)
    paddings, crops = _with_channels(paddings, first), _with_channels(crops, first)
    inner = convolved(apply("SpaceToBatchND", value, blocks, paddings), "VALID")
    found = apply("BatchToSpaceND", inner, blocks, crops)
    if first and found.dims is not None and found.dims[1] is None and inner.dims is not None:
        found.set_shape((found.dims[0], inner.dims[1], *found.dims[2:]))
    return found


def _known(sizes: Any, base: Any, rates: Sequence[int]) -> tuple[Any, Any]:
    """The paddings and crops of an input whose sizes are known."""
    whole, crops = [], []
    for size, (before, behind), rate in zip(sizes, base, rates, strict=True):
        extra = -(size + before + behind) % rate
        whole.append([before, behind + extra])
        crops.append([0, extra])
    return whole, crops


def _fed(sizes: Any, base: Any, rates: Any, count: int) -> tuple[Any, Any]:
    """The same as tensors."""
    before, behind = base[:, 0], base[:, 1]
    extra = (rates - (sizes + before + behind) % rates) % rates
    after = behind + extra
    axes = range(count)
    whole = stack([[before[axis], after[axis]] for axis in axes], name="paddings")
    return whole, stack([[0, extra[axis]] for axis in axes], name="crops")


def _with_channels(pairs: Any, first: bool) -> Any:
    """Nothing around the channels, where they come before the other axes."""
    outer = [[[0, 0]]] if first else []
    if isinstance(pairs, list):
        return [*outer[0], *pairs] if first else pairs
    return concat([*outer, pairs[0 : pairs.dims[0]]], 0)
