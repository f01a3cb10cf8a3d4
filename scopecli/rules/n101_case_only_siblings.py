"""N101: two names in one scope differ in case only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import leaf_of
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="N101",
    name="case-only-siblings",
    severity="warning",
    needs="variables",
    summary="Two variables or scopes beside each other have names that differ in case only.",
    why="It is nearly always one name typed in two ways, so what was meant to be shared exists"
    " twice. TensorFlow also makes names unique without regard to case, so `Enc/w` after `enc/w`"
    " becomes `Enc/w_1`, and some file systems and databases take the two for one.",
    fix="write the name in one way, or let the two differ in more than case",
    false_alarms="Names of one letter (`w`, `W`), as gates have, are not reported.",
    bad="""
        encoder/kernel: float32[4,3]
        Encoder/kernel_1: float32[4,3]
    """,
    subjects=("Encoder",),
    good="""
        encoder/kernel: float32[4,3]
        decoder/kernel: float32[4,3]
    """,
)


def check(context: Context) -> Iterator[Hit]:
    """Compare the names in each scope."""
    separator = context.model.separator
    for scope, variables in context.scopes.items():
        inner = context.inner_scopes.get(scope, ())
        yield from _among([*(variable.path for variable in variables), *inner], separator)
    for scope, inner in context.inner_scopes.items():
        if scope not in context.scopes:
            yield from _among(inner, separator)


def _among(paths: Iterable[str], separator: str) -> Iterator[Hit]:
    seen: dict[str, str] = {}
    for path in sorted(set(paths), reverse=True):
        other = seen.setdefault(path.lower(), path)
        if other != path and len(leaf_of(path, separator)) > 1:
            yield Hit(path, f"differs from {other} in case only")
