"""What a rename does to the pickle of a PyTorch file, and what speaks against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.pickle.contents import SEPARATOR
from scopecli.formats.torch import entries as torch_entries
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.binary.pickle.edit import Entry, Trace
    from scopecli.formats.torch.entries import Holder, Place, Places
    from scopecli.formats.torch.tree import Found
    from scopecli.model.renaming import Renaming

Problem = tuple[str, str]

_NO_ENTRY = "is not an entry of a dictionary under its own key, so it has no name to change"
_TWO_ENTRIES = "is what two entries are called"
_TWO_NAMES = "is one entry with {}: both have to become the same"
_OTHER = "is in the dictionary {!r}, which it cannot leave: its new name must start with {!r}"
_TAKEN = "would become {!r}, which is there and is not a tensor"
_OPTIMIZER = "belongs to an optimizer, which has names of its own"
_PART = "goes only with everything that the optimizer keeps for this parameter"


class Changes(NamedTuple):
    """What becomes of a pickle.

    Attributes:
        keys: new keys, by the first operation of their entries.
        dropped: the entries that go away.
        problems: names, each with what speaks against its change.
    """

    keys: dict[int, str]
    dropped: list[Entry]
    problems: list[Problem]


def plan(trace: Trace, found: Sequence[Found], renaming: Renaming) -> Changes:
    """What has to be done to a pickle.

    Args:
        trace: of its operations.
        found: the tensors in it.
        renaming: what becomes of names, also of those that other files have.
    """
    places = torch_entries.find(trace)
    changes = Changes({}, [], [])
    in_states: set[str] = set()
    for state, names in _of_states(found, places).items():
        _change_state(changes, places.states[state], names, renaming)
        in_states.update(names)
    wanted = _Wanted(trace, places, renaming)
    for item in found:
        name = item.path
        if name in in_states or not (name in renaming.moves or name in renaming.drops):
            continue
        problem = wanted.problem(item)
        if problem:
            changes.problems.append((name, problem))
            continue
        place, new = places.of[name][0], wanted.key_of(name)
        entries = place.holder.entries[place.key]
        if new is None:
            changes.dropped.extend(entries)
        else:
            changes.keys.update({entry.first: new for entry in entries})
    changes.keys.update(wanted.module_keys())
    return changes


def _of_states(found: Sequence[Found], places: Places) -> dict[str, list[str]]:
    """By what an optimizer keeps for a parameter, the tensors that are in it."""
    names: dict[str, list[str]] = {}
    for item in found:
        if item.kind == "variable":
            continue
        at = item.path.find(SEPARATOR)
        while at >= 0 and item.path[:at] not in places.states:
            at = item.path.find(SEPARATOR, at + 1)
        if at >= 0:
            names.setdefault(item.path[:at], []).append(item.path)
    return names


def _change_state(changes: Changes, place: Place, names: Sequence[str], renaming: Renaming) -> None:
    """Without its state for a parameter, an optimizer starts anew; with a part of it, it fails."""
    changes.problems.extend((name, _OPTIMIZER) for name in names if name in renaming.moves)
    gone = [name for name in names if name in renaming.drops]
    entries = place.holder.entries.get(place.key)
    if gone and (entries is None or len(gone) < len(names)):
        changes.problems.extend((name, _PART if entries else _NO_ENTRY) for name in gone)
    elif gone and entries:
        changes.dropped.extend(entries)


class _Wanted:
    """What shall become of the entries of all dictionaries."""

    __slots__ = ("_holders", "_keys", "_names", "_places", "_renaming", "_trace")

    def __init__(self, trace: Trace, places: Places, renaming: Renaming) -> None:
        self._trace = trace
        self._places = places
        self._renaming = renaming
        self._holders: dict[int, Holder] = {}
        self._keys: dict[int, dict[object, str | None]] = {}  # of tensors, by holder
        self._names: dict[tuple[int, object], list[str]] = {}
        for name, there in places.of.items():
            for holder, key in there:
                address = id(holder.value)
                self._holders[address] = holder
                self._keys.setdefault(address, {})[key] = self.key_of(name)
                self._names.setdefault((address, key), []).append(name)

    def key_of(self, name: str) -> str | None:
        """The key that an entry gets; None where it goes away."""
        if name in self._renaming.drops:
            return None
        holder, key = self._places.of[name][0]
        if name not in self._renaming.moves:
            return str(key)
        return self._renaming.of(name).removeprefix(_start(holder))

    def problem(self, item: Found) -> str:
        """What speaks against a change; empty where nothing does."""
        name = item.path
        there = self._places.of.get(name, [])
        if item.kind != "variable":
            return _OPTIMIZER
        if len(there) != 1:
            return _TWO_ENTRIES if there else _NO_ENTRY
        ((holder, key),) = there
        entries = holder.entries.get(key, [])
        new = self.key_of(name)
        if not entries or (new is not None and not all(map(self._trace.is_text, entries))):
            return _NO_ENTRY
        if new is not None and not self._renaming.of(name).startswith(_start(holder)):
            return _OTHER.format(holder.path, _start(holder))
        if new in holder.entries and new not in self._keys[id(holder.value)]:
            return _TAKEN.format(self._renaming.of(name))
        for other in self._names[id(holder.value), key]:
            if self.key_of(other) != new:
                return _TWO_NAMES.format(other)
        return ""

    def module_keys(self) -> Iterator[tuple[int, str]]:
        """The new names of modules in what a state dict says of them."""
        for address, keys in self._keys.items():
            modules = torch_entries.modules(self._places, self._holders[address])
            kept = {old: new for old, new in keys.items() if type(old) is str and new is not None}
            for old, new in torch_entries.moved_modules(modules, kept).items():
                for entry in modules[old]:
                    if self._trace.is_text(entry):
                        yield entry.first, new


def _start(holder: Holder) -> str:
    """What the names of a dictionary's tensors start with."""
    return holder.path + SEPARATOR if holder.path else ""
