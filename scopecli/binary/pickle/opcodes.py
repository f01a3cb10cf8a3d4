"""A walk over the operations of a pickle, of any protocol, that runs none of them.

A pickle is a program for a stack machine, and most of its operations only build plain values. Those
that would import or call something leave a symbol instead, see `scopecli.binary.pickle.values`. So
nothing that a file says can happen, and what it would do can be shown.

Every operation takes at least one byte and makes at most one object, so the number of operations
bounds time and memory.
"""

from __future__ import annotations

import struct

from scopecli.binary.pickle import views
from scopecli.binary.pickle.machine import Machine
from scopecli.binary.pickle.operations import OPERATIONS
from scopecli.binary.pickle.values import Pickle
from scopecli.errors import UnsupportedError

_MOST_OPERATIONS = 20_000_000

# The operations that a pickle of tensors mostly consists of, which the loop does by itself.
_BINPUT, _LONG_BINPUT = 0x71, 0x72
_GETS = _BINGET, _LONG_BINGET = 0x68, 0x6A
_BINUNICODE, _BININT1, _MARK, _STOP = 0x58, 0x4B, 0x28, 0x2E

_NUMBER = struct.Struct("<I").unpack_from


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
    machine = Machine(data, name, start)
    with machine.watched():
        value = _run(machine)
    imports = tuple(machine.imports.values())
    return Pickle(value, imports, machine.kept_outside, machine.position)


def _run(machine: Machine) -> object:  # noqa: C901, PLR0912 - the loop is what time is spent in
    """Do every operation; the value that is left."""
    data, stack, marks, memo = machine.data, machine.stack, machine.marks, machine.memo
    read_views, position = views.views, machine.position
    try:
        for _ in range(_MOST_OPERATIONS):
            code = data[position]
            position += 1
            if code == _LONG_BINPUT:
                memo[_NUMBER(data, position)[0]] = stack[-1]
                position += 4
            elif code == _BINUNICODE:
                begin = position + 4
                end = begin + _NUMBER(data, position)[0]
                if end > len(data):
                    machine.position = position
                    raise machine.cut_short()
                stack.append(data[begin:end].decode("utf-8", "surrogatepass"))
                position = end
            elif code in _GETS and (behind := read_views(machine, position - 1, _MOST_OPERATIONS)):
                position = behind
            elif code == _BINGET:
                stack.append(machine.remembered(data[position]))
                position += 1
            elif code == _MARK:
                marks.append(len(stack))
            elif code == _BININT1:
                stack.append(data[position])
                position += 1
            elif code == _BINPUT:
                memo[data[position]] = stack[-1]
                position += 1
            elif code == _LONG_BINGET:
                stack.append(machine.remembered(_NUMBER(data, position)[0]))
                position += 4
            elif code == _STOP:
                return stack.pop()
            else:
                machine.position = position
                OPERATIONS[code](machine)
                position = machine.position
    finally:
        machine.position = max(position, machine.position)
    raise UnsupportedError(
        f"has a pickle of more than {_MOST_OPERATIONS} operations", path=machine.name
    )
