"""S204: two names in one scope are spelt almost alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule
from scopecli.rules.typos import typos

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="S204",
    name="near-typo-siblings",
    severity="warning",
    needs="variables",
    summary="Two variables or scopes beside each other hold the same, and their names differ in one"
    " letter, or in the order of two.",
    why="`kernal` beside `kernel` is a typing error, and what was meant to be shared or restored"
    " exists twice. With `AUTO_REUSE`, a misspelt scope is simply created.",
    fix="correct the name, and rename it in the checkpoint",
    false_alarms="Words with fewer than five letters, words in capitals, and words that differ in a"
    " digit or in their first letter are not reported, nor are those of which one has an ending"
    " more, such as plurals.",
    bad="""
        encoder/kernel: float32[4,3]
        encoder/kernal: float32[4,3]
        clasifier/w: float32[4,3]
        classifier/w: float32[4,3]
        weights: float32[4,3]
        wieghts: float32[4,3]
    """,
    subjects=("classifier", "wieghts", "encoder/kernel"),
    good="""
        encoder/kernel: float32[4,3]
        encoder/kernel_b: float32[4,3]
        decoder/kernel: float32[4,3]
        decoders/kernel: float32[4,3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Compare the names in each scope."""
    for variables in context.scopes.values():
        yield from _alike(
            context, {variable.path: (variable.shape, variable.dtype) for variable in variables}
        )
    for inner in context.inner_scopes.values():
        pairs = typos(inner, context.model.separator)
        if pairs:
            names = {name for pair in pairs for name in pair}
            yield from _alike(context, {name: _contents(context, name) for name in names})


def _alike(context: Context, held: dict[str, object]) -> Iterator[Hit]:
    for one, other in typos(held, context.model.separator):
        if held[one] == held[other]:
            yield Hit(other, f"is spelt almost like {one}, and holds the same")


def _contents(context: Context, scope: str) -> object:
    """The contents of a scope: names relative to it, shapes and types."""
    found = []
    waiting = [scope]
    while waiting:
        inside = waiting.pop()
        waiting += context.inner_scopes.get(inside, ())
        found += [
            (variable.path.removeprefix(scope), variable.shape or (), variable.dtype)
            for variable in context.scopes.get(inside, ())
        ]
    return sorted(found, key=repr)
