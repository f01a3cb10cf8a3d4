"""Standard output: a terminal that Rich draws on, or a stream of lines."""

from __future__ import annotations

import os
import sys
from itertools import islice
from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple
from scopecli.render.style import ASCII, UNICODE, Glyphs, Span, sgr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Rich lays out every cell of every row, which takes some seconds for 10,000 rows.
RICH_ROWS = 1000
_LINES_AT_ONCE = 512


class Output(NamedTuple):
    """How standard output is to be written.

    Attributes:
        terminal: whether a person is looking at it.
        color: whether it takes colours.
        glyphs: the signs that its encoding has.
    """

    terminal: bool
    color: bool
    glyphs: Glyphs

    def rich_draws(self, rows: int) -> bool:
        """Whether Rich draws this number of rows, which it does in colour only."""
        return self.terminal and self.color and rows <= RICH_ROWS


def detect(color: str) -> Output:
    """Look at standard output, the environment and `--color` (auto, always or never).

    https://no-color.org, https://force-color.org
    """
    terminal = sys.stdout.isatty()
    wanted = os.environ.get("FORCE_COLOR") or (terminal and os.environ.get("TERM") != "dumb")
    colored = {"always": True, "never": False}.get(
        color, bool(wanted) and not os.environ.get("NO_COLOR")
    )
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return Output(terminal, colored, UNICODE if encoding.startswith("utf") else ASCII)


def chosen(output_format: str, color: str) -> Output:
    """How to write in the format and colour that were asked for.

    `plain` has no colours and no signs beyond ASCII, and Rich draws none of it.
    """
    if output_format == "plain":
        return Output(terminal=False, color=False, glyphs=ASCII)
    return detect(color)


def write(pieces: Iterable[str]) -> None:
    """Write text in large pieces: a call for each line takes longer than making the lines."""
    waiting = iter(pieces)
    while lines := list(islice(waiting, _LINES_AT_ONCE)):
        sys.stdout.write("".join(lines))


def write_lines(lines: Iterable[Sequence[Span]], output: Output) -> None:
    """Write lines of spans, coloured where the output takes colours."""
    write(_as_text(lines, output))


def _as_text(lines: Iterable[Sequence[Span]], output: Output) -> Iterator[str]:
    for line in lines:
        if output.color:
            yield "".join([sgr(span) for span in line]).rstrip() + "\n"
        else:
            yield "".join([text for text, _ in line]).rstrip() + "\n"
