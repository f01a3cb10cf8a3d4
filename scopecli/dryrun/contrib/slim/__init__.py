"""`slim`: arg scopes, model variables and layers. The real one is PyPI's tf-slim."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PARTS = ("scoping", "variables", "layers")


def __getattr__(name: str) -> Any:
    """A name of one of the parts, or something that is not known."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name == "losses":
        from scopecli import dryrun

        return dryrun.losses
    if name in {"regularizers", "initializers"}:
        return import_module(f"{__name__}.layers")
    if name == "variance_scaling_initializer":
        return import_module(f"{__name__}.layers").variance_scaling
    if name in {"layers", "variables"}:
        raise AttributeError(name)  # modules of this package
    for part in _PARTS:
        module = import_module(f"{__name__}.{part}")
        if name in vars(module):
            return vars(module)[name]
    from scopecli.dryrun.ops.opaque import unknown

    return unknown("contrib.slim", name)
