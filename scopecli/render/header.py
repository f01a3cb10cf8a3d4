"""The header of a tree: the file, its format, how much is in it, and the reader's notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.summary import kind_counts, parameters, total_bytes
from scopecli.formats.registry import title as title_of
from scopecli.model.names import listed, printable
from scopecli.render import words
from scopecli.render.style import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable
    from scopecli.render.style import Glyphs

Line = tuple[Span, ...]

_KIND_NOUNS = {
    "variable": "variable",
    "slot": "optimizer slot",
    "constant": "constant",
    "bookkeeping": "bookkeeping entry",
}


def lines(model: Model, shown: Sequence[Variable], glyphs: Glyphs) -> list[Line]:
    """The header of a tree that shows these variables of the model."""
    title = title_of(model.format)
    counts = [words.plural(count.entries, _KIND_NOUNS[count.name]) for count in kind_counts(shown)]
    facts = [
        *(counts or ["nothing"]),
        words.counted(parameters(shown), "parameter"),
        words.size(total_bytes(shown)),
    ]
    hidden = len(model.variables) - len(shown)
    more = f"{glyphs.dot}{words.plural(hidden, 'more entry')} not shown" if hidden else ""
    return [
        ((printable(model.path), "title"), (f"  {title}", "dim")),
        ((glyphs.dot.join(facts), "plain"), (more, "dim")),
        *_apart_lines(model),
        *note_lines(model, shown),
        (("", "plain"),),
    ]


# Metadata that tell how a checkpoint and the graph beside it differ, in words.
_APART = {"only_in_graph": "only in the graph", "only_in_checkpoint": "only in the checkpoint"}
_MOST_NAMED = 5


def _apart_lines(model: Model) -> Iterator[Line]:
    """Variables that only the checkpoint or only the graph beside it has."""
    for key, words_for_it in _APART.items():
        names = model.metadata.get(key)
        if isinstance(names, list):
            yield ((f"{words_for_it}: {printable(listed(names, _MOST_NAMED))}", "note"),)


def note_lines(model: Model, shown: Sequence[Variable]) -> list[Line]:
    """The reader's notes, and one if anything that is shown is a guess."""
    guessed = any(v.attributes.get("evidence") == "name pattern" for v in shown)
    notes = [
        f"{note.subject}: {note.message}" if note.subject else note.message for note in model.notes
    ]
    if guessed:
        notes.append("optimizer slots and averages are guessed from their names")
    return [((f"note: {printable(note)}", "note"),) for note in notes]
