"""`tf.math`."""

from __future__ import annotations

from typing import Any

_OF_NN = frozenset({"l2_normalize", "softmax", "log_softmax", "top_k", "in_top_k"})


def __getattr__(name: str) -> Any:
    """Most of it stands in the package itself, too."""
    if name.startswith("__"):
        raise AttributeError(name)
    from scopecli import dryrun

    space = dryrun.nn if name in _OF_NN else dryrun
    return getattr(space, name)
