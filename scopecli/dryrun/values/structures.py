"""Nested lists, tuples and dictionaries of tensors: `tf.nest`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def flattened(structure: Any) -> list[Any]:
    """The leaves in order; of a dictionary, in the order of its keys."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flattened(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in flattened(item)]
    return [structure]


def repacked(structure: Any, leaves: Iterable[Any]) -> Any:
    """The same structure with other leaves."""
    return _packed(structure, iter(leaves))


def _packed(structure: Any, leaves: Any) -> Any:
    if isinstance(structure, dict):
        found = {key: _packed(structure[key], leaves) for key in sorted(structure)}
        return type(structure)((key, found[key]) for key in structure)
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*[_packed(item, leaves) for item in structure])
    if isinstance(structure, (list, tuple)):
        return type(structure)(_packed(item, leaves) for item in structure)
    return next(leaves)


def same_structure(a: Any, b: Any) -> None:
    """Check that two structures differ in their leaves only.

    Raises:
        ValueError: one is nested where the other is not, or has more or fewer parts.
        TypeError: the parts are of other kinds.
    """
    wrong = "The two structures don't have the same nested structure."
    if is_nested(a) != is_nested(b):
        raise ValueError(wrong)
    if not is_nested(a):
        return
    if isinstance(a, dict) or isinstance(b, dict):
        if not (isinstance(a, dict) and isinstance(b, dict)):
            raise TypeError(wrong)
        if set(a) != set(b):
            raise ValueError(wrong)
        for key in a:
            same_structure(a[key], b[key])
        return
    if len(a) != len(b):
        raise ValueError(wrong)
    if type(a) is not type(b):
        raise TypeError(wrong)
    for x, y in zip(a, b, strict=True):
        same_structure(x, y)


def flatten(structure: Any) -> list[Any]:
    """The leaves in order."""
    return flattened(structure)


def map_structure(function: Callable[..., Any], *structures: Any) -> Any:
    """The same structure with a function of the leaves."""
    columns = zip(*[flattened(structure) for structure in structures], strict=True)
    return repacked(structures[0], [function(*column) for column in columns])


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """The same structure with other leaves."""
    return repacked(structure, flat_sequence)


def is_nested(structure: Any) -> bool:
    """Whether it has leaves inside."""
    return isinstance(structure, (list, tuple, dict))


is_sequence = is_nested
