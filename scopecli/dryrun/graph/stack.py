"""Where the program stands: the frames that are not the engine's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType

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

    def __init__(self, frames: list[tuple[CodeType, int]]) -> None:
        self._frames = frames

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, number: Any) -> Any:
        code, instruction = self._frames[number]
        lines = code.co_lines()
        line = next((n for start, end, n in lines if start <= instruction < end), None)
        return code.co_filename, line or code.co_firstlineno, code.co_name


NOWHERE = Stack([])


def user_stack(depth: int) -> Stack:
    """The innermost frames that are not the engine's own."""
    found: list[tuple[CodeType, int]] = []
    frame = sys._getframe(1)  # noqa: SLF001 - the cheap way to walk the stack
    owners = _owners
    while len(found) < depth:
        while frame is not None and not owners[frame.f_code.co_filename]:
            frame = frame.f_back  # type: ignore[assignment]
        # Outside is what runs the program.
        if frame is None or owners[frame.f_code.co_filename] == "runner":
            break
        found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back  # type: ignore[assignment]
    return Stack(found)
