"""`tf.app`, `tf.flags` and `tf.logging`: enough for a program's frame."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.program.flags import FLAGS, defining
from scopecli.dryrun.program.inert import run

__all__ = ["FLAGS", "run"]

_DEFINE = "DEFINE_"
DEBUG, INFO, WARN, ERROR, FATAL = 10, 20, 30, 40, 50


def __getattr__(name: str) -> Any:
    """`DEFINE_string` and its kin, `flags`, and the functions of a logger, which say nothing."""
    if name.startswith(_DEFINE):
        return defining(name.removeprefix(_DEFINE))
    if name == "flags":
        import sys

        return sys.modules[__name__]
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *_, **__: None
