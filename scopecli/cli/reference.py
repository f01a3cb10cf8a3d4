"""The command reference: help pages of all commands, as data and as Markdown.

`python -m scopecli.cli` writes it between the markers of README.md beside this module.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from scopecli.cli.group import COMMANDS
from scopecli.cli.main import scopecli
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# Click's own mark of a paragraph that is not to be wrapped.
_VERBATIM = "\b\n"

_BLOCK = re.compile(
    r"^<!-- reference: (?P<name>\S+) -->$.*?^<!-- /reference -->$", re.DOTALL | re.MULTILINE
)


class Page(NamedTuple):
    """The help page of a command.

    Attributes:
        name: the command with the program before it: `scopecli tree`.
        usage: the usage line.
        paragraphs: what the command does.
        options: how each is written, and its help text with its default.
        listings: blocks of lines, such as examples, each with its title.
    """

    name: str
    usage: str
    paragraphs: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    listings: tuple[tuple[str, tuple[str, ...]], ...]


def program() -> Page:
    """The page of the program itself."""
    return _page(scopecli, _context())


def commands() -> dict[str, Page]:
    """The page of each command, in the order of help."""
    above = _context()
    found = {}
    for name in COMMANDS:
        command = scopecli.get_command(above, name)
        assert command is not None  # noqa: S101 - the table is ours
        found[name] = _page(command, click.Context(command, above, info_name=name))
    return found


def written(text: str) -> str:
    """The text of a page, with the reference of each command between the markers that name it."""
    pages = commands()

    def block(match: re.Match[str]) -> str:
        name = match["name"]
        lines = "\n".join(markdown(pages[name]))
        return f"<!-- reference: {name} -->\n\n{lines}\n<!-- /reference -->"

    return _BLOCK.sub(block, text)


def markdown(page: Page) -> Iterator[str]:
    """Usage, what it does, options and examples."""
    yield f"Usage: `{page.usage}`\n"
    for paragraph in page.paragraphs:
        yield f"{paragraph}\n"
    for term, text in page.options:
        yield f"- `{term}`: {_prose(text)}"
    for title, lines in page.listings:
        language = "sh" if lines[0].startswith("scopecli ") else "toml"
        yield f"\n{title}\n\n```{language}"
        yield from lines
        yield "```"
    yield ""


def _context() -> click.Context:
    """The context that the program has when it is called."""
    return scopecli.make_context("scopecli", [], resilient_parsing=True)


def _page(command: click.Command, context: click.Context) -> Page:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    options = (part for part in command.get_params(context) if isinstance(part, click.Option))
    records = (option.get_help_record(context) for option in options)
    parts = [part.removeprefix(_VERBATIM) for part in (command.epilog or "").split("\n\n")]
    prose = [*(command.help or "").split("\n\n"), *(part for part in parts if not _lists(part))]
    return Page(
        context.command_path,
        usage,
        tuple(" ".join(part.split()) for part in prose),
        tuple(record for record in records if record is not None),
        tuple(_listing(part) for part in parts if _lists(part)),
    )


def _lists(paragraph: str) -> bool:
    """Whether a paragraph is a title with indented lines below."""
    return "\n  " in paragraph


def _listing(paragraph: str) -> tuple[str, tuple[str, ...]]:
    title, *lines = paragraph.splitlines()
    return title, tuple(line.strip() for line in lines)


def _prose(text: str) -> str:
    """Help text, with its default and range in code."""
    return re.sub(r"  \[(.*)\]$", r" `[\1]`", text)
