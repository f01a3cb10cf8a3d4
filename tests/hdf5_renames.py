"""Renaming in tests of writers: rules applied by hand, and files compared as h5py sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import h5py

from scopecli.formats.opening import load
from scopecli.formats.staging import Staging
from scopecli.model.renaming import Renaming

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from scopecli.model.model import Model
    from scopecli.model.renaming import Subject


class Writer(Protocol):
    """What a writer's module has."""

    def subjects(self, model: Model) -> Sequence[Subject]: ...

    def complaints(self, names: Sequence[str]) -> Iterator[tuple[str, str]]: ...

    def write(self, model: Model, renaming: Renaming, out: str, staging: Staging) -> None: ...


def moves(writer: Writer, path: str | Path, *rules: tuple[str, str]) -> dict[str, str]:
    """What rules of scopes make of a file's names: the first that fits a name counts."""
    found = {}
    for subject in writer.subjects(load(str(path))):
        fits = ((old, new) for old, new in rules if subject.name.startswith(old))
        old, new = next(fits, ("", ""))
        if old != new:
            found[subject.name] = new + subject.name.removeprefix(old)
    return found


def renamed(
    writer: Writer,
    path: str | Path,
    out: str | Path,
    changes: Mapping[str, str],
    drops: Iterable[str] = (),
) -> str:
    """Write a file with other names; gives its path."""
    with Staging() as staging:
        writer.write(load(str(path)), Renaming(changes, frozenset(drops)), str(out), staging)
        staging.commit()
    return str(out)


def contents(path: Any) -> dict[str, Any]:
    """All that h5py sees in a file: links, types, layout, attributes and values."""
    found: dict[str, Any] = {}
    with h5py.File(path) as file:
        creation = file.id.get_create_plist()
        found["/"] = (creation.get_version()[0], creation.get_userblock(), _attributes(file))

        def visit(name: str, link: Any) -> None:
            if isinstance(link, h5py.HardLink):
                found[name] = _object(file[name])
            else:
                found[name] = (type(link).__name__, link.path)

        file.visititems_links(visit)
    return found


def _object(item: Any) -> tuple[Any, ...]:
    if not isinstance(item, h5py.Dataset):
        return (type(item).__name__, _attributes(item))
    return (
        item.shape,
        item.dtype.str if not item.dtype.metadata else repr(item.dtype),
        item.chunks,
        item.compression,
        item.compression_opts,
        repr(item[()].tolist() if item.shape is not None else None)
        if not _has_references(item)
        else None,
        _attributes(item),
    )


def _has_references(item: Any) -> bool:
    return h5py.check_ref_dtype(item.dtype) is not None


def _attributes(item: Any) -> dict[str, Any]:
    found = {}
    for name in item.attrs:
        attribute = h5py.h5a.open(item.id, name.encode())
        kind = attribute.get_type()
        value: Any = None if _has_references(attribute) else item.attrs[name]
        plain = value.tolist() if hasattr(value, "tolist") else value
        found[name] = (kind.encode(), attribute.shape, repr(plain))
    return found
