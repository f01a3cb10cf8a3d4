"""The datasets of an HDF5 file, as variables.

One pass of libhdf5 over all links says what each is without opening it, and which lead to the same
object; then each dataset is opened once. h5py's `visititems` opens each twice.
"""

from __future__ import annotations

from itertools import zip_longest
from math import prod
from typing import Any, NamedTuple

from scopecli.errors import UnsupportedError
from scopecli.formats import hdf5_types
from scopecli.formats.hdf5_file import Hdf5File, decoded, translated
from scopecli.model.model import Note
from scopecli.model.variable import NO_ATTRIBUTES, StoredAt, Variable

from h5py import h5, h5d, h5g, h5l, h5o  # isort: skip - after hdf5_file has turned plugins off

# A chain of nested groups with long names repeats them in every path below it.
_MAX_NAME_BYTES = 1 << 28
_MAX_DEPTH = 500


class Listing(NamedTuple):
    """The datasets of a file, depth first and by name, and what was not followed."""

    variables: list[Variable]
    notes: list[Note]


class Link(NamedTuple):
    """A link; `address` is that of the object that a hard one leads to."""

    path: bytes
    kind: int
    address: int


def datasets(file: Hdf5File) -> Listing:
    """Every dataset once, under the first path that leads to it; names are the keys.

    Raises:
        DamagedFileError: an object cannot be read.
        UnsupportedError: groups nested so deeply, or names so long, that no real file has them.
    """
    with translated(file.name):
        root = h5g.open(file.file_id, b"/")
        links = all_links(root, file.name)
        return Listing(*_objects(file, root, links))


def all_links(root: Any, name: str) -> list[Link]:
    """The links of all groups, depth first and by name; a group is entered once."""
    found: list[Link] = []
    budget = _MAX_NAME_BYTES

    def add(path: bytes, info: Any) -> str | None:
        """Anything but None ends the visit."""
        nonlocal budget
        found.append(Link(path, info.type, info.u))
        budget -= len(path)
        # libhdf5 recurses as deep as the file says.
        if path.count(b"/") > _MAX_DEPTH:
            return f"has groups nested more than {_MAX_DEPTH} deep"
        return "has more names than can be listed" if budget < 0 else None

    trouble = root.links.visit(add, idx_type=h5.INDEX_NAME, order=h5.ITER_INC, info=True)
    if trouble:
        raise UnsupportedError(trouble, path=name)
    return found


def _objects(file: Hdf5File, root: Any, links: list[Link]) -> tuple[list[Variable], list[Note]]:
    describe = _Describer(file)
    first: dict[int, str] = {h5o.get_info(root).addr: "/"}
    aliases: dict[str, list[str]] = {}
    variables: list[Variable] = []
    notes: list[Note] = []
    for link, following in zip_longest(links, links[1:]):
        path = decoded(link.path)
        if link.kind != h5l.TYPE_HARD:
            notes.append(_unfollowed(root, link, path))
            continue
        known = first.setdefault(link.address, path)
        if known is not path:
            aliases.setdefault(known, []).append(path)
            continue
        # A group is followed by what is in it, and need not be opened to be told.
        if following is None or not following.path.startswith(link.path + b"/"):
            dataset = _dataset(root, link.path)
            if dataset is not None:
                variables.append(describe(dataset, path))
    if aliases:
        variables = [_with_aliases(variable, aliases) for variable in variables]
        notes += [
            Note("hard-link", f"is the same object as {known}", path)
            for known, paths in aliases.items()
            for path in paths
        ]
    return variables, notes


def _dataset(root: Any, path: bytes) -> Any:
    """What a path leads to where that is a dataset: most are, and to ask first takes longer."""
    try:
        return h5d.open(root, path)
    except (KeyError, ValueError):
        found = h5o.open(root, path)
        return found if isinstance(found, h5d.DatasetID) else None


def _with_aliases(variable: Variable, aliases: dict[str, list[str]]) -> Variable:
    """The variable with its other paths, which are taken out of `aliases`."""
    paths = aliases.pop(variable.key, None)
    if not paths:
        return variable
    return variable._replace(attributes={**variable.attributes, "aliases": tuple(paths)})


class _Describer:
    """Makes variables of open datasets, and remembers the datatypes it has met."""

    def __init__(self, file: Hdf5File) -> None:
        self._shard, self._offset = file.place
        self._types: dict[bytes, hdf5_types.TypeFacts] = {}

    def __call__(self, dataset: Any, path: str) -> Variable:
        offset = dataset.get_offset()
        # Only contiguous storage in this file has an offset; the rest needs a closer look, and
        # asking a virtual dataset for its shape or size would open its source files.
        layout = None if offset is not None else dataset.get_create_plist()
        external = layout is not None and is_external(layout)
        virtual = layout is not None and layout.get_layout() == h5d.VIRTUAL
        shape = _virtual_shape(layout) if virtual else dataset.shape
        kind = self._type(dataset)
        attributes: dict[str, object] = {}
        if kind.big_endian:
            attributes["byte_order"] = "big"
        if external:
            attributes["external"] = True
        elements = 0 if shape is None else prod(shape)
        nbytes = None if kind.size is None else elements * kind.size
        return Variable(
            path,
            path,
            shape,
            kind.name,
            nbytes,
            storage=None if external else self._storage(dataset, offset),
            attributes=attributes or NO_ATTRIBUTES,
        )

    def _storage(self, dataset: Any, offset: int | None) -> StoredAt | None:
        length = dataset.get_storage_size()
        if not length:
            return None
        base = self._offset
        start = None if offset is None or base is None else base + offset
        return StoredAt(self._shard, start, length)

    def _type(self, dataset: Any) -> hdf5_types.TypeFacts:
        datatype = dataset.get_type()
        message = datatype.encode()
        known = self._types.get(message)
        if known is None:
            known = self._types[message] = hdf5_types.facts(datatype)
        return known


def is_external(properties: Any) -> bool:
    """Whether a dataset's values are in other files."""
    layout = properties.get_layout()
    if layout == h5d.CONTIGUOUS:  # the only one that may be asked
        return bool(properties.get_external_count())
    return bool(layout == h5d.VIRTUAL)


def _unfollowed(root: Any, link: Link, path: str) -> Note:
    if link.kind == h5l.TYPE_SOFT:
        target = decoded(root.links.get_val(link.path))
        return Note("soft-link", f"is a soft link to {target}, which is not followed", path)
    if link.kind == h5l.TYPE_EXTERNAL:
        file, target = map(decoded, root.links.get_val(link.path))
        return Note(
            "external-link", f"is a link to {target} in {file}, which is not followed", path
        )
    return Note("unknown-link", f"is a link of the unknown type {link.kind}", path)


def _virtual_shape(properties: Any) -> tuple[int, ...] | None:
    """The shape that the mappings were made for."""
    if not properties.get_virtual_count():
        return None
    extents: tuple[int, ...] = properties.get_virtual_vspace(0).get_simple_extent_dims()
    return extents
