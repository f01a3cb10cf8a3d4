"""Putting variables into the collections that were asked for."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import (
    add_to_collection,
    get_collection,
)


def keep(variable: Any, collections: Any, name: str) -> None:
    """Put a variable into the collections that were asked for."""
    keys = collections.get(name) if isinstance(collections, dict) else collections
    parts = list(variable) if hasattr(variable, "_get_variable_list") else [variable]
    for key in keys or ():
        for part in parts:
            if part not in get_collection(key):
                add_to_collection(key, part)
