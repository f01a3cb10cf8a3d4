"""`tf.gfile`: files are read; nothing is written, made or deleted."""

from __future__ import annotations

import glob
import io
import os
from typing import Any


def Exists(path: Any) -> bool:  # noqa: N802 - TensorFlow's names
    """Whether there is such a file or folder."""
    return os.path.exists(path)


def IsDirectory(path: Any) -> bool:  # noqa: N802
    """Whether there is such a folder."""
    return os.path.isdir(path)


def ListDirectory(path: Any) -> list[str]:  # noqa: N802
    """What is in a folder."""
    return os.listdir(path)


def Glob(pattern: Any) -> list[str]:  # noqa: N802
    """The files whose names match."""
    return sorted(glob.glob(pattern))


def Walk(top: Any, in_order: bool = True) -> Any:  # noqa: N802
    """All folders below one."""
    return os.walk(top, topdown=in_order)


def Open(name: Any, mode: str = "r") -> Any:  # noqa: N802
    """A file to read; what is written goes nowhere."""
    if "r" in mode:
        return open(name, mode, encoding=None if "b" in mode else "utf-8")
    return io.BytesIO() if "b" in mode else io.StringIO()


GFile = FastGFile = Open


def MakeDirs(*_: Any, **__: Any) -> None:  # noqa: N802
    """Nothing is made."""


MkDir = Remove = Rename = Copy = DeleteRecursively = MakeDirs
# Their newer names.
exists, isdir, listdir = Exists, IsDirectory, ListDirectory
makedirs = mkdir = remove = rename = copy = rmtree = MakeDirs
