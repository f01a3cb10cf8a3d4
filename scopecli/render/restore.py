"""What a restore would do, for people: the verdict, then everything that is not restored.

Restored entries are only counted. Where very many have another status, each line stands for a
scope.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scopecli.analysis.restore.prediction import STATUSES
from scopecli.model.names import leaf_of, listed, printable, scope_of
from scopecli.render import restore_words, words
from scopecli.render.output import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.analysis.restore.prediction import Attempt, Entry, Prediction
    from scopecli.render.output import Output
    from scopecli.render.style import Glyphs, Role, Span

Line = list["Span"]
Row = tuple[str, list[str]]

_MOST_ROWS = 40  # of one status; above, a line stands for a scope
_MOST_LISTED = 8
_MOST_ALIGNED = 60  # a longer name shifts only its own columns
_ROLES: dict[str, Role] = {"skipped": "dim", "extra": "dim"}


def draw(prediction: Prediction, output: Output) -> None:
    """Write the prediction to standard output."""
    write_lines(_lines(prediction, output.glyphs), output)


def _lines(prediction: Prediction, glyphs: Glyphs) -> Iterator[Line]:
    title = printable(prediction.checkpoint)
    yield [(title, "title"), ("  into  ", "dim"), (printable(prediction.graph), "title")]
    for attempt in prediction.attempts:
        yield from _head(attempt, glyphs)
    if len(prediction.attempts) > 1:
        yield from _side_by_side(prediction.attempts)
    else:
        yield from _sections(prediction.attempts[0])
    said = [text for attempt in prediction.attempts for text in _remarks(attempt)]
    if said:
        yield []
    for text in dict.fromkeys(said):
        yield [(printable(text), "note")]


def _head(attempt: Attempt, glyphs: Glyphs) -> Iterator[Line]:
    """The verdict, the error that comes first, and how many entries of each status there are."""
    role: Role = "plain" if attempt.verdict == "restored" else "mark"
    yield [(f"{printable(attempt.call)}  ", "scope"), (restore_words.verdict(attempt), role)]
    for line in restore_words.message(attempt):
        yield [(f"  {printable(line)}", "mark")]
    yield [(f"  {glyphs.dot.join(restore_words.counts(attempt)) or 'nothing'}", "dim")]


def _sections(attempt: Attempt) -> Iterator[Line]:
    """Each status other than restored, with its entries."""
    for status, words_for_it in STATUSES.items():
        entries = [entry for entry in attempt.entries if entry.status == status]
        if not entries or status == "restored":
            continue
        yield []
        yield [(status, "title"), (f"  {words_for_it}", "dim")]
        role = _ROLES.get(status, "plain")
        rows = [(entry.key, restore_words.detail(entry)) for entry in entries]
        if len(rows) > _MOST_ROWS:
            rows = list(_by_scope(entries))
        yield from _columns(rows, role)


def _by_scope(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """A row for each scope: the number of entries in it, and the first names.

    The scopes are those so deep that they are not too many, either.
    """
    scopes = [scope_of(entry.key, "/").split("/") for entry in entries]
    depth = max(map(len, scopes))
    while depth > 1 and len({tuple(scope[:depth]) for scope in scopes}) > _MOST_ROWS:
        depth -= 1
    inside: dict[str, list[str]] = {}
    for entry, parts in zip(entries, scopes, strict=True):
        inside.setdefault("/".join(parts[:depth]), []).append(leaf_of(entry.key, "/"))
    for scope, names in inside.items():
        count = words.plural(len(names), "entry")
        said = f"{count}: {listed(list(dict.fromkeys(names)), _MOST_LISTED)}"
        yield f"{scope}/" if scope else "(no scope)", said


def _columns(rows: Sequence[tuple[str, str]], role: Role) -> Iterator[Line]:
    """Names and details in two columns."""
    names = [printable(name) for name, _ in rows]
    width = max((len(name) for name in names if len(name) <= _MOST_ALIGNED), default=0)
    for name, (_, said) in zip(names, rows, strict=True):
        yield [(f"  {name:<{width}}", role), (f"  {printable(said)}", "dim")]


def _side_by_side(attempts: Sequence[Attempt]) -> Iterator[Line]:
    """The outcome of each weight in each way, for weights that not all ways restore."""
    rows = [row for row in _rows(attempts) if any(cell != "restored" for cell in row[1])]
    if len(rows) > _MOST_ROWS:
        rows = _folded(rows)
    if rows:
        yield []
        yield from _table([("weight", [_heading(attempt) for attempt in attempts]), *rows])
    extras: dict[str, list[str]] = {}
    for attempt in attempts:
        names = [entry.source_name for entry in attempt.entries if entry.status == "extra"]
        if names:
            text = printable(listed(names, _MOST_LISTED))
            extras.setdefault(text, []).append(_heading(attempt))
    for text, ways in extras.items():
        yield []
        where = "" if len(ways) == len(attempts) else f", {', '.join(ways)}"
        yield [(f"extra{where}", "title"), (f"  {STATUSES['extra']}", "dim")]
        yield [(f"  {text}", "dim")]


def _heading(attempt: Attempt) -> str:
    return attempt.way.replace("_", " ")


def _rows(attempts: Sequence[Attempt]) -> list[Row]:
    """Each weight with its outcome in each way; several weights may have one name."""
    table: dict[tuple[str, int], list[str]] = {}
    for number, attempt in enumerate(attempts):
        seen: Counter[str] = Counter()
        for entry in attempt.entries:
            if entry.status != "extra":
                place = entry.target, seen[entry.target]
                table.setdefault(place, [""] * len(attempts))[number] = _cell(entry)
                seen[entry.target] += 1
    return [(printable(name), cells) for (name, _), cells in table.items()]


def _folded(rows: Sequence[Row]) -> list[Row]:
    """A row for all weights of one scope with the same outcomes."""
    counts = Counter((scope_of(name, "/"), *cells) for name, cells in rows)
    return [
        (f"{scope or '(no scope)'}/ ({words.plural(count, 'weight')})", cells)
        for (scope, *cells), count in counts.items()
    ]


def _table(rows: Sequence[Row]) -> Iterator[Line]:
    widths = [
        max((len(cells[i]) for _, cells in rows if len(cells[i]) <= _MOST_ALIGNED), default=0)
        for i in range(len(rows[0][1]))
    ]
    first = max((len(name) for name, _ in rows if len(name) <= _MOST_ALIGNED), default=0)
    for number, (name, cells) in enumerate(rows):
        role: Role = "plain" if number else "title"
        padded = [f"  {cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
        yield [(f"  {name:<{first}}", role), *((text, role) for text in padded)]


def _cell(entry: Entry) -> str:
    if entry.status == "drift":
        return f"drift: gets {printable(entry.source_name)}"
    if entry.status == "shape" and entry.expected is not None and entry.found is not None:
        shapes = words.shape(entry.expected.shape), words.shape(entry.found.shape)
        return f"shape: wants {shapes[0]}, finds {shapes[1]}"
    if entry.rename:
        return f"{entry.status}: probably {printable(entry.rename)}"
    return entry.status


def _remarks(attempt: Attempt) -> Iterator[str]:
    yield from restore_words.rules(attempt)
    for note in attempt.notes:
        yield f"note: {note}"
    if attempt.apart:
        names = listed(attempt.apart, _MOST_LISTED)
        yield f"note: not restored by this saver, so they must be initialized: {names}"
