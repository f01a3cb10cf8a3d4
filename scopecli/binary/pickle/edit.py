"""A pickle with other keys in its dictionaries, or fewer entries, edited operation by operation.

Everything else stays as it was, byte for byte, but for two things: the frames of protocol 4 go,
because no reader needs them, and what it puts into the memo by counting gets its number.

A text that is a key here may be in the memo and used elsewhere, where it must stay what it was: so
there it is written out. What is dropped may have put something into the memo that is used later: so
its first use becomes its definition.

A tensor is 28 operations, which `views` knows as one. Only where something would have to
change in the middle of one are they looked at one by one, which takes several times as long.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from scopecli.binary.pickle import literals, views
from scopecli.binary.pickle.machine import Machine
from scopecli.binary.pickle.operations import OPERATIONS
from scopecli.binary.pickle.values import Global, Object, Parts, Persistent, View
from scopecli.errors import UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

_STOP, _MARK, _FRAME, _MEMOIZE = 0x2E, 0x28, 0x95, 0x94
_SET_ITEM, _SET_ITEMS = 0x73, 0x75
_PUTS = frozenset(b"pqr\x94")
_MEMO_GETS = {0x68: 2, 0x6A: 5}  # those that name a number in bytes, and how long they are
_GETS = frozenset({*_MEMO_GETS, 0x67})
_TEXTS = frozenset(b"XUTVS\x8c\x8d")

_CONSTANTS = frozenset({str, int, float, bool, bytes, type(None), Global, Persistent, View})
_MOST_PARTS = 10_000
_MOST_OPERATIONS = 20_000_000
_MOST_GROWTH = 2
_SOME_GROWTH = 1 << 20


class Entry(NamedTuple):
    """A key and a value where they are put into a dictionary.

    Attributes:
        target: the dictionary, or what stands for one.
        key: of the entry.
        first: offset of the first operation of the key.
        end: the offset behind the last operation that is the entry's alone.
    """

    target: object
    key: object
    first: int
    end: int


class _Definition(NamedTuple):
    """What the memo has, and between which offsets it is made and put there."""

    first: int
    end: int
    value: object


class _InsideError(Exception):
    """Something has to change in the middle of what was taken for one operation."""


class _Edit(NamedTuple):
    """What is changed.

    Attributes:
        keys: new ones, by the first operation of their entries.
        texts: of the old keys, by the numbers that they have in the memo.
        gone: the numbers under which the memo has nothing, because what was put there is dropped.
    """

    keys: Mapping[int, str]
    texts: Mapping[int, str]
    gone: set[int]


class Trace:
    """What the operations of a pickle do.

    Attributes:
        value: what the pickle holds.
        entries: all that is put into dictionaries, in order.
    """

    __slots__ = ("_data", "_definitions", "_memoized", "_name", "_starts", "entries", "value")

    def __init__(
        self, data: bytes, name: str, view: Callable[[Machine, int], int] = views.view
    ) -> None:
        """Walk over a pickle, one operation at a time, or one tensor.

        Raises:
            ScopecliError: as `opcodes.walk` does; or it uses its memo as no program does.
        """
        self._data = data
        self._name = name
        self._starts = array("Q")  # of each operation, and behind the last
        self._definitions: dict[int, _Definition] = {}  # by the number in the memo
        self._memoized: dict[int, int] = {}  # where the memo is counted: numbers, by offset
        self.entries: list[Entry] = []
        machine = Machine(data, name, 0)
        with machine.watched():
            self.value = self._run(machine, view)

    def _run(self, machine: Machine, view: Callable[[Machine, int], int]) -> object:
        data, stack, marks = self._data, machine.stack, machine.marks
        made: list[int] = []  # for each value on the stack, the first operation of it
        marked: list[int] = []
        viewed = 0
        for _ in range(_MOST_OPERATIONS):
            start = machine.position
            code = data[start]
            self._starts.append(start)
            if code in _MEMO_GETS and (behind := view(machine, start)):
                # What it takes first is the function, which stays an operation of its own.
                self._starts.append(start + _MEMO_GETS[code])
                made.append(start)
                machine.position = behind
                viewed += 1
                continue
            machine.position += 1
            if code == _STOP:
                self._starts.append(machine.position)
                machine.settle()
                if len(machine.memo) < len(self._definitions) + viewed * Parts.COUNT:
                    raise self._unusual()
                return stack.pop()
            self._note(machine, made, start)
            height = marks[-1] if marks else 0
            OPERATIONS[code](machine)
            if len(marks) > len(marked):
                marked.append(start)
            elif len(marks) < len(marked):
                first = marked.pop()
                made[height:] = [first] * (len(stack) - height)
            else:
                del made[len(stack) :]
                made += [start] * (len(stack) - len(made))
            if code in _PUTS:
                definition = _Definition(made[-1], machine.position, stack[-1])
                if self._definitions.setdefault(self._place(start), definition) is not definition:
                    raise self._unusual()
        raise UnsupportedError(
            f"has a pickle of more than {_MOST_OPERATIONS} operations", path=self._name
        )

    def _note(self, machine: Machine, made: list[int], start: int) -> None:
        """What is there only before an operation is done."""
        stack, code = machine.stack, self._data[start]
        if code == _SET_ITEM:
            self.entries.append(Entry(stack[-3], stack[-2], made[-2], machine.position))
        elif code == _SET_ITEMS:
            self.entries += _entries(machine, made, start)
        elif code == _MEMOIZE:
            self._memoized[start] = len(machine.memo)

    def _unusual(self) -> UnsupportedError:
        return UnsupportedError("has a pickle that puts two into one place", path=self._name)

    def is_text(self, entry: Entry) -> bool:
        """Whether the key of an entry is a text, written there or taken from the memo."""
        code = self._data[entry.first]
        return type(entry.key) is str and (code in _TEXTS or code in _GETS)

    def edited(self, keys: Mapping[int, str], dropped: Collection[Entry]) -> bytes:
        """The pickle with other keys, by the first operation of their entries, or fewer entries.

        Raises:
            UnsupportedError: what is dropped has something in it that is used elsewhere, too.
        """
        most = _MOST_GROWTH * len(self._data) + _SOME_GROWTH + sum(map(len, keys.values())) * 4
        pieces: list[bytes] = []
        length = 0
        try:
            for piece in self._pieces(keys, {entry.first: entry.end for entry in dropped}):
                pieces.append(piece)
                length += len(piece)
                if length > most:
                    raise UnsupportedError("has a pickle that shares too much", path=self._name)
        except _InsideError:
            return Trace(self._data, self._name, _no_view).edited(keys, dropped)
        return b"".join(pieces)

    def _pieces(self, keys: Mapping[int, str], skipped: Mapping[int, int]) -> Iterator[bytes]:
        gone = {at for span in skipped.items() for at in self._put_between(*span)}
        edit = _Edit(keys, self._texts(keys), gone)
        ranges = [(0, len(self._starts) - 1)]
        while ranges:
            number, end = ranges.pop()
            while number < end:
                start = self._starts[number]
                if not ranges and start in skipped:
                    number = self._number(skipped[start])
                    continue
                number += 1
                operation = self._data[start : self._starts[number]]
                made = self._missing(edit, start)
                if made is not None:
                    self._check(made.value)
                    ranges += [(number, end), (self._number(made.first), self._number(made.end))]
                    break
                yield self._written(edit, start, operation)
        yield self._data[self._starts[-1] :]

    def _texts(self, keys: Mapping[int, str]) -> dict[int, str]:
        """By their numbers in the memo, the texts that are keys and become others."""
        return {
            place: made.value
            for place, made in self._definitions.items()
            if made.first in keys and type(made.value) is str
        }

    def _missing(self, edit: _Edit, start: int) -> _Definition | None:
        """What an operation takes from the memo, where that is not there any more."""
        if self._data[start] not in _GETS or start in edit.keys:
            return None
        place = self._place(start)
        if place not in edit.gone or place in edit.texts:
            return None
        if place not in self._definitions:
            raise _InsideError
        return self._definitions[place]

    def _written(self, edit: _Edit, start: int, operation: bytes) -> bytes:
        """An operation as it will be."""
        code = operation[0]
        if start in edit.keys:
            return _text(edit.keys[start])
        if code in _GETS:
            text = edit.texts.get(self._place(start))
            return operation if text is None else _text(text)
        if code in _PUTS:
            place = self._place(start)
            edit.gone.discard(place)
            return _put(place) if code == _MEMOIZE else operation
        if code == _MARK and len(operation) > 1:
            taken = views.taken(operation)
            if not (edit.texts.keys().isdisjoint(taken) and edit.gone.isdisjoint(taken)):
                raise _InsideError
            if edit.gone:
                edit.gone.difference_update(views.put(operation))
        return b"" if code == _FRAME else operation

    def _put_between(self, start: int, end: int) -> Iterator[int]:
        """The numbers in the memo that operations between two offsets put something under."""
        for number in range(self._number(start), self._number(end)):
            at = self._starts[number]
            operation = self._data[at : self._starts[number + 1]]
            if operation[0] in _PUTS:
                yield self._place(at)
            elif operation[0] == _MARK and len(operation) > 1:
                yield from views.put(operation)

    def _number(self, start: int) -> int:
        """Which operation starts at an offset."""
        return bisect_left(self._starts, start)

    def _place(self, start: int) -> int:
        """The number in the memo that an operation is about."""
        data, code, at = self._data, self._data[start], start + 1
        if code == _MEMOIZE:
            return self._memoized[start]
        if code in b"pg":
            return int(literals.decimal(data[at : data.find(b"\n", at)]))
        width = 1 if code in b"hq" else 4
        return int.from_bytes(data[at : at + width], "little")

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


def _entries(machine: Machine, made: list[int], end: int) -> Iterator[Entry]:
    """What is put into the dictionary below the mark, by an operation at an offset."""
    stack, mark = machine.stack, machine.marks[-1]
    ends = [*made[mark + 2 :: 2], end]
    for at, behind in zip(range(mark, len(stack) - 1, 2), ends, strict=False):
        yield Entry(stack[mark - 1], stack[at], made[at], behind)


def _no_view(_machine: Machine, _at: int) -> int:
    """Take no operations together."""
    return 0


def _put(place: int) -> bytes:
    return b"q" + bytes([place]) if place < 0x100 else b"r" + place.to_bytes(4, "little")


def _text(text: str) -> bytes:
    written = text.encode("utf-8", "surrogatepass")
    return b"X" + len(written).to_bytes(4, "little") + written
