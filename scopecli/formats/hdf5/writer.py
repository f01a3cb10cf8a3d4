"""Renaming in a plain HDF5 file: every link is a name, be it of a group, a dataset or another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from scopecli.errors import UnsupportedError
from scopecli.formats.hdf5 import editing
from scopecli.formats.hdf5 import file as hdf5_file
from scopecli.formats.hdf5 import links as hdf5_links
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.names import encoded, joined
from scopecli.model.renaming import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scopecli.formats.hdf5.file import Hdf5File
    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming


def subjects(model: Model) -> Sequence[Subject]:
    """All links. A group's name ends with `/`; two groups may become one.

    Raises:
        ScopecliError: the file cannot be read.
    """
    with hdf5_structure.opened_path(model.path) as file:
        tree = hdf5_links.tree(file)
    datasets = {variable.key for variable in model.variables}
    return [
        Subject(f"{path}/", "group", space=f"{path}/")
        if path in tree.groups
        else Subject(path, "variable" if path in datasets else "link")
        for path in tree.links
    ]


def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that HDF5 cannot hold, each with why."""
    yield from unusable(names)
    datasets = {name for name in names if not name.endswith("/")}
    for name in names:
        path = name.removesuffix("/")
        parts = path.split("/")
        around = ["/".join(parts[:end]) for end in range(1, len(parts))]
        if name != path:
            around.append(path)
        clash = next((scope for scope in around if scope in datasets), None)
        if clash is not None:
            yield name, f"{clash} is a dataset and would have to be a group"


def unusable(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names that are no path in an HDF5 file, each with why."""
    for name in names:
        parts = name.removesuffix("/").split("/")
        if "" in parts:
            yield name, "has an empty part"
        elif "." in parts:
            yield name, "has a part `.`, which in HDF5 is the group itself"
        elif "\0" in name:
            yield name, "has a zero byte"


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the file with other names.

    Raises:
        UnsupportedError: values and names are in one file, so data cannot be linked; or
            a virtual dataset takes values from one whose name would change.
        ScopecliError: the file cannot be changed, or the copy not written.
    """
    staging.refuse_to_share(model.path)
    moves = {old.removesuffix("/"): new.removesuffix("/") for old, new in renaming.moves.items()}
    drops = [name.removesuffix("/") for name in renaming.drops]
    _check_virtual(model, moves)
    copy = editing.smaller_copy if drops else editing.edited_copy
    copy(model.path, staging.create(out), partial(_edit, moves=moves, drops=drops))


def _edit(file: Hdf5File, moves: Mapping[str, str], drops: Sequence[str]) -> None:
    hdf5_links.unlink(file, sorted(drops, reverse=True))
    hdf5_links.relink(file, moves)


def _check_virtual(model: Model, moves: Mapping[str, str]) -> None:
    """A virtual dataset has the paths of those that it takes values from."""
    from h5py import h5d

    virtual = [v.key for v in model.variables if v.attributes.get("external")]
    if not virtual or not moves:
        return
    with hdf5_structure.opened_path(model.path) as file:
        for key in virtual:
            with hdf5_file.translated(file.name, key):
                layout = h5d.open(file.file_id, encoded(key)).get_create_plist()
                if layout.get_layout() != h5d.VIRTUAL:
                    continue
                sources = range(layout.get_virtual_count())
                inside = [n for n in sources if layout.get_virtual_filename(n) == "."]
                used = [joined(layout.get_virtual_dsetname(n)) for n in inside]
            moved = next((path for path in used if _is_moved(path, moves)), None)
            if moved is not None:
                raise UnsupportedError(
                    f"takes values from {moved}, which would then have another name",
                    path=model.path,
                    where=key,
                    hint="leave that name as it is",
                )


def _is_moved(path: str, moves: Mapping[str, str]) -> bool:
    return path in moves or any(path.startswith(f"{scope}/") for scope in moves)
