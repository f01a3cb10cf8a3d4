"""Keys for the tensors of formats that let several have one name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def unique(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """A key for each name: the name, with a number behind it where it was there before.

    Returns:
        The keys, and the names that are there more than once.
    """
    seen: dict[str, int] = {}
    keys: list[str] = []
    repeated: dict[str, None] = {}
    for name in names:
        key = name
        if name in seen:
            repeated[name] = None
            while key in seen:
                seen[name] += 1
                key = f"{name}#{seen[name]}"
        seen[key] = 1
        keys.append(key)
    return keys, list(repeated)
