"""Where the names of a PyTorch file are written: in the entries of its dictionaries.

A name is made of the keys that lead to a tensor, so only the last of them is the tensor's own. What
is not in a dictionary has none: an element of a list, an attribute of a module.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scopecli.binary.pickle.contents import SEPARATOR, joined, mapping, sequence
from scopecli.binary.pickle.values import Object
from scopecli.formats.torch.tensors import tensor
from scopecli.formats.torch.tree import STATE, is_optimizer
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from scopecli.binary.pickle.edit import Entry, Trace

    Entries = Mapping[object, list[Entry]]

_METADATA = "_metadata"


class Holder(NamedTuple):
    """A dictionary.

    Attributes:
        value: itself.
        path: the keys that lead to it, joined; empty for the file's own.
        entries: what is put into it, by key; of several with one key the last counts.
    """

    value: object
    path: str
    entries: Entries


class Place(NamedTuple):
    """The entry of a tensor: in which dictionary, and under which key."""

    holder: Holder
    key: object


class Places(NamedTuple):
    """Where the tensors of a file are.

    Attributes:
        of: by name; a name that two entries have has two places.
        states: the entry of what an optimizer keeps for a parameter, by path.
        entries: of each dictionary, by its address.
    """

    of: dict[str, list[Place]]
    states: dict[str, Place]
    entries: Mapping[int, Entries]


def find(trace: Trace) -> Places:
    """Where the tensors are that have an entry of a dictionary."""
    by_target = _entries(trace)
    found = Places({}, {}, by_target)
    waiting = [("", trace.value, frozenset[int]())]
    while waiting:
        path, value, outside = waiting.pop()
        if id(value) in outside:
            continue
        pairs = mapping(value)
        items = sequence(value) if pairs is None else None
        holder = Holder(value, path, by_target.get(id(value), {}))
        for key, child in [*(pairs or {}).items(), *enumerate(items or ())]:
            name = joined(path, key)
            if tensor(child) is None:
                waiting.append((name, child, outside | {id(value)}))
            elif pairs is not None:
                found.of.setdefault(name, []).append(Place(holder, key))
        if pairs is not None and is_optimizer(pairs):
            inner = joined(path, STATE)
            states = Holder(pairs[STATE], inner, by_target.get(id(pairs[STATE]), {}))
            for key in mapping(states.value) or {}:
                found.states[joined(inner, key)] = Place(states, key)
    return found


def _entries(trace: Trace) -> dict[int, dict[object, list[Entry]]]:
    """The entries of each dictionary, by key."""
    found: dict[int, dict[object, list[Entry]]] = {}
    for entry in trace.entries:
        if type(entry.key) in {str, int}:
            found.setdefault(id(entry.target), {}).setdefault(entry.key, []).append(entry)
    return found


def modules(places: Places, holder: Holder) -> Entries:
    """What a state dict says of modules, by their names: which version of them was saved."""
    state = mapping(holder.value.state) if type(holder.value) is Object else None
    return places.entries.get(id((state or {}).get(_METADATA)), {})


def moved_modules(names: Collection[object], keys: Mapping[str, str]) -> dict[str, str]:
    """The modules that get another name, because all their tensors agree on it.

    One without tensors goes with the one that it is in. One whose new name is taken stays.

    Args:
        names: of the modules.
        keys: of the state dict, old to new, also those that stay.
    """
    agreed = _agreed(keys)
    moved = {}
    for name in names:
        if type(name) is str and (new := _moved(name, agreed)) != name:
            moved[name] = new
    while True:
        taken = Counter([*moved.values(), *(name for name in names if name not in moved)])
        crowded = [name for name, new in moved.items() if taken[new] > 1]
        if not crowded:
            return moved
        for name in crowded:
            del moved[name]


def _agreed(keys: Mapping[str, str]) -> dict[str, str | None]:
    """What the tensors of each module say that it becomes; None where they disagree."""
    found: dict[str, str | None] = {}
    for old, new in keys.items():
        at = old.rfind(SEPARATOR)
        while at > 0:
            module, rest = old[:at], old[at:]
            becomes = new.removesuffix(rest) if new.endswith(rest) else None
            if found.setdefault(module, becomes) != becomes:
                found[module] = None
            at = old.rfind(SEPARATOR, 0, at)
    return found


def _moved(name: str, agreed: Mapping[str, str | None]) -> str:
    """The new name of a module: its own, or with that of the nearest one that has tensors."""
    outer = name
    while outer and outer not in agreed:
        outer = outer.rpartition(SEPARATOR)[0]
    return (agreed.get(outer) or outer) + name[len(outer) :]
