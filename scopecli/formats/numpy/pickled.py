"""NumPy arrays in a pickle, by the names that lead to them. No pickle is executed.

An array is `_reconstruct(class, (0,), b"b")` with the state `(version, shape, dtype, is_fortran,
data)`, since protocol 5 also `_frombuffer(data, dtype, shape, order)`; a dtype is `dtype("f4",
False, True)` with the state `(3, "<", ...)`. joblib has an object that says where in the file the
data are, and JAX wraps NumPy's. `array_reduce` and `array_setstate` of
https://github.com/numpy/numpy/blob/main/numpy/_core/src/multiarray/methods.c
"""

from __future__ import annotations

import struct
from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.pickle import contents, runs
from scopecli.binary.pickle.contents import (
    LONGEST_TEXT,
    SCALARS,
    attributes,
    mapping,
    named,
    note_fact,
    note_facts,
    path_of,
    sequence,
)
from scopecli.binary.pickle.runs import WRAPPER, Run
from scopecli.binary.pickle.values import Global, Object
from scopecli.errors import DamagedFileError
from scopecli.formats.numpy import npy_header
from scopecli.formats.numpy.npy_header import ArrayHeader, ElementType
from scopecli.model.dtypes import BITS
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scopecli.binary.pickle.contents import Child
    from scopecli.binary.source import Source
    from scopecli.model.variable import Kind

# What no key has in it: the names are joined with it until it is known what separates them.
_BETWEEN = "\0"

_CORE = ("numpy.core", "numpy._core")
_RECONSTRUCT = frozenset(
    {
        *(f"{core}.multiarray._reconstruct" for core in _CORE),
        *(f"numpy.ma.{module}_mareconstruct" for module in ("", "core.")),
    }
)
_FROM_BUFFER = frozenset(f"{core}.numeric._frombuffer" for core in _CORE)
_SCALAR = frozenset(f"{core}.multiarray.scalar" for core in _CORE)
_DTYPE = "numpy.dtype"
_STRINGS = "numpy.dtypes._convert_to_stringdtype_kwargs"
_OF_JAX = frozenset({"_reconstruct_array", "reconstruct_device_array"})
_JAX = "jax"
_ENCODE = "_codecs.encode"
_TENSOR = "torch._utils._rebuild"

_OBJECTS = ElementType("object", None, big_endian=False, written="|O")
_NUMBERS = {
    "bool": "?",
    **dict(zip(("int8", "int16", "int32", "int64"), "bhiq", strict=True)),
    **dict(zip(("uint8", "uint16", "uint32", "uint64"), "BHIQ", strict=True)),
    **dict(zip(("float16", "float32", "float64"), "efd", strict=True)),
}
_ORDERS = ("<", ">", "|")
_HAS_OBJECTS = 1  # `NPY_ITEM_REFCOUNT` of a dtype's flags
_MOST_DIMENSIONS = 64
_LARGEST = 1 << 63
_HOLDERS = frozenset({dict, list, tuple, Object})


class PickledArray(NamedTuple):
    """An array.

    Attributes:
        header: its type, shape and order.
        data: its values: bytes or a text of them, a `Run`, or a list of objects.
        axes: how its axes are to be ordered, where it is neither in C order nor in Fortran's.
    """

    header: ArrayHeader
    data: object
    axes: tuple[int, ...] = ()


class Held(NamedTuple):
    """What is in a pickle.

    Attributes:
        arrays: by the keys that lead to each, joined with a character that no key has.
        facts: numbers and texts beside them.
        imports: what it would import.
        tensors: how many tensors of PyTorch's are in it.
        end: offset behind it.
    """

    arrays: list[tuple[str, PickledArray]]
    facts: dict[str, object]
    imports: Sequence[Global]
    tensors: int
    end: int


def read(source: Source, start: int = 0) -> Held:
    """All that is in a pickle which starts at an offset.

    Raises:
        ScopecliError: it is not a valid pickle, or has an array that cannot be read.
    """
    pickle = runs.walk(source, start, _size)
    collector = _Collector()
    try:
        contents.walk(pickle.value, pickle.end - start, collector)
    except DamagedFileError as error:
        error.path = error.path or source.name
        raise
    return Held(collector.arrays, collector.facts, pickle.imports, collector.tensors, pickle.end)


def with_separator(path: str, separator: str) -> str:
    """The keys that lead to something, joined."""
    return path.replace(_BETWEEN, separator)


