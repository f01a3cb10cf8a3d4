"""`tf.dtypes`: what stands in `tf` too."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """The types, and how values get another."""
    from scopecli import dryrun

    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(dryrun, name)
