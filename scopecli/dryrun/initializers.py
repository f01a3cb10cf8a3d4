"""`tf.initializers`: what computes initial values, and operations that set variables to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.variables import collections
from scopecli.dryrun.variables.initializers import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES: dict[str, Callable[..., Any]] = {
    **BY_NAME,
    "variables": collections.variables_initializer,
    "global_variables": collections.global_variables_initializer,
    "local_variables": collections.local_variables_initializer,
    "tables_initializer": collections.tables_initializer,
}


def __getattr__(name: str) -> Any:
    """One of them."""
    if name in _NAMES:
        return _NAMES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
