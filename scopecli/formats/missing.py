"""What is said of a path that leads to no model."""

from __future__ import annotations

import os
import re

from scopecli.binary.source import reason
from scopecli.errors import PathError
from scopecli.model.names import listed, nearest

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_MAX_NAMED = 5
_STANDARD_INPUT = "standard input is not read: a model is opened in place, so it needs a file"


def at_path(path: str, beside: list[str]) -> PathError:
    """The error for a path where no model is.

    Args:
        path: as it was given.
        beside: the names in the folder that it would be in.
    """
    if _ADDRESS.match(path):
        return PathError("is an address, not a file", path=path, hint="fetch it first")
    if os.path.islink(path):
        return PathError(f"is a link to {os.readlink(path)}, and nothing is there", path=path)
    try:
        os.stat(path)
    except PermissionError as error:  # the folder lets nobody look
        return PathError(f"cannot be opened: {reason(error)}", path=path)
    except (OSError, ValueError):
        pass
    hint = _STANDARD_INPUT if path == "-" else _nearest(path, beside)
    return PathError("no such file or checkpoint", path=path, hint=hint)


def in_folder(path: str, names: list[str]) -> PathError:
    """The error for a folder that has no model under a name that says so."""
    if not names:
        return PathError("is an empty folder", path=path)
    files = sorted(name for name in names if os.path.isfile(os.path.join(path, name)))
    what = "a file" if files else "a folder"
    hint = f"name {what} in it: {listed(files or sorted(names), _MAX_NAMED)}"
    return PathError("is a folder without a checkpoint", path=path, hint=hint)


def _nearest(path: str, beside: list[str]) -> str | None:
    folder, base = os.path.split(path)
    near = nearest(base, sorted({name.removesuffix(".index") for name in beside}))
    # Of a checkpoint's files its prefix is enough.
    near = [name for name in near if not any(name.startswith(f"{other}.") for other in near)]
    paths = [os.path.join(folder, name) for name in near]
    return f"did you mean {' or '.join(paths)}?" if paths else None
