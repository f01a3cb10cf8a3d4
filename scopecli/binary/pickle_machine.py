"""The stack machine that a pickle is a program for: its stack, its memo, and where the walk is."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scopecli.binary.pickle_values import Global, Parts
from scopecli.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.pickle_values import Form, Persistent, View


class CutShortError(DamagedFileError):
    """The bytes end before the pickle does."""


class Machine:
    """What the operations of a pickle work on.

    Attributes:
        data: bytes that hold the pickle.
        name: how errors name them.
        position: where the next byte is.
        stack: of values.
        marks: the heights of the stack that were marked.
        memo: values by their numbers.
        imports: everything that would be imported.
        kept_outside: everything that the pickle only names.
        forms: of views, by the operations that say them.
    """

    __slots__ = (
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
        self.position = start
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.imports: dict[tuple[str, str], Global] = {}
        self.kept_outside: list[Persistent | View] = []
        self.forms: dict[tuple[bytes, ...], Form] = {}

    def remembered(self, index: int) -> object:
        """What the memo has under a number."""
        value = self.memo[index]
        return value.at(index) if type(value) is Parts else value

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
