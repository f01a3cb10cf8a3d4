"""Pooling layers."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.layers.base import Layer
from scopecli.dryrun.layers.checking import checked_padding, per_axis
from scopecli.dryrun.nn.pooling import avg_pool, avg_pool3d, max_pool, max_pool3d
from scopecli.dryrun.ops.arrays import expand_dims, squeeze


class _Pooling(Layer):
    rank = 2
    function: Any = None

    def __init__(
        self,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(name=name, **options)
        self.pool_size = per_axis(pool_size, self.rank, "pool_size")
        self.strides = per_axis(strides, self.rank, "strides", allow_zero=True)
        self.padding = checked_padding(padding).upper()
        self.input_spec = {"ndim": self.rank + 2}
        self.first = data_format == "channels_first"

    def call(self, inputs: Any, **_: Any) -> Any:
        function = type(self).function
        if self.rank == 1:
            axis = 3 if self.first else 2
            sizes, steps = (*self.pool_size, 1), (*self.strides, 1)
            widened = expand_dims(inputs, axis)
            window, stride = (1, *sizes, 1), (1, *steps, 1)
            return squeeze(function(widened, window, stride, self.padding), axis)
        before, behind = ((1, 1), ()) if self.first else ((1,), (1,))
        layout = "NCDHW" if self.first else "NDHWC"
        if self.rank == 2:
            layout = layout.replace("D", "")
        window = (*before, *self.pool_size, *behind)
        stride = (*before, *self.strides, *behind)
        return function(inputs, window, stride, self.padding, layout)


def _kinds(rank: int) -> tuple[Any, ...]:
    functions = (max_pool3d, avg_pool3d) if rank == 3 else (max_pool, avg_pool)
    return tuple(
        type(f"{kind}Pooling{rank}D", (_Pooling,), {"rank": rank, "function": staticmethod(pool)})
        for kind, pool in zip(("Max", "Average"), functions, strict=True)
    )


MaxPooling1D, AveragePooling1D = _kinds(1)
MaxPooling2D, AveragePooling2D = _kinds(2)
MaxPooling3D, AveragePooling3D = _kinds(3)


def _function(cls: Any) -> Any:
    def function(
        inputs: Any,
        pool_size: Any,
        strides: Any,
        padding: str = "valid",
        data_format: str = "channels_last",
        name: Any = None,
    ) -> Any:
        return cls(pool_size, strides, padding, data_format, name=name)(inputs)

    return function


max_pooling1d, average_pooling1d = _function(MaxPooling1D), _function(AveragePooling1D)
max_pooling2d, average_pooling2d = _function(MaxPooling2D), _function(AveragePooling2D)
max_pooling3d, average_pooling3d = _function(MaxPooling3D), _function(AveragePooling3D)
