"""Paths that a file names: whether they stay in its folder, and which file they mean."""

from __future__ import annotations

import os
import re

_DRIVE = r"[A-Za-z]:"


def is_inside(path: str) -> bool:
    """Whether a relative path, whatever system it was written on, leads to something inside."""
    parts = re.split(r"[/\\]", path)
    return not (
        ".." in parts or parts[0] == "" or "\0" in path or re.match(_DRIVE, path) is not None
    )


def joined(folder: str, path: str) -> str:
    """The file in a folder that a path inside it means.

    One that was written on Windows has backslashes between its parts. They are part of a name
    elsewhere, so they count as such where a file is called so.
    """
    found = os.path.join(folder, path)
    if "\\" in path and not os.path.exists(found):
        return os.path.join(folder, path.replace("\\", "/"))
    return found
