"""A walk over a pickle whose long bytes and texts stay in the file.

`opcodes` wants a pickle in memory, for PyTorch keeps its numbers elsewhere. NumPy's are in the
pickle itself, as bytes, or as a text of which each character is a byte. So the file is seen through
a window, and of what is long only the place is remembered.

joblib writes the numbers of an array behind the operation that builds a `NumpyArrayWrapper`, where
its unpickler reads them; and an array of objects as a pickle of its own.
https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from scopecli.binary.pickle import literals
from scopecli.binary.pickle.contents import mapping, path_of
from scopecli.binary.pickle.machine import Machine
from scopecli.binary.pickle.operations import OPERATIONS
from scopecli.binary.pickle.values import Object, Pickle
from scopecli.errors import UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.binary.source import Source

    # Bytes of an element of the type that a symbol is of; None where they are pickled.
    Measure = Callable[[object], int | None]

# How the bytes of a run are written: as they are, or as a text of which each is a character.
RAW, TEXT, QUOTED, ESCAPED = "raw", "utf-8", "quoted", "escaped"
WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"

_WINDOW = 1 << 20
_ROOM = 1 << 12  # what every operation fits into whose argument is not long
_SHORT = 256
_MOST_OPERATIONS = 2_500_000
_MOST_INSIDE = 32
_LARGEST = 1 << 63

_OLD_TEXT = "of Python 2"
# Operations with a length of so many bytes, and how what follows is written.
_COUNTED = {
    0x54: (4, _OLD_TEXT),
    0x55: (1, _OLD_TEXT),
    0x58: (4, TEXT),
    0x8C: (1, TEXT),
    0x8D: (8, TEXT),
    0x42: (4, RAW),
    0x43: (1, RAW),
    0x8E: (8, RAW),
    0x96: (8, RAW),
}
_LINES = {0x53: QUOTED, 0x56: ESCAPED}
_BUILD, _STOP = 0x62, 0x2E


class Run:
    """Bytes or a text, left in the file.

    Attributes:
        offset: of the first byte.
        length: bytes in the file.
        written: how they are written there.
        short: the bytes that they stand for, where they are few.
    """

    __slots__ = ("length", "offset", "short", "written")

    def __init__(self, offset: int, length: int, written: str, short: bytes | None = None) -> None:
        self.offset = offset
        self.length = length
        self.written = written
        self.short = short


class _Outer(NamedTuple):
    """What is left to do behind a pickle in a pickle, and what gets its value."""

    wrapper: Object
    stack: list[object]
    marks: list[int]
    memo: dict[int, object]


def walk(source: Source, start: int, measure: Measure) -> Pickle:
    """Walk over one pickle of a file.

    Args:
        source: the file.
        start: where the pickle starts.
        measure: tells the size of the elements of joblib's arrays.

    Returns:
        The pickle, with a `Run` for all bytes and for each long text. Of joblib's arrays, the
        arguments are their `Run`, or the value of the pickle that is in its place.

    Raises:
        CutShortError: the file ends before it does.
        DamagedFileError: it is no valid pickle.
        UnsupportedError: it has more operations than are walked over.
    """
    machine = Machine(b"", source.name, 0)
    machine.base = start
    with machine.watched():
        value = _run(machine, source, measure)
    imports = tuple(machine.imports.values())
    return Pickle(value, imports, machine.kept_outside, machine.base + machine.position)


def _run(machine: Machine, source: Source, measure: Measure) -> object:
    inside: list[_Outer] = []
    for _ in range(_MOST_OPERATIONS):
        if machine.position + _ROOM > len(machine.data):
            _move_on(machine, source)
        code = machine.data[machine.position]
        machine.position += 1
        if code in _COUNTED:
            _take_counted(machine, source, *_COUNTED[code])
        elif code in _LINES:
            _take_line(machine, source, _LINES[code])
        elif code == _STOP:
            value = machine.stack.pop()
            if not inside:
                return value
            outer = inside.pop()
            outer.wrapper.arguments = (value,)
            machine.stack, machine.marks, machine.memo = outer.stack, outer.marks, outer.memo
        else:
            OPERATIONS[code](machine)
            if code == _BUILD and path_of(machine.stack[-1]) == WRAPPER:
                _take_array(machine, source, measure, inside)
    raise UnsupportedError(
        f"has a pickle of more than {_MOST_OPERATIONS} operations", path=source.name
    )


def _move_on(machine: Machine, source: Source) -> None:
    """Let the window begin where the walk is, unless it has the end of the file."""
    if machine.base + len(machine.data) < source.size:
        machine.base += machine.position
        machine.position = 0
        machine.data = source.read(machine.base, min(_WINDOW, source.size - machine.base))


def _take_counted(machine: Machine, source: Source, width: int, written: str) -> None:
    length = int.from_bytes(machine.take(width), "little")
    begin = machine.position
    offset = machine.base + begin
    if length > source.size - offset:
        raise machine.cut_short()
    machine.position = begin + length
    short = machine.data[begin : begin + length] if length <= _SHORT else None
    if short is not None and written == TEXT:
        machine.stack.append(literals.text(short))
    elif short is not None and written == _OLD_TEXT and _is_plain(short):
        machine.stack.append(short.decode("ascii"))
    else:
        run = Run(offset, length, RAW if written == _OLD_TEXT else written, short)
        machine.stack.append(run)


def _take_line(machine: Machine, source: Source, written: str) -> None:
    """A text on a line of its own: protocol 0 writes bytes of Python 2 so, too."""
    begin = machine.position
    offset = machine.base + begin
    length = _line_end(machine, source) - offset
    machine.position = begin + length + 1
    line = machine.data[begin : begin + length] if length <= _SHORT else None
    if written == ESCAPED:
        text = Run(offset, length, ESCAPED) if line is None else literals.escaped(line)
        machine.stack.append(text)
        return
    short = None if line is None else literals.unquoted(line)
    if short is not None and _is_plain(short):
        machine.stack.append(short.decode("ascii"))
    else:
        machine.stack.append(Run(offset + 1, max(length - 2, 0), QUOTED, short))


def _line_end(machine: Machine, source: Source) -> int:
    """Offset of the next end of a line, which may be far behind the window."""
    end = machine.data.find(b"\n", machine.position)
    if end >= 0:
        return machine.base + end
    for at in range(machine.base + len(machine.data), source.size, _WINDOW):
        end = source.read(at, min(_WINDOW, source.size - at)).find(b"\n")
        if end >= 0:
            return at + end
    raise machine.cut_short()


def _is_plain(data: bytes) -> bool:
    """Whether it is a name or a number, and hardly an array's values."""
    return data.isascii() and data.decode("ascii").isprintable()


def _take_array(machine: Machine, source: Source, measure: Measure, inside: list[_Outer]) -> None:
    """What joblib writes behind a wrapper."""
    wrapper = machine.stack[-1]
    state = (mapping(wrapper.state) if type(wrapper) is Object else None) or {}
    size = measure(state.get("dtype"))
    if type(wrapper) is not Object or len(inside) >= _MOST_INSIDE:
        raise machine.damaged("nests its arrays deeper than any model")
    if size is None:
        inside.append(_Outer(wrapper, machine.stack, machine.marks, machine.memo))
        machine.stack, machine.marks, machine.memo = [], [], {}
        return
    shape = state.get("shape")
    extents = [n for n in shape if type(n) is int and n >= 0] if type(shape) is tuple else []
    if type(shape) is not tuple or len(extents) < len(shape) or prod(extents) * size >= _LARGEST:
        raise machine.damaged("has an array without a shape")
    begin = machine.base + machine.position
    if type(state.get("numpy_array_alignment_bytes")) is int:
        begin += 1 + source.read(begin, 1)[0]
    length = prod(extents) * size
    if begin + length > source.size:
        raise machine.cut_short()
    wrapper.arguments = (Run(begin, length, RAW),)
    machine.position = begin + length - machine.base
