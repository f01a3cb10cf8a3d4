"""The list of variables as a table, as plain names and as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.names import all_printable, printable, scope_of
from scopecli.render import words
from scopecli.render.output import write, write_lines
from scopecli.render.width import measures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable
    from scopecli.render.output import Output
    from scopecli.render.several import Turn
    from scopecli.render.style import Role, Span

Columns = tuple[str, str, str, str, str]

_NAME = "name"
_HEADINGS: Columns = ("shape", "dtype", "params", "bytes", "")
_COLUMN_ROLES: tuple[Role, ...] = ("shape", "dtype", "size", "size", "mark")
_CSV_COLUMNS = (
    "key",
    "name",
    "scope",
    "shape",
    "dtype",
    "params",
    "bytes",
    "kind",
    "trainable",
    "collections",
)
_MOST_ALIGNED = 100  # a longer name shifts only its own columns


def draw(model: Model, variables: Sequence[Variable], output: Output, turn: Turn) -> None:
    """Write a line for each variable, in columns, under a line of headings.

    With several models, the path of each is above its table.
    """
    if not turn.is_only:
        write([turn.gap])
        write_lines([[(printable(model.path), "title")]], output)
    names = all_printable([variable.name for variable in variables])
    columns_of = words.Remembered(model, _columns)
    columns = list(map(columns_of, variables))
    layout = _Layout(names, {_HEADINGS, *columns})
    (heading,) = layout.texts([_NAME], [_HEADINGS])
    if output.color:
        spans: list[list[Span]] = [[(heading.rstrip(), "title")]]
        rows = zip(variables, names, columns, strict=True)
        spans += (layout.spans(name, row, _role(variable)) for variable, name, row in rows)
        if output.rich_draws(len(spans)):
            from scopecli.render.rich_output import print_lines

            print_lines(spans)
        else:
            write_lines(spans, output)
    else:
        write([heading])
        write(layout.texts(names, columns))


class _Layout:
    """The widths of the columns, and the text of each distinct row of them."""

    def __init__(self, names: Sequence[str], distinct: Iterable[Columns]) -> None:
        width_of, self._pad = measures(names)
        widths = set(map(width_of, names))
        self._name = max((n for n in widths if n <= _MOST_ALIGNED), default=0)
        self._name = max(self._name, len(_NAME))
        rows = list(distinct)
        self._shape, self._dtype, self._params, self._bytes = (
            max(len(row[i]) for row in rows) for i in range(4)
        )
        self._texts = {row: "  " + "".join(self._padded(row)).rstrip() + "\n" for row in rows}

    def texts(self, names: Iterable[str], rows: Iterable[Columns]) -> Iterator[str]:
        """All lines."""
        width, texts, pad = self._name, self._texts, self._pad
        return (pad(name, width) + texts[row] for name, row in zip(names, rows, strict=True))

    def spans(self, name: str, row: Columns, role: Role) -> list[Span]:
        """A line as spans."""
        label = self._pad(name, self._name)
        return [(f"{label}  ", role), *zip(self._padded(row), _COLUMN_ROLES, strict=True)]

    def _padded(self, row: Columns) -> Columns:
        shape, dtype, params, size, marks = row
        return (
            f"{shape:<{self._shape}}  ",
            f"{dtype:<{self._dtype}}  ",
            f"{params:>{self._params}}  ",
            f"{size:>{self._bytes}}  ",
            marks,
        )


def _columns(variable: Variable, collections: tuple[str, ...]) -> Columns:
    return (
        words.shape(variable.shape),
        printable(variable.dtype),
        str(variable.params),
        "?" if variable.nbytes is None else str(variable.nbytes),
        ", ".join(words.marks(variable, collections)),
    )


def _role(variable: Variable) -> Role:
    return "variable" if variable.is_parameter else "slot"


def draw_names(variables: Sequence[Variable]) -> None:
    """Write just the names, one on each line, with characters escaped that would break a line."""
    write(f"{name}\n" for name in all_printable([variable.name for variable in variables]))


def draw_csv(model: Model, variables: Sequence[Variable], turn: Turn) -> None:
    """Write comma-separated values with a heading, quoted as RFC 4180 says."""
    collections = model.collections_of()
    rows = (_csv_row(model, v, collections.get(v.key, ())) for v in variables)
    write(csv_lines(_CSV_COLUMNS, rows, model, turn))


def csv_lines(
    heading: Sequence[str], rows: Iterable[Sequence[object]], model: Model, turn: Turn
) -> Iterator[str]:
    """Rows of a model as comma-separated values, a line at a time; the first model has headings.

    With several models, each row begins with the path of its file.
    """
    import csv
    import io
    from itertools import chain

    file: list[object] = [] if turn.is_only else [printable(model.path)]
    first = [heading if turn.is_only else ["file", *heading]] if turn.number == 0 else []
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in chain(first, ([*file, *row] for row in rows)):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _csv_row(model: Model, variable: Variable, collections: tuple[str, ...]) -> list[object]:
    dims = variable.shape if variable.shape is not None else (None,)
    shape = "x".join("?" if dim is None else str(dim) for dim in dims)
    trainable = "" if variable.trainable is None else str(variable.trainable).lower()
    return [
        printable(variable.key),
        printable(variable.name),
        printable(scope_of(variable.path, model.separator)),
        shape,
        printable(variable.dtype),
        variable.params,
        "" if variable.nbytes is None else variable.nbytes,
        variable.kind,
        trainable,
        " ".join(map(printable, collections)),
    ]
