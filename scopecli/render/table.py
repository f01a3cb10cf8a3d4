"""The list of variables as a table, as bare names and as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.names import printable
from scopecli.render import words
from scopecli.render.output import write, write_lines
from scopecli.render.style import Role, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable
    from scopecli.render.output import Output

_HEADERS = ("name", "shape", "dtype", "params", "bytes", "")
_ROLES: tuple[Role, ...] = ("variable", "shape", "dtype", "size", "size", "mark")
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
_MOST_ALIGNED = 100  # a longer name pushes its own columns aside, not everybody's


def draw(model: Model, variables: Sequence[Variable], output: Output) -> None:
    """Write a line a variable, in columns, under a line of headings."""
    names = [printable(variable.name) for variable in variables]
    cells = _Cells(model, variables)
    width = max((len(n) for n in names if len(n) <= _MOST_ALIGNED), default=len(_HEADERS[0]))
    if output.color:
        spans = _spans(names, variables, cells, width)
        if output.rich_draws(len(names)):
            from scopecli.render.rich_output import print_lines

            print_lines(spans, output)
        else:
            write_lines(spans, output)
    else:
        heading = f"{_HEADERS[0]:<{width}}  {cells.heading}".rstrip() + "\n"
        write([heading])
        write(
            f"{name:<{width}}  {cells.line(variable)}\n"
            for name, variable in zip(names, variables, strict=True)
        )


class _Cells:
    """The columns behind the name. Most variables share theirs with many others."""

    def __init__(self, model: Model, variables: Sequence[Variable]) -> None:
        self._collections = model.collections_of()
        self._known: dict[tuple[object, ...], tuple[str, ...]] = {}
        self._lines: dict[tuple[object, ...], str] = {}
        rows = [self.row(variable) for variable in variables]
        distinct = [_HEADERS[1:], *set(rows)]
        self._widths = [max(len(row[i]) for row in distinct) for i in range(4)]
        self.heading = self._joined(_HEADERS[1:])

    def row(self, variable: Variable) -> tuple[str, ...]:
        """Shape, dtype, parameters, bytes and marks."""
        key = self._key(variable)
        row = self._known.get(key)
        if row is None:
            collections = self._collections.get(variable.key, ())
            row = self._known[key] = (
                words.shape(variable.shape),
                printable(variable.dtype),
                str(variable.params),
                "?" if variable.nbytes is None else str(variable.nbytes),
                ", ".join(words.marks(variable, collections)),
            )
        return row

    def line(self, variable: Variable) -> str:
        """The columns, padded."""
        key = self._key(variable)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = self._joined(self.row(variable))
        return line

    def padded(self, variable: Variable) -> list[str]:
        """The columns, padded, one by one."""
        return self._pad(self.row(variable))

    def _joined(self, row: tuple[str, ...]) -> str:
        return "".join(self._pad(row)).rstrip()

    def _pad(self, row: tuple[str, ...]) -> list[str]:
        shape, dtype, params, size = self._widths
        return [
            f"{row[0]:<{shape}}  ",
            f"{row[1]:<{dtype}}  ",
            f"{row[2]:>{params}}  ",
            f"{row[3]:>{size}}  ",
            row[4],
        ]

    def _key(self, variable: Variable) -> tuple[object, ...]:
        if variable.attributes:
            return (variable.key,)
        return (variable[2:7], self._collections.get(variable.key))


def _spans(
    names: Sequence[str], variables: Sequence[Variable], cells: _Cells, width: int
) -> Iterator[tuple[Span, ...]]:
    yield (Span(f"{_HEADERS[0]:<{width}}  {cells.heading}", "title"),)
    for name, variable in zip(names, variables, strict=True):
        yield (
            Span(f"{name:<{width}}  ", "variable" if variable.is_parameter else "slot"),
            *(
                Span(text, role)
                for text, role in zip(cells.padded(variable), _ROLES[1:], strict=True)
            ),
        )


def draw_names(variables: Sequence[Variable]) -> None:
    """Write just the names, a line each; characters that would break a line are escaped."""
    write(printable(variable.name) + "\n" for variable in variables)


def draw_csv(model: Model, variables: Sequence[Variable]) -> None:
    """Write comma-separated values with a heading, quoted as RFC 4180 says."""
    import csv
    import io

    collections = model.collections_of()

    def rows() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(_CSV_COLUMNS)
        for variable in variables:
            writer.writerow(_csv_row(model, variable, collections.get(variable.key, ())))
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
        yield buffer.getvalue()

    write(rows())


def _csv_row(model: Model, variable: Variable, collections: tuple[str, ...]) -> list[object]:
    from scopecli.model.names import scope_of

    shape = "?" if variable.shape is None else "x".join(map(str, variable.shape))
    trainable = "" if variable.trainable is None else str(variable.trainable).lower()
    return [
        printable(variable.key),
        printable(variable.name),
        printable(scope_of(variable.path, model.separator)),
        shape,
        variable.dtype,
        variable.params,
        "" if variable.nbytes is None else variable.nbytes,
        variable.kind,
        trainable,
        " ".join(collections),
    ]
