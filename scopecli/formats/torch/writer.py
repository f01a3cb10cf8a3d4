"""PyTorch archives under new names: the pickle edited, the storages copied as they are.

A name ends with the key of an entry in a dictionary, and only that key changes: nothing is moved
from one dictionary into another, and what has no key keeps its name. What `_metadata` says of
modules goes with their tensors. Of dropped tensors the storages go too, unless others view them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import zip_splice
from scopecli.binary.pickle import opcodes
from scopecli.binary.pickle.edit import Trace
from scopecli.binary.source import Source
from scopecli.binary.zip_splice import Change
from scopecli.errors import UnsupportedError
from scopecli.formats import shard_writing
from scopecli.formats.torch import changes as torch_changes
from scopecli.formats.torch import file as torch_file
from scopecli.formats.torch import tree as torch_tree
from scopecli.formats.torch.archive import Archive
from scopecli.model.records import NamedTuple
from scopecli.model.renaming import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.binary.pickle.values import Pickle
    from scopecli.formats.staging import Staging
    from scopecli.formats.torch.tree import Found
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming

_WRITTEN = "zip archive"
_STATE = frozenset({"slot", "bookkeeping"})


class _Opened(NamedTuple):
    """A file to be edited."""

    archive: Archive
    trace: Trace
    found: list[Found]


def subjects(model: Model) -> Sequence[Subject]:
    """The names of the tensors; all that an optimizer keeps for them are slots.

    Raises:
        UnsupportedError: it is no zip archive, or one of TorchScript's.
    """
    container = model.metadata.get("container")
    if container != _WRITTEN:
        raise _refused(container, model.path)
    return [
        Subject(variable.key, "slot" if variable.kind in _STATE else variable.kind)
        for variable in model.variables
    ]


def complaints(_names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """None: a key can be any text."""
    return iter(())


def refusals(model: Model, renaming: Renaming) -> Iterator[tuple[str, str]]:
    """Names that no key of a dictionary is all of, and what cannot be dropped alone."""
    for variable in model.variables:
        is_changed = variable.key in renaming.moves or variable.key in renaming.drops
        if is_changed and variable.key != variable.name:
            yield variable.key, "is called as another entry is"
    for file in model.files:
        if file.role != "index" and file.size is not None:
            with Source(file.path) as source:
                opened = _open(source, file.path)
            yield from torch_changes.plan(opened.trace, opened.found, renaming).problems


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the renamed file, or the renamed shards and then their index.

    Raises:
        UnsupportedError: values and names are in one file, so data cannot be linked; a shard is
            missing; or several files would have to be replaced in one step.
        ScopecliError: a file is damaged, or the target cannot be written.
    """
    shard_writing.write(model, renaming, out, staging, _write_file)


def _refused(container: object, path: str) -> UnsupportedError:
    return UnsupportedError(
        f"is a {container}, and only what torch.save writes since version 1.6 can be renamed",
        path=path,
        hint="load it with PyTorch and save its state_dict()",
    )


def _open(source: Source, path: str) -> _Opened:
    archive = torch_file.container(source, path)
    if not isinstance(archive, Archive) or archive.facts["container"] != _WRITTEN:
        raise _refused(archive.facts["container"], path)
    trace = Trace(archive.pickle_bytes(source), path)
    return _Opened(archive, trace, torch_tree.collect(trace.value, archive.pickle_size).tensors)


def _write_file(path: str, renaming: Renaming, out: str, staging: Staging) -> None:
    with Source(path) as source, open(staging.create(out), "wb") as file:
        archive, trace, found = _open(source, path)
        changes = torch_changes.plan(trace, found, renaming)
        data = trace.edited(changes.keys, changes.dropped)
        pickle = opcodes.walk(data, path)
        _check(pickle, len(data), _renamed(found, renaming), path)
        gone = _storages(archive.pickle) - _storages(pickle)
        change = Change(
            {archive.pickle_name: data},
            {archive.member_name(key) for key in gone},
            archive.alignment,
        )
        zip_splice.splice(source, change, file, staging.advance)


def _renamed(found: Sequence[Found], renaming: Renaming) -> list[Found]:
    return [
        item._replace(path=renaming.of(item.path))
        for item in found
        if item.path not in renaming.drops
    ]


def _check(pickle: Pickle, size: int, expected: list[Found], path: str) -> None:
    """What was edited is read again: a pickle can be stranger than anything that saves one."""
    if torch_tree.collect(pickle.value, size).tensors != expected:
        raise UnsupportedError(
            "has a pickle that cannot be edited without changing more than names", path=path
        )


def _storages(pickle: Pickle) -> set[str]:
    """The keys of all storages that a pickle names."""
    return {
        one.id[2]
        for one in pickle.kept_outside
        if type(one.id) is tuple and len(one.id) > 2 and type(one.id[2]) is str
    }
