"""Initializers: the nodes that compute a variable's initial value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.ops.applying import apply_op
from scopecli.dryrun.ops.constants import constant as constant_tensor
from scopecli.dryrun.values.dtypes import DType, as_dtype, float32
from scopecli.dryrun.values.python_values import shape_of_value
from scopecli.dryrun.values.shapes import TensorShape, dims_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scopecli.dryrun.graph.nodes import Tensor


def _random(which: str, *arguments: Any, **options: Any) -> Tensor:
    from scopecli.dryrun import random  # few programs look at what their variables start as

    found: Tensor = getattr(random, which)(*arguments, **options)
    return found


class Initializer:
    """What makes an initial value of a given shape."""

    dtype: DType = float32
    parameters = ("shape", "dtype", "partition_info")
    options: tuple[str, ...] = ()  # the arguments that made it, besides the type

    def __init_subclass__(cls) -> None:
        # What makes its nodes in a way of its own says where the value is, or it is not known.
        if "__call__" in vars(cls) and "node" not in vars(cls):
            setattr(cls, "node", Initializer.node)  # noqa: B010

    def node(self, kind: DType) -> str:
        """Which node will have the value; empty where it is not known before, or may fail."""
        return ""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments that make another one."""
        found = {name: getattr(self, name) for name in self.options}
        return {**found, "dtype": self.dtype.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """Make one of its arguments."""
        return cls(**config)

    def _kind(self, dtype: Any) -> DType:
        return self.dtype if dtype is None else as_dtype(dtype)


def _are_numbers(*values: Any) -> bool:
    return all(type(value) in {int, float} for value in values)


def _floating(dtype: Any) -> DType:
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise ValueError(f"Argument `dtype` is expected to be floating point. Received: {kind}.")
    return kind


class zeros_initializer(Initializer):
    """All zeros."""

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def node(self, kind: DType) -> str:
        return "zeros" if kind.is_floating or kind.is_integer else ""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        from scopecli.dryrun.ops.filled import zeros

        return zeros(shape, self._kind(dtype))


class ones_initializer(Initializer):
    """All ones."""

    def __init__(self, dtype: Any = float32) -> None:
        self.dtype = as_dtype(dtype)

    def node(self, kind: DType) -> str:
        return "ones" if kind.is_floating or kind.is_integer else ""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        from scopecli.dryrun.ops.filled import ones

        return ones(shape, self._kind(dtype))


class constant_initializer(Initializer):
    """One value, or a list of them.

    Attributes:
        value: what it is.
    """

    options = ("value",)

    def __init__(self, value: Any = 0, dtype: Any = float32, verify_shape: bool = False) -> None:
        scalar = isinstance(value, (int, float, complex, str, bytes, bool))
        if not (scalar or isinstance(value, (list, tuple)) or hasattr(value, "__array__")):
            raise TypeError(
                f"Invalid type for initial value={value} of type: {type(value).__name__}. "
                "Expected Python scalar, list or tuple of values, or numpy.ndarray."
            )
        self.value = value
        self.dtype = as_dtype(dtype)
        self._verify_shape = verify_shape

    def __call__(
        self,
        shape: Any,
        dtype: Any = None,
        partition_info: Any = None,
        verify_shape: Any = None,
    ) -> Tensor:
        verify = self._verify_shape if verify_shape is None else verify_shape
        own = shape_of_value(self.value)
        if verify and own != dims_of(shape):
            raise TypeError(f"Expected Tensor's shape: {dims_of(shape)}, but got {own}.")
        return constant_tensor(self.value, self._kind(dtype), shape=shape)


class random_uniform_initializer(Initializer):
    """Values that are all equally likely."""

    options = ("minval", "maxval", "seed")

    def __init__(
        self, minval: Any = 0.0, maxval: Any = None, seed: Any = None, dtype: Any = float32
    ) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return _random("uniform", shape, self.minval, self.maxval, self._kind(dtype))


class random_normal_initializer(Initializer):
    """Values of a normal distribution."""

    options = ("mean", "stddev", "seed")

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: Any = None, dtype: Any = float32
    ) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed
        self.dtype = _floating(dtype)

    def node(self, kind: DType) -> str:
        plain = kind.is_floating and _are_numbers(self.mean, self.stddev)
        return "random_normal" if plain else ""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return _random("normal", shape, self.mean, self.stddev, self._kind(dtype))


class truncated_normal_initializer(random_normal_initializer):
    """Values of a normal distribution, none far out."""

    def node(self, kind: DType) -> str:
        return super().node(kind) and "truncated_normal"

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        return _random("truncated_normal", shape, self.mean, self.stddev, self._kind(dtype))


