"""Output drawn by Rich. Imported only for output in colour on a terminal, as it takes 25 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from scopecli.render.style import RICH_STYLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scopecli.render.style import Span


def print_tree(rows: Iterable[tuple[int, Sequence[Span]]]) -> None:
    """Draw a tree; a row is its depth and its text."""
    root = Tree("", hide_root=True, guide_style=RICH_STYLES["dim"])
    branch = [root]  # the last node drawn at each depth
    width = 1
    for depth, spans in rows:
        # A guide is four columns wide, a character two at the most.
        width = max(width, 4 * depth + 2 * sum(len(text) for text, _ in spans))
        del branch[depth + 1 :]
        branch.append(branch[depth].add(_text(spans)))
    # The terminal wraps long lines: a name that is cut off cannot be copied. A soft wrap alone does
    # not do, because a tree is cut at the width of the console.
    _console(width).print(root, soft_wrap=True)


def print_lines(lines: Iterable[Sequence[Span]]) -> None:
    """Print lines of spans."""
    screen = _console()
    for spans in lines:
        screen.print(_text(spans), soft_wrap=True)


def _console(width: int | None = None) -> Console:
    """A console that takes nothing in a name for markup, a link or an emoji.

    It always uses colours: that was decided before, as `--color always` overrides the environment.
    """
    return Console(
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
        force_terminal=True,
        color_system="standard",
        no_color=False,
    )


def _text(spans: Sequence[Span]) -> Text:
    text = Text.assemble(*((text, RICH_STYLES[role]) for text, role in spans))
    text.rstrip()  # versions of Rich differ in what they do with trailing spaces
    return text
