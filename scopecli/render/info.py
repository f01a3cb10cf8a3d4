"""What a file is, for people: facts in two columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.formats.registry import BY_ID
from scopecli.model.names import printable
from scopecli.render import words
from scopecli.render.header import note_lines
from scopecli.render.output import write_lines
from scopecli.render.style import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.analysis.summary import Count, Summary
    from scopecli.model.model import Model
    from scopecli.render.output import Output

Line = tuple[Span, ...]

_INDENT = "  "
_MOST_LISTED = 12


def draw(model: Model, summary: Summary, output: Output) -> None:
    """Write the facts to standard output."""
    lines = [
        (
            (printable(model.path), "title"),
            (f"  {BY_ID[model.format].title} ({model.format})", "dim"),
        ),
        *_section("written by", _metadata(model)),
        *_section("files", _files(model)),
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


def _section(title: str, facts: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """A heading and its facts, aligned; nothing where there are none."""
    listed = [(printable(name), printable(fact)) for name, fact in facts]
    if not listed:
        return
    yield ((title, "scope"),)
    width = max(len(name) for name, _ in listed[:_MOST_LISTED])
    for name, fact in listed[:_MOST_LISTED]:
        yield ((f"{_INDENT}{name:<{width}}  ", "plain"), (fact, "dim"))
    if len(listed) > _MOST_LISTED:
        yield ((f"{_INDENT}and {len(listed) - _MOST_LISTED} more", "dim"),)


def _metadata(model: Model) -> Iterator[tuple[str, str]]:
    for key, value in model.metadata.items():
        if value is not None and value != "":
            text = str(value).lower() if isinstance(value, bool) else str(value)
            yield key.replace("_", " "), text


def _files(model: Model) -> Iterator[tuple[str, str]]:
    for file in model.files:
        size = "missing" if file.size is None else words.size(file.size)
        yield file.path, f"{file.role}, {size}"


def _counts(counts: Iterable[Count]) -> Iterator[tuple[str, str]]:
    for count in counts:
        elements = words.plural(count.params, "element")
        yield count.name, f"{count.entries}, {elements}, {words.size(count.bytes)}"


def _reuse(model: Model) -> Iterator[tuple[str, str]]:
    for reuse in model.reuse:
        yield reuse.scope, "; ".join(reuse.entries)
