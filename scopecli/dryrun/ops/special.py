"""Special functions, and whether numbers grow: the rare parts of `tf.math`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/special_math_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import reshape, shape, size
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.conditionals import cond
from scopecli.dryrun.ops.indexing import strided_slice
from scopecli.dryrun.ops.reductions import reduce_all, reduce_sum, reduced_axes

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def _in_a_scope(type_: str, default: str, *inputs: str) -> Any:
    """A node in a name scope of its own."""

    def function(x: Any, y: Any = None, name: str | None = None) -> Tensor:
        with name_scope(name, default, [x]):
            return apply(type_, x, *([y] if inputs else []))

    return function


bessel_i0 = _in_a_scope("BesselI0", "bessel_i0")
bessel_i0e = _in_a_scope("BesselI0e", "bessel_i0e")
bessel_i1 = _in_a_scope("BesselI1", "bessel_i1")
bessel_i1e = _in_a_scope("BesselI1e", "bessel_i1e")
ndtri = _in_a_scope("Ndtri", "ndtri")
erfinv = _in_a_scope("Erfinv", "erfinv")
xlog1py = _in_a_scope("Xlog1py", "xlog1py", "y")


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """The product; zero where y is zero."""
    with name_scope(name, "multiply_no_nan", [x, y]) as scope:
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, x.dtype.base_dtype, name="y")
        return apply("MulNoNan", x, y, name=scope)


def lbeta(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the beta function of each row."""
    with name_scope(name, "lbeta", [x]):
        x = convert_to_tensor(x, name="x")
        parts: Any = reduce_sum(apply("Lgamma", x), axis=[-1])
        whole = apply("Lgamma", reduce_sum(x, axis=[-1]))
        return parts - whole  # type: ignore[no-any-return]


def polyval(coeffs: Any, x: Any, name: str | None = None) -> Any:
    """A polynomial of x.

    Raises:
        ValueError: the factors are no list.
    """
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    with name_scope(name, "polyval", [x, *coeffs]):
        x = convert_to_tensor(x, name="x")
        if not coeffs:
            return apply("ZerosLike", x)
        factors: list[Any] = [
            convert_to_tensor(factor, x.dtype, name=f"coeff_{number}")
            for number, factor in enumerate(coeffs)
        ]
        found = factors[0]
        for factor in factors[1:]:
            found = factor + found * x
        return found


def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The root of the sum of squares."""
    tensor = convert_to_tensor(input_tensor)
    axes = reduced_axes(tensor, axis)
    return apply("EuclideanNorm", tensor, axes, name=name, keep_dims=keepdims)


def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """One over x; zero where x is zero."""
    with name_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        return apply("DivNoNan", constant(1, x.dtype, name="one"), x, name=scope)


def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """The logarithm of growing sums."""
    with name_scope(name, "CumulativeLogsumexp", [x]) as scope:
        return apply("CumulativeLogsumexp", convert_to_tensor(x, name="x"), axis, name=scope)


def _growing(default: str, type_: str) -> Any:
    """Whether each number is larger than the one before."""

    def check(x: Any, name: str | None = None) -> Tensor:
        with name_scope(name, default, [x]):
            x = reshape(x, [-1])
            if not is_numeric_tensor(x):
                raise TypeError(f"Expected x to be numeric, instead found: {x}")
            few = apply("Less", size(x), 2)
            count: Any = shape(x)
            last = count - 1

            def compared() -> Tensor:
                later = strided_slice(x, [1], apply("AddV2", [1], last, name="add"))
                return apply(type_, later, strided_slice(x, [0], last))

            return reduce_all(  # type: ignore[no-any-return]
                cond(few, lambda: convert_to_tensor([], "bool"), compared)
            )

    return check


is_non_decreasing = _growing("is_non_decreasing", "GreaterEqual")
is_strictly_increasing = _growing("is_strictly_increasing", "Greater")


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether something is a tensor of numbers."""
    kind = getattr(tensor, "dtype", None)
    return kind is not None and kind.base_dtype.name not in {"string", "bool", "resource"}
