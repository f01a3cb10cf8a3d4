"""A diff as one folded scope tree, for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scopecli.analysis.diff import STATUSES
from scopecli.analysis.outline import outline
from scopecli.formats.registry import title
from scopecli.model.names import printable
from scopecli.model.variable import NO_ATTRIBUTES
from scopecli.render import diff_words, words
from scopecli.render.output import write_lines
from scopecli.render.tree_lines import Line, draw_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.analysis.diff import Diff, Entry
    from scopecli.analysis.outline import OutlineOptions, Row
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable
    from scopecli.render.output import Output
    from scopecli.render.style import Glyphs, Role, Span
    from scopecli.render.tree_lines import Columns

_ROLES: tuple[Role, ...] = ("shape", "dtype", "size", "mark")
_SCOPE_ROLES: tuple[Role, ...] = ("dim", "dim", "dim", "mark")


def draw(diff: Diff, shown: Sequence[Entry], options: OutlineOptions, output: Output) -> None:
    """Write a header with the models, summary and rules, and a tree of the shown entries."""
    write_lines(_header(diff, output.glyphs), output)
    if not shown:
        return
    places = _Places(diff, shown, output.glyphs)
    if options.fold:
        options = options._replace(closed=places.have_one_rule)
    rows = outline(places.variables, diff.b.separator, options._replace(alike=places.alike))
    write_lines([[("", "plain")]], output)
    draw_lines([line for row in rows for line in places.lines(row)], output)


def _header(diff: Diff, glyphs: Glyphs) -> Iterator[Sequence[Span]]:
    yield [("--- ", "removed"), *_model(diff.a)]
    yield [("+++ ", "added"), *_model(diff.b)]
    counts = diff_words.counts(diff.summary)
    yield [(glyphs.dot.join(counts) or "nothing to show", "plain")]
    for text in diff_words.rules(diff, glyphs.arrow):
        yield [("renamed: ", "dim"), (text, "renamed")]
    for text in diff_words.dtypes(diff, glyphs.arrow):
        yield [("dtype: ", "dim"), (text, "changed")]
    for text in diff_words.remarks_on_all(diff, glyphs.arrow):
        yield [(f"note: {text}", "note")]


def _model(model: Model) -> list[Span]:
    return [(printable(model.path), "title"), (f"  {title(model.format)}", "dim")]


class _Places:
    """The entries as variables in a tree of the new names."""

    def __init__(self, diff: Diff, shown: Sequence[Entry], glyphs: Glyphs) -> None:
        self._glyphs = glyphs
        placed = [(_placed(entry, diff), entry) for entry in shown]
        self.variables = [variable for variable, _ in placed]
        self._entries = {id(variable): entry for variable, entry in placed}

    def alike(self, variable: Variable) -> object:
        """What a row says of a variable, without an old name that a rule explains."""
        entry = self._entries[id(variable)]
        rename = entry.rename
        return entry.status, self._columns(entry), rename and (rename.rule or rename.old)

    def have_one_rule(self, variables: Sequence[Variable]) -> bool:
        """Whether all were renamed by one rule, and nothing else changed."""
        first = self._rule(variables[0])
        return first is not None and all(self._rule(v) is first for v in variables)

    def _rule(self, variable: Variable) -> object:
        entry = self._entries[id(variable)]
        if entry.changes or entry.values.verdict == "different" or entry.values.problem:
            return None
        return entry.rename and entry.rename.rule

    def lines(self, row: Row) -> Iterator[Line]:
        """The lines of a row; variables that share one path have a line each."""
        label = printable(row.label) or '""'
        times = f" {self._glyphs.times}{row.times}" if row.times > 1 else ""
        for variable in row.variables:
            entry = self._entries[id(variable)]
            is_last = row.is_last and variable is row.variables[-1]
            said = self._signed(entry.status, label)
            columns, role = self._columns(entry), diff_words.ROLES[entry.status]
            if entry.rename is not None:
                was = f"was {printable(entry.rename.old)}"
                columns = (*columns[:3], ", ".join(filter(None, (was, columns[3]))))
            yield Line(row.depth, is_last, said, role, times, columns, _ROLES)
        if not row.variables and row.scope is not None and row.totals is not None:
            below = Counter(self._entries[id(variable)].status for variable in row.scope.variables)
            if len(below) == 1:
                label = self._signed(next(iter(below)), label)
            columns = (
                words.plural(row.totals.entries, "tensor"),
                "",
                words.size(row.totals.bytes),
                ", ".join(diff_words.counts({s: below[s] * row.times for s in STATUSES})),
            )
            yield Line(row.depth, row.is_last, label, "scope", times, columns, _SCOPE_ROLES)

    def _signed(self, status: str, label: str) -> str:
        return f"{diff_words.sign(status, self._glyphs.arrow)} {label}"

    def _columns(self, entry: Entry) -> Columns:
        """The columns beside a variable's name."""
        arrow = self._glyphs.arrow
        return (
            diff_words.shape(entry, arrow),
            diff_words.dtype(entry, arrow),
            diff_words.size(entry),
            ", ".join(diff_words.remarks(entry, arrow)),
        )


def _placed(entry: Entry, diff: Diff) -> Variable:
    """The variable of an entry, with the name that it has in the tree."""
    variable = entry.new or entry.old
    assert variable is not None  # noqa: S101 - an entry has one at least
    name = entry.name
    if entry.b is None:
        name = name.replace(diff.a.separator, diff.b.separator)
    return variable._replace(name=name, attributes=NO_ATTRIBUTES)
