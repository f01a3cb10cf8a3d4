"""The settings of a project: scopecli.toml, or `[tool.scopecli]` in pyproject.toml."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, PathError, UnknownNameError
from scopecli.model.finding import SEVERITIES, Severity
from scopecli.model.names import nearest
from scopecli.model.records import NamedTuple
from scopecli.rules.selection import Selection, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

_OWN_FILE = "scopecli.toml"
_PROJECT_FILE = "pyproject.toml"
_CODES = ("select", "ignore", "extend-select")
_KEYS = (*_CODES, "fail-on", "baseline", "per-path-ignores")


class Settings(NamedTuple):
    """The settings of a project.

    Attributes:
        selection: which rules to run.
        fail_on: the least severity that fails a run.
        baseline: path of a file of known findings, or empty.
    """

    selection: Selection = Selection()
    fail_on: Severity = "error"
    baseline: str = ""


def find(folder: str) -> Settings:
    """The settings for a folder: those of the nearest file with any, in the folder or above.

    Raises:
        ScopecliError: the file is not valid TOML, or has a setting that is not known.
    """
    folder = os.path.abspath(folder)
    while True:
        for name in (_OWN_FILE, _PROJECT_FILE):
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                table = _table(path)
                if table is not None:
                    return read(table, path)
        parent = os.path.dirname(folder)
        if parent == folder:
            return Settings()
        folder = parent


def read(table: Mapping[str, object], path: str) -> Settings:
    """The settings in a table.

    Raises:
        ScopecliError: a key, code or value is not known.
    """
    for key in table:
        if key not in _KEYS:
            near = nearest(key, _KEYS, 1)
            hint = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(_KEYS)}"
            raise UnknownNameError(f"has an unknown setting {key!r}", path=path, hint=hint)
    codes = {key: _prefixes(table[key], key, path) for key in _CODES if key in table}
    ignores = table.get("per-path-ignores", {})
    if not isinstance(ignores, dict):
        raise _wrong("per-path-ignores", "a table of patterns with lists of codes", path)
    selection = Selection(
        select=codes.get("select", Selection().select),
        ignore=codes.get("ignore", ()),
        extend_select=codes.get("extend-select", ()),
        per_path_ignores=tuple(
            (pattern, _prefixes(prefixes, "per-path-ignores", path))
            for pattern, prefixes in ignores.items()
        ),
        folder=os.path.dirname(os.path.abspath(path)),
    )
    baseline = table.get("baseline", "")
    if not isinstance(baseline, str):
        raise _wrong("baseline", "the path of a file", path)
    if baseline:
        baseline = os.path.join(os.path.dirname(path), baseline)
    return Settings(selection, _severity(table.get("fail-on", "error"), path), baseline)


def _table(path: str) -> Mapping[str, object] | None:
    """The settings in a file, or None where it has none."""
    import tomllib

    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror}", path=path) from error
    except (ValueError, RecursionError) as error:  # ValueError: a number of 5,000 digits too
        raise DamagedFileError(f"is not valid TOML: {error}", path=path) from error
    if os.path.basename(path) == _OWN_FILE:
        return document
    tool = document.get("tool")
    table = tool.get("scopecli") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise _wrong("tool.scopecli", "a table", path)
    return table


def _prefixes(value: object, key: str, path: str) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _wrong(key, "a list of codes", path)
    try:
        return parse(texts)
    except UnknownNameError as error:
        error.path = path
        raise


def _severity(value: object, path: str) -> Severity:
    for severity in SEVERITIES:
        if value == severity:
            return severity
    raise _wrong("fail-on", f"one of {', '.join(SEVERITIES)}", path)


def _wrong(key: str, meant: str, path: str) -> UnknownNameError:
    return UnknownNameError(f"{key} is not {meant}", path=path)
