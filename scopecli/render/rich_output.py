"""What Rich draws. Imported only where a person looks at a terminal, because it takes 25 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from scopecli.render.style import RICH_STYLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scopecli.render.output import Output
    from scopecli.render.style import Span


def print_tree(rows: Iterable[tuple[int, Sequence[Span]]], output: Output) -> None:
    """Draw a tree; a row is its depth and its text."""
    root = Tree("", hide_root=True, guide_style=RICH_STYLES["dim"])
    branch = [root]  # the last node drawn at each depth
    for depth, spans in rows:
        del branch[depth + 1 :]
        branch.append(branch[depth].add(_text(spans)))
    # A soft wrap leaves long lines to the terminal: a name that is cut off cannot be copied.
    console(output).print(root, soft_wrap=True)


def print_lines(lines: Iterable[Sequence[Span]], output: Output) -> None:
    """Print lines of spans."""
    screen = console(output)
    for spans in lines:
        screen.print(_text(spans), soft_wrap=True)


def console(output: Output) -> Console:
    """A console that takes nothing in a name for markup, a link or an emoji."""
    return Console(
        markup=False,
        emoji=False,
        highlight=False,
        force_terminal=True,
        no_color=not output.color,
    )


def _text(spans: Sequence[Span]) -> Text:
    return Text.assemble(*((text, RICH_STYLES[role]) for text, role in spans))
