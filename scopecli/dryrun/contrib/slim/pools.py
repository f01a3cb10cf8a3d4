"""Pooling with the names and collections of slim."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.slim.scoping import add_arg_scope
from scopecli.dryrun.contrib.slim.utils import collect_named_outputs
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.layers import pooling
from scopecli.dryrun.ops.applying import convert_to_tensor


def _pool(name_: str, default: str, cls: Any) -> Any:
    def pool(
        inputs: Any,
        kernel_size: Any,
        stride: Any = 2,
        padding: str = "VALID",
        data_format: str = "NHWC",
        outputs_collections: Any = None,
        scope: Any = None,
    ) -> Any:
        with name_scope(scope, default, [inputs]) as opened:
            inputs = convert_to_tensor(inputs)
            first = "channels_first" if data_format.startswith("NC") else "channels_last"
            layer = cls(kernel_size, stride, padding, first, _scope=opened)
            return collect_named_outputs(outputs_collections, opened, layer(inputs))

    pool.__name__ = pool.__qualname__ = name_
    return add_arg_scope(pool)


max_pool2d = _pool("max_pool2d", "MaxPool2D", pooling.MaxPooling2D)
avg_pool2d = _pool("avg_pool2d", "AvgPool2D", pooling.AveragePooling2D)
max_pool3d = _pool("max_pool3d", "MaxPool3D", pooling.MaxPooling3D)
avg_pool3d = _pool("avg_pool3d", "AvgPool3D", pooling.AveragePooling3D)


@add_arg_scope
def pool(
    inputs: Any,
    kernel_size: Any,
    pooling_type: str,
    padding: str = "VALID",
    data_format: Any = None,
    dilation_rate: Any = 1,
    stride: Any = 1,
    outputs_collections: Any = None,
    scope: Any = None,
) -> Any:
    """Pooling over as many axes as the inputs have."""
    from scopecli.dryrun.nn.pooling import pool as nn_pool

    with name_scope(scope, f"{pooling_type.lower()}_pool", [inputs]) as opened:
        inputs = convert_to_tensor(inputs)
        count = len(inputs.dims or ()) - 2
        size, rates, steps = (
            list(value) if isinstance(value, (list, tuple)) else [value] * count
            for value in (kernel_size, dilation_rate, stride)
        )
        options = {"strides": steps, "name": opened, "data_format": data_format}
        outputs = nn_pool(inputs, size, pooling_type, padding, rates, **options)
        return collect_named_outputs(outputs_collections, opened, outputs)
