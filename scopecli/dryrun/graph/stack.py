"""Where the program stands, the frames that are not the engine's own; and where it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_RUNNER = os.path.join(_PACKAGE, "program", "running.py")


class _Owners(dict[str, str]):
    """Whose a file is, empty for the engine: every variable asks for all frames of the stack."""

    def __missing__(self, file: str) -> str:
        engine = file.startswith(_PACKAGE) or os.path.basename(file) == "contextlib.py"
        owner = self[file] = "" if engine else "program"
        return owner


_owners = _Owners({_RUNNER: "runner"})


class Stack(Sequence[tuple[str, int, str]]):
    """Frames of the program, innermost first: file, line and function of each.

    Which line an instruction is on takes long to find, and is asked for few variables, so it is
    found when it is asked for.
    """

    __slots__ = ("_frames",)

    def __init__(self, frames: list[Any]) -> None:
        self._frames = frames  # code and instruction of each, in one list: it is half as large

    def __len__(self) -> int:
        return len(self._frames) // 2

    def __getitem__(self, number: Any) -> Any:
        place = range(0, len(self._frames), 2)[number]
        code, instruction = self._frames[place : place + 2]
        lines = code.co_lines()
        line = next((n for start, end, n in lines if start <= instruction < end), None)
        return code.co_filename, line or code.co_firstlineno, code.co_name


NOWHERE = Stack([])


def user_stack(depth: int) -> Stack:
    """The innermost frames that are not the engine's own."""
    found: list[Any] = []
    frame: Any = sys._getframe(1)  # noqa: SLF001 - the cheap way to walk the stack
    owners = _owners
    try:
        for _ in range(depth):
            while not owners[frame.f_code.co_filename]:
                frame = frame.f_back
            if frame.f_code.co_filename == _RUNNER:  # outside is what runs the program
                break
            found += frame.f_code, frame.f_lasti
            frame = frame.f_back
    except AttributeError:  # there is no frame left: cheaper than to look at each
        pass
    return Stack(found)


class GraphComplete(BaseException):
    """The program asked for a value. Not an Exception, so that no program catches it by accident.

    Attributes:
        graph: that the value is in.
        file: where the program asked.
        line: in the file.
    """

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        frames = user_stack(1)
        self.file: str
        self.line: int
        self.file, self.line = frames[0][:2] if frames else ("", 0)
        super().__init__(f"{self.file}:{self.line}")
