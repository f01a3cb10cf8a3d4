"""The manual page, written from the same facts as the reference; groff's `man` macros.

`python -m scopecli.cli` writes `scopecli.1` beside this module, and the wheel installs it.
https://man7.org/linux/man-pages/man7/man-pages.7.html, https://man.openbsd.org/man.7
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scopecli import __version__
from scopecli.cli import reference
from scopecli.cli.group import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.cli.reference import Page

_NAME = "inspect saved models from the command line"

_EXIT_STATUS = (
    ("0", "Fine."),
    ("1", "Something was found: differences, findings, an error in a program."),
    ("2", "It could not be done; one line on standard error says why."),
    ("130", "Interrupted."),
)

_ENVIRONMENT = (
    ("NO_COLOR", "No colours, where it is set to anything."),
    ("FORCE_COLOR", "Colours in a pipe, too, where it is set to anything and NO_COLOR is not."),
    ("TERM", "No colours where it is `dumb`."),
    ("COLUMNS", "How wide help pages and progress bars may be."),
    ("SCOPECLI_TRACEBACK", "Where it is set, an error of scopecli itself shows its traceback."),
)

_FILES = (
    ("scopecli.toml", "Settings of `validate`, in the working folder or above."),
    ("pyproject.toml", "The same, under [tool.scopecli]."),
)


def text() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    program, commands = reference.program(), reference.commands()
    yield '.\\" Written by `python -m scopecli.cli`.'
    yield f'.TH SCOPECLI 1 "" "scopecli {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"scopecli \\- {_NAME}"
    yield ".SH SYNOPSIS"
    yield from _synopsis(program)
    yield ".SH DESCRIPTION"
    yield from _body(program)
    yield ".SH COMMANDS"
    for name, summary in COMMANDS.items():
        yield from _tagged(name, summary)
    for name, page in commands.items():
        yield f".SH {_escaped(name.upper())}"
        yield from _synopsis(page)
        yield ".PP"
        yield from _body(page)
    yield ".SH EXIT STATUS"
    for term, said in _EXIT_STATUS:
        yield from _tagged(term, said)
    yield ".SH ENVIRONMENT"
    for term, said in _ENVIRONMENT:
        yield from _tagged(term, said)
    yield ".SH FILES"
    for term, said in _FILES:
        yield from _tagged(term, said)


def _synopsis(page: Page) -> Iterator[str]:
    name, _, rest = page.usage.partition(" [")
    yield f"\\fB{_escaped(name)}\\fR [{_escaped(rest)}"


def _body(page: Page) -> Iterator[str]:
    for number, paragraph in enumerate(page.paragraphs):
        if number:
            yield ".PP"
        yield _escaped(paragraph)
    for term, said in page.options:
        yield from _tagged(term, said)
    for title, lines in page.listings:
        yield ".PP"
        yield _escaped(title)
        yield ".PP"
        yield ".nf"
        yield ".RS 4"
        yield from (_escaped(line) for line in lines)
        yield ".RE"
        yield ".fi"


def _tagged(term: str, said: str) -> Iterator[str]:
    yield ".TP"
    yield f"\\fB{_escaped(term)}\\fR"
    yield _escaped(re.sub(r"  (\[.*\])$", r" \1", said))


def _escaped(line: str) -> str:
    """Text as roff takes it: no escape but ours, no request, and ASCII quotes that stay so."""
    for sign, name in (("\\", "\\e"), ("-", "\\-"), ("'", "\\(aq"), ("`", "\\(ga"), ("^", "\\(ha")):
        line = line.replace(sign, name)
    line = line.replace("~", "\\(ti")
    return f"\\&{line}" if line.startswith(".") else line
