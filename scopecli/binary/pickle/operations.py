"""What each operation of a pickle does to the machine.

https://docs.python.org/3/library/pickletools.html and the comments of `Lib/pickletools.py`.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.binary.pickle import literals
from scopecli.binary.pickle.values import Global, Object, Persistent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from scopecli.binary.pickle.machine import Machine

_LATEST_PROTOCOL = 5

_TRUE, _FALSE = True, False
_SCALARS = frozenset({str, int, float, bool, bytes, type(None), Object, Global})

# Values.


def _make(kind: type) -> Callable[[Machine], None]:
    def operation(machine: Machine) -> None:
        machine.stack.append(kind())

    return operation


def _push(value: object) -> Callable[[Machine], None]:
    def operation(machine: Machine) -> None:
        machine.stack.append(value)

    return operation


def _number(form: str) -> Callable[[Machine], None]:
    layout = struct.Struct(form)

    def operation(machine: Machine) -> None:
        machine.stack.append(layout.unpack(machine.take(layout.size))[0])

    return operation


def _counted(width: int, decode: Callable[[bytes], object]) -> Callable[[Machine], None]:
    """An operation with a length of so many bytes, and then that many."""

    def operation(machine: Machine) -> None:
        data, start = machine.data, machine.position + width
        end = start + int.from_bytes(data[machine.position : start], "little")
        if start > len(data) or end > len(data):
            raise machine.cut_short()
        machine.position = end
        machine.stack.append(decode(data[start:end]))

    return operation


def _written(decode: Callable[[bytes], object]) -> Callable[[Machine], None]:
    """An operation with a value as text, on a line of its own."""

    def operation(machine: Machine) -> None:
        machine.stack.append(decode(machine.line()))

    return operation


# Containers.


def _tuple(machine: Machine) -> None:
    machine.stack.append(tuple(machine.since_mark()))


def _tuple_of(count: int) -> Callable[[Machine], None]:
    def operation(machine: Machine) -> None:
        stack = machine.stack
        items = tuple(stack[-count:])
        if len(items) < count:
            raise IndexError
        del stack[-count:]
        stack.append(items)

    return operation


def _list(machine: Machine) -> None:
    machine.stack.append(machine.since_mark())


def _dict(machine: Machine) -> None:
    items = machine.since_mark()
    machine.stack.append({})
    _put(machine, items)


def _set_item(machine: Machine) -> None:
    value, key = machine.stack.pop(), machine.stack.pop()
    _put(machine, [key, value])


def _set_items(machine: Machine) -> None:
    _put(machine, machine.since_mark())


def _put(machine: Machine, items: list[object]) -> None:
    """Put keys and values, in turn, into what is on top of the stack."""
    target = machine.stack[-1]
    if type(target) is Object:
        target = target.entries
    if type(target) is not dict or len(items) % 2:
        raise machine.damaged("puts entries into what is no dictionary")
    keys = items[::2]
    if not _SCALARS.issuperset(map(type, keys)):
        keys = [key if type(key) in _SCALARS else _as_key(key) for key in keys]
    target.update(zip(keys, items[1::2], strict=True))


def _as_key(key: object) -> object:
    """Python would hash a key, however deeply it is nested: such a one is only itself."""
    if type(key) is tuple and all(type(part) in _SCALARS for part in key):
        return key
    return Object(type(key).__name__, (key,))


def _append(machine: Machine) -> None:
    _extend(machine, [machine.stack.pop()])


def _append_all(machine: Machine) -> None:
    _extend(machine, machine.since_mark())


def _extend(machine: Machine, items: list[object]) -> None:
    target = machine.stack[-1]
    if type(target) is Object:
        target = target.members
    if type(target) is not list:
        raise machine.damaged("appends to what is no list")
    target += items


# The stack and the memo.


def _mark(machine: Machine) -> None:
    machine.marks.append(len(machine.stack))


def _pop(machine: Machine) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.stack.pop()


def _pop_mark(machine: Machine) -> None:
    machine.since_mark()


def _duplicate(machine: Machine) -> None:
    machine.stack.append(machine.stack[-1])


def _put_by_text(machine: Machine) -> None:
    machine.memo[literals.decimal(machine.line())] = machine.stack[-1]


def _get_by_text(machine: Machine) -> None:
    machine.stack.append(machine.remembered(literals.decimal(machine.line())))


def _put_at(width: int) -> Callable[[Machine], None]:
    def operation(machine: Machine) -> None:
        machine.memo[int.from_bytes(machine.take(width), "little")] = machine.stack[-1]

    return operation


def _get(width: int) -> Callable[[Machine], None]:
    def operation(machine: Machine) -> None:
        index = int.from_bytes(machine.take(width), "little")
        machine.stack.append(machine.remembered(index))

    return operation


def _memoize(machine: Machine) -> None:
    machine.settle()
    machine.memo[len(machine.memo)] = machine.stack[-1]


# What would be imported and called.


def _global(machine: Machine) -> None:
    module, name = literals.text(machine.line()), literals.text(machine.line())
    machine.stack.append(machine.imported(module, name))


def _stack_global(machine: Machine) -> None:
    name, module = machine.stack.pop(), machine.stack.pop()
    machine.stack.append(machine.imported(module, name))


def _extension(width: int) -> Callable[[Machine], None]:
    """An import by a number, which only the program that registered it knows."""

    def operation(machine: Machine) -> None:
        number = int.from_bytes(machine.take(width), "little")
        machine.stack.append(machine.imported("copyreg", f"extension {number}"))

    return operation


def _reduce(machine: Machine) -> None:
    arguments = machine.stack.pop()
    machine.stack[-1] = Object(machine.stack[-1], _arguments(arguments))


def _new_object_with_names(machine: Machine) -> None:
    machine.stack.pop()
    _reduce(machine)


def _object(machine: Machine) -> None:
    items = machine.since_mark()
    machine.stack.append(Object(items[0], tuple(items[1:])))


def _instance(machine: Machine) -> None:
    _global(machine)
    function = machine.stack.pop()
    machine.stack.append(Object(function, tuple(machine.since_mark())))


def _build(machine: Machine) -> None:
    state, target = machine.stack.pop(), machine.stack[-1]
    if type(target) is Object:
        target.state = state


def _arguments(value: object) -> tuple[object, ...]:
    return value if type(value) is tuple else (value,)


def _persistent(machine: Machine) -> None:
    kept = Persistent(machine.stack.pop())
    machine.kept_outside.append(kept)
    machine.stack.append(kept)


def _persistent_by_text(machine: Machine) -> None:
    machine.stack.append(Persistent(literals.old_text(machine.line())))


# What is around it.


def _protocol(machine: Machine) -> None:
    (version,) = machine.take(1)
    if version > _LATEST_PROTOCOL:
        raise machine.damaged(f"is of protocol {version}, and {_LATEST_PROTOCOL} is the latest")


def _frame(machine: Machine) -> None:
    machine.take(8)


def _buffer(machine: Machine) -> None:
    machine.stack.append(Persistent("buffer"))


def _nothing(machine: Machine) -> None:
    """A buffer on the stack is as good read-only."""


def _unknown(machine: Machine) -> NoReturn:
    machine.position -= 1
    code = machine.data[machine.position]
    raise machine.damaged(f"has the unknown operation 0x{code:02x}")


_KNOWN: Mapping[bytes, Callable[[Machine], None]] = {
    b"h": _get(1),
    b"j": _get(4),
    b"q": _put_at(1),
    b"r": _put_at(4),
    b"(": _mark,
    b"K": _number("<B"),
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
    b"X": _counted(4, literals.text),
    b"\x8c": _counted(1, literals.text),
    b"\x8d": _counted(8, literals.text),
    b"U": _counted(1, literals.old_text),
    b"T": _counted(4, literals.old_text),
    b"C": _counted(1, bytes),
    b"B": _counted(4, bytes),
    b"\x8e": _counted(8, bytes),
    b"\x96": _counted(8, bytes),  # BYTEARRAY8
    b"\x8a": _counted(1, literals.integer),
    b"\x8b": _counted(4, literals.integer),
    b"I": _written(literals.decimal),
    b"L": _written(literals.decimal),
    b"F": _written(float),
    b"S": _written(literals.quoted),
    b"V": _written(literals.escaped),
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
OPERATIONS = tuple(_KNOWN.get(bytes([code]), _unknown) for code in range(256))
