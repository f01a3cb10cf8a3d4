"""What is said of a command line that is not understood, and what may have been meant."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What people type who know other tools, and what it is called here.
_ELSEWHERE = {
    "cat": "show",
    "check": "validate",
    "compare": "diff",
    "dir": "list",
    "inspect": "info",
    "ls": "list",
    "mv": "rename",
    "print": "show",
    "summary": "info",
}


def usage_text(error: click.ClickException) -> str:
    """Click's message, and where to read on."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.NoSuchOption):
        text = _no_such_option(error)
    else:
        text = error.format_message().rstrip(".")
    if context is None:
        return text
    join = " See" if text.endswith("?") else "; see"
    return f"{text}{join} {context.command_path} -h"


def no_such_command(name: str, commands: Iterable[str]) -> str:
    """What to say of a word that stands where a command is expected."""
    if os.path.exists(name) or os.path.exists(f"{name}.index"):
        return _with_hint(f"no command {name!r}", [f"tree {name}"])
    from difflib import get_close_matches

    elsewhere = _ELSEWHERE.get(name)
    near = [elsewhere] if elsewhere else get_close_matches(name, commands, 1)
    return _with_hint(f"no command {name!r}", near)


def _no_such_option(error: click.NoSuchOption) -> str:
    choices = list(_as_choice(error.option_name, error.ctx)) if error.ctx else []
    near = choices or error.possibilities or []
    return _with_hint(f"no option {error.option_name!r}", near)


def _as_choice(name: str, context: click.Context) -> Iterator[str]:
    """`--json` is what an option of another name may be set to."""
    word = name.lstrip("-")
    for option in context.command.params:
        if isinstance(option.type, click.Choice) and word in option.type.choices:
            yield f"{option.opts[0]} {word}"


def _with_hint(text: str, near: Iterable[str]) -> str:
    named = " or ".join(repr(name) for name in near)
    return f"{text}, did you mean {named}?" if named else text
