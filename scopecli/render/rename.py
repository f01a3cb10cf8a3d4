"""The plan of a rename, for people: moves, folded by scope, and what is dropped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scopecli.analysis.rename import tree as rename_tree
from scopecli.model.names import printable
from scopecli.model.records import NamedTuple
from scopecli.model.variable import KINDS
from scopecli.render import words
from scopecli.render.output import write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.analysis.rename.plan import Plan
    from scopecli.analysis.rename.tree import Row
    from scopecli.model.model import Model
    from scopecli.render.output import Output
    from scopecli.render.style import Glyphs, Role, Span

_MOST_ALIGNED = 60  # a longer name shifts only its own arrow
_TOP = "(top)"
_MISSING = "missing-shard"
# The kinds of names in a checkpoint; graphs have nodes and others, too.
_KINDS = frozenset(KINDS)


class View(NamedTuple):
    """What is shown beside a plan.

    Attributes:
        path: as it was given.
        out: where the result goes; empty where that is the same place, or nowhere.
        names: all names of the file, sorted.
        kinds: how many names there are of each kind.
        model: the model that is renamed.
        is_dry: whether the plan is not carried out.
    """

    path: str
    out: str
    names: Sequence[str]
    kinds: Mapping[str, int]
    model: Model
    is_dry: bool = False


def draw(plan: Plan, view: View, output: Output) -> None:
    """Write the plan to standard output."""
    write_lines(_lines(plan, view, output.glyphs), output)


def _lines(plan: Plan, view: View, glyphs: Glyphs) -> Iterator[Sequence[Span]]:
    source, target = printable(view.path), printable(view.out)
    title = f"{source} {glyphs.arrow} {target}" if target else source
    yield [(title, "title")]
    yield [(glyphs.dot.join(_counts(plan, view)), "dim")]
    for note in view.model.notes:
        if note.code == _MISSING:
            yield [(f"note: {printable(f'{note.subject} {note.message}'.strip())}", "note")]
    noun = "tensor" if _KINDS.issuperset(view.kinds) else "name"
    rows = rename_tree.move_rows(plan, view.names, view.model.separator)
    labels = [printable(row.old) or _TOP for row in rows]
    width = max((len(label) for label in labels if len(label) <= _MOST_ALIGNED), default=0)
    for row, label in zip(rows, labels, strict=True):
        yield _row(row, f"{label:<{width}}", noun, glyphs)
    for name, kind, number in rename_tree.dropped_rows(plan.drops, view.kinds):
        what = printable(name) if name else f"every {kind}"
        count = f"  {words.plural(number, noun)}" if not name else ""
        yield [(f"{what:<{width}}", "slot"), ("  dropped", "note"), (count, "dim")]
    for rule, problem in plan.unmatched:
        yield [(f"{printable(rule)} {printable(problem)}", "note")]


def _counts(plan: Plan, view: View) -> Iterator[str]:
    """How much of what moves, is dropped and stays; and whether this is all that happens."""
    moving = Counter(move.kind for move in plan.moves)
    dropped = Counter(drop.kind for drop in plan.drops)
    yield f"{_counted(moving)} {_verb(moving, 'moves', 'move')}"
    if dropped:
        yield f"{_counted(dropped)} dropped"
    staying = Counter(view.kinds) - moving - dropped
    yield f"{_counted(staying)} {_verb(staying, 'stays', 'stay')}"
    if view.is_dry:
        yield "nothing written"


def _counted(kinds: Mapping[str, int]) -> str:
    nouns: Counter[str] = Counter()
    for kind, count in kinds.items():
        nouns["tensor" if kind in _KINDS else kind] += count
    return ", ".join(words.plural(count, noun) for noun, count in nouns.items()) or "none"


def _verb(kinds: Counter[str], one: str, many: str) -> str:
    return one if kinds.total() == 1 else many


def _row(row: Row, label: str, noun: str, glyphs: Glyphs) -> Sequence[Span]:
    role: Role = "scope" if row.is_scope else "variable"
    count = f"  {words.plural(row.names, noun)}" if row.is_scope else ""
    new = printable(row.new) or _TOP
    return [(label, role), (f" {glyphs.arrow} ", "dim"), (new, role), (count, "dim")]
