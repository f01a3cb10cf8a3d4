"""The lines of a tree, drawn by Rich on a terminal and streamed elsewhere, in the same columns.

A hundred thousand rows must take tenths of a second, so columns are laid out once for all lines
that have the same ones.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple
from scopecli.render.output import write, write_lines
from scopecli.render.width import measures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scopecli.render.output import Output
    from scopecli.render.style import Role, Span

_MOST_KNOWN = 4096  # texts of columns
_GUIDE = 4  # characters by which each level is indented
_MOST_ALIGNED = 72  # a longer label shifts only its own columns

Columns = tuple[str, ...]
# The alignments of the columns, as in format specifications; the last column is not aligned.
_TREE = "<<>"


class Line(NamedTuple):
    """One line of the tree before it is laid out.

    Attributes:
        depth: 0 for what is at the top.
        is_last: whether it is the last inside its parent.
        label: the name, escaped.
        role: how the label looks.
        times: how many a folded row stands for, with the sign for it; else empty.
        columns: the texts beside the label.
        roles: the roles of the columns.
    """

    depth: int
    is_last: bool
    label: str
    role: Role
    times: str
    columns: Columns
    roles: tuple[Role, ...]


def draw_lines(lines: Sequence[Line], output: Output, alignment: str = _TREE) -> None:
    """Write the lines to standard output."""
    layout = _Layout(lines, alignment)
    if output.rich_draws(len(lines)):
        from scopecli.render.rich_output import print_tree

        print_tree((line.depth, layout.spans(line)) for line in lines)
    elif output.color:
        guides = _guides(lines, output)
        write_lines(
            (
                [(guide, "dim"), *layout.spans(line)]
                for guide, line in zip(guides, lines, strict=True)
            ),
            output,
        )
    else:
        guides = _guides(lines, output)
        write(guide + layout.text(line) for guide, line in zip(guides, lines, strict=True))


def _guides(lines: Iterable[Line], output: Output) -> Iterator[str]:
    """The guides before each label; as in Rich, none before those at the top."""
    glyphs = output.glyphs
    trunks = [""]  # for each depth, the lines that run down from the levels above
    for line in lines:
        depth = line.depth
        if depth == 0:
            yield ""
            continue
        del trunks[depth:]
        trunk = trunks[depth - 1]
        yield trunk + (glyphs.last if line.is_last else glyphs.branch)
        trunks.append(trunk + (glyphs.blank if line.is_last else glyphs.through))


class _Layout:
    """The widths of label and columns, and the texts of the rows of columns that are met again."""

    def __init__(self, lines: Sequence[Line], alignment: str) -> None:
        self._width_of, self._pad = measures(line.label for line in lines)
        width_of = self._width_of
        widths = [line.depth * _GUIDE + width_of(line.label) + len(line.times) for line in lines]
        self._label = max((width for width in widths if width <= _MOST_ALIGNED), default=0)
        distinct = {line.columns for line in lines}
        self._columns = [
            (align, max((len(columns[i]) for columns in distinct), default=0))
            for i, align in enumerate(alignment)
        ]
        # A tree has the same few columns again and again; statistics have others in each line.
        self._text = lru_cache(_MOST_KNOWN)(self._laid_out)

    def text(self, line: Line) -> str:
        """A line without its guides."""
        label = line.label + line.times
        width = max(self._label - line.depth * _GUIDE, 0)
        return f"{self._pad(label, width)}  {self._text(line.columns)}"

    def spans(self, line: Line) -> list[Span]:
        """A line without its guides, as spans."""
        space = self._label - line.depth * _GUIDE - self._width_of(line.label) - len(line.times)
        return [
            (line.label, line.role),
            (line.times, "mark"),
            (" " * (max(space, 0) + 2), "plain"),
            *zip(self._padded(line.columns), line.roles, strict=True),
        ]

    def _laid_out(self, columns: Columns) -> str:
        return "".join(self._padded(columns)).rstrip() + "\n"

    def _padded(self, columns: Columns) -> Columns:
        padded = [
            f"{text:{align}{width}}  "
            for text, (align, width) in zip(columns, self._columns, strict=False)
        ]
        return (*padded, columns[-1])
