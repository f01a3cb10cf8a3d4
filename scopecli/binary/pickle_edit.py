"""A pickle with other keys in its dictionaries, or fewer entries, edited operation by operation.

Everything else stays as it was, byte for byte, but for two things: the frames of protocol 4 go,
because no reader needs them, and what it puts into the memo by counting gets its number.

A text that is a key here may be in the memo and used elsewhere, where it must stay what it was: so
there it is written out. What is dropped may have put something into the memo that is used later: so
its first use becomes its definition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import pickle_literals
from scopecli.binary.pickle_machine import Machine
from scopecli.binary.pickle_operations import OPERATIONS
from scopecli.binary.pickle_values import Global, Object, Persistent, View
from scopecli.errors import UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_STOP, _FRAME, _MEMOIZE = 0x2E, 0x95, 0x94
_SET_ITEM, _SET_ITEMS = 0x73, 0x75
_PUTS = frozenset(b"pqr\x94")
_GETS = frozenset(b"ghj")
_TEXTS = frozenset(b"XUTVS\x8c\x8d")

_CONSTANTS = frozenset({str, int, float, bool, bytes, type(None), Global, Persistent, View})
_MOST_PARTS = 10_000
_MOST_OPERATIONS = 20_000_000
_MOST_GROWTH = 2
_SOME_GROWTH = 1 << 20


class Entry(NamedTuple):
    """A key and a value where they are put into a dictionary, by the numbers of operations.

    Attributes:
        target: the dictionary, or what stands for one.
        key: of the entry.
        first: the first operation of the key.
        end: behind the last operation that is the entry's alone.
    """

    target: object
    key: object
    first: int
    end: int


class _Definition(NamedTuple):
    """What the memo has, and the operations that made it, from the first to behind the put."""

    first: int
    end: int
    value: object


class Trace:
    """What the operations of a pickle do.

    Attributes:
        value: what the pickle holds.
        entries: all that is put into dictionaries, in order.
    """

    __slots__ = (
        "_data",
        "_definitions",
        "_name",
        "_places",
        "_starts",
        "_uses",
        "entries",
        "value",
    )

    def __init__(self, data: bytes, name: str) -> None:
        """Walk over a pickle, one operation at a time.

        Raises:
            ScopecliError: as `pickle_opcodes.walk` does.
        """
        self._data = data
        self._name = name
        self._starts: list[int] = []  # of each operation, and behind the last
        self._definitions: dict[int, _Definition] = {}  # by operation
        self._uses: dict[int, int] = {}  # by operation: which one put it into the memo
        self._places: dict[int, int] = {}  # by operation: the number in the memo
        self.entries: list[Entry] = []
        machine = Machine(data, name, 0)
        with machine.watched():
            self.value = self._run(machine)

    def _run(self, machine: Machine) -> object:
        data, stack, marks = self._data, machine.stack, machine.marks
        made: list[int] = []  # for each value on the stack, the first operation of it
        marked: list[int] = []
        latest: dict[int, int] = {}
        for number in range(_MOST_OPERATIONS):
            start = machine.position
            code = data[start]
            self._starts.append(start)
            machine.position += 1
            if code == _STOP:
                self._starts.append(machine.position)
                return stack.pop()
            if code == _SET_ITEM:
                self.entries.append(Entry(stack[-3], stack[-2], made[-2], number + 1))
            elif code == _SET_ITEMS:
                self.entries += _entries(machine, made, number)
            if code in _PUTS or code in _GETS:
                self._places[number] = _place(machine, code)
            height = marks[-1] if marks else 0
            OPERATIONS[code](machine)
            if len(marks) > len(marked):
                marked.append(number)
            elif len(marks) < len(marked):
                first = marked.pop()
                made[height:] = [first] * (len(stack) - height)
            else:
                del made[len(stack) :]
                made += [number] * (len(stack) - len(made))
            if code in _PUTS:
                latest[self._places[number]] = number
                self._definitions[number] = _Definition(made[-1], number + 1, stack[-1])
            elif code in _GETS:
                self._uses[number] = latest[self._places[number]]
        raise UnsupportedError(
            f"has a pickle of more than {_MOST_OPERATIONS} operations", path=self._name
        )

    def is_text(self, entry: Entry) -> bool:
        """Whether the key of an entry is a text, written there or taken from the memo."""
        code = self._data[self._starts[entry.first]]
        return type(entry.key) is str and (code in _TEXTS or code in _GETS)

    def edited(self, keys: Mapping[int, str], dropped: Collection[Entry]) -> bytes:
        """The pickle with other keys, by the first operation of their entries, or fewer entries.

        Raises:
            UnsupportedError: what is dropped has something in it that is used elsewhere, too.
        """
        most = _MOST_GROWTH * len(self._data) + _SOME_GROWTH + sum(map(len, keys.values())) * 4
        pieces: list[bytes] = []
        length = 0
        for piece in self._pieces(keys, {entry.first: entry.end for entry in dropped}):
            pieces.append(piece)
            length += len(piece)
            if length > most:
                raise UnsupportedError("has a pickle that shares too much", path=self._name)
        return b"".join(pieces)

    def _pieces(self, keys: Mapping[int, str], skipped: Mapping[int, int]) -> Iterator[bytes]:
        here: dict[int, int] = {}  # by number in the memo: what is there in the new pickle
        ranges = [(0, len(self._starts) - 1)]
        while ranges:
            number, end = ranges.pop()
            while number < end:
                if not ranges and number in skipped:
                    number = skipped[number]
                    continue
                code = self._data[self._starts[number]]
                if number in keys:
                    yield _text(keys[number])
                elif code in _PUTS:
                    here[self._places[number]] = number
                    yield self._put(number)
                elif code in _GETS:
                    source = self._uses[number]
                    definition = self._definitions[source]
                    if type(definition.value) is str and definition.first in keys:
                        yield _text(definition.value)
                    elif here.get(self._places[number]) == source:
                        yield self._operation(number)
                    else:
                        self._check(definition.value)
                        ranges += [(number + 1, end), (definition.first, definition.end)]
                        break
                elif code != _FRAME:
                    yield self._operation(number)
                number += 1
        yield self._data[self._starts[-1] :]

    def _operation(self, number: int) -> bytes:
        return self._data[self._starts[number] : self._starts[number + 1]]

    def _put(self, number: int) -> bytes:
        operation = self._operation(number)
        if operation[0] != _MEMOIZE:
            return operation
        index = self._places[number]
        return b"q" + bytes([index]) if index < 0x100 else b"r" + index.to_bytes(4, "little")

    def _check(self, value: object) -> None:
        """Refuse to move what other operations may have changed since."""
        waiting, looked_at = [value], 0
        while waiting:
            one = waiting.pop()
            looked_at += 1
            if type(one) is Object and not (one.state or one.entries or one.members):
                waiting += [one.function, *one.arguments]
            elif type(one) is tuple:
                waiting += one
            elif type(one) not in _CONSTANTS and not _is_empty(one):
                break
            if looked_at > _MOST_PARTS:
                break
        else:
            return
        raise UnsupportedError("shares what it holds with an entry that stays", path=self._name)


def _is_empty(value: object) -> bool:
    return type(value) in {list, dict} and not value


def _entries(machine: Machine, made: list[int], number: int) -> Iterator[Entry]:
    """What is put into the dictionary below the mark."""
    stack, mark = machine.stack, machine.marks[-1]
    ends = [*made[mark + 2 :: 2], number]
    for at, end in zip(range(mark, len(stack) - 1, 2), ends, strict=False):
        yield Entry(stack[mark - 1], stack[at], made[at], end)


def _place(machine: Machine, code: int) -> int:
    """The number in the memo that an operation is about."""
    data, at = machine.data, machine.position
    if code == _MEMOIZE:
        return len(machine.memo)
    if code in b"pg":
        return int(pickle_literals.decimal(data[at : data.find(b"\n", at)]))
    width = 1 if code in b"hq" else 4
    return int.from_bytes(data[at : at + width], "little")


def _text(text: str) -> bytes:
    written = text.encode("utf-8", "surrogatepass")
    return b"X" + len(written).to_bytes(4, "little") + written
