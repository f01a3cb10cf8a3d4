"""What the symbols of a pickle stand for: dictionaries, lists and attributes of any class.

And the walk over all of it, by names: the keys and indices that lead to something, joined.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Protocol

from scopecli.binary.pickle.values import Global, Object, Persistent
from scopecli.errors import DamagedFileError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scopecli.model.variable import Kind

    Child = tuple[str, object, Kind]

SEPARATOR = "."
SCALARS = frozenset({str, int, float, bool})
LONGEST_TEXT = 200

_DICTIONARIES = frozenset(
    {
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.Counter",
        "builtins.dict",
        "__builtin__.dict",
    }
)
_LISTS = frozenset(
    f"{module}.{name}"
    for module in ("builtins", "__builtin__")
    for name in ("set", "frozenset", "list", "tuple")
)
_ENCODE = "_codecs.encode"

# What means something to scopecli in the metadata of a model.
_MEANINGFUL = frozenset(
    {
        "byte_order",
        "container",
        "functions",
        "globals",
        "has_config",
        "keras_version",
        "layers",
        "nodes",
        "object_based",
        "optimizer",
        "saver_keys",
        "signatures",
        "version",
    }
)

_MOST_WRAPPERS = 8
_DEEPEST = 200
_MOST_FACTS = 64
_MOST_ITEMS = 16
# Containers that are in several places are shown in each, which may be more than memory has.
_NAME_BYTES = 64
_SOME_BYTES = 1 << 20


class Visitor(Protocol):
    """What a walk asks of everything that it comes to."""

    def takes(self, path: str, value: object, kind: Kind, /) -> bool:
        """Whether it is a leaf, which is then done with.

        Raises:
            ScopecliError: it is a damaged one.
        """

    def children(self, path: str, value: object, kind: Kind, /) -> Iterator[Child]:
        """What is inside of anything else, with names and kinds."""

    def is_shown_again(self, value: object, /) -> bool:
        """Whether it is looked into wherever it is met, and not only at first."""


class _Open(NamedTuple):
    """A container that is being looked into: which one, and what is still to come."""

    address: int
    children: Iterator[Child]


def walk(root: object, size: int, visitor: Visitor) -> None:
    """Visit everything below the root, in order.

    Args:
        root: what the pickle holds.
        size: bytes of the pickle, by which the names that come out of it are bounded.
        visitor: what is done.

    Raises:
        DamagedFileError: a leaf is damaged, or it nests without end.
    """
    room = _NAME_BYTES * size + _SOME_BYTES
    opened = [_Open(0, iter([("", root, "variable")]))]
    inside: set[int] = {0}
    seen: set[int] = set()
    takes = visitor.takes
    while opened:
        for path, value, kind in opened[-1].children:
            room -= len(path) + 1
            if takes(path, value, kind):
                continue
            address = id(value)
            if address in inside or (address in seen and not visitor.is_shown_again(value)):
                continue
            if len(opened) > _DEEPEST or room < 0:
                raise DamagedFileError(
                    "nests its containers deeper than any model", where=path[:LONGEST_TEXT]
                )
            inside.add(address)
            seen.add(address)
            opened.append(_Open(address, visitor.children(path, value, kind)))
            break
        else:
            inside.remove(opened.pop().address)


# Symbols.


def path_of(value: object) -> str:
    """What is imported or called, by its name; empty where that is not said."""
    for _ in range(_MOST_WRAPPERS):
        if type(value) is not Object:
            break
        value = value.function
    if type(value) is Persistent and type(value.id) is tuple and len(value.id) > 1:
        # The legacy stream keeps the source of a module's class beside it: ("module", class, ...).
        value = value.id[1] if value.id[0] == "module" else None
    return value.path if type(value) is Global else ""


def mapping(value: object) -> Mapping[object, object] | None:
    """A dictionary of any class; None for anything else."""
    if type(value) is dict:
        return value
    if type(value) is not Object or not (value.entries or path_of(value) in _DICTIONARIES):
        return None
    given = value.arguments[0] if value.arguments else None
    if type(given) is dict:
        return given | value.entries
    pairs = given if type(given) is list else []  # Python 2 gave an OrderedDict its items so
    return {key: item for key, item in map(_pair, pairs) if type(key) is str} | value.entries


def _pair(value: object) -> tuple[object, object]:
    if isinstance(value, list | tuple) and len(value) == 2:
        return value[0], value[1]
    return None, None


def sequence(value: object) -> list[object] | tuple[object, ...] | None:
    """A list, tuple or set of any class; None for anything else."""
    if isinstance(value, list | tuple):
        return value
    if type(value) is not Object:
        return None
    if value.members:
        return value.members
    if path_of(value) not in _LISTS:
        return None
    given = value.arguments[0] if value.arguments else ()
    return given if isinstance(given, list | tuple) else ()


def attributes(value: object) -> Mapping[object, object] | None:
    """The attributes of an object; of a class with slots, those and the ones in its dictionary."""
    if type(value) is not Object:
        return None
    state = value.state
    if type(state) is not tuple or len(state) != 2:
        return mapping(state)
    own, slots = map(mapping, state)
    return own if slots is None else {**(own or {}), **slots}


# Names.


def named(
    path: str, pairs: Iterable[tuple[object, object]], kind: Kind, separator: str = SEPARATOR
) -> Iterator[Child]:
    """Keys and values as children of what has a name."""
    start = path + separator if path else ""
    for key, value in pairs:
        yield start + (key if type(key) is str else _text(key)), value, kind


def joined(path: str, key: object) -> str:
    """The name of what is under a key in something that has a name."""
    return f"{path}{SEPARATOR}{_text(key)}" if path else _text(key)


def _text(key: object) -> str:
    if type(key) is str:
        return key
    if type(key) is tuple:
        return SEPARATOR.join(map(_text, key))
    if type(key) is bytes:
        return key.decode("utf-8", "replace")
    if type(key) is not Object:
        return str(key)
    path, given = path_of(key), key.arguments
    is_bytes = path == _ENCODE and given and type(given[0]) is str  # as protocol 2 writes them
    return str(given[0]) if is_bytes else path


# Facts.


def note_fact(facts: dict[str, object], path: str, value: object) -> None:
    """Remember a number or a text, as a value of JSON."""
    if len(facts) >= _MOST_FACTS:
        return
    if isinstance(value, str):
        value = value if len(value) <= LONGEST_TEXT else f"a text of {len(value)} characters"
    elif isinstance(value, float) and not isfinite(value):
        value = str(value)
    facts[path] = value


def note_facts(
    facts: dict[str, object], path: str, items: list[object] | tuple[object, ...]
) -> None:
    """Remember a list of them, or how long it is."""
    if len(items) > _MOST_ITEMS:
        note_fact(facts, path, f"{len(items)} values")
    elif items and len(facts) < _MOST_FACTS:
        listed: dict[str, object] = {}
        for number, item in enumerate(items):
            note_fact(listed, str(number), item)
        facts[path] = tuple(listed.values())


def own_facts(facts: Mapping[str, object]) -> dict[str, object]:
    """The facts as metadata: those that a file has of its own are called otherwise than ours."""
    return {f"checkpoint.{p}" if p in _MEANINGFUL else p: fact for p, fact in facts.items()}
