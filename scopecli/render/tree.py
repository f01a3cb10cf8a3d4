"""The scope tree, drawn by Rich on a terminal and streamed elsewhere, in the same columns."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from scopecli.model.names import printable
from scopecli.render import words
from scopecli.render.output import write_lines
from scopecli.render.style import Glyphs, Role, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.analysis.outline import Row
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable
    from scopecli.render.output import Output

_GUIDE = 4  # columns that a level is indented by
_MOST_ALIGNED = 72  # a longer label pushes its own columns aside, not everybody's


class Line(NamedTuple):
    """One row of the tree, ready to be laid out: the label, and the columns beside it."""

    depth: int
    is_last: bool
    label: tuple[Span, ...]
    columns: tuple[Span, Span, Span, Span]

    @property
    def width(self) -> int:
        """How wide guides and label are."""
        return self.depth * _GUIDE + sum(len(span.text) for span in self.label)


class Widths(NamedTuple):
    """How wide the label and the three columns behind it are."""

    label: int
    shape: int
    dtype: int
    size: int


def draw(model: Model, rows: Sequence[Row], output: Output) -> None:
    """Write the tree to standard output."""
    lines = _lines(model, rows, output.glyphs)
    widths = _widths(lines)
    if output.rich_draws(len(lines)):
        from scopecli.render.rich_output import print_tree

        print_tree([(line.depth, _spans(line, widths)) for line in lines], output)
    else:
        write_lines(_with_guides(lines, widths, output.glyphs), output)


def _with_guides(
    lines: Sequence[Line], widths: Widths, glyphs: Glyphs
) -> Iterator[tuple[Span, ...]]:
    """The lines with their guides; what is at the top has none, as Rich draws it."""
    trunk: list[str] = []  # for each level above, its line downwards or nothing
    for line in lines:
        if line.depth == 0:
            trunk.clear()
            yield _spans(line, widths)
            continue
        del trunk[line.depth - 1 :]
        corner = glyphs.last if line.is_last else glyphs.branch
        yield (Span("".join(trunk) + corner, "dim"), *_spans(line, widths))
        trunk.append(glyphs.blank if line.is_last else glyphs.through)


def _spans(line: Line, widths: Widths) -> tuple[Span, ...]:
    """Label and columns, padded so that columns stand below one another."""
    shape, dtype, size, marks = line.columns
    return (
        *line.label,
        Span(" " * (widths.label - line.width + 2 if widths.label > line.width else 2)),
        Span(f"{shape.text:<{widths.shape}}  ", shape.role),
        Span(f"{dtype.text:<{widths.dtype}}  ", dtype.role),
        Span(f"{size.text:>{widths.size}}  ", size.role),
        marks,
    )


def _widths(lines: Sequence[Line]) -> Widths:
    aligned = [line.width for line in lines if line.width <= _MOST_ALIGNED]
    return Widths(
        max(aligned, default=0),
        *(max((len(line.columns[i].text) for line in lines), default=0) for i in range(3)),
    )


def _lines(model: Model, rows: Sequence[Row], glyphs: Glyphs) -> list[Line]:
    collections = model.collections_of()
    calls = {reuse.scope: len(reuse.entries) for reuse in model.reuse}
    return list(chain.from_iterable(_lines_of(row, collections, calls, glyphs) for row in rows))


def _lines_of(
    row: Row,
    collections: Mapping[str, tuple[str, ...]],
    calls: Mapping[str, int],
    glyphs: Glyphs,
) -> Iterator[Line]:
    """The line of a row; variables that share one path have a line each, the scope on the last."""
    label = printable(row.label) or '""'
    times = (Span(f" {glyphs.times}{row.times}", "mark"),) if row.times > 1 else ()
    called = f"called {calls[row.path]}{glyphs.times}" if row.path in calls else ""
    for variable in row.variables:
        last_one = variable is row.variables[-1]
        yield Line(
            row.depth,
            row.is_last and last_one,
            (Span(label, _label_role(variable, row)), *times),
            _variable_columns(variable, collections.get(variable.key, ()), called),
        )
    if not row.variables and row.totals is not None:
        yield Line(
            row.depth,
            row.is_last,
            (Span(label, "scope"), *times),
            (
                Span(words.plural(row.totals.entries, "tensor"), "dim"),
                Span(f"{words.count(row.totals.params)} params", "dim"),
                Span(words.size(row.totals.bytes), "dim"),
                Span(called, "mark"),
            ),
        )


def _label_role(variable: Variable, row: Row) -> Role:
    if row.totals is not None:
        return "scope"
    return "variable" if variable.is_parameter else "slot"


def _variable_columns(
    variable: Variable, collections: tuple[str, ...], called: str
) -> tuple[Span, Span, Span, Span]:
    marks = words.marks(variable, collections) + ([called] if called else [])
    return (
        Span(words.shape(variable.shape), "shape"),
        Span(printable(variable.dtype), "dtype"),
        Span(words.size(variable.nbytes), "size"),
        Span(", ".join(marks), "dim" if variable.kind == "slot" else "mark"),
    )
