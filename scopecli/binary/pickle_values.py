"""What the walk over a pickle leaves: plain values, and symbols for everything else.

Numbers, texts, tuples, lists and dictionaries are Python's own; a set is a list. Whatever the
pickle would import, call or make is only written down.
"""

from __future__ import annotations

from typing import NamedTuple

Key = str | int | float | bool | bytes | None


class Global:
    """Something that the pickle would import.

    Attributes:
        module: where from; `?` where the pickle computes it.
        name: what; with dots where it is inside a class.
        path: both, joined with a dot.
    """

    __slots__ = ("module", "name", "path")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name
        self.path = f"{module}.{name}"

    def __repr__(self) -> str:
        return f"Global({self.path!r})"


class Object:
    """What a call would give.

    Attributes:
        function: what would be called: a `Global`, most often.
        arguments: what it would be called with.
        state: what would be set on the result; None where nothing is.
        entries: what would be put into it by key.
        members: what would be appended to it.
    """

    __slots__ = ("arguments", "entries", "function", "members", "state")

    def __init__(self, function: object, arguments: tuple[object, ...]) -> None:
        self.function = function
        self.arguments = arguments
        self.state: object = None
        self.entries: dict[object, object] = {}
        self.members: list[object] = []

    def __repr__(self) -> str:
        return f"Object({self.function!r})"


class Persistent:
    """Something that is kept outside of the pickle, which only has an identifier of it."""

    __slots__ = ("id",)

    def __init__(self, identifier: object) -> None:
        self.id = identifier


class Pickle(NamedTuple):
    """One pickle.

    Attributes:
        value: what it holds.
        imports: everything that it would import, in order, each once.
        kept_outside: everything that it only names.
        end: offset behind its last operation.
    """

    value: object
    imports: tuple[Global, ...]
    kept_outside: list[Persistent]
    end: int