def keys_of(path: str) -> list[str]:
    """The keys that lead to something."""
    return path.split(_BETWEEN)


class _Collector:
    """Puts what a walk comes to where it belongs."""

    __slots__ = ("arrays", "facts", "tensors")

    def __init__(self) -> None:
        self.arrays: list[tuple[str, PickledArray]] = []
        self.facts: dict[str, object] = {}
        self.tensors = 0

    def takes(self, path: str, value: object, _kind: Kind) -> bool:
        """Whether it is a number, a text, or an array of numbers."""
        if type(value) in SCALARS:
            note_fact(self.facts, with_separator(path, contents.SEPARATOR), value)
            return True
        if type(value) is not Object:
            return type(value) in {Run, Global, type(None)}
        function = path_of(value)
        if function in _SCALAR:
            number = _number(value.arguments)
            if number is not None:
                note_fact(self.facts, with_separator(path, contents.SEPARATOR), number)
            return True
        if function.startswith(_TENSOR):
            self.tensors += 1
            return True
        found = _found(value, path)
        if found is None or found.header.type.size is None:
            return False
        self.arrays.append((path, found))
        return True

    def children(self, path: str, value: object, kind: Kind) -> Iterator[Child]:
        """What is inside of a container, an object, or an array of objects."""
        found = _found(value, path)
        if found is not None:
            return _of_objects(path, found, kind)
        pairs = mapping(value)
        if pairs is not None:
            return _named(path, pairs.items(), kind)
        items = sequence(value)
        if items is None:
            return _of_object(path, value, kind)
        if all(type(item) in SCALARS for item in items):
            note_facts(self.facts, with_separator(path, contents.SEPARATOR), items)
            return iter(())
        return _named(path, enumerate(items), kind)

    def is_shown_again(self, value: object) -> bool:
        """Whether it stands for what is in it: a dictionary or a list, and no other object."""
        return attributes(value) is None


def _named(path: str, pairs: Iterable[tuple[object, object]], kind: Kind) -> Iterator[Child]:
    return named(path, pairs, kind, _BETWEEN)


def _of_objects(path: str, found: PickledArray, kind: Kind) -> Iterator[Child]:
    if not isinstance(found.data, list):  # joblib's are in a pickle of their own
        yield path, found.data, kind
    elif len(found.data) == 1 and not found.header.shape:
        yield path, found.data[0], kind
    else:
        yield from _named(path, enumerate(found.data), kind)


def _of_object(path: str, value: object, kind: Kind) -> Iterator[Child]:
    """What an object is made of: what it is called with, and its attributes."""
    if type(value) is not Object:
        return
    given = [item for item in value.arguments if type(item) in _HOLDERS]
    if len(given) == 1:  # as what copies a dictionary has it
        yield path, given[0], kind
    else:
        yield from _named(path, enumerate(given), kind)
    state = attributes(value)
    if state is not None:
        yield from _named(path, state.items(), kind)
    elif type(value.state) in _HOLDERS:
        yield path, value.state, kind


# Arrays.


def _found(value: object, path: str) -> PickledArray | None:
    """The array that a symbol stands for; None where it is something else."""
    if type(value) is not Object:
        return None
    function = path_of(value)
    try:
        if function in _RECONSTRUCT:
            return _of_state(value.state)
        if function in _FROM_BUFFER:
            return _of_buffer(value.arguments)
        if function == WRAPPER:
            return _of_joblib(value)
        if function.startswith(_JAX) and function.rpartition(".")[2] in _OF_JAX:
            return _of_state(value.arguments[2] if len(value.arguments) > 2 else None)
    except ValueError as error:
        raise DamagedFileError(
            f"has an array that cannot be read: {error}",
            where=with_separator(path, "/")[:LONGEST_TEXT],
        ) from error
    return None


def _of_state(state: object) -> PickledArray:
    """(version, shape, dtype, is_fortran, data), and what a masked array has behind them."""
    if type(state) is not tuple or len(state) < 5:
        raise ValueError("it has no state")
    _, shape, dtype, is_fortran, data = state[:5]
    return PickledArray(_header(dtype, shape, is_fortran=is_fortran is True), data)


