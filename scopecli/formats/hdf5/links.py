"""Renaming in HDF5: links are moved, and what they lead to stays where it is.

Attributes, dtypes, chunks, filters, hard links and object references are those of the object, which
is not touched. A soft link is a path, and is written anew where that path changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.errors import UnsupportedError
from scopecli.formats.hdf5 import objects as hdf5_objects
from scopecli.formats.hdf5.file import translated
from scopecli.formats.hdf5.names import decoded, encoded, joined
from scopecli.model.names import leaf_of, scope_of
from scopecli.model.records import NamedTuple

from h5py import h5g, h5l, h5o, h5p, h5t  # isort: skip - after `file` has turned plugins off

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.formats.hdf5.file import Hdf5File

# Links wait in this group until all that stood in their way has moved.
_WAITING = b".scopecli-rename"


class Tree(NamedTuple):
    """All links of a file.

    Attributes:
        links: their paths, each group's before those in it.
        groups: those of them that lead to groups, under the first path to each.
        soft: for each soft link, the path that it holds.
    """

    links: Sequence[str]
    groups: frozenset[str]
    soft: Mapping[str, str]


def tree(file: Hdf5File) -> Tree:
    """All links of a file.

    Raises:
        ScopecliError: it cannot be read.
    """
    with translated(file.name):
        root = h5g.open(file.file_id, b"/")
        found = hdf5_objects.all_links(root, file.name)
        seen = {h5o.get_info(root).addr}
        groups, soft = set(), {}
        for link in found:
            if link.kind == h5l.TYPE_SOFT:
                soft[decoded(link.path)] = decoded(root.links.get_val(link.path))
            elif link.kind == h5l.TYPE_HARD and link.address not in seen:
                seen.add(link.address)
                if isinstance(h5o.open(root, link.path), h5g.GroupID):
                    groups.add(decoded(link.path))
        return Tree([decoded(link.path) for link in found], frozenset(groups), soft)


def unlink(file: Hdf5File, paths: Sequence[str]) -> None:
    """Take links away; their groups are left.

    Raises:
        ScopecliError: there is no such link.
    """
    for path in paths:
        with translated(file.name, path):
            h5g.open(file.file_id, b"/").unlink(encoded(path))


def relink(file: Hdf5File, moves: Mapping[str, str]) -> None:
    """Move links, each from its path to another, with all that is below them.

    Raises:
        UnsupportedError: two links would have one path, or a path would lead through a dataset.
        ScopecliError: the file cannot be changed.
    """
    if not moves:
        return
    before = tree(file)
    targets = _targets(before, moves)
    with translated(file.name):
        root = h5g.open(file.file_id, b"/")
        staying = _staying(file, before, moves, targets)
        _check(file, before, targets, staying)
        _move(file, root, before, targets, staying)
        _point_anew(root, before, targets)


def _targets(before: Tree, moves: Mapping[str, str]) -> dict[str, str]:
    """Where each link goes: as it was told, as all that is in it, or with the group it is in."""
    told = {path: target for path, target in moves.items() if path}
    inside: dict[str, list[str]] = {}
    for path in before.links:
        inside.setdefault(scope_of(path, "/"), []).append(path)
    for group in reversed(before.links):
        if group in before.groups and group not in told:
            wanted = {
                scope_of(told[path], "/")
                if path in told and leaf_of(told[path], "/") == leaf_of(path, "/")
                else None
                for path in inside.get(group, ())
            }
            target = wanted.pop() if len(wanted) == 1 else None
            if target:
                told[group] = target
    targets: dict[str, str] = {"": ""}
    for path in before.links:
        around = targets[scope_of(path, "/")]
        targets[path] = told.get(path) or joined(around, leaf_of(path, "/"))
    return targets


def _staying(
    file: Hdf5File, before: Tree, moves: Mapping[str, str], targets: dict[str, str]
) -> set[str]:
    """The groups that go on as they are; where several become one, the others are emptied."""
    chosen: dict[str, str] = {}
    for path in (p for p in before.links if p in before.groups):
        target = targets[path]
        other = chosen.setdefault(target, path)
        if other == path:
            continue
        described = [p for p in (other, path) if _has_attributes(file, p)]
        if len(described) == 2:
            kept = next((p for p in (path, other) if p not in moves and p != target), None)
            if kept is None:
                raise UnsupportedError(
                    f"{other} and {path} would be one group, and both have attributes",
                    path=file.name,
                    where=target,
                )
            targets[kept] = chosen[kept] = kept  # only what is in it was told to go
            described.remove(kept)
        chosen[target] = described[0] if described else (path if path == target else other)
    return set(chosen.values())


def _has_attributes(file: Hdf5File, path: str) -> bool:
    return bool(h5o.get_info(file.group(path)).num_attrs)


def _check(file: Hdf5File, before: Tree, targets: Mapping[str, str], staying: set[str]) -> None:
    leaves: dict[str, str] = {}
    for path in before.links:
        if path in before.groups:
            continue
        other = leaves.setdefault(targets[path], path)
        if other != path:
            raise UnsupportedError(
                f"{other} and {path} would both be {targets[path]}", path=file.name
            )
    if moved_group := next((p for p in staying if targets[p] in leaves), None):
        raise UnsupportedError(
            f"{targets[moved_group]} would be a group and a dataset", path=file.name
        )
    for target in leaves:
        for around in _scopes(target):
            if around in leaves:
                raise UnsupportedError(f"{around} would be a group and a dataset", path=file.name)


def _move(
    file: Hdf5File, root: Any, before: Tree, targets: Mapping[str, str], staying: set[str]
) -> None:
    emptied = before.groups - staying
    apart: dict[str, str] = {}
    for path in before.links:
        scope = scope_of(path, "/")
        goes_along = joined(targets[scope], leaf_of(path, "/")) == targets[path]
        if path not in emptied and (scope in emptied or not goes_along):
            apart[path] = str(len(apart))
    waiting = h5g.create(root, _WAITING)
    for path in reversed(before.links):
        if path in apart:
            _move_link(root, path, waiting, apart[path])
        elif path in emptied:
            root.unlink(encoded(path))
    for path in sorted(apart, key=lambda path: targets[path].count("/")):
        around = _group(root, scope_of(targets[path], "/"))
        _move_link(waiting, apart[path], around, leaf_of(targets[path], "/"))
    root.unlink(_WAITING)
    left = {targets[scope_of(path, "/")] for path in apart}
    for path in sorted(left, key=len, reverse=True):
        _remove_empty(file, path)


def _move_link(source: Any, old: str, around: Any, new: str) -> None:
    """Move a link; its name stays marked as what it was, unless it has to be UTF-8."""
    encoding = source.links.get_info(encoded(old)).cset
    source.links.move(encoded(old), around, encoded(new), _properties(new, encoding))


def _properties(name: str, encoding: int = h5t.CSET_ASCII) -> Any:
    properties = h5p.create(h5p.LINK_CREATE)
    properties.set_char_encoding(encoding if name.isascii() else h5t.CSET_UTF8)
    return properties


def _group(root: Any, path: str) -> Any:
    """The group at a path, made where there is none."""
    group = root
    for part in filter(None, path.split("/")):
        name = encoded(part)
        if group.links.exists(name):
            group = h5g.open(group, name)
        else:
            group = h5g.create(group, name, _properties(part))
    return group


def _remove_empty(file: Hdf5File, path: str) -> None:
    """Remove a group that all has been moved out of, and those that held nothing else."""
    while path:
        group = file.group(path)
        if group is None or group.get_num_objs() or h5o.get_info(group).num_attrs:
            return
        unlink(file, [path])
        path = scope_of(path, "/")


def _point_anew(root: Any, before: Tree, targets: Mapping[str, str]) -> None:
    """Give soft links the paths that what they lead to has now."""
    for path, value in before.soft.items():
        around = scope_of(path, "/")
        old = joined(value) if value.startswith("/") else joined(around, value)
        known = next((p for p in (old, *_scopes(old)) if p in targets), "")
        new = joined(targets[known], old[len(known) :])
        now_around = scope_of(targets[path], "/")
        if value.startswith("/"):
            wanted, same = f"/{new}", new == old
        elif new.startswith(f"{now_around}/") or not now_around:
            wanted = new[len(now_around) :].lstrip("/")
            same = wanted == joined(value)
        else:  # a path in HDF5 cannot lead upwards
            wanted, same = f"/{new}", False
        if not same:
            name = encoded(targets[path])
            properties = _properties(targets[path], root.links.get_info(name).cset)
            root.unlink(name)
            root.links.create_soft(name, encoded(wanted), properties)


def _scopes(path: str) -> Iterator[str]:
    """The scopes around a path, innermost first."""
    path = scope_of(path, "/")
    while path:
        yield path
        path = scope_of(path, "/")
