"""What is shared, and what only looks as if it were, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.names import listed, printable
from scopecli.render import words
from scopecli.render.output import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.analysis.reuse import ReuseReport, ScopeReuse, Twins
    from scopecli.model.model import Model
    from scopecli.render.output import Output
    from scopecli.render.style import Glyphs, Span

Line = list["Span"]

_MOST_LISTED = 8


def draw(model: Model, report: ReuseReport, output: Output) -> None:
    """Write each scope that was entered again, then the twins."""
    write_lines(_lines(model, report, output.glyphs), output)


def _lines(model: Model, report: ReuseReport, glyphs: Glyphs) -> Iterator[Line]:
    yield [(printable(model.path), "title")]
    if not report.scopes and not report.twins:
        yield [("no variable is read more than once, and no scope has a twin", "dim")]
    for scope in report.scopes:
        yield from _scope_lines(scope, glyphs)
    for twins in report.twins:
        yield from _twin_lines(twins, glyphs)


def _scope_lines(scope: ScopeReuse, glyphs: Glyphs) -> Iterator[Line]:
    facts = [words.plural(len(scope.variables), "variable"), f"{len(scope.shared)} shared"]
    if len(scope.entries) > 1:
        facts.insert(0, f"entered {len(scope.entries)}{glyphs.times}")
    name = printable(scope.scope) or "(no scope)"
    yield [(name, "scope"), (f"  {glyphs.dot.join(facts)}", "dim")]
    if scope.entries:
        yield [("  as  ", "dim"), (_listed(scope.entries), "mark")]
    names = [printable(shared.variable) for shared in scope.shared]
    width = max(map(len, names), default=0)
    for name, shared in zip(names, scope.shared, strict=True):
        line: Line = [(f"  {name:<{width}}", "plain")]
        if shared.read_by != scope.entries:
            line += [("  read by ", "dim"), (_listed(shared.read_by), "mark")]
        yield line


def _twin_lines(twins: Twins, glyphs: Glyphs) -> Iterator[Line]:
    facts = glyphs.dot.join(
        [f"twins, {words.plural(len(twins.variables), 'variable')} each", "nothing shared"]
    )
    yield [(_listed(twins.scopes), "scope"), (f"  {facts}", "note")]
    for name in twins.variables:
        yield [(f"  {printable(name)}", "plain")]


def _listed(names: Sequence[str]) -> str:
    return printable(listed(names, _MOST_LISTED))
