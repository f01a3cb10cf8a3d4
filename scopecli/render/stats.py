"""Statistics of values: a table of scopes and variables, and CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.model_stats import Figures, memory
from scopecli.model.names import listed, printable
from scopecli.render import header, words
from scopecli.render.output import write, write_lines
from scopecli.render.table import csv_lines
from scopecli.render.tree_lines import Columns, Line, draw_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.analysis.model_stats import Group, ModelStats
    from scopecli.analysis.outline import Row
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable
    from scopecli.render.output import Output
    from scopecli.render.several import Turn
    from scopecli.render.style import Role, Span

_HEADINGS: Columns = ("params", "bytes", "zeros", "norm", "min", "max", "mean", "std", "")
_ALIGNMENT = ">" * (len(_HEADINGS) - 1)


def _roles(figures: Role, remarks: Role) -> tuple[Role, ...]:
    return (*(figures for _ in _ALIGNMENT), remarks)


_HEADING_ROLES = _roles("title", "title")
_ROLES = _roles("size", "mark")
_TOTAL_ROLES = _roles("dim", "mark")
_NO_FIGURES = ("-",) * 6
_MOST_NAMED = 3

_CSV_COLUMNS = (
    "key",
    "name",
    "path",
    "kind",
    "entries",
    "params",
    "bytes",
    *Figures._fields,
    "problem",
)


def draw(
    model: Model,
    variables: Sequence[Variable],
    rows: Sequence[Row],
    stats: ModelStats,
    output: Output,
) -> None:
    """Write a header, the table, the memory, and what could not be read."""
    write_lines(header.lines(model, variables, output.glyphs), output)
    draw_lines(list(_lines(variables, rows, stats, output)), output, _ALIGNMENT)
    write_lines(
        [[("", "plain")], _memory_line(variables, output), *_problems(variables, stats)], output
    )


def _lines(
    variables: Sequence[Variable], rows: Sequence[Row], stats: ModelStats, output: Output
) -> Iterator[Line]:
    """A line of headings, one for each row, and one for everything."""
    yield Line(
        0, is_last=False, label="", role="title", times="", columns=_HEADINGS, roles=_HEADING_ROLES
    )
    for row in rows:
        label = printable(row.label) or '""'
        for variable in row.variables:
            is_last = row.is_last and variable is row.variables[-1]
            columns = _columns(stats.group([variable]), _bars(stats.histogram(variable), output))
            yield Line(row.depth, is_last, label, _role(variable, row), "", columns, _ROLES)
        if row.scope is not None and not row.variables:
            columns = _columns(stats.group(row.scope.variables))
            yield Line(row.depth, row.is_last, label, "scope", "", columns, _TOTAL_ROLES)
    total = _columns(stats.group(variables))
    yield Line(
        0, is_last=True, label="all", role="title", times="", columns=total, roles=_TOTAL_ROLES
    )


def _role(variable: Variable, row: Row) -> Role:
    if row.scope is not None:
        return "scope"
    return "variable" if variable.is_parameter else "slot"


def _bars(histogram: Sequence[int], output: Output) -> str:
    """A histogram with two intervals in each bar, as the line is long."""
    pairs = zip(histogram[::2], histogram[1::2], strict=True)
    return words.sparkline([a + b for a, b in pairs], output.glyphs.bars) if histogram else ""


def _columns(group: Group, bars: str = "") -> Columns:
    figures, remarks = group.figures, [bars] if bars else []
    if figures is not None:
        if figures.nans:
            remarks.append(f"{figures.nans} NaN")
        if figures.infinities:
            remarks.append(f"{figures.infinities} Inf")
        if group.unread:
            remarks.append(f"{group.unread} not read")
    return (
        words.count(group.params) if group.params else "-",
        words.size(group.bytes),
        *(_NO_FIGURES if figures is None else _texts(figures)),
        "  ".join(remarks),
    )


def _texts(figures: Figures) -> tuple[str, ...]:
    share = "-" if figures.sparsity is None else f"{figures.sparsity:.1%}"
    numbers = (figures.norm, figures.minimum, figures.maximum, figures.mean, figures.std)
    return (share, *("-" if number is None else f"{number:.3g}" for number in numbers))


def _memory_line(variables: Sequence[Variable], output: Output) -> list[Span]:
    """The memory that the parameters would take."""
    sizes = output.glyphs.dot.join(
        f"{words.size(size)} {'as stored' if dtype == 'stored' else f'as {dtype}'}"
        for dtype, size in memory(variables).items()
    )
    return [("memory of the parameters: ", "dim"), (sizes, "plain")]


def _problems(variables: Sequence[Variable], stats: ModelStats) -> Iterator[list[Span]]:
    """Each reason once, with the variables that could not be read for it."""
    names: dict[str, list[str]] = {}
    for variable in variables:
        if variable.key in stats.problems:
            names.setdefault(stats.problems[variable.key], []).append(variable.name)
    for problem, named in names.items():
        yield [(printable(f"not read: {listed(named, _MOST_NAMED)}: {problem}"), "note")]


def draw_csv(
    model: Model, variables: Sequence[Variable], rows: Sequence[Row], stats: ModelStats, turn: Turn
) -> None:
    """Write the rows as comma-separated values; the first is for everything, with an empty path."""
    write(csv_lines(_CSV_COLUMNS, _csv_rows(variables, rows, stats), model, turn))


def _csv_rows(
    variables: Sequence[Variable], rows: Sequence[Row], stats: ModelStats
) -> Iterator[list[object]]:
    yield ["", "", "", "scope", *_csv_group(stats.group(variables)), ""]
    for row in rows:
        path = printable(row.path)
        if row.scope is not None:
            yield ["", "", path, "scope", *_csv_group(stats.group(row.scope.variables)), ""]
        for variable in row.variables:
            yield [
                printable(variable.key),
                printable(variable.name),
                path,
                variable.kind,
                *_csv_group(stats.group([variable])),
                printable(stats.problems.get(variable.key, "")),
            ]


def _csv_group(group: Group) -> list[object]:
    """Counts and figures; an empty field for what is not known."""
    figures = group.figures or (None,) * len(Figures._fields)
    return [group.entries, group.params, group.bytes, *figures]
