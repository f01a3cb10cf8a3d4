"""The dtypes in which values of two dtypes are compared, so that nothing is rounded away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.errors import UnsupportedError
from scopecli.model.dtypes import BITS, NUMPY_NAMES
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

# Where the parts of a float16 go in a float32, and the factor that its exponent then lacks.
_FLOAT_FRACTION, _HALF_FRACTION = 23, 10
_ABOVE_HALF_EXPONENT = 0x70000000
_BIAS = 2.0 ** (127 - 15)
_INTEGERS = tuple(f"{sign}int{bits}" for bits in (8, 16, 32, 64) for sign in ("", "u"))


class Widening(NamedTuple):
    """The dtype in which values of two dtypes are compared.

    Attributes:
        name: the dtype that holds the values of both. `int128`, of which numpy has no arrays,
            stands for exact integers: uint64 beside a signed type. `float64` does not hold every
            64-bit integer: those that it does not hold differ from every float, as they should,
            and only the distance is rounded.
        casts: the dtype that each side is cast to.
    """

    name: str
    casts: tuple[str, str]


def widening(a: str, b: str) -> Widening:
    """How to compare two canonical dtypes.

    Raises:
        UnsupportedError: one of them does not hold numbers.
    """
    for dtype in (a, b):
        if not BITS.get(dtype):
            raise UnsupportedError(f"values of dtype {dtype} cannot be compared")
    x, y = NUMPY_NAMES.get(a, a), NUMPY_NAMES.get(b, b)
    real = "float32" if _in_float32(x) and _in_float32(y) else "float64"
    if _is_integer(x) and _is_integer(y):
        name = _common_integer(x, y)
        longs = [BITS[x] == 64 or BITS[y] == 64] * 2
    else:
        pair = {"float32": "complex64", "float64": "complex128"}
        is_complex = x.startswith("complex") or y.startswith("complex")
        name = pair[real] if is_complex else real
        real = "complex128" if is_complex else real
        longs = [_is_integer(dtype) and BITS[dtype] == 64 for dtype in (x, y)]
    casts = [_long(d) if long else real for d, long in zip((x, y), longs, strict=True)]
    return Widening(a if a == b else name, (casts[0], casts[1]))


def cast(values: Array, dtype: str) -> Array:
    """Cast values to a wider dtype."""
    import numpy as np

    if values.dtype == np.float16 and dtype == "float32":
        return _from_halves(values)
    return values.astype(dtype, copy=False)


def _from_halves(values: Array) -> Array:
    """The same as `astype` in a quarter of the time: numpy converts float16 one by one."""
    import numpy as np

    bits = values.view("<i2").astype(np.int32)
    bits <<= _FLOAT_FRACTION - _HALF_FRACTION
    bits &= ~_ABOVE_HALF_EXPONENT
    floats = bits.view(np.float32)
    floats *= _BIAS
    limit = float(np.finfo(np.float16).max)
    if -limit <= floats.min() and floats.max() <= limit:
        return floats
    return values.astype(np.float32)  # some are infinite or NaN


def _is_integer(dtype: str) -> bool:
    return dtype.startswith(("bool", "int", "uint"))


def _in_float32(dtype: str) -> bool:
    """Whether float32 (for complex numbers, a pair of them) holds all values of a dtype."""
    if _is_integer(dtype):
        return BITS[dtype] <= 16
    return BITS[dtype] <= (64 if dtype.startswith("complex") else 32)


def _long(dtype: str) -> str:
    """The 64-bit type for an integer type."""
    return "int64" if dtype.startswith("int") else "uint64"


def _common_integer(a: str, b: str) -> str:
    """The smallest integer type that holds the values of both."""
    (low_a, high_a), (low_b, high_b) = _range(a), _range(b)
    low, high = min(low_a, low_b), max(high_a, high_b)
    for dtype in _INTEGERS:
        lowest, highest = _range(dtype)
        if lowest <= low and high <= highest:
            return dtype
    return "int128"


def _range(dtype: str) -> tuple[int, int]:
    bits = 1 if dtype == "bool" else BITS[dtype]
    if dtype.startswith("int"):
        return -(1 << bits - 1), (1 << bits - 1) - 1
    return 0, (1 << bits) - 1
