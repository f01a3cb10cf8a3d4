"""The scope tree of a model: what its lines say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.names import printable
from scopecli.model.records import NamedTuple
from scopecli.render import words
from scopecli.render.tree_lines import Columns, Line, draw_lines

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scopecli.analysis.operations import Operations
    from scopecli.analysis.outline import Row
    from scopecli.model.model import Model
    from scopecli.model.scope import Totals
    from scopecli.model.variable import Variable
    from scopecli.render.output import Output
    from scopecli.render.style import Role

_MOST_TYPES = 4  # of operations, named after their number

_COLUMN_ROLES: tuple[Role, ...] = ("shape", "dtype", "size", "mark")
_TOTAL_ROLES: tuple[Role, ...] = ("dim", "dim", "dim", "mark")


class Remarks(NamedTuple):
    """Remarks on scopes, beyond their totals.

    Attributes:
        used: by path, how often a scope is used, if more than once: `entered 2`.
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
    draw_lines(list(_lines(model, rows, remarks, output.glyphs.times)), output)


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
        words.counted(totals.params, "param") if totals.params else "",
        words.size(totals.bytes),
        remark,
    )
