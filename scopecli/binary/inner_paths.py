"""Paths that a file names: whether they stay in its folder."""

from __future__ import annotations

import re

_DRIVE = re.compile(r"[A-Za-z]:")


def is_inside(path: str) -> bool:
    """Whether a relative path, whatever system it was written on, leads to something inside."""
    parts = re.split(r"[/\\]", path)
    return not (".." in parts or parts[0] == "" or "\0" in path or _DRIVE.match(path) is not None)
