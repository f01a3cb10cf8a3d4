"""`diff --format json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.analysis.compare.renames import Rename
    from scopecli.analysis.diff import Diff, Entry, Values
    from scopecli.model.variable import Variable

SCHEMA_DIFF = "scopecli/diff/1"


def diff_document(diff: Diff, shown: Sequence[Entry]) -> Iterator[str]:
    """The document, in pieces: one line for each entry."""
    head = {
        "schema": SCHEMA_DIFF,
        "a": diff.a.path,
        "b": diff.b.path,
        "summary": diff.summary,
        "rules": [asdict(rule) for rule in diff.renames.rules],
        "ambiguous": [asdict(found) for found in diff.renames.ambiguous],
        "words": diff.renames.words,
        "collections": [asdict(change) for change in diff.collections],
        "unknown_values": diff.unknown_values,
    }
    yield json.dumps(head)[:-1] + ',\n"entries": ['
    gap = "\n"
    for entry in shown:
        yield gap + json.dumps(_entry(entry))
        gap = ",\n"
    yield "\n]}\n"


def _entry(entry: Entry) -> dict[str, object]:
    return {"status": entry.status, "a": entry.a, "b": entry.b, "detail": _detail(entry)}


def _detail(entry: Entry) -> dict[str, object]:
    if entry.old is None or entry.new is None:
        return _described(entry.old or entry.new)
    detail: dict[str, object] = {c.property: [c.old, c.new] for c in entry.changes}
    if entry.layout is not None:
        detail["transposed"] = {"axes": entry.layout.axes, "layout": entry.layout.name}
    if entry.rename is not None:
        detail["rename"] = _rename(entry.rename)
    detail["values"] = _values(entry.values)
    return detail


def _described(variable: Variable | None) -> dict[str, object]:
    """The facts about a variable that only one model has."""
    if variable is None:
        return {}
    return {
        "key": variable.key,
        "shape": variable.shape,
        "dtype": variable.dtype,
        "bytes": variable.nbytes,
        "kind": variable.kind,
        "trainable": variable.trainable,
    }


def _rename(rename: Rename) -> dict[str, object]:
    return {
        "by": rename.by,
        "rule": f"{rename.rule.old} -> {rename.rule.new}" if rename.rule else None,
        "similarity": rename.similarity,
    }


def _values(values: Values) -> dict[str, object]:
    found: dict[str, object] = {"verdict": values.verdict, "by": values.by}
    if values.problem:
        found["problem"] = values.problem
    if values.difference is not None:
        found |= asdict(values.difference)
    return found
