"""The values of tensors that are stored in parts: put together from the rows of those."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, TruncatedError, UnsupportedError
from scopecli.model.dtypes import BITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from scopecli.model.variable import Slice, Storage, Variable

    # Some bytes of a part: where they start in it, and how many.
    ReadPart = Callable[[Storage, int, int], bytes]


def element_size(dtype: str) -> int:
    """Bytes that an element takes, one at least.

    Raises:
        UnsupportedError: elements of the type have no fixed size.
    """
    bits = BITS.get(dtype, 0)
    if not bits:
        raise UnsupportedError(f"values of dtype {dtype} cannot be read")
    return max(bits // 8, 1)


def assembled(
    variable: Variable, slices: Sequence[Slice], start: int, count: int, read_part: ReadPart
) -> bytes:
    """Elements `start` to `start + count` of a tensor in C order.

    Raises:
        ScopecliError: a part is missing, cannot be read, or is not inside the tensor.
    """
    import numpy as np

    if not variable.shape:
        raise DamagedFileError("a scalar has no parts", where=variable.key)
    shape = tuple(size or 0 for size in variable.shape)
    itemsize = element_size(variable.dtype)
    _check(variable, slices, itemsize, read_part)
    row = prod(shape[1:])
    first = start // row if row else 0
    stop = -(-(start + count) // row) if row else 0
    block: np.ndarray[tuple[int, ...], np.dtype[np.void]]
    block = np.zeros((stop - first, *shape[1:]), np.dtype(f"V{itemsize}"))
    for part in slices:
        low = max(first, part.starts[0])
        high = min(stop, part.starts[0] + part.lengths[0])
        if low >= high or part.storage is None:
            continue
        inner = part.lengths[1:]
        part_row = prod(inner) * itemsize
        begin = (low - part.starts[0]) * part_row
        data = read_part(part.storage, begin, (high - low) * part_row)
        place = tuple(slice(a, a + n) for a, n in zip(part.starts[1:], inner, strict=True))
        values = np.frombuffer(data, block.dtype).reshape((high - low, *inner))
        try:
            block[(slice(low - first, high - first), *place)] = values
        except ValueError as error:
            raise DamagedFileError(
                f"slice {part.spec} is not inside its tensor", where=variable.key
            ) from error
    skipped = (start - first * row) * itemsize
    return block.tobytes()[skipped : skipped + count * itemsize]


def _check(variable: Variable, slices: Sequence[Slice], itemsize: int, read_part: ReadPart) -> None:
    """Refuse parts that are not all there, before memory for the whole is asked for."""
    size = 0
    for part in slices:
        if part.storage is None:
            continue
        length = prod(part.lengths) * itemsize
        read_part(part.storage, max(length - 1, 0), min(length, 1))
        size += length
    if size != variable.params * itemsize:
        raise TruncatedError(
            f"its parts have {size} bytes of {variable.params * itemsize}", where=variable.key
        )
