"""Complex numbers and their parts.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/math_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.filled import ones_like, zeros_like
from scopecli.dryrun.ops.indexing import where
from scopecli.dryrun.values.dtypes import as_dtype

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

_REAL = {"complex64": "float32", "complex128": "float64"}
_COMPLEX = {real: name for name, real in _REAL.items()}


def complex(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """Numbers of two parts.

    Raises:
        TypeError: the parts are of different types, or of one that they cannot have.
    """
    real = convert_to_tensor(real, name="real")
    imag = convert_to_tensor(imag, name="imag")
    with name_scope(name, "Complex", [real, imag]) as scope:
        kinds = real.dtype.name, imag.dtype.name
        if kinds[0] != kinds[1] or kinds[0] not in _COMPLEX:
            raise TypeError(
                f"The `real` and `imag` components have incorrect types: {kinds[0]} {kinds[1]}. "
                "They must be consistent, and one of [tf.float32, tf.float64]"
            )
        return apply("Complex", real, imag, name=scope, Tout=as_dtype(_COMPLEX[kinds[0]]))


def _part(type_: str, of_real: Any) -> Any:
    """One real number of each complex one; of real numbers, what a function says."""

    def part(input: Any, name: str | None = None) -> Tensor:
        with name_scope(name, type_, [input]) as scope:
            tensor = convert_to_tensor(input, name="input")
            kind = _REAL.get(tensor.dtype.name)
            if kind is None:
                return of_real(tensor)  # type: ignore[no-any-return]
            return apply(type_, tensor, name=scope, Tout=as_dtype(kind))

    return part


def _angle_of_real(tensor: Any) -> Tensor:
    from math import pi

    return where(tensor < 0, pi * ones_like(tensor), zeros_like(tensor))


real = _part("Real", lambda tensor: tensor)
imag = _part("Imag", zeros_like)
angle = _part("Angle", _angle_of_real)


def abs(x: Any, name: str | None = None) -> Tensor:
    """How far numbers are from zero."""
    with name_scope(name, "Abs", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        kind = _REAL.get(tensor.dtype.name)
        if kind is not None:
            return apply("ComplexAbs", tensor, name=scope, Tout=as_dtype(kind))
        return apply("Abs", tensor, name=scope)


def conj(x: Any, name: str | None = None) -> Tensor:
    """The other number with the same absolute value and real part."""
    tensor = convert_to_tensor(x, name="x")
    return apply("Conj", tensor, name=name) if tensor.dtype.name in _REAL else tensor


def to_complex64(x: Any, name: str = "ToComplex64") -> Tensor:
    """As complex64."""
    return cast(x, "complex64", name)


def to_complex128(x: Any, name: str = "ToComplex128") -> Tensor:
    """As complex128."""
    return cast(x, "complex128", name)
