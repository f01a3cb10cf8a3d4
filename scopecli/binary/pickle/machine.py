"""The stack machine that a pickle is a program for: its stack, its memo, and where the walk is."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from scopecli.binary.pickle.values import Global, Parts
from scopecli.errors import DamagedFileError, TruncatedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.pickle.values import Form, Persistent, View


class CutShortError(TruncatedError):
    """The bytes end before the pickle does."""


class Machine:
    """What the operations of a pickle work on.

    Attributes:
        data: bytes that hold the pickle.
        name: how errors name them.
        base: where these bytes start in the file.
        position: where the next byte is.
        stack: of values.
        marks: the heights of the stack that were marked.
        memo: values by their numbers.
        apart: tensors whose parts the memo does not have yet, by the number of the first part.
        imports: everything that would be imported.
        kept_outside: everything that the pickle only names.
        forms: of views, by the operations that say them.
    """

    __slots__ = (
        "_counted",
        "_free",
        "apart",
        "base",
        "data",
        "forms",
        "imports",
        "kept_outside",
        "marks",
        "memo",
        "name",
        "position",
        "stack",
    )

    def __init__(self, data: bytes, name: str, start: int) -> None:
        self.data = data
        self.name = name
        self.base = 0
        self.position = start
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.apart: dict[int, View] = {}
        self._counted = 0
        self._free = 0
        self.imports: dict[tuple[str, str], Global] = {}
        self.kept_outside: list[Persistent | View] = []
        self.forms: dict[tuple[bytes, ...], Form] = {}

    def remembered(self, index: int) -> object:
        """What the memo has under a number."""
        if index not in self.memo:
            self.settle()
        value = self.memo[index]
        return value.at(index) if type(value) is Parts else value

    def free(self) -> int:
        """The first of the numbers that nothing was put under yet, nor under any behind them."""
        new = islice(reversed(self.memo), len(self.memo) - self._counted)
        self.note_free(max(new, default=-1) + 1)
        return self._free

    def note_free(self, free: int) -> None:
        """Remember that nothing in the memo, as it is now, has this number or one behind it."""
        self._free = max(self._free, free)
        self._counted = len(self.memo)

    def settle(self) -> None:
        """Put into the memo the parts of tensors that it does not have yet.

        Nothing was under their numbers when they were to be put there, so what is by now is newer.
        """
        for first, made in self.apart.items():
            places = tuple(range(first, first + Parts.COUNT))
            parts = Parts(made, places)
            for place in places:
                self.memo.setdefault(place, parts)
        self.apart.clear()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """What goes wrong with an operation becomes the error that it is."""
        try:
            yield
        except struct.error as error:
            raise self.cut_short() from error
        except IndexError as error:
            if self.position >= len(self.data):
                raise self.cut_short() from error
            raise self.damaged("takes more from its stack than is there") from error
        except (KeyError, ValueError) as error:  # ValueError: of a number or a text
            raise self.damaged("has an operation without a meaning") from error

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
            where=f"offset {self.base + self.position}",
            hint="the file is damaged: copy it again",
        )

    def cut_short(self) -> CutShortError:
        """The bytes end here."""
        return CutShortError(
            "ends in the middle of a pickle",
            path=self.name,
            where=f"offset {self.base + self.position}",
            hint="the file is cut short: copy it again",
        )
