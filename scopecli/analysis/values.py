"""Values as numpy arrays, a bounded run at a time.

numpy is imported when a value is asked for, ml_dtypes when its dtype needs it.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from scopecli.errors import TruncatedError, UnknownNameError, UnsupportedError
from scopecli.model.dtypes import BITS, BLOCKS, ML_DTYPES, NUMPY_NAMES
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from scopecli.model.model import Model, TensorReader
    from scopecli.model.variable import Variable

    Array = np.ndarray[Any, np.dtype[Any]]

CHUNK_BYTES = 1 << 20  # fits into a processor's cache, with what is computed from it
_PREVIEW = 8
_LARGE_PIECE = 8 << 20
_MAX_SECTION = 1 << 30
# How much larger than its file a tensor can be, by compression; and a size that is read in seconds.
_MOST_PACKED = 1 << 16
_SOON_READ = 4 << 30
_WITH_VALUES = frozenset({"model", "data", "graph"})

# One index a dimension, as numpy takes them.
Index = tuple[int | slice, ...]


class _Run(NamedTuple):
    """Elements next to one another, some of which are wanted.

    Attributes:
        place: index in the result of the wanted elements.
        start: position of the first element, in C order.
        extents: shape of the run.
        inside: which indices are wanted on each axis; empty for a scalar.
    """

    place: Index
    start: int
    extents: tuple[int, ...]
    inside: Sequence[Sequence[int]]


@cache
def numpy_dtype(dtype: str) -> np.dtype[Any]:
    """The little-endian numpy type of a canonical dtype.

    Raises:
        UnsupportedError: it does not hold numbers, or numbers that numpy does not have.
    """
    import numpy as np

    if dtype in BLOCKS:
        raise UnsupportedError(
            f"values of dtype {dtype} are quantized in blocks: they can be compared as bytes, but"
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
    """The elements in C order, flat, a megabyte at a time.

    Raises:
        ScopecliError: the values are not there, damaged, or not numbers.
    """
    reader = _reader(model, variable)
    dtype = numpy_dtype(variable.dtype)
    check_claim(model, variable)
    step = max(CHUNK_BYTES // dtype.itemsize, 1)
    if variable.params > step:
        keep_freed_memory()
    for start in range(0, variable.params, step):
        yield _run(reader, variable, dtype, start, min(step, variable.params - start))


def keep_freed_memory() -> None:
    """Make the allocator keep a freed megabyte for the next read.

    glibc returns it to the system and asks for it again, which takes as long as the read, until a
    larger piece has been freed once: M_MMAP_THRESHOLD and M_TRIM_THRESHOLD in mallopt(3).
    """
    import numpy as np

    np.empty(_LARGE_PIECE, np.uint8)


def check_claim(model: Model, variable: Variable) -> None:
    """Refuse a tensor that is far larger than the model's files can hold.

    In formats with fill values or strides of zero, a shape may claim more than years could read.

    Raises:
        DamagedFileError: the tensor is too large.
    """
    # No sizes are known of an Orbax checkpoint: the files with its values are too many to list.
    sizes = [file.size or 0 for file in model.files if file.role in _WITH_VALUES]
    claimed = variable.nbytes or 0
    if sizes and claimed > max(_SOON_READ, sum(sizes) * _MOST_PACKED):
        raise TruncatedError(
            f"claims {claimed} bytes of values, but all files have only {sum(sizes)}",
            where=variable.key,
        )


def section(model: Model, variable: Variable, index: Index) -> Array:
    """A part of a tensor, by an index as numpy takes it, reading little more than that.

    Raises:
        UnknownNameError: the index does not fit the shape.
        ScopecliError: the values are not there, damaged, not numbers, or too many.
    """
    import numpy as np

    dtype = numpy_dtype(variable.dtype)
    shape = tuple(size or 0 for size in variable.shape or ())
    wanted = _indices(variable, shape, index)
    axes = [range(i, i + 1) if isinstance(i, int) else i for i in wanted]
    size = prod(map(len, axes)) * dtype.itemsize
    if size > _MAX_SECTION:
        problem = f"the slice has {size} bytes, too many to print"
        raise UnsupportedError(problem, where=variable.name, hint="ask for a smaller one")
    found = np.empty([len(axis) for axis in axes], dtype)
    reader = _reader(model, variable)
    for place, start, extents, inside in _runs(shape, axes, CHUNK_BYTES // dtype.itemsize):
        block = _run(reader, variable, dtype, start, prod(extents)).reshape(extents)
        found[place] = block[np.ix_(*inside)] if inside else block
    return found.reshape([len(i) for i in wanted if isinstance(i, range)])


def _indices(variable: Variable, shape: tuple[int, ...], index: Index) -> list[int | range]:
    """What an index selects on each axis."""
    problem = f"the slice does not fit the shape {shape}"
    if len(index) > len(shape):
        raise UnknownNameError(f"{problem}: too many indices", where=variable.name)
    for axis, (size, i) in enumerate(zip(shape, index, strict=False)):
        if isinstance(i, int) and not -size <= i < size:
            problem += f": index {i} is outside axis {axis}, which has {size}"
            raise UnknownNameError(problem, where=variable.name)
    rest = [slice(None)] * (len(shape) - len(index))
    return [range(size)[i] for size, i in zip(shape, (*index, *rest), strict=True)]


def _runs(shape: tuple[int, ...], axes: Sequence[range], limit: int) -> Iterator[_Run]:
    """Runs that together hold what is wanted of a tensor, each of at most `limit` elements, or one.

    A run spans several indices of one axis, a single index of each axis before that one, and whole
    axes after it.
    """
    strides = [prod(shape[axis + 1 :]) for axis in range(len(shape))]
    if not shape:
        yield _Run((), 0, (), ())
    if not shape or not all(axes):
        return
    cut = next(axis for axis, stride in enumerate(strides) if stride <= limit or stride == 1)
    rows, stride = axes[cut], strides[cut]
    together = max(1, limit // (stride * abs(rows.step)))
    for outer in product(*map(enumerate, axes[:cut])):
        before = sum(i * step for (_, i), step in zip(outer, strides, strict=False))
        for at in range(0, len(rows), together):
            part = rows[at : at + together]
            low, high = min(part), max(part) + 1
            yield _Run(
                (*(number for number, _ in outer), slice(at, at + together)),
                before + low * stride,
                (high - low, *shape[cut + 1 :]),
                ([i - low for i in part], *axes[cut + 1 :]),
            )


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
        UnknownNameError: the text is not of that form.
    """
    try:
        return tuple(_axis(part.strip()) for part in text.split(","))
    except ValueError:
        raise UnknownNameError(
            f"{text!r} is not a slice", hint="write it as in numpy: 0,:5 or 2:8:2"
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
