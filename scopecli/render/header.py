"""What stands above a tree: the file, what it is, how much is in it, what its reader noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.summary import kind_counts, parameters, total_bytes
from scopecli.formats.registry import BY_ID
from scopecli.model.names import printable
from scopecli.render import words
from scopecli.render.style import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    title = BY_ID[model.format].title
    counts = [words.plural(count.entries, _KIND_NOUNS[count.name]) for count in kind_counts(shown)]
    facts = [
        *(counts or ["nothing"]),
        f"{words.count(parameters(shown))} parameters",
        words.size(total_bytes(shown)),
    ]
    hidden = len(model.variables) - len(shown)
    more = f"{glyphs.dot}{words.plural(hidden, 'more entry')} not shown" if hidden else ""
    return [
        ((printable(model.path), "title"), (f"  {title}", "dim")),
        ((glyphs.dot.join(facts), "plain"), (more, "dim")),
        *note_lines(model, shown),
        (("", "plain"),),
    ]


def note_lines(model: Model, shown: Sequence[Variable]) -> list[Line]:
    """The reader's notes, and whether anything in what is shown is a guess."""
    guessed = any(v.attributes.get("evidence") == "name pattern" for v in shown)
    notes = [
        f"{note.subject}: {note.message}" if note.subject else note.message for note in model.notes
    ]
    if guessed:
        notes.append("optimizer slots and averages are told by their names: a guess")
    return [((f"note: {printable(note)}", "note"),) for note in notes]
