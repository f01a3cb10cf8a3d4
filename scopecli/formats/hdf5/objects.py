"""The objects of an HDF5 file, as h5py has them.

One pass of libhdf5 over all links says what each is without opening it, and which lead to the same
object; then each dataset is opened once. h5py's `visititems` opens each twice.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from h5py import h5, h5d, h5l, h5o

from scopecli.binary.hdf5.dataset import dataset
from scopecli.binary.hdf5.reader import MAX_DEPTH, MAX_NAME_BYTES, Pointer
from scopecli.errors import UnsupportedError
from scopecli.formats.hdf5 import types as hdf5_types
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.dataset import Dataset
    from scopecli.binary.hdf5.datatype import Datatype
    from scopecli.binary.hdf5.reader import Object


class Link(NamedTuple):
    """A link; `address` is that of the object that a hard one leads to."""

    path: bytes
    kind: int
    address: int


def all_links(root: Any, name: str) -> list[Link]:
    """The links of all groups, depth first and by name; a group is entered once."""
    found: list[Link] = []
    budget = MAX_NAME_BYTES

    def add(path: bytes, info: Any) -> str | None:
        """Anything but None ends the visit."""
        nonlocal budget
        found.append(Link(path, info.type, info.u))
        budget -= len(path)
        # libhdf5 recurses as deep as the file says.
        if path.count(b"/") > MAX_DEPTH:
            return f"has groups nested more than {MAX_DEPTH} deep"
        return "has more names than can be listed" if budget < 0 else None

    trouble = root.links.visit(add, idx_type=h5.INDEX_NAME, order=h5.ITER_INC, info=True)
    if trouble:
        raise UnsupportedError(trouble, path=name)
    return found


def objects(root: Any, name: str) -> Iterator[Object]:
    """All datasets, and all links that are not followed, by path."""
    describe = _Describer()
    links = all_links(root, name)
    first: dict[int, bytes] = {h5o.get_info(root).addr: b"/"}
    for link, following in zip_longest(links, links[1:]):
        if link.kind != h5l.TYPE_HARD:
            yield link.path, _unfollowed(root, link), None
            continue
        known = first.setdefault(link.address, link.path)
        if known is not link.path:
            yield link.path, Pointer("hard-link", known), None
            continue
        # A group is followed by what is in it, and need not be opened to be told.
        if following is None or not following.path.startswith(link.path + b"/"):
            found = _dataset(root, link.path)
            if found is not None:
                yield link.path, *describe(found)


def _dataset(root: Any, path: bytes) -> Any:
    """What a path leads to where that is a dataset: most are, and to ask first takes longer."""
    try:
        return h5d.open(root, path)
    except (KeyError, ValueError):
        found = h5o.open(root, path)
        return found if isinstance(found, h5d.DatasetID) else None


class _Describer:
    """Describes open datasets, and remembers the datatypes it has met."""

    def __init__(self) -> None:
        self._types: dict[bytes, Datatype] = {}

    def __call__(self, found: Any) -> tuple[Dataset, int | None]:
        offset = found.get_offset()
        stored = 0 if offset is None else found.get_storage_size()
        if not stored:  # with a user block, libhdf5 calls it the place of what is not there
            offset = None
        # Only contiguous storage in this file has an offset; the rest needs a closer look, and
        # asking a virtual dataset for its shape or size would open its source files.
        layout = None if offset is not None else found.get_create_plist()
        external = layout is not None and is_external(layout)
        virtual = layout is not None and layout.get_layout() == h5d.VIRTUAL
        shape = _virtual_shape(layout) if virtual else found.shape
        if layout is not None and not external:
            stored = found.get_storage_size()
        return dataset(shape, self._type(found), stored, external=external), offset

    def _type(self, dataset: Any) -> Datatype:
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


def _unfollowed(root: Any, link: Link) -> Pointer:
    if link.kind == h5l.TYPE_SOFT:
        return Pointer("soft-link", root.links.get_val(link.path))
    if link.kind == h5l.TYPE_EXTERNAL:
        file, target = root.links.get_val(link.path)
        return Pointer("external-link", target, file)
    return Pointer("unknown-link", str(link.kind).encode())


def _virtual_shape(properties: Any) -> tuple[int, ...] | None:
    """The shape that the mappings were made for."""
    if not properties.get_virtual_count():
        return None
    extents: tuple[int, ...] = properties.get_virtual_vspace(0).get_simple_extent_dims()
    return extents
