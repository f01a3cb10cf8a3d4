"""The calls that made and reused each variable of a program, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.names import printable
from scopecli.render.output import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.dryrun.variables.calls import Call
    from scopecli.model.variable import Variable
    from scopecli.render.output import Output
    from scopecli.render.style import Span

Line = list["Span"]


def draw(variables: Sequence[Variable], calls: Sequence[Call], output: Output) -> None:
    """Write each variable, with a line for each call that asked for it."""
    by_name: dict[str, list[Call]] = {}
    for call in calls:
        by_name.setdefault(call.variable, []).append(call)
    shown = {variable.name for variable in variables}
    # A refused call may have asked for a variable that does not exist.
    missing = [name for name in by_name if name not in shown and _refused(by_name[name])]
    names = [variable.name for variable in variables] + missing
    write_lines(_lines(names, by_name), output)


def _refused(calls: Sequence[Call]) -> bool:
    return any(call.what == "refused" for call in calls)


def _lines(names: Sequence[str], by_name: dict[str, list[Call]]) -> Iterator[Line]:
    for name in names:
        yield [(printable(name), "scope")]
        for call in by_name.get(name, ()):
            yield [
                (f"  {call.what:<8}", "note" if call.what == "refused" else "plain"),
                (f"  {printable(call.file)}:{call.line}", "title"),
                (f"  {_circumstances(call)}", "dim"),
            ]


def _circumstances(call: Call) -> str:
    scope = printable(call.scope) or "(root)"
    return f"scope {scope}, reuse={call.reuse}" if call.reuse else f"scope {scope}, tf.Variable"
