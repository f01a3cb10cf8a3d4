"""The datasets of an HDF5 file, as variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.hdf5.dataset import Dataset
from scopecli.formats.hdf5.names import decoded
from scopecli.model.model import Note
from scopecli.model.records import NamedTuple
from scopecli.model.variable import NO_ATTRIBUTES, StoredAt, Variable

if TYPE_CHECKING:
    from scopecli.binary.hdf5.reader import Pointer
    from scopecli.formats.hdf5.protocol import Structure


class PlainRun(StoredAt):
    """Where values are that stand in the file as they are read: little-endian, in one run."""

    __slots__ = ()


class Listing(NamedTuple):
    """The datasets of a file, depth first and by name, and what was not followed."""

    variables: list[Variable]
    notes: list[Note]


def datasets(file: Structure) -> Listing:
    """Every dataset once, under the first path that leads to it; names are the keys.

    Raises:
        DamagedFileError: an object cannot be read.
        UnsupportedError: groups nested so deeply, or names so long, that no real file has them.
    """
    variables: list[Variable] = []
    notes: list[Note] = []
    aliases: dict[str, list[str]] = {}
    make = tuple.__new__  # what `Variable(...)` comes to, without the calls in between
    shard, base = file.place
    for name, found, offset in file.objects():
        path = decoded(name)
        if isinstance(found, Dataset):
            shape, kind, nbytes, stored, external = found
            storage = None
            if stored and not external:
                start = None if offset is None or base is None else base + offset
                is_plain = start is not None and kind.code and not kind.big_endian
                storage = make(PlainRun if is_plain else StoredAt, (shard, start, stored, None))
            attributes = _attributes(found) if kind.big_endian or external else NO_ATTRIBUTES
            fields = (path, path, shape, kind.name, nbytes, "variable", None, storage, attributes)
            variables.append(make(Variable, fields))
        elif found.kind == "hard-link":
            aliases.setdefault(decoded(found.target), []).append(path)
        else:
            notes.append(_unfollowed(found, path))
    if aliases:
        variables = [_with_aliases(variable, aliases) for variable in variables]
        notes += [
            Note("hard-link", f"is the same object as {known}", path)
            for known, paths in aliases.items()
            for path in paths
        ]
    return Listing(variables, notes)


def _with_aliases(variable: Variable, aliases: dict[str, list[str]]) -> Variable:
    """The variable with its other paths, which are taken out of `aliases`."""
    paths = aliases.pop(variable.key, None)
    if not paths:
        return variable
    return variable._replace(attributes={**variable.attributes, "aliases": tuple(paths)})


def _attributes(dataset: Dataset) -> dict[str, object]:
    found: dict[str, object] = {}
    if dataset.type.big_endian:
        found["byte_order"] = "big"
    if dataset.external:
        found["external"] = True
    return found


def _unfollowed(pointer: Pointer, path: str) -> Note:
    target = decoded(pointer.target)
    if pointer.kind == "soft-link":
        words = f"is a soft link to {target}, which is not followed"
    elif pointer.kind == "external-link":
        words = f"is a link to {target} in {decoded(pointer.file)}, which is not followed"
    else:
        words = f"is a link of the unknown type {target}"
    return Note(pointer.kind, words, path)
