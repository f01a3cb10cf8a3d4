"""Batch normalization, with its moving averages and UPDATE_OPS."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import colocate_with, name_scope
from scopecli.dryrun.layers.base import Layer, static_flag, when
from scopecli.dryrun.nn.normalization import batch_normalization as normalized
from scopecli.dryrun.nn.normalization import fused_batch_norm, moments
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import reshape, shape
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.variables.assigning import assign_sub, can_wait, later_node
from scopecli.dryrun.variables.initializers import ones_initializer, zeros_initializer

_ZEROS, _ONES = zeros_initializer(), ones_initializer()


class BatchNormalization(Layer):
    """Normalized by the batch while training, by moving averages otherwise."""

    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = _ZEROS,
        gamma_initializer: Any = _ONES,
        moving_mean_initializer: Any = _ZEROS,
        moving_variance_initializer: Any = _ONES,
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        fused: Any = None,
        trainable: bool = True,
        virtual_batch_size: Any = None,
        adjustment: Any = None,
        name: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(trainable=trainable, name=name, **options)
        self.axes = tuple(axis) if isinstance(axis, (list, tuple)) else (axis,)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.adjustment = adjustment
        self.ghosts: Any = None
        if virtual_batch_size is not None or adjustment is not None:
            from scopecli.dryrun.layers.ghost_batches import checked

            self.ghosts = checked(virtual_batch_size, adjustment)
            fused = False
        self.fused = fused is not False and not renorm
        self.renorm: Any = None
        if renorm:
            from scopecli.dryrun.layers.renormalization import Renormalization

            self.renorm = Renormalization(renorm_clipping, renorm_momentum)
        self.beta_options = (beta_initializer, beta_regularizer)
        self.gamma_options = (gamma_initializer, gamma_regularizer)
        self.moving = (moving_mean_initializer, moving_variance_initializer)
        self.beta: Any = None
        self.gamma: Any = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Any) -> None:
        rank = input_shape.rank
        given = self.axes
        if not all(-rank <= axis < rank for axis in given):
            raise ValueError(
                "Invalid value for `axis` argument. Expected 0 <= axis < inputs.rank (with "
                f"inputs.rank={rank}). Received: axis={given}"
            )
        self.axes = tuple(axis % rank for axis in given)
        depths = {axis: input_shape[axis].value for axis in self.axes}
        if None in depths.values():
            raise ValueError(
                "Input has undefined `axis` dimension. Received input with shape "
                f"{tuple(input_shape)} and axis={self.axes}"
            )
        self.input_spec = {"ndim": rank, "axes": depths}
        self.fused = self.fused and rank in {4, 5} and self.axes in {(1,), (rank - 1,)}
        one = len(self.axes) == 1
        sizes = tuple(depths.values() if one else (depths.get(i, 1) for i in range(rank)))
        if self.ghosts is not None:
            self.axes, sizes = self.ghosts.places(self.axes, depths, rank)
        if self.scale:
            self.gamma = self.add_weight("gamma", sizes, None, *self.gamma_options)
        if self.center:
            self.beta = self.add_weight("beta", sizes, None, *self.beta_options)
        # Averages are never cut into parts.
        scopes = [scope for scope in (self._scope, self._current) if scope is not None]
        partitioners = [scope.partitioner for scope in scopes]
        for scope in scopes:
            scope.partitioner = None
        mean, variance = self.moving
        self.moving_mean = self.add_weight("moving_mean", sizes, None, mean, trainable=False)
        self.moving_variance = self.add_weight(
            "moving_variance", sizes, None, variance, trainable=False
        )
        if self.renorm is not None:
            self.renorm.build(self, sizes, mean, variance)
        for scope, partitioner in zip(scopes, partitioners, strict=True):
            scope.partitioner = partitioner

    def _own_type(self, kind: Any) -> Any:
        return float32 if kind.name in {"float16", "bfloat16"} else super()._own_type(kind)

    def call(self, inputs: Any, training: Any = False, **_: Any) -> Any:
        if self.ghosts is not None:
            batches, original = self.ghosts.apart(inputs)
            return reshape(self._plain(batches, training), original)
        return self._fused(inputs, training) if self.fused else self._plain(inputs, training)

    def _fused(self, inputs: Any, training: Any) -> Any:
        kind, sizes = self.dtype, self.moving_mean.shape
        beta = self.beta if self.center else constant(0.0, kind, shape=sizes)
        gamma = self.gamma if self.scale else constant(1.0, kind, shape=sizes)
        layout = "NCHW" if self.axes == (1,) else "NHWC"
        if inputs.shape.rank == 5:
            layout = "NCDHW" if self.axes == (1,) else "NDHWC"

        def either() -> Any:
            moving = (self.moving_mean, self.moving_variance)
            return fused_batch_norm(inputs, gamma, beta, *moving, data_format=layout)

        outputs, mean, variance = when(training, either, either)
        known = static_flag(training)
        if known is None:
            momentum: Any = when(training, lambda: self.momentum, lambda: 1.0)
        elif known:
            momentum = convert_to_tensor(self.momentum)
        if known is not False:
            self.add_update(_average(self.moving_mean, mean, momentum))
            self.add_update(_average(self.moving_variance, variance, momentum))
        return outputs

    def _moved(self, target: Any, value: Any) -> Any:
        """The node that moves an average; renormalization moves the deviation."""
        if self.renorm is None or target is self.moving_mean:
            return _average(target, value, self.momentum)
        spread = apply("Sqrt", value + self.epsilon)
        moved = _average(self.renorm.moving_stddev, spread, self.momentum)
        return self.renorm.squared(target, moved, self.epsilon)

    def _adjusted(self, inputs: Any, training: Any, scale: Any, offset: Any) -> tuple[Any, Any]:
        """What is multiplied by and added, with what a function of the program says of it."""
        if self.adjustment is None:
            return scale, offset
        from scopecli.dryrun.ops.filled import ones_like, zeros_like

        r, d = self.adjustment(shape(inputs))
        return _composed(
            when(training, lambda: r, lambda: ones_like(r)),
            when(training, lambda: d, lambda: zeros_like(d)),
            scale,
            offset,
        )

    def _plain(self, inputs: Any, training: Any) -> Any:
        dims = inputs.dims
        low = inputs.dtype.name in {"float16", "bfloat16"}
        original = inputs.dtype
        inputs = cast(inputs, "float32") if low else inputs
        others = [axis for axis in range(len(dims)) if axis not in self.axes]
        del others[1 : 1 if self.ghosts is None else 2]  # each smaller batch has its own mean
        wide = [dims[axis] if axis in self.axes else 1 for axis in range(len(dims))]
        several = len(self.axes) > 1 or self.ghosts is not None
        fits = several or self.axes == (len(dims) - 1,)

        def shaped(value: Any) -> Any:
            return value if value is None or fits else reshape(value, wide)

        scale, offset = shaped(self.gamma), shaped(self.beta)
        if static_flag(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            scale, offset = self._adjusted(inputs, training, scale, offset)
            found = moments(cast(inputs, self.dtype), others, keep_dims=several)
            moving = (self.moving_mean, self.moving_variance)
            mean, variance = (
                when(training, lambda v=v: v, lambda m=m: convert_to_tensor(m))
                for v, m in zip(found, moving, strict=True)
            )
            new_mean, new_variance = mean, variance
            if self.ghosts is not None:
                new_mean, new_variance = self.ghosts.together(mean, variance)
            if self.renorm is not None:
                r, d, new_mean, new_variance = self.renorm.corrected(
                    new_mean, new_variance, training, self.epsilon, _average
                )
                scale, offset = _composed(shaped(r), shaped(d), scale, offset)
            for target, value in zip(moving, (new_mean, new_variance), strict=True):
                self.add_update(
                    when(
                        training,
                        lambda t=target, v=value: self._moved(t, v),
                        lambda t=target: t,
                    )
                )
        mean, variance = cast(mean, inputs.dtype), cast(variance, inputs.dtype)
        if offset is not None:
            offset = cast(offset, inputs.dtype)
        if scale is not None:
            scale = cast(scale, inputs.dtype)
        outputs = normalized(inputs, shaped(mean), shaped(variance), offset, scale, self.epsilon)
        if low:
            outputs = cast(outputs, original)
        outputs.set_shape(dims)
        return outputs


def _composed(r: Any, d: Any, scale: Any, offset: Any) -> tuple[Any, Any]:
    """A correction, and after it what the layer does."""
    if scale is not None:
        r, d = r * scale, d * scale
    return r, d if offset is None else d + offset


def _average(variable: Any, value: Any, momentum: Any) -> Any:
    """Move an average towards a value."""

    def delta() -> Any:
        decay = convert_to_tensor(1.0 - momentum, name="decay")
        if decay.dtype != variable.dtype.base_dtype:
            decay = cast(decay, variable.dtype.base_dtype)
        # `(variable - value) * decay`, without the scopes that operators open
        rest = apply("Sub", convert_to_tensor(variable), cast(value, variable.dtype), name="sub")
        return apply("Mul", rest, decay, name="mul")

    if can_wait(variable) and type(value) is Tensor and value.dims == variable.shape.plain:
        kind, dims = variable.dtype, value.dims
        return later_node(
            "AssignSub", "AssignMovingAvg", lambda: [variable.reference(), delta()], kind, dims
        )
    with name_scope("AssignMovingAvg") as scope, colocate_with(variable.op):
        return assign_sub(variable, delta(), name=scope)


def batch_normalization(
    inputs: Any,
    axis: Any = -1,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    training: Any = False,
    name: Any = None,
    reuse: Any = None,
    **options: Any,
) -> Any:
    """Normalized by the batch while training, by moving averages otherwise."""
    layer = BatchNormalization(
        axis, momentum, epsilon, center, scale, name=name, _scope=name, _reuse=reuse, **options
    )
    return layer(inputs, training=training)
