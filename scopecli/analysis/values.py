"""Values as numpy arrays, a bounded run at a time.

numpy is imported when a value is asked for, ml_dtypes when its type needs it.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from scopecli.errors import UnknownNameError, UnsupportedError
from scopecli.model.dtypes import BITS, BLOCKS, ML_DTYPES, NUMPY_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from scopecli.model.model import Model, TensorReader
    from scopecli.model.variable import Variable

    Array = np.ndarray[Any, np.dtype[Any]]

CHUNK_BYTES = 4 << 20
_PREVIEW = 8

# One index a dimension, as numpy takes them.
Index = tuple[int | slice, ...]


def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """The little-endian numpy type of a canonical dtype.

    Raises:
        UnsupportedError: numbers are not what it holds, or not ones that numpy has.
    """
    import numpy as np

    if dtype in BLOCKS:
        raise UnsupportedError(
            f"values of dtype {dtype} are quantized in blocks, which can be compared as bytes and"
            " not shown as numbers"
        )
    if not BITS.get(dtype):
        raise UnsupportedError(f"values of dtype {dtype} are not numbers")
    if dtype in ML_DTYPES:
        import ml_dtypes

        if not hasattr(ml_dtypes, dtype):
            raise UnsupportedError(f"the installed ml_dtypes does not know {dtype}")
        found: np.dtype[Any] = np.dtype(getattr(ml_dtypes, dtype))
        return found
    return np.dtype(NUMPY_NAMES.get(dtype, dtype)).newbyteorder("<")


def chunks(model: Model, variable: Variable) -> Iterator[Array]:
    """The elements in C order, flat, some megabytes at a time.

    Raises:
        ScopecliError: the values are not there, damaged, or not numbers.
    """
    reader = _reader(model, variable)
    dtype = numpy_dtype(variable.dtype)
    step = max(CHUNK_BYTES // dtype.itemsize, 1)
    for start in range(0, variable.params, step):
        yield _run(reader, variable, dtype, start, min(step, variable.params - start))


def section(model: Model, variable: Variable, index: Index) -> Array:
    """Part of a tensor, by an index as numpy takes it; only the rows that it needs are read.

    Raises:
        UnknownNameError: the index does not fit the shape.
        ScopecliError: the values are not there, damaged, or not numbers.
    """
    import numpy as np

    dtype = numpy_dtype(variable.dtype)
    shape = tuple(size or 0 for size in variable.shape or ())
    first = index[0] if index and shape else slice(None)
    try:
        rows = range(shape[0])[first] if shape else range(1)
        if isinstance(rows, int):
            rows, rest = range(rows, rows + 1), (0, *index[1:])
        else:
            rest = (slice(None), *index[1:])
        low, high = min(rows, default=0), max(rows, default=-1) + 1
        step = rows.step
        row = prod(shape[1:])
        data = _run(_reader(model, variable), variable, dtype, low * row, (high - low) * row)
        block = data.reshape((high - low, *shape[1:]))[::step]
        return np.asarray(block[rest] if shape else block.reshape(())[index])
    except IndexError as error:
        raise UnknownNameError(
            f"the slice does not fit the shape {shape}: {error}", where=variable.name
        ) from error


def preview(model: Model, variable: Variable) -> Array:
    """The first few elements, flat.

    Raises:
        ScopecliError: the values are not there, damaged, or not numbers.
    """
    dtype = numpy_dtype(variable.dtype)
    count = min(variable.params, _PREVIEW)
    return _run(_reader(model, variable), variable, dtype, 0, count)


def strings(model: Model, variable: Variable) -> list[bytes]:
    """All elements of a string tensor.

    Raises:
        ScopecliError: the values are not there or damaged.
    """
    return list(_reader(model, variable).strings(variable))


def parse_index(text: str) -> Index:
    """An index as numpy writes it between brackets: `0`, `:5`, `2:8:2,-1`.

    Raises:
        UnknownNameError: it is not one.
    """
    try:
        return tuple(_axis(part.strip()) for part in text.split(","))
    except ValueError:
        raise UnknownNameError(
            f"{text!r} is no slice", hint="write one as in numpy: 0,:5 or 2:8:2"
        ) from None


def _axis(text: str) -> int | slice:
    if ":" not in text:
        return int(text)
    bounds = [int(part) if part.strip() else None for part in text.split(":")]
    if len(bounds) > 3 or bounds[2:] == [0]:
        raise ValueError
    return slice(*bounds)


def _reader(model: Model, variable: Variable) -> TensorReader:
    if model.tensors is None:
        raise UnsupportedError("has no values", where=variable.name)
    return model.tensors


def _run(
    reader: TensorReader, variable: Variable, dtype: np.dtype[Any], start: int, count: int
) -> Array:
    import numpy as np

    return np.frombuffer(reader.read(variable, start, count), dtype)
