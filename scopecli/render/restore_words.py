"""Predictions in words, for the terminal and for markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.restore.prediction import VERDICTS
from scopecli.render import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.analysis.restore.prediction import Attempt, Entry, Tensor

_MOST_LINES = 4  # of an error's message


def verdict(attempt: Attempt) -> str:
    """`would fail with NotFoundError`."""
    said = VERDICTS[attempt.verdict]
    return said if attempt.error is None else f"{said} with {attempt.error.kind}"


def message(attempt: Attempt) -> list[str]:
    """The lines of the exception's message, shortened to the first ones."""
    lines = attempt.error.message.splitlines() if attempt.error is not None else []
    rest = len(lines) - _MOST_LINES
    return lines[:_MOST_LINES] + ([f"and {rest} more"] if rest > 0 else [])


def counts(attempt: Attempt) -> list[str]:
    """`38 restored`, `2 missing`, ..."""
    return [f"{count} {status}" for status, count in attempt.counts.items()]


def detail(entry: Entry) -> str:
    """The details of an entry, for beside its name."""
    return ", ".join(_facts(entry))


def _facts(entry: Entry) -> Iterator[str]:
    if entry.target and entry.target != entry.key:
        yield f"for {entry.target}"
    if entry.spec:
        yield f"the part {entry.spec}"
    if entry.status == "drift":
        yield f"gets {entry.source_name}"
    elif entry.status in {"shape", "dtype"}:
        yield f"wants {tensor(entry.expected)}, finds {tensor(entry.found)}"
        if entry.error is None:
            yield "takes it without an error"
    elif not entry.spec:
        yield tensor(entry.found if entry.status == "extra" else entry.expected)
    if entry.rename:
        yield f"probably {entry.rename}"


def tensor(found: Tensor | None) -> str:
    """Shape and type."""
    if found is None:
        return "nothing"
    return f"{words.shape(found.shape)} {found.dtype or '?'}"


def rules(attempt: Attempt) -> Iterator[str]:
    """The rules that explain likely renames, a line for each."""
    for rule in attempt.rules:
        count = words.plural(rule.variables, "variable")
        yield f"renamed: {rule.old} in the checkpoint is {rule.new} here ({count})"
