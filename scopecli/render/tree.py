"""The scope tree, drawn by Rich on a terminal and streamed elsewhere, in the same columns.

A hundred thousand rows must take tenths of a second, so the columns behind a label are laid out
once for all variables that share shape, type and marks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scopecli.model.names import printable
from scopecli.render import words
from scopecli.render.output import write, write_lines

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scopecli.analysis.operations import Operations
    from scopecli.analysis.outline import Row
    from scopecli.model.model import Model
    from scopecli.model.scope import Totals
    from scopecli.model.variable import Variable
    from scopecli.render.output import Output
    from scopecli.render.style import Role, Span

_GUIDE = 4  # columns that a level is indented by
_MOST_ALIGNED = 72  # a longer label pushes its own columns aside, not everybody's

_MOST_TYPES = 4  # of operations, named behind their number

Columns = tuple[str, str, str, str]
_COLUMN_ROLES: tuple[Role, ...] = ("shape", "dtype", "size", "mark")
_TOTAL_ROLES: tuple[Role, ...] = ("dim", "dim", "dim", "mark")


class Line(NamedTuple):
    """One line of the tree before it is laid out.

    Attributes:
        depth: 0 for what is at the top.
        is_last: whether it is the last inside its parent.
        label: the name, escaped.
        role: how the label looks.
        times: how many a folded row stands for, with the sign for it; or nothing.
        columns: what stands beside it.
        roles: how that looks.
    """

    depth: int
    is_last: bool
    label: str
    role: Role
    times: str
    columns: Columns
    roles: tuple[Role, ...]


class Remarks(NamedTuple):
    """What is said of scopes beyond their totals.

    Attributes:
        used: by path, how often a scope is used, where that is more than once: `entered 2`.
        operations: the graph's operations, to be counted by scope; None to leave them out.
    """

    used: Mapping[str, str]
    operations: Operations | None

    def of(self, path: str, times_sign: str) -> str:
        """The remarks on the scope at a path."""
        said = [f"{self.used[path]}{times_sign}"] if path in self.used else []
        if self.operations is not None:
            said += _operation_words(self.operations.counts(path))
        return ", ".join(said)


def draw(model: Model, rows: Sequence[Row], remarks: Remarks, output: Output) -> None:
    """Write the tree to standard output."""
    lines = list(_lines(model, rows, remarks, output.glyphs.times))
    layout = _Layout(lines)
    if output.rich_draws(len(lines)):
        from scopecli.render.rich_output import print_tree

        print_tree(((line.depth, layout.spans(line)) for line in lines), output)
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
    """What stands before each label; nothing before those at the top, as Rich draws it."""
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
    """How wide label and columns are, and the text of each distinct set of columns."""

    def __init__(self, lines: Sequence[Line]) -> None:
        widths = [line.depth * _GUIDE + len(line.label) + len(line.times) for line in lines]
        self._label = max((width for width in widths if width <= _MOST_ALIGNED), default=0)
        distinct = {line.columns for line in lines}
        self._shape, self._dtype, self._size = (
            max((len(columns[i]) for columns in distinct), default=0) for i in range(3)
        )
        self._texts = {
            columns: "".join(self._padded(columns)).rstrip() + "\n" for columns in distinct
        }

    def text(self, line: Line) -> str:
        """A line without its guides."""
        label = line.label + line.times
        width = max(self._label - line.depth * _GUIDE, 0)
        return f"{label:<{width}}  {self._texts[line.columns]}"

    def spans(self, line: Line) -> list[Span]:
        """A line without its guides, in roles."""
        space = self._label - line.depth * _GUIDE - len(line.label) - len(line.times)
        return [
            (line.label, line.role),
            (line.times, "mark"),
            (" " * (max(space, 0) + 2), "plain"),
            *zip(self._padded(line.columns), line.roles, strict=True),
        ]

    def _padded(self, columns: Columns) -> Columns:
        shape, dtype, size, marks = columns
        return (
            f"{shape:<{self._shape}}  ",
            f"{dtype:<{self._dtype}}  ",
            f"{size:>{self._size}}  ",
            marks,
        )


def _lines(model: Model, rows: Iterable[Row], remarks: Remarks, times_sign: str) -> Iterator[Line]:
    """The lines of the rows; variables that share one path have a line each."""
    columns_of = words.Remembered(model, _variable_columns)
    for row in rows:
        label = printable(row.label) or '""'
        times = f" {times_sign}{row.times}" if row.times > 1 else ""
        remark = remarks.of(row.path, times_sign)
        for variable in row.variables:
            columns = columns_of(variable)
            if remark:
                columns = (*columns[:3], ", ".join(filter(None, (columns[3], remark))))
            is_last = row.is_last and variable is row.variables[-1]
            role = _label_role(variable, row)
            yield Line(row.depth, is_last, label, role, times, columns, _COLUMN_ROLES)
        if not row.variables:
            columns = _totals_columns(row.totals, remark)
            yield Line(row.depth, row.is_last, label, "scope", times, columns, _TOTAL_ROLES)


def _operation_words(counts: Counter[str]) -> list[str]:
    """The number of operations and the most frequent types; nothing where there are none."""
    if not counts:
        return []
    most = ", ".join(f"{op} {count}" for op, count in counts.most_common(_MOST_TYPES))
    more = " ..." if len(counts) > _MOST_TYPES else ""
    return [f"{words.plural(counts.total(), 'op')}: {most}{more}"]


def _label_role(variable: Variable, row: Row) -> Role:
    if row.totals is not None:
        return "scope"
    return "variable" if variable.is_parameter else "slot"


def _variable_columns(variable: Variable, collections: tuple[str, ...]) -> Columns:
    return (
        words.shape(variable.shape),
        printable(variable.dtype),
        words.size(variable.nbytes),
        ", ".join(words.marks(variable, collections)),
    )


def _totals_columns(totals: Totals | None, remark: str) -> Columns:
    if totals is None:
        return "", "", "", remark
    return (
        words.plural(totals.entries, "tensor"),
        f"{words.count(totals.params)} params" if totals.params else "",
        words.size(totals.bytes),
        remark,
    )