def _of_buffer(given: tuple[object, ...]) -> PickledArray:
    """(data, dtype, shape, order), and the order of the axes where that is neither C nor F."""
    if len(given) < 4:
        raise ValueError("it has no data")
    data, dtype, shape, order = given[:4]
    if order != "K" or len(given) < 5:
        return PickledArray(_header(dtype, shape, is_fortran=order == "F"), data)
    header = _header(dtype, shape, is_fortran=False)
    axes = given[4]
    if type(axes) is not tuple or sorted(map(_index, axes)) != list(range(len(header.shape))):
        raise ValueError("its axes have no order")
    order_of = tuple(map(_index, axes))
    turned = tuple(header.shape[axis] for axis in order_of)
    return PickledArray(header._replace(shape=turned), data, order_of)


def _of_joblib(wrapper: Object) -> PickledArray:
    state = mapping(wrapper.state) or {}
    header = _header(state.get("dtype"), state.get("shape"), is_fortran=state.get("order") == "F")
    return PickledArray(header, wrapper.arguments[0] if wrapper.arguments else None)


def _header(dtype: object, shape: object, *, is_fortran: bool) -> ArrayHeader:
    if type(shape) is not tuple or len(shape) > _MOST_DIMENSIONS:
        raise ValueError("it has no shape")
    sizes = tuple(map(_index, shape))
    if prod(sizes) >= _LARGEST:
        raise ValueError("it is larger than any")
    element = element_type(dtype)
    return ArrayHeader(element, sizes, is_fortran and len(sizes) > 1, 0)


def _index(value: object) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST:
        raise ValueError("its shape is not one of whole numbers")
    return value


# Types.


def element_type(dtype: object) -> ElementType:
    """The type that the symbol of a dtype stands for.

    Raises:
        ValueError: it stands for none.
    """
    function = path_of(dtype)
    if type(dtype) is not Object or function not in {_DTYPE, _STRINGS} or not dtype.arguments:
        raise ValueError("it has no type")
    if function == _STRINGS:
        return _OBJECTS
    code, state = dtype.arguments[0], dtype.state
    said = state if type(state) is tuple and len(state) > 7 else (None,) * 9
    if type(code) is Global:  # of ml_dtypes: each takes a byte at least
        bits = BITS.get(code.name, 0)
        if not bits:
            raise ValueError(f"it has the unknown type {code.path}")
        return ElementType(code.name, max(bits // 8, 1), said[1] == ">", code.path)
    if type(code) is not str:
        raise ValueError("its type has no code")
    if said[3] is not None or said[2] is not None:
        size = int(code[1:]) if code[:1] == "V" and code[1:].isdecimal() else 0
        if said[7] and type(said[7]) is int and said[7] & _HAS_OBJECTS:
            return _OBJECTS
        return ElementType("compound", size, big_endian=False, written=code)
    order = said[1] if said[1] in _ORDERS else "|"
    return npy_header.element_type(f"{order}{code}{_unit(said)}")


def _unit(said: tuple[object, ...]) -> str:
    """The unit of a date: the last of its state is `(None, (unit, count, ...))`."""
    given = said[8] if len(said) > 8 else None
    parts = given[1] if type(given) is tuple and len(given) > 1 else None
    if type(parts) is not tuple or len(parts) < 2:
        return ""
    name = (raw_bytes(parts[0]) or b"").decode("ascii", "replace")
    count = parts[1] if type(parts[1]) is int and parts[1] != 1 else ""
    return f"[{count}{name}]" if name not in {"", "generic"} else ""


def _size(dtype: object) -> int | None:
    """Bytes of an element of joblib's arrays; None where they are pickled."""
    return element_type(dtype).size


def _number(given: tuple[object, ...]) -> object:
    """The value of (dtype, data), where it is a number."""
    try:
        element = element_type(given[0] if given else None)
    except ValueError:
        return None
    data = raw_bytes(given[1] if len(given) > 1 else None)
    if data is None or len(data) != element.size:
        return None
    form = _NUMBERS.get(element.dtype)
    if form is None:
        return None
    number: int | float = struct.unpack((">" if element.big_endian else "<") + form, data)[0]
    return number


def raw_bytes(data: object) -> bytes | None:
    """The bytes of what is in memory: of few, or of a text whose characters they are."""
    data = unwrapped(data)
    if type(data) is str:
        try:
            return data.encode("latin-1")
        except UnicodeEncodeError:
            return None
    return data.short if type(data) is Run else None


def unwrapped(data: object) -> object:
    """What holds the data: Python 3 writes bytes for Python 2 as `encode(text, "latin1")`."""
    if type(data) is Object and path_of(data) == _ENCODE and data.arguments:
        return data.arguments[0]
    return data
