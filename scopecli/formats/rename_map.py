"""Files that say what names become, as JSON, CSV or TOML.

JSON is an object of names and new names, or has one under `map` beside its `schema`; CSV is two
columns, with or without the header `old,new`; TOML is a table `map`, or nothing but names.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from scopecli.binary.source import read_small_text
from scopecli.errors import DamagedFileError, ScopecliError

if TYPE_CHECKING:
    from collections.abc import Callable

_LIMIT = 256 << 20
_TABLE = "map"
_SCHEMA = "scopecli/map/1"
_HEADER = ("old", "new")


def read(path: str) -> dict[str, str]:
    """Old name to new name, in the file's order.

    Raises:
        ScopecliError: it cannot be read, or is no such file.
    """
    text = read_small_text(path, _LIMIT)
    parse = _by_suffix(path, text)
    try:
        return parse(text.removeprefix("\ufeff"))
    except ScopecliError as error:
        error.path = path
        raise
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"is not a map of names: {error}", path=path) from error


def _by_suffix(path: str, text: str) -> Callable[[str], dict[str, str]]:
    known = {".json": _json, ".csv": _csv, ".toml": _toml}
    for suffix, parse in known.items():
        if path.lower().endswith(suffix):
            return parse
    return _json if text.lstrip()[:1] == "{" else _csv


def _json(text: str) -> dict[str, str]:
    return _table(json.loads(text, object_pairs_hook=_unique))


def _toml(text: str) -> dict[str, str]:
    import tomllib

    return _table(tomllib.loads(text))


def _csv(text: str) -> dict[str, str]:
    import csv
    import io

    lines = io.StringIO(text, newline="")  # a quoted name may have line ends, of any kind
    try:
        rows = [tuple(row) for row in csv.reader(lines, strict=True) if row]
    except csv.Error as error:
        raise DamagedFileError(f"is not a map of names: {error}") from error
    if rows and rows[0] == _HEADER:
        del rows[0]
    for number, row in enumerate(rows, 1):
        if len(row) != 2:
            raise DamagedFileError(
                f"row {number} is not two columns but {len(row)}",
                hint="a map is CSV with commas, JSON or TOML",
            )
    return _unique([(old, new) for old, new in rows])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise DamagedFileError(f"has {twice!r} twice")
    return found


def _table(document: object) -> dict[str, str]:
    """The map in a document, which may be one itself."""
    if isinstance(document, dict) and isinstance(document.get(_TABLE), dict):
        schema = document.get("schema", _SCHEMA)
        if schema != _SCHEMA:
            raise DamagedFileError(f"has schema {schema!r} where {_SCHEMA!r} is meant")
        document = document[_TABLE]
    if not isinstance(document, dict):
        raise DamagedFileError("is not a map of names: it is not an object of names and new names")
    for old, new in document.items():
        if not isinstance(new, str):
            hint = 'a name with dots is quoted in TOML: "a.b" = "c"' if type(new) is dict else None
            problem = "is not a map of names: a new name is not a string"
            raise DamagedFileError(problem, where=repr(old), hint=hint)
    return document
