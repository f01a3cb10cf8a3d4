"""Old and new names as a file that `scopecli rename --map` takes."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import TYPE_CHECKING

from scopecli.errors import ScopecliError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SCHEMA = "scopecli/map/1"

Texts = dict[str, "Callable[[Mapping[str, str]], str]"]


def write(path: str, names: Mapping[str, str]) -> None:
    """Write a map for `rename` in the format that the path's suffix says.

    Raises:
        UnsupportedError: no format has the suffix.
        ScopecliError: the file cannot be written.
    """
    _write(path, names, _FOR_RENAME)


def write_assignment_map(path: str, names: Mapping[str, str]) -> None:
    """Write a map for `tf.train.init_from_checkpoint`: JSON that is the dictionary itself.

    Raises:
        UnsupportedError: the suffix is another.
        ScopecliError: the file cannot be written.
    """
    _write(path, names, _FOR_TENSORFLOW)


def _write(path: str, names: Mapping[str, str], formats: Texts) -> None:
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in formats:
        raise UnsupportedError(
            f"cannot write a map of names as {suffix or 'a file without suffix'}",
            path=path,
            hint=f"use {' or '.join(formats)}",
        )
    try:
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(formats[suffix](names))
    except (OSError, UnicodeEncodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "a name is not valid UTF-8"
        raise ScopecliError(f"cannot be written: {problem}", path=path) from error


def _json(names: Mapping[str, str]) -> str:
    return json.dumps({"schema": SCHEMA, "map": dict(names)}, indent=2) + "\n"


def _csv(names: Mapping[str, str]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("old", "new"))
    rows.writerows(names.items())
    return text.getvalue()


def _toml(names: Mapping[str, str]) -> str:
    rows = [f"{_quoted(old)} = {_quoted(new)}\n" for old, new in names.items()]
    return "[map]\n" + "".join(rows)


def _quoted(text: str) -> str:
    """A basic string, whose escapes are those of JSON: https://toml.io/en/v1.0.0#string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_FOR_RENAME: Texts = {".json": _json, ".csv": _csv, ".toml": _toml}
_FOR_TENSORFLOW: Texts = {".json": lambda names: json.dumps(dict(names), indent=2) + "\n"}
