"""What TensorFlow allows as a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scopecli.model.renaming import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.model.renaming import Renaming
    from scopecli.model.variable import Variable

# Names of one checkpoint are unique in it, whatever they are of.
_SPACE = "checkpoint"
# `_VALID_OP_NAME_REGEX` in python/framework/ops.py.
_ALLOWED = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")


def complaint(name: str) -> str:
    """What is wrong with the name of a variable or node; nothing where it is fine."""
    if _ALLOWED.fullmatch(name):
        return ""
    return "is not a name that TensorFlow allows (letters, digits, and _ . - / \\ > inside)"


def subjects(variables: Iterable[Variable]) -> list[Subject]:
    """The keys of a checkpoint whose keys are the names of variables."""
    return [
        Subject(variable.key, variable.kind, _owner(variable), _SPACE) for variable in variables
    ]


def _owner(variable: Variable) -> str:
    """The variable whose state or average this is; empty where it is nobody's."""
    attributes = variable.attributes
    return str(attributes.get("slot_of", attributes.get("average_of", "")))


def empty_parts(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The names that have an empty part, each with that complaint."""
    for name in names:
        if not name or "//" in name or name[0] == "/" or name[-1] == "/":
            yield name, "has an empty part between slashes" if name else "is empty"


def refusals(renaming: Renaming) -> Iterator[tuple[str, str]]:
    """New names that no variable can have, so that no Saver could restore them.

    Whoever had a name beyond the rule before, as a key that a Saver was given in a dict may be, may
    have another.
    """
    for old, new in renaming.moves.items():
        problem = complaint(new)
        if problem and new and not complaint(old):
            yield new, problem
