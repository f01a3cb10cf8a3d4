"""Where the program stands: the frames that are not the engine's own."""

from __future__ import annotations

import sys

_PACKAGE = "scopecli.dryrun"
# Whose a module is: every variable asks for the whole stack, and the same modules come again.
_owners: dict[str, str] = {"contextlib": "engine", f"{_PACKAGE}.program.running": "runner"}


def _owner(module: str) -> str:
    owner = _owners[module] = "engine" if module.startswith(_PACKAGE) else "program"
    return owner


def user_stack(depth: int) -> list[tuple[str, int, str]]:
    """File, line and function of the innermost frames that are not the engine's own."""
    found: list[tuple[str, int, str]] = []
    frame = sys._getframe(1)  # noqa: SLF001 - the cheap way to walk the stack
    while frame is not None and len(found) < depth:
        module = frame.f_globals.get("__name__", "")
        owner = _owners.get(module) or _owner(module)
        if owner == "runner":  # outside is what runs the program
            break
        if owner == "program":
            found.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back  # type: ignore[assignment]
    return found
