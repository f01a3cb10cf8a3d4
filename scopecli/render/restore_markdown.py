"""What a restore would do, as markdown for a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.render import restore_words
from scopecli.render.markdown import code, escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.analysis.restore.prediction import Attempt, Entry, Prediction

# GitHub takes comments of up to 65,536 characters.
_MOST_ROWS = 200


def lines(prediction: Prediction) -> Iterator[str]:
    """The document, line by line."""
    yield f"### {code(prediction.checkpoint)} into {code(prediction.graph)}\n"
    for attempt in prediction.attempts:
        yield from _attempt(attempt)


def _attempt(attempt: Attempt) -> Iterator[str]:
    yield f"\n{code(attempt.call)} **{escaped(restore_words.verdict(attempt))}**\n\n"
    for line in restore_words.message(attempt):
        yield f"> {escaped(line)}\n"
    if attempt.error is not None:
        yield "\n"
    yield f"{', '.join(restore_words.counts(attempt)) or 'nothing'}\n"
    listed = [*restore_words.rules(attempt), *attempt.notes]
    if listed:
        yield "\n"
    for text in listed:
        yield f"- {escaped(text)}\n"
    entries = [entry for entry in attempt.entries if entry.status != "restored"]
    if not entries:
        return
    yield "\n| status | looked for | |\n|---|---|---|\n"
    for entry in entries[:_MOST_ROWS]:
        yield _row(entry)
    if len(entries) > _MOST_ROWS:
        yield f"\nand {len(entries) - _MOST_ROWS} more\n"


def _row(entry: Entry) -> str:
    return f"| {entry.status} | {code(entry.key)} | {escaped(restore_words.detail(entry))} |\n"