class uniform_unit_scaling_initializer(Initializer):
    """Values that keep the scale of what goes in."""

    options = ("factor", "seed")

    def __init__(self, factor: float = 1.0, seed: Any = None, dtype: Any = float32) -> None:
        self.factor, self.seed = factor, seed
        self.dtype = _floating(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        whole = shape if partition_info is None else partition_info.full_shape
        size = max(math.prod(float(extent) for extent in whole[:-1]), 1.0)
        bound = math.sqrt(3 / size) * self.factor
        return _random("uniform", shape, -bound, bound, self._kind(dtype))


_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("normal", "uniform", "truncated_normal", "untruncated_normal")
_NODES = {
    "normal": "truncated_normal",
    "uniform": "random_uniform",
    "truncated_normal": "truncated_normal",
    "untruncated_normal": "random_normal",
}


class variance_scaling_initializer(Initializer):
    """Values whose spread depends on how many come in and go out."""

    options: tuple[str, ...] = ("scale", "mode", "distribution", "seed")

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        dtype: Any = float32,
    ) -> None:
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be a positive float. Received: {scale}")
        if mode not in _MODES:
            raise ValueError(
                f"Argument `mode` should be one of ('fan_in', 'fan_out', 'fan_avg'). Received: "
                f"{mode}"
            )
        distribution = distribution.lower()
        if distribution not in _DISTRIBUTIONS:
            raise ValueError(
                "Argument `distribution` should be one of ('normal', uniform', "
                f"'truncated_normal', 'untruncated_normal'). Received: {distribution}"
            )
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed
        self.dtype = _floating(dtype)

    def node(self, kind: DType) -> str:
        plain = kind.is_floating and _are_numbers(self.scale)
        return _NODES[self.distribution] if plain else ""

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        kind = self._kind(dtype)
        whole = shape if partition_info is None else partition_info.full_shape
        fan_in, fan_out = fans(whole)
        by_mode = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}
        scale = self.scale / max(1.0, by_mode[self.mode])
        found: Tensor
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * scale)
            return _random("uniform", shape, -limit, limit, kind)
        if self.distribution == "untruncated_normal":
            found = _random("normal", shape, 0.0, math.sqrt(scale), kind)
        else:
            found = _random("truncated_normal", shape, 0.0, math.sqrt(scale), kind)
        return found


def fans(shape: Sequence[Any]) -> tuple[int, int]:
    """How many values come into one output, and go out of one input."""
    if len(shape) < 1:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    field = math.prod(int(extent) for extent in shape[:-2])
    return int(shape[-2]) * field, int(shape[-1]) * field


class glorot_uniform_initializer(variance_scaling_initializer):
    """Uniform, scaled by what comes in and goes out: the default of `get_variable`."""

    options: tuple[str, ...] = ("seed",)

    def __init__(self, seed: Any = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class glorot_normal_initializer(variance_scaling_initializer):
    """Normal, scaled by what comes in and goes out."""

    options: tuple[str, ...] = ("seed",)

    def __init__(self, seed: Any = None, dtype: Any = float32) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


def he_normal(seed: Any = None) -> variance_scaling_initializer:
    """Normal, scaled for rectified units."""
    return variance_scaling_initializer(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: Any = None) -> variance_scaling_initializer:
    """Uniform, scaled for rectified units."""
    return variance_scaling_initializer(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: Any = None) -> variance_scaling_initializer:
    """Normal, scaled by what comes in."""
    return variance_scaling_initializer(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: Any = None) -> variance_scaling_initializer:
    """Uniform, scaled by what comes in."""
    return variance_scaling_initializer(1.0, "fan_in", "uniform", seed)


class orthogonal_initializer(Initializer):
    """A matrix with orthogonal columns or rows."""

    options = ("gain", "seed")

    def __init__(self, gain: float = 1.0, seed: Any = None, dtype: Any = float32) -> None:
        self.gain, self.seed = gain, seed
        self.dtype = _floating(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        from scopecli.dryrun.ops.arrays import matrix_transpose, reshape
        from scopecli.dryrun.ops.wrappers import wrapper

        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at least "
                f"two-dimensional. Received shape={shape}"
            )
        rows, columns = math.prod(int(extent) for extent in shape[:-1]), int(shape[-1])
        flat = (columns, rows) if rows < columns else (rows, columns)
        values = _random("normal", flat, dtype=self._kind(dtype))
        q, r = apply_op("Qr", values).outputs
        diagonal = wrapper("diag_part")(r)  # type: ignore[misc] # it is in the table
        q = q * wrapper("sign")(diagonal)  # type: ignore[misc]
        if rows < columns:
            q = matrix_transpose(q)
        return self.gain * reshape(q, shape)


class identity_initializer(Initializer):
    """A matrix with ones on its diagonal."""

    options = ("gain",)

    def __init__(self, gain: float = 1.0, dtype: Any = float32) -> None:
        self.gain = gain
        self.dtype = _floating(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        from scopecli.dryrun.ops.filled import eye
        from scopecli.dryrun.ops.indexing import slice

        whole = shape if partition_info is None else partition_info.full_shape
        if len(whole) != 2:
            raise ValueError(
                "The tensor to initialize, specified by argument `shape` must be at least "
                f"two-dimensional. Received shape={whole}"
            )
        if isinstance(whole, TensorShape):
            whole = whole.as_list()
        matrix = eye(whole[0], whole[1], dtype=self._kind(dtype))
        if partition_info is not None:
            matrix = slice(matrix, partition_info.var_offset, shape)
        return self.gain * matrix


# Messages and programs have the names of TensorFlow's classes.
for _class in (
    *Initializer.__subclasses__(),
    *random_normal_initializer.__subclasses__(),
    *variance_scaling_initializer.__subclasses__(),
):
    _class.__name__ = _class.__name__.removesuffix("_initializer").title().replace("_", "")
    _class.__qualname__ = _class.__name__

# As programs name them, in a text or in `tf.initializers`.
BY_NAME: dict[str, Callable[..., Any]] = {
    "zeros": zeros_initializer,
    "ones": ones_initializer,
    "constant": constant_initializer,
    "random_uniform": random_uniform_initializer,
    "random_normal": random_normal_initializer,
    "truncated_normal": truncated_normal_initializer,
    "uniform_unit_scaling": uniform_unit_scaling_initializer,
    "variance_scaling": variance_scaling_initializer,
    "glorot_uniform": glorot_uniform_initializer,
    "glorot_normal": glorot_normal_initializer,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "lecun_normal": lecun_normal,
    "lecun_uniform": lecun_uniform,
    "orthogonal": orthogonal_initializer,
    "identity": identity_initializer,
}
