"""A walk over the operations of a pickle, of any protocol, that runs none of them.

https://docs.python.org/3/library/pickletools.html and the comments of `Lib/pickletools.py`.

A pickle is a program for a stack machine, and most of its operations only build plain values. Those
that would import or call something leave a symbol instead, see `scopecli.binary.pickle_values`. So
nothing that a file says can happen, and what it would do can be shown.

Every operation takes at least one byte and makes at most one object, so the number of operations
bounds time and memory.
"""

from __future__ import annotations

import codecs
import re
import struct
from functools import lru_cache
from typing import TYPE_CHECKING

from scopecli.binary.pickle_values import Global, Object, Persistent, Pickle
from scopecli.errors import DamagedFileError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

_MOST_OPERATIONS = 20_000_000
_LATEST_PROTOCOL = 5
_MOST_INTEGER_BYTES = 255
_MOST_DIGITS = 1000

# The operations that a pickle of tensors mostly consists of, which the loop does by itself.
_BINPUT, _LONG_BINPUT = 0x71, 0x72
_BINGET, _LONG_BINGET = 0x68, 0x6A
_BININT1, _MARK, _STOP = 0x4B, 0x28, 0x2E

_TRUE, _FALSE = True, False
_INDEX = struct.Struct("<I").unpack_from
_SCALARS = frozenset({str, int, float, bool, bytes, type(None), Object, Global})


class CutShortError(DamagedFileError):
    """The bytes end before the pickle does."""


# The arguments of a view of a storage of its own, and its call, as `torch.save` writes them:
# ((tag, class, key, device, elements), offset, shape, strides, False, hooks()).
_GET = rb"(h.|j.{4})"
_PUT = rb"(q.|r.{4})"
_INT = rb"(?:K.|M..|J.{4})"
_TUPLE = rb"((?:%b\x85|%b{2}\x86|%b{3}\x87|\(%b{4,8}t))" % (_INT, _INT, _INT, _INT)
_VIEW = re.compile(
    rb"\(\(" + _GET + _GET + rb"X(.)\0\0\0([0-9]{1,7})" + _PUT + _GET
    + b"(" + _INT + b")t" + _PUT + b"Q(" + _INT + b")" + _TUPLE + _PUT + _TUPLE + _PUT
    + rb"\x89" + _GET + rb"\)R" + _PUT + b"t" + _PUT + b"R",
    re.DOTALL,
).match  # fmt: skip


def _index(operation: bytes) -> int:
    return operation[1] if len(operation) == 2 else _INDEX(operation, 1)[0]


def _small(operation: bytes) -> int:
    return operation[1] if len(operation) == 2 else _wide(operation)


def _wide(operation: bytes) -> int:
    return int.from_bytes(operation[1:], "little", signed=operation[:1] == b"J")


@lru_cache(4096)
def _smalls(operations: bytes) -> tuple[int, ...]:
    return tuple(map(_small, re.findall(_INT, operations, re.DOTALL)))


def walk(data: bytes, name: str, start: int = 0) -> Pickle:
    """Walk over one pickle.

    Args:
        data: bytes that hold it.
        name: how errors name them.
        start: where it starts.

    Raises:
        CutShortError: the bytes end before it does.
        DamagedFileError: it is no valid pickle.
        UnsupportedError: it has more operations than are walked over.
    """
    machine = _Machine(data, name, start)
    try:
        value = machine.run()
    except struct.error as error:
        raise machine.cut_short() from error
    except IndexError as error:
        if machine.position >= len(data):
            raise machine.cut_short() from error
        raise machine.damaged("takes more from its stack than is there") from error
    except (KeyError, ValueError) as error:  # ValueError: of a number or a text
        raise machine.damaged("has an operation without a meaning") from error
    imports = tuple(machine.imports.values())
    return Pickle(value, imports, machine.kept_outside, machine.position)


