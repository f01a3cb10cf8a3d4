"""One variable and its values, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.values import preview, section, strings
from scopecli.errors import ScopecliError
from scopecli.model.names import printable
from scopecli.model.variable import Slice
from scopecli.render import words
from scopecli.render.output import write_lines
from scopecli.render.style import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scopecli.analysis.lookup import Found
    from scopecli.analysis.stats import ValueStats
    from scopecli.analysis.values import Array, Index
    from scopecli.model.graph import Node
    from scopecli.model.model import Model
    from scopecli.model.scope import Scope, Totals
    from scopecli.model.variable import Variable
    from scopecli.render.output import Output
    from scopecli.render.style import Glyphs

Line = tuple[Span, ...]

_LABEL = 14
_MOST_NAMES = 16
_PREVIEW_STRINGS = 8
_PREVIEW_BYTES = 60


def draw(
    model: Model,
    found: Found,
    index: Index | None,
    measured: Callable[[Variable], ValueStats] | None,
    output: Output,
) -> None:
    """Write what was found under a name: variables with their values, a node, a scope.

    Args:
        model: where it was found.
        found: what was found.
        index: the part of the values to print; None for a summary of all.
        measured: measures a variable's values; None where values are not wanted.
        output: how to write.
    """
    for variable in found.variables:
        part = None if index is None else section(model, variable, index)
        write_lines(variable_lines(model, variable), output)
        if part is not None:
            write_lines(array_lines(part, "values"), output)
        elif measured is not None:
            write_lines(_value_lines(model, variable, measured, output.glyphs), output)
    if found.node is not None:
        write_lines(_node_lines(model, found.node), output)
    if found.scope is not None:
        write_lines(_scope_lines(found.scope), output)


def _value_lines(
    model: Model,
    variable: Variable,
    measured: Callable[[Variable], ValueStats],
    glyphs: Glyphs,
) -> Iterator[Line]:
    """A summary and the first values, or the reason why there are none."""
    try:
        if variable.dtype == "string":
            yield from string_lines(strings(model, variable))
            return
        yield from stats_lines(measured(variable), glyphs)
        if variable.params:
            yield from array_lines(preview(model, variable), "values")
    except ScopecliError as error:
        yield (
            (f"  {'values':<{_LABEL}}", "dim"),
            (printable(f"not shown: {error.problem}"), "note"),
        )


def _node_lines(model: Model, node: Node) -> Iterator[Line]:
    """A node of the graph with its inputs, consumers and attributes."""
    consumers = (
        [consumer.name for consumer in model.graph.consumers(node.name)] if model.graph else []
    )
    yield ((printable(node.name), "title"), (f"  {printable(node.op)}", "dim"))
    yield from _listed("inputs", node.inputs)
    yield from _listed("runs after", node.control_inputs)
    yield from _listed("consumers", consumers)
    if node.device:
        yield _fact("device", printable(node.device))
    for name in node.attributes:
        yield _fact(printable(name), printable(words.attribute_text(node, name)))


def _listed(label: str, names: Sequence[str]) -> Iterator[Line]:
    """Names, a line each; the first few where there are many."""
    for i, name in enumerate(names[:_MOST_NAMES]):
        yield _fact(label if i == 0 else "", printable(name))
    if len(names) > _MOST_NAMES:
        yield _fact("", f"and {len(names) - _MOST_NAMES} more")


def _scope_lines(scope: Scope) -> Iterator[Line]:
    """A scope and what is directly in it."""
    yield scope_line(f"{scope.path}/", scope.totals)
    for member in scope.members():
        for variable in member.variables:
            shape = words.shape(variable.shape)
            yield (
                (f"  {printable(member.name)}  ", "plain"),
                (f"{shape} ", "shape"),
                (printable(variable.dtype), "dtype"),
            )
        if member.scope is not None:
            yield scope_line(f"  {member.name}/", member.scope.totals)


def variable_lines(model: Model, variable: Variable) -> Iterator[Line]:
    """Everything that is known of a variable without its values."""
    yield ((printable(variable.name), "title"),)
    facts: list[tuple[str, str]] = []
    if variable.key != variable.name:
        facts.append(("key", variable.key))
    if variable.path != variable.name:
        facts.append(("path", variable.path))
    facts += [
        ("shape", words.shape(variable.shape)),
        ("dtype", variable.dtype),
        ("size", f"{words.plural(variable.params, 'element')}, {words.size(variable.nbytes)}"),
        ("kind", variable.kind),
    ]
    if variable.trainable is not None:
        facts.append(("trainable", "yes" if variable.trainable else "no"))
    collections = model.collections_of().get(variable.key, ())
    if collections:
        facts.append(("collections", ", ".join(collections)))
    facts += _storage(variable)
    facts += _attributes(variable)
    for name, fact in facts:
        yield _fact(name, printable(fact))


def scope_line(path: str, totals: Totals) -> Line:
    """A scope and its totals."""
    facts = (
        f"  {words.plural(totals.entries, 'tensor')}, {words.counted(totals.params, 'param')}, "
        f"{words.size(totals.bytes)}"
    )
    return ((printable(path), "scope"), (facts, "dim"))


def stats_lines(stats: ValueStats, glyphs: Glyphs) -> Iterator[Line]:
    """The statistics of the values, with the histogram drawn."""
    if stats.minimum is not None and stats.maximum is not None:
        yield _fact("min, max", f"{_extreme(stats.minimum)}, {_extreme(stats.maximum)}")
        yield _fact("mean, std", f"{stats.mean:.6g}, {stats.std:.6g}")
    share = f" ({stats.zeros / stats.elements:.1%})" if stats.elements else ""
    yield _fact("zeros", f"{stats.zeros}{share}")
    if stats.nans or stats.infinities:
        yield (
            (f"  {'not finite':<{_LABEL}}", "plain"),
            (f"{stats.nans} NaN, {stats.infinities} infinite", "note"),
        )
    if any(stats.histogram):
        yield _fact("histogram", words.sparkline(stats.histogram, glyphs.bars))


def _extreme(number: float) -> str:
    """All digits of an integer, such as a step; six digits of a float."""
    return str(number) if isinstance(number, int) else f"{number:.6g}"


def array_lines(values: Array, label: str) -> Iterator[Line]:
    """Values as numpy prints them."""
    import numpy as np

    text = np.array2string(values, threshold=64, edgeitems=3, precision=6, max_line_width=88)
    for i, line in enumerate(text.splitlines()):
        yield _fact(label if i == 0 else "", line)


def string_lines(values: Sequence[bytes]) -> Iterator[Line]:
    """The first strings, cut where they are long."""
    for i, value in enumerate(values[:_PREVIEW_STRINGS]):
        text = repr(value[:_PREVIEW_BYTES].decode("utf-8", "backslashreplace"))
        rest = len(value) - _PREVIEW_BYTES
        more = f" and {words.plural(rest, 'byte')} more" if rest > 0 else ""
        yield _fact("values" if i == 0 else "", text + more)
    rest = len(values) - _PREVIEW_STRINGS
    if rest > 0:
        yield _fact("", f"and {rest} more")


def _fact(name: str, fact: str) -> Line:
    gap = " " if len(name) >= _LABEL else ""
    return ((f"  {name:<{_LABEL}}{gap}", "dim"), (fact, "plain"))


def _storage(variable: Variable) -> Iterator[tuple[str, str]]:
    storage = variable.storage
    if storage is None:
        return
    offset = "" if storage.offset is None else f" at {storage.offset}"
    yield "stored in", f"{storage.shard}{offset}, {words.plural(storage.length, 'byte')}"
    if storage.checksum is not None:
        yield "checksum", f"{storage.checksum.value:08x} ({storage.checksum.kind})"


def _attributes(variable: Variable) -> Iterator[tuple[str, str]]:
    for key, value in variable.attributes.items():
        if key == "path":
            continue
        if isinstance(value, tuple):
            for i, item in enumerate(value):
                text = _slice(item) if isinstance(item, Slice) else str(item)
                yield (key.replace("_", " ") if i == 0 else ""), text
        else:
            yield key.replace("_", " "), str(value)


def _slice(part: Slice) -> str:
    storage = part.storage
    place = f"  {storage.shard} at {storage.offset}" if storage else "  missing"
    return part.spec + place
