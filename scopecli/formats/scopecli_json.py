"""The document that `scopecli tree --format json` writes, read back as a model.

A committed one is a lock file: what the model's structure is meant to be. It has no values.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError
from scopecli.model.collection import Collection
from scopecli.model.model import File, Model, Note, Reuse
from scopecli.model.variable import KINDS, Kind, Slice, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "scopecli-json"
SCHEMA = "scopecli/model/1"

JsonObject = dict[str, Any]

_MAX_SIZE = 1 << 63
# Metadata that are lists of variables' names.
_NAME_LISTS = ("only_in_checkpoint", "only_in_graph")


def read(path: str) -> Model:
    """Read a document.

    Raises:
        DamagedFileError: it is no JSON, or not this document.
    """
    with Source(path) as source:
        size = source.size
        text = source.head(size)
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise DamagedFileError(f"is no {SCHEMA} document", path=path)
        return _model(path, size, document)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise DamagedFileError(
            f"is not a valid {SCHEMA} document: {_words(error)}",
            path=path,
            hint="write it anew with `scopecli tree --format json`",
        ) from error


def _words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


def _model(path: str, size: int, document: JsonObject) -> Model:
    variables = list(_variables(document["scopes"]))
    key_of = {variable.name: variable.key for variable in variables}
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        separator=_separator(document["separator"]),
        metadata=_metadata(document),
        collections={
            key: Collection(
                key, "variables", tuple(key_of.get(name, name) for name in map(_text, members))
            )
            for key, members in document["collections"].items()
        },
        reuse=[
            Reuse(_text(row["scope"]), tuple(map(_text, row["entries"])))
            for row in document["reuse"]
        ],
        notes=[
            Note(_text(row["code"]), _text(row["message"]), _text(row["subject"]))
            for row in document["notes"]
        ],
        files=(File(path, size, "document"),),
    )


def _metadata(document: JsonObject) -> JsonObject:
    """The facts about the whole file; those of a known form must have it."""
    metadata = {**document["metadata"], "source_format": _text(document["format"])}
    for key in _NAME_LISTS:
        if isinstance(metadata.get(key), list):
            metadata[key] = [_text(name) for name in metadata[key]]
    if isinstance(metadata.get("optimizer"), list):
        metadata["optimizer"] = [
            {
                "name": _text(row["name"]),
                "variables": _size(row["variables"]),
                "hyperparameters": dict(row["hyperparameters"]),
            }
            for row in metadata["optimizer"]
        ]
    return metadata


def _separator(value: object) -> str:
    separator = _text(value)
    if len(separator) != 1 or not (separator.isascii() and separator.isprintable()):
        raise ValueError(f"separator {separator!r} is not one ASCII character")
    return separator


def _variables(scope: JsonObject) -> Iterator[Variable]:
    """The variables of a scope and all below it, in the document's order."""
    waiting = [scope]
    while waiting:
        inner = waiting.pop()
        for row in inner["variables"]:
            yield _variable(row)
        waiting.extend(reversed(inner["children"]))


def _variable(row: JsonObject) -> Variable:
    kind = row["kind"]
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}")
    shape = row["shape"]
    return Variable(
        key=_text(row["key"]),
        name=_text(row["name"]),
        shape=None if shape is None else tuple(None if d is None else _size(d) for d in shape),
        dtype=_text(row["dtype"]),
        nbytes=None if row["bytes"] is None else _size(row["bytes"]),
        kind=cast("Kind", kind),
        trainable=None if row["trainable"] is None else bool(row["trainable"]),
        attributes={key: _attribute(key, v) for key, v in row.get("attributes", {}).items()},
    )


def _attribute(key: str, value: object) -> object:
    """An attribute as the reader of the original file had it."""
    if not isinstance(value, list):
        return value
    if key == "slices":
        return tuple(_slice(_text(spec)) for spec in value)
    return tuple(map(_text, value)) if key == "aliases" else tuple(value)


def _slice(spec: str) -> Slice:
    """A part of a partitioned tensor from `start,length` an axis, joined with `:`."""
    pairs = [extent.split(",") for extent in spec.split(":")] if spec else []
    numbers = [(_size(int(start)), _size(int(length))) for start, length in pairs]
    return Slice(tuple(start for start, _ in numbers), tuple(n for _, n in numbers), None)


def _size(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < _MAX_SIZE:
        raise ValueError(f"{value!r} where a size is meant")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} where a text is meant")
    return value