class _Machine:
    """The stack, the memo, and where the walk is."""

    __slots__ = ("data", "imports", "kept_outside", "marks", "memo", "name", "position", "stack")

    def __init__(self, data: bytes, name: str, start: int) -> None:
        self.data = data
        self.name = name
        self.position = start
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.imports: dict[tuple[str, str], Global] = {}
        self.kept_outside: list[Persistent] = []

    def run(self) -> object:
        """Do every operation; the value that is left."""
        data, stack, marks, memo = self.data, self.stack, self.marks, self.memo
        position = self.position
        try:
            for _ in range(_MOST_OPERATIONS):
                code = data[position]
                position += 1
                if code == _LONG_BINPUT:
                    memo[_INDEX(data, position)[0]] = stack[-1]
                    position += 4
                elif code == _BININT1:
                    stack.append(data[position])
                    position += 1
                elif code == _BINGET:
                    stack.append(memo[data[position]])
                    position += 1
                elif code == _MARK:
                    view = _VIEW(data, position - 1)
                    if view is None or view[3][0] != len(view[4]):
                        marks.append(len(stack))
                    else:
                        position = self.view(view)
                elif code == _BINPUT:
                    memo[data[position]] = stack[-1]
                    position += 1
                elif code == _LONG_BINGET:
                    stack.append(memo[_INDEX(data, position)[0]])
                    position += 4
                elif code == _STOP:
                    return stack.pop()
                else:
                    self.position = position
                    _OPERATIONS[code](self)
                    position = self.position
        finally:
            self.position = max(position, self.position)
        raise UnsupportedError(
            f"has a pickle of more than {_MOST_OPERATIONS} operations", path=self.name
        )

    def view(self, found: re.Match[bytes]) -> int:
        """Do all operations that make the arguments of a view, and its call; the offset behind.

        The same as one after the other, in a quarter of the time: files have thousands of these.
        """
        (
            tag, kind, _, key, key_put, device, elements, storage_put, offset,
            shape, shape_put, strides, strides_put, hooks, hooks_put, arguments_put,
        ) = found.groups()  # fmt: skip
        stack, memo = self.stack, self.memo
        memo[_index(key_put)] = name = key.decode("ascii")
        identifier = (
            memo[_index(tag)],
            memo[_index(kind)],
            name,
            memo[_index(device)],
            _small(elements),
        )
        memo[_index(storage_put)] = identifier
        storage = Persistent(identifier)
        self.kept_outside.append(storage)
        memo[_index(shape_put)] = size = _smalls(shape)
        memo[_index(strides_put)] = steps = _smalls(strides)
        memo[_index(hooks_put)] = called = Object(memo[_index(hooks)], ())
        arguments = (storage, _small(offset), size, steps, False, called)
        memo[_index(arguments_put)] = arguments
        stack[-1] = Object(stack[-1], arguments)
        return found.end()

    def take(self, length: int) -> bytes:
        """The bytes that follow."""
        end = self.position + length
        if end > len(self.data):
            self.position = len(self.data)
            raise self.cut_short()
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def line(self) -> bytes:
        """What follows up to the end of a line."""
        end = self.data.find(b"\n", self.position)
        if end < 0:
            self.position = len(self.data)
            raise self.cut_short()
        line = self.data[self.position : end]
        self.position = end + 1
        return line

    def since_mark(self) -> list[object]:
        """What was put on the stack since the last mark, taken from it."""
        stack, mark = self.stack, self.marks.pop()
        items = stack[mark:]
        del stack[mark:]
        return items

    def imported(self, module: object, name: object) -> Global:
        """The symbol of an import; one whose name is the result of a call has none."""
        if type(module) is not str or type(name) is not str:
            module = name = "?"
        found = self.imports.get((module, name))
        if found is None:
            found = self.imports[module, name] = Global(module, name)
        return found

    def damaged(self, problem: str) -> DamagedFileError:
        """What is wrong with the pickle, and where."""
        return DamagedFileError(
            f"has a pickle that {problem}",
            path=self.name,
            where=f"offset {self.position}",
            hint="the file is damaged: copy it again",
        )

    def cut_short(self) -> CutShortError:
        """The bytes end here."""
        return CutShortError(
            "ends in the middle of a pickle",
            path=self.name,
            where=f"offset {self.position}",
            hint="the file is cut short: copy it again",
        )


# Values.


def _make(kind: type) -> Callable[[_Machine], None]:
    def operation(machine: _Machine) -> None:
        machine.stack.append(kind())

    return operation


def _push(value: object) -> Callable[[_Machine], None]:
    def operation(machine: _Machine) -> None:
        machine.stack.append(value)

    return operation


def _number(form: str) -> Callable[[_Machine], None]:
    layout = struct.Struct(form)

    def operation(machine: _Machine) -> None:
        machine.stack.append(layout.unpack(machine.take(layout.size))[0])

    return operation


