"""`diff --restore --format json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.analysis.restore.prediction import Attempt, Complaint, Entry, Prediction, Tensor

SCHEMA_RESTORE = "scopecli/restore/1"


def restore_document(prediction: Prediction) -> Iterator[str]:
    """The document, in pieces: one line for each entry."""
    head = {
        "schema": SCHEMA_RESTORE,
        "graph": prediction.graph,
        "checkpoint": prediction.checkpoint,
        "would_restore": prediction.would_restore,
    }
    yield json.dumps(head)[:-1] + ', "attempts": ['
    gap = "\n"
    for attempt in prediction.attempts:
        yield gap
        yield from _attempt(attempt)
        gap = ",\n"
    yield "\n]}\n"


def _attempt(attempt: Attempt) -> Iterator[str]:
    head = {
        "way": attempt.way,
        "call": attempt.call,
        "verdict": attempt.verdict,
        "error": _error(attempt.error),
        "summary": attempt.counts,
        "rules": [asdict(rule) for rule in attempt.rules],
        "notes": attempt.notes,
        "apart": attempt.apart,
    }
    yield json.dumps(head)[:-1] + ', "entries": ['
    gap = "\n  "
    for entry in attempt.entries:
        yield gap + json.dumps(_entry(entry))
        gap = ",\n  "
    yield "\n]}"


def _entry(entry: Entry) -> dict[str, object]:
    """An entry; fields without a value are null."""
    return {
        "status": entry.status,
        "target": entry.target or None,
        "key": entry.key,
        "source": entry.source or None,
        "source_name": entry.source_name or None,
        "spec": entry.spec or None,
        "expected": _tensor(entry.expected),
        "found": _tensor(entry.found),
        "error": _error(entry.error),
        "rename": entry.rename or None,
    }


def _tensor(tensor: Tensor | None) -> dict[str, object] | None:
    if tensor is None:
        return None
    return {"dtype": tensor.dtype or None, "shape": tensor.shape}


def _error(error: Complaint | None) -> dict[str, str] | None:
    return None if error is None else {"kind": error.kind, "message": error.message}
