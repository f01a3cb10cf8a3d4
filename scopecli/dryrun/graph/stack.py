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
# Whose a file is: every variable asks for the whole stack, and the same files come again.
_owners: dict[str, str] = {_RUNNER: "runner"}


def _owner(file: str) -> str:
    engine = file.startswith(_PACKAGE) or os.path.basename(file) == "contextlib.py"
    owner = _owners[file] = "engine" if engine else "program"
    return owner


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
    while frame is not None and len(found) < depth:
        code = frame.f_code
        owner = _owners.get(code.co_filename) or _owner(code.co_filename)
        if owner == "runner":  # outside is what runs the program
            break
        if owner == "program":
            found.append((code, frame.f_lasti))
        frame = frame.f_back  # type: ignore[assignment]
    return Stack(found)
