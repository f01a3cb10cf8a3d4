"""The summary of a file, for people: facts in two columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.formats.registry import title as title_of
from scopecli.model.names import listed, printable
from scopecli.render import words
from scopecli.render.header import note_lines
from scopecli.render.output import write_lines
from scopecli.render.style import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.analysis.summary import Count, GraphSummary, Summary
    from scopecli.model.model import Model
    from scopecli.render.output import Output

Line = tuple[Span, ...]

_INDENT = "  "
_MOST_LISTED = 12
_MOST_IMPORTS = 1000
_MOST_NAMED = 6
_MOST_ALIGNED = 100  # a longer name shifts only its own fact


def draw(model: Model, summary: Summary, output: Output) -> None:
    """Write the facts to standard output."""
    lines = [
        (
            (printable(model.path), "title"),
            (f"  {title_of(model.format)} ({model.format})", "dim"),
        ),
        *_section("written by", _metadata(model)),
        *_section("pickle imports, not followed", _imports(model), _MOST_IMPORTS),
        *_section("files", _files(model)),
        *_section("graph", _graph(summary.graph)),
        *_section("signatures", _signatures(summary.graph)),
        *_section("optimizer", _optimizers(model)),
        *_section("kinds", _counts(summary.kinds)),
        *_section("dtypes", _counts(summary.dtypes)),
        *_section(
            "largest variables",
            ((v.name, words.size(v.nbytes)) for v in summary.largest_variables),
        ),
        *_section(
            "largest scopes",
            ((scope.path, words.size(scope.totals.bytes)) for scope in summary.largest_scopes),
        ),
        *_section(
            "collections",
            ((c.key, words.plural(len(c.members), "member")) for c in model.collections.values()),
        ),
        *_section("called more than once", _reuse(model)),
        *note_lines(model, model.variables),
    ]
    write_lines(lines, output)


def _section(
    title: str, facts: Iterable[tuple[str, str]], most: int = _MOST_LISTED
) -> Iterator[Line]:
    """A heading and its facts, aligned; nothing where there are none."""
    shown = [(printable(name), printable(fact)) for name, fact in facts]
    if not shown:
        return
    yield ((title, "scope"),)
    lengths = [len(name) for name, _ in shown[:most]]
    width = max((length for length in lengths if length <= _MOST_ALIGNED), default=0)
    for name, fact in shown[:most]:
        yield ((f"{_INDENT}{name:<{width}}  ", "plain"), (fact, "dim"))
    if len(shown) > most:
        yield ((f"{_INDENT}and {len(shown) - most} more", "dim"),)


# Metadata that have a section of their own, or are shown with others.
_TOLD_ELSEWHERE = frozenset(
    {"functions", "globals", "nodes", "optimizer", "saver_keys", "signatures"}
)


def _metadata(model: Model) -> Iterator[tuple[str, str]]:
    for key, value in model.metadata.items():
        if value is not None and value != "" and key not in _TOLD_ELSEWHERE:
            yield key.replace("_", " "), _value(value)


def _value(value: object) -> str:
    """A value of the metadata, with long lists shortened and flags in small letters."""
    if isinstance(value, list | tuple):
        return listed([str(item) for item in value], _MOST_NAMED)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _imports(model: Model) -> Iterator[tuple[str, str]]:
    """What a pickle would import, the most dangerous first."""
    found = model.metadata.get("globals")
    for path in found if isinstance(found, tuple) else ():
        yield path, ""


def _optimizers(model: Model) -> Iterator[tuple[str, str]]:
    """The optimizers of a graph with their settings, or the name in a configuration."""
    found = model.metadata.get("optimizer")
    if isinstance(found, str):
        yield found, ""
    for row in found if isinstance(found, list) else ():
        settings = ", ".join(f"{key} {value}" for key, value in row["hyperparameters"].items())
        updates = f"updates {words.plural(row['variables'], 'variable')}"
        yield row["name"], ", ".join(filter(None, (updates, settings)))


def _graph(graph: GraphSummary | None) -> Iterator[tuple[str, str]]:
    if graph is None:
        return
    types = ", ".join(f"{op} {count}" for op, count in graph.ops[:_MOST_LISTED])
    yield "nodes", str(graph.nodes)
    yield "types", types + (" ..." if len(graph.ops) > _MOST_LISTED else "")
    if graph.functions:
        yield "functions", str(graph.functions)
    if graph.saver is not None:
        version = f" ({graph.saver.version})" if graph.saver.version else ""
        scope = f" in {graph.saver.scope}" if graph.saver.scope else ""
        yield "saver", f"{words.plural(len(graph.saver.saves), 'entry')}{scope}{version}"


def _signatures(graph: GraphSummary | None) -> Iterator[tuple[str, str]]:
    for signature in graph.signatures if graph else ():
        inputs, outputs = (
            ", ".join(f"{name} {words.shape(t.shape)} {t.dtype}" for name, t in side.items())
            for side in (signature.inputs, signature.outputs)
        )
        yield signature.key, f"{inputs or 'nothing'} -> {outputs or 'nothing'}"


def _files(model: Model) -> Iterator[tuple[str, str]]:
    for file in model.files:
        size = "missing" if file.size is None else words.size(file.size)
        yield file.path, f"{file.role}, {size}"


def _counts(counts: Iterable[Count]) -> Iterator[tuple[str, str]]:
    for count in counts:
        tensors = words.plural(count.entries, "tensor")
        elements = words.plural(count.params, "element")
        yield count.name, f"{tensors}, {elements}, {words.size(count.bytes)}"


def _reuse(model: Model) -> Iterator[tuple[str, str]]:
    for reuse in model.reuse:
        yield reuse.scope, "; ".join(reuse.entries)