def _counted(width: int, decode: Callable[[bytes], object]) -> Callable[[_Machine], None]:
    """An operation with a length of so many bytes, and then that many."""

    def operation(machine: _Machine) -> None:
        data, start = machine.data, machine.position + width
        end = start + int.from_bytes(data[machine.position : start], "little")
        if start > len(data) or end > len(data):
            raise machine.cut_short()
        machine.position = end
        machine.stack.append(decode(data[start:end]))

    return operation


def _written(decode: Callable[[bytes], object]) -> Callable[[_Machine], None]:
    """An operation with a value as text, on a line of its own."""

    def operation(machine: _Machine) -> None:
        machine.stack.append(decode(machine.line()))

    return operation


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _old_text(data: bytes) -> str:
    """A `str` of Python 2, which may hold any bytes."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _quoted(line: bytes) -> str:
    quoted = line.strip()
    if len(quoted) < 2 or quoted[:1] not in {b"'", b'"'} or quoted[-1:] != quoted[:1]:
        raise ValueError(line)
    escaped: Callable[[bytes], tuple[bytes, int]] = codecs.escape_decode
    return _old_text(escaped(quoted[1:-1])[0])


def _escaped(line: bytes) -> str:
    return line.decode("raw-unicode-escape")


def _integer(data: bytes) -> int:
    if len(data) > _MOST_INTEGER_BYTES:
        raise ValueError(data)
    return int.from_bytes(data, "little", signed=True)


def _decimal(line: bytes) -> int | bool:
    if len(line) > _MOST_DIGITS:
        raise ValueError(line)
    if line in {b"00", b"01"}:  # how protocol 0 writes False and True
        return line == b"01"
    return int(line.rstrip(b"L"))


def _float(line: bytes) -> float:
    return float(line)


# Containers.


def _tuple(machine: _Machine) -> None:
    machine.stack.append(tuple(machine.since_mark()))


def _tuple_of(count: int) -> Callable[[_Machine], None]:
    def operation(machine: _Machine) -> None:
        stack = machine.stack
        items = tuple(stack[-count:])
        if len(items) < count:
            raise IndexError
        del stack[-count:]
        stack.append(items)

    return operation


def _list(machine: _Machine) -> None:
    machine.stack.append(machine.since_mark())


def _dict(machine: _Machine) -> None:
    items = machine.since_mark()
    machine.stack.append({})
    _put(machine, items)


def _set_item(machine: _Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _put(machine, [key, value])


def _set_items(machine: _Machine) -> None:
    _put(machine, machine.since_mark())


def _put(machine: _Machine, items: list[object]) -> None:
    """Put keys and values, in turn, into what is on top of the stack."""
    target = machine.stack[-1]
    if type(target) is Object:
        target = target.entries
    if type(target) is not dict or len(items) % 2:
        raise machine.damaged("puts entries into what is no dictionary")
    for key, value in zip(items[::2], items[1::2], strict=True):
        # Python would hash a key, however deeply it is nested: such a one is only itself.
        target[key if type(key) in _SCALARS else _as_key(key)] = value


def _as_key(key: object) -> object:
    if type(key) is tuple and all(type(part) in _SCALARS for part in key):
        return key
    return Object(type(key).__name__, (key,))


def _append(machine: _Machine) -> None:
    _extend(machine, [machine.stack.pop()])


def _append_all(machine: _Machine) -> None:
    _extend(machine, machine.since_mark())


def _extend(machine: _Machine, items: list[object]) -> None:
    target = machine.stack[-1]
    if type(target) is Object:
        target = target.members
    if type(target) is not list:
        raise machine.damaged("appends to what is no list")
    target += items


# The stack and the memo.


def _pop(machine: _Machine) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.stack.pop()


def _pop_mark(machine: _Machine) -> None:
    machine.since_mark()


def _duplicate(machine: _Machine) -> None:
    machine.stack.append(machine.stack[-1])


def _put_by_text(machine: _Machine) -> None:
    machine.memo[_decimal(machine.line())] = machine.stack[-1]


def _get_by_text(machine: _Machine) -> None:
    machine.stack.append(machine.memo[_decimal(machine.line())])


def _memoize(machine: _Machine) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


# What would be imported and called.


def _global(machine: _Machine) -> None:
    module, name = _text(machine.line()), _text(machine.line())
    machine.stack.append(machine.imported(module, name))


def _stack_global(machine: _Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(machine.imported(module, name))


def _extension(width: int) -> Callable[[_Machine], None]:
    """An import by a number, which only the program that registered it knows."""

    def operation(machine: _Machine) -> None:
        number = int.from_bytes(machine.take(width), "little")
        machine.stack.append(machine.imported("copyreg", f"extension {number}"))

    return operation


def _reduce(machine: _Machine) -> None:
    arguments = machine.stack.pop()
    machine.stack[-1] = Object(machine.stack[-1], _arguments(arguments))


def _new_object_with_names(machine: _Machine) -> None:
    machine.stack.pop()
    _reduce(machine)


def _object(machine: _Machine) -> None:
    items = machine.since_mark()
    machine.stack.append(Object(items[0], tuple(items[1:])))


def _instance(machine: _Machine) -> None:
    _global(machine)
    function = machine.stack.pop()
    machine.stack.append(Object(function, tuple(machine.since_mark())))


def _build(machine: _Machine) -> None:
    state, target = machine.stack.pop(), machine.stack[-1]
    if type(target) is Object:
        target.state = state


def _arguments(value: object) -> tuple[object, ...]:
    return value if type(value) is tuple else (value,)


def _persistent(machine: _Machine) -> None:
    kept = Persistent(machine.stack.pop())
    machine.kept_outside.append(kept)
    machine.stack.append(kept)


def _persistent_by_text(machine: _Machine) -> None:
    machine.stack.append(Persistent(_old_text(machine.line())))


# What is around it.


def _protocol(machine: _Machine) -> None:
    (version,) = machine.take(1)
    if version > _LATEST_PROTOCOL:
        raise machine.damaged(f"is of protocol {version}, and {_LATEST_PROTOCOL} is the latest")


def _frame(machine: _Machine) -> None:
    machine.take(8)


def _buffer(machine: _Machine) -> None:
    machine.stack.append(Persistent("buffer"))


def _nothing(machine: _Machine) -> None:
    """A buffer on the stack is as good read-only."""


def _unknown(machine: _Machine) -> NoReturn:
    machine.position -= 1
    code = machine.data[machine.position]
    raise machine.damaged(f"has the unknown operation 0x{code:02x}")


_KNOWN: Mapping[bytes, Callable[[_Machine], None]] = {
    b"N": _push(None),
    b"\x88": _push(_TRUE),
    b"\x89": _push(_FALSE),
    b")": _push(()),
    b"]": _make(list),
    b"}": _make(dict),
    b"\x8f": _make(list),  # EMPTY_SET
    b"J": _number("<i"),
    b"M": _number("<H"),
    b"G": _number(">d"),
    b"X": _counted(4, _text),
    b"\x8c": _counted(1, _text),
    b"\x8d": _counted(8, _text),
    b"U": _counted(1, _old_text),
    b"T": _counted(4, _old_text),
    b"C": _counted(1, bytes),
    b"B": _counted(4, bytes),
    b"\x8e": _counted(8, bytes),
    b"\x96": _counted(8, bytes),  # BYTEARRAY8
    b"\x8a": _counted(1, _integer),
    b"\x8b": _counted(4, _integer),
    b"I": _written(_decimal),
    b"L": _written(_decimal),
    b"F": _written(_float),
    b"S": _written(_quoted),
    b"V": _written(_escaped),
    b"t": _tuple,
    b"\x85": _tuple_of(1),
    b"\x86": _tuple_of(2),
    b"\x87": _tuple_of(3),
    b"l": _list,
    b"\x91": _list,  # FROZENSET
    b"d": _dict,
    b"s": _set_item,
    b"u": _set_items,
    b"a": _append,
    b"e": _append_all,
    b"\x90": _append_all,  # ADDITEMS
    b"0": _pop,
    b"1": _pop_mark,
    b"2": _duplicate,
    b"p": _put_by_text,
    b"g": _get_by_text,
    b"\x94": _memoize,
    b"c": _global,
    b"\x93": _stack_global,
    b"\x82": _extension(1),
    b"\x83": _extension(2),
    b"\x84": _extension(4),
    b"R": _reduce,
    b"\x81": _reduce,  # NEWOBJ
    b"\x92": _new_object_with_names,
    b"o": _object,
    b"i": _instance,
    b"b": _build,
    b"Q": _persistent,
    b"P": _persistent_by_text,
    b"\x80": _protocol,
    b"\x95": _frame,
    b"\x97": _buffer,
    b"\x98": _nothing,
}
_OPERATIONS = tuple(_KNOWN.get(bytes([code]), _unknown) for code in range(256))
