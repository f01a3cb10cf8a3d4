"""What `tf.train.Checkpoint.restore` would do with the objects of a SavedModel.

TensorFlow 2 follows attributes of objects from the root, in model and checkpoint in step. The keys
of both files are such paths, so a prediction is possible as far as these agree.
https://www.tensorflow.org/guide/checkpoint#loading_mechanics
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scopecli.analysis.restore.prediction import (
    Attempt,
    Complaint,
    Entry,
    extras,
    tensor_of,
    verdict_of,
    with_renames,
)
from scopecli.analysis.restore.reading import INVALID, OBJECT_GRAPH_KEY, dtype_message
from scopecli.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scopecli.analysis.restore.prediction import FindRenames
    from scopecli.model.graph import Saver
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

_MISSED = (
    "what is not found keeps its value, and assert_existing_objects_matched() raises an"
    " AssertionError; other paths through the objects may still lead to it"
)


def attempt(model: Model, saver: Saver, checkpoint: Model, find_renames: FindRenames) -> Attempt:
    """What becomes of the variables of a SavedModel.

    Raises:
        UnsupportedError: the two have no path in common.
    """
    if not checkpoint.metadata.get("object_based"):
        raise UnsupportedError(
            "has names as its keys, and the objects of a SavedModel are restored by paths",
            path=checkpoint.path,
            hint="give an object-based checkpoint",
        )
    variables = {variable.key: variable for variable in model.variables}
    saved = {one.key: variables[one.variable] for one in saver.saves if one.variable in variables}
    stored = {v.key: v for v in checkpoint.variables if v.key != OBJECT_GRAPH_KEY}
    root = _root(saved, stored)
    if root is None:
        raise UnsupportedError(
            "has no path through objects in common with the SavedModel",
            path=checkpoint.path,
            hint="whether other paths lead to its variables cannot be told from the files",
        )
    wanted = {f"{root}{key}": variable for key, variable in saved.items()}
    entries = [_entry(key, variable, stored.get(key)) for key, variable in wanted.items()]
    error = _first_error(entries)
    separators = (checkpoint.separator, model.separator)
    entries, rules = with_renames(entries, stored, wanted, find_renames, separators)
    entries += extras(stored.values(), entries)
    argument = f"{root[:-1]}=" if root else ""
    call = f"tf.train.Checkpoint({argument}tf.saved_model.load(...)).restore"
    notes = (_MISSED,) if any(entry.status == "missing" for entry in entries) else ()
    verdict = verdict_of(entries, error)
    return Attempt("objects", call, verdict, error, tuple(entries), rules, notes)


def _root(wanted: Iterable[str], stored: Mapping[str, object]) -> str | None:
    """Where the checkpoint has the model: at its root, or under a name that it was saved as."""
    keys = list(wanted)
    names = dict.fromkeys(f"{key.partition('/')[0]}/" for key in stored)
    hits = {root: sum(f"{root}{key}" in stored for key in keys) for root in ("", *names)}
    best = max(hits, key=lambda root: hits[root])
    return best if hits[best] else None


def _entry(key: str, variable: Variable, found: Variable | None) -> Entry:
    """What becomes of one variable."""
    wanted = tensor_of(variable)
    if found is None:
        return Entry("missing", variable.key, key, expected=wanted)
    has = tensor_of(found)
    entry = Entry("restored", variable.key, key, key, found.name, expected=wanted, found=has)
    if wanted.dtype != has.dtype:
        message = dtype_message(key, wanted.dtype, has.dtype)
        return replace(entry, status="dtype", error=Complaint(INVALID, message))
    if wanted.shape != has.shape:
        message = (
            f"Received incompatible tensor with shape {has.shape} when attempting to restore"
            f" variable with shape {wanted.shape} and name {variable.name}"
        )
        return replace(entry, status="shape", error=Complaint("ValueError", message))
    return entry


def _first_error(entries: Sequence[Entry]) -> Complaint | None:
    """Dtypes are compared when values are read, shapes when they are assigned."""
    for status in ("dtype", "shape"):
        for entry in entries:
            if entry.status == status:
                return entry.error
    return None
