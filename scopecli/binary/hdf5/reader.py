"""The structure of an HDF5 file, read without libhdf5.

It knows what h5py and Keras write, and raises `LibraryNeededError` at the first thing that it does
not know: shared messages, filtered heaps, virtual and external datasets, versions to come. The
caller asks libhdf5 then, which knows everything, takes as long to load as this takes for 10,000
datasets, and does not survive all damaged files.
"""

from __future__ import annotations

import struct
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from scopecli.binary.hdf5 import attributes, groups, headers, superblock
from scopecli.binary.hdf5.dataset import Dataset, Datasets
from scopecli.binary.hdf5.lookalikes import Lookalikes
from scopecli.binary.hdf5.pages import UNDEFINED, LibraryNeededError, Pages
from scopecli.errors import ScopecliError, TruncatedError, UnsupportedError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.binary.hdf5.attributes import Parts, Value
    from scopecli.binary.hdf5.groups import Link
    from scopecli.binary.hdf5.headers import Message
    from scopecli.binary.readable import Readable

# A chain of nested groups with long names repeats them in every path below it.
MAX_NAME_BYTES = 1 << 28
MAX_DEPTH = 500


class Place(NamedTuple):
    """Where an HDF5 file is: a whole file, a part of one, or bytes that came out of one.

    Attributes:
        shard: base name of the file on disk.
        offset: where it starts in that file; None for bytes in memory.
    """

    shard: str
    offset: int | None


class Pointer(NamedTuple):
    """A link that is told and not followed.

    Attributes:
        kind: `hard-link`, `soft-link`, `external-link` or `unknown-link`.
        target: the first path to the same object; the path that the link holds; its type.
        file: of an external link, the file that it leads to.
    """

    kind: str
    target: bytes
    file: bytes = b""


# A path, what is there, and of a dataset where its values are, if they are one run in the file.
Object = tuple[bytes, Dataset | Pointer, int | None]


class Group:
    """A group, or what else has attributes: they and links are read when they are asked for.

    Attributes:
        messages: in its header.
    """

    __slots__ = ("attributes", "links", "messages")

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.links: dict[bytes, Link] | None = None
        self.attributes: dict[bytes, Parts] | None = None


class Hdf5Reader:
    """One file.

    Attributes:
        name: how errors name it.
        size: bytes in it.
        place: where it is.
    """

    def __init__(self, content: Readable, place: Place) -> None:
        """Read where the file's structures begin.

        Raises:
            NotAModelError: it is no HDF5 file.
            DamagedFileError: it is cut short, or contradicts itself.
            LibraryNeededError: libhdf5 may be able to read it.
        """
        self.name = content.name
        self.size = content.size
        self.place = place
        self._superblock = superblock.read(content)
        self._pages = Pages(content, self._superblock.user_block)
        with self._told():
            self._datasets = Datasets(self._pages, self._superblock.user_block)
            self._attributes = attributes.Attributes(self._pages, self._datasets)
            self._groups: dict[int, Group | None] = {}
            self._check_extension()
            root = self._group_at(self._superblock.root)
        if root is None:
            raise LibraryNeededError
        self._root = root

    def container(self) -> dict[str, object]:
        """Version of the superblock, and size of the user block where there is one."""
        facts: dict[str, object] = {"superblock": self._superblock.version}
        if self._superblock.user_block:
            facts["user_block"] = self._superblock.user_block
        return facts

    def group(self, path: str, below: Group | None = None) -> Group | None:
        """A group, from the root or another; None where there is no such group.

        No link on the way is followed, unless it is a hard one.
        """
        group: Group | None = below or self._root
        with self._told():
            for part in filter(None, _encoded(path).split(b"/")):
                if part == b".":
                    raise LibraryNeededError
                link = self._links(group).get(part) if group else None
                if link is None or link[1] != groups.HARD:
                    return None
                group = self._group_at(link[2])
        return group

    def dataset(self, path: str) -> Group | None:
        """What has the attributes of the dataset at a path; None where no hard link leads there."""
        around, _, name = path.rpartition("/")
        group = self.group(around)
        with self._told():
            link = self._links(group).get(_encoded(name)) if group else None
            if link is None or link[1] != groups.HARD:
                return None
            return Group(headers.messages(self._pages, link[2]))

    def inside(self, group: Group) -> Iterator[tuple[bytes, Group | None]]:
        """For each link of a group its name, and the group that it leads to, if it does.

        Who has seen enough of a group with thousands of links has not read the others.
        """
        seen: set[bytes] = set()
        with self._told():
            links: Iterable[Link]
            if headers.SYMBOL_TABLE in dict(group.messages):
                links = groups.links(self._pages, group.messages)
            else:  # all of them are read at once, and need not be read twice
                links = self._links(group).values()
            for name, kind, address, _ in links:
                if name not in seen:
                    seen.add(name)
                    yield name, self._group_at(address) if kind == groups.HARD else None

    def has_attribute(self, owner: Group, name: str) -> bool:
        """Whether a group or dataset has an attribute."""
        with self._told():
            return _encoded(name) in self._stored(owner)

    def one_attribute(self, owner: Group, name: str) -> Value:
        """The value of an attribute that is there; None for an empty one or another type's."""
        with self._told():
            return self._attributes.value(self._stored(owner)[_encoded(name)], name)

    def objects(self) -> Iterator[Object]:
        """All datasets, and all links that are not followed, by path, depth first and by name.

        A dataset comes once, and a group is entered once: under the first path that leads to it.
        """
        with self._told():
            yield from self._objects()

    def check_heaps(self) -> None:
        """Look at all links and attributes that are in heaps, on which libhdf5 may crash.

        Raises:
            DamagedFileError: some cannot be read.
        """
        pending = [self._superblock.root]
        seen = {*pending}
        with self._told():
            while pending:
                # Where a part of it is not known, what is known of the rest still counts.
                with suppress(LibraryNeededError):
                    messages = headers.messages(self._pages, pending.pop())
                    by_kind = dict(messages)
                    if headers.ATTRIBUTE_INFO in by_kind:
                        attributes.stored(self._pages, messages)
                    if _is_group(by_kind):
                        for _, kind, address, _ in groups.links(self._pages, messages):
                            if kind == groups.HARD and address not in seen:
                                seen.add(address)
                                pending.append(address)

    def _objects(self) -> Iterator[Object]:
        lookalikes = Lookalikes(self._pages, self._superblock.user_block)
        alike, hard = lookalikes.find, groups.HARD
        first: dict[int, bytes] = {self._superblock.root: b"/"}
        names = MAX_NAME_BYTES
        open_groups = [(b"", groups.links(self._pages, self._root.messages))]
        while open_groups:
            around, links = open_groups[-1]
            if len(open_groups) > MAX_DEPTH + 1:
                problem = f"has groups nested more than {MAX_DEPTH} deep"
                raise UnsupportedError(problem, path=self.name)
            for name, kind, address, value in links:
                path = around + name
                names -= len(path)
                if names < 0:
                    raise UnsupportedError("has more names than can be listed", path=self.name)
                if kind != hard:
                    yield path, _pointer(kind, value), None
                elif (known := first.setdefault(address, path)) is not path:
                    yield path, Pointer("hard-link", known), None
                elif (found := alike(address)) is not None:
                    yield path, *found
                else:
                    messages = headers.messages(self._pages, address)
                    # Where a message is there twice, the first counts.
                    by_kind = dict(reversed(messages))
                    if _is_group(by_kind):
                        inside = groups.links(self._pages, messages)
                        open_groups.append((path + b"/", inside))
                        break
                    if self._is_dataset(by_kind, address):
                        dataset, offset = self._datasets.describe(by_kind)
                        lookalikes.add(address, dataset, offset)
                        yield path, dataset, offset
            else:
                open_groups.pop()

    def _group_at(self, address: int) -> Group | None:
        """What is at an address, where that is a group."""
        if address not in self._groups:
            messages = headers.messages(self._pages, address)
            group = Group(messages) if _is_group(dict(messages)) else None
            self._groups[address] = group
        return self._groups[address]

    def _is_dataset(self, found: dict[int, bytes], address: int) -> bool:
        """Whether an object that is no group is a dataset, and no datatype."""
        if headers.DATATYPE not in found:
            raise self._pages.damaged("an object is neither group, dataset nor datatype", address)
        return headers.DATASPACE in found

    def _check_extension(self) -> None:
        """See to it that what the superblock says elsewhere does not matter.

        That is how space is managed, what nodes of B-trees are full, and where shared messages are,
        which are recognised where they are used.
        """
        if self._superblock.extension != UNDEFINED:
            messages = headers.messages(self._pages, self._superblock.extension)
            if headers.DRIVER in dict(messages):
                raise LibraryNeededError

    def _links(self, group: Group) -> dict[bytes, Link]:
        if group.links is None:
            found: dict[bytes, Link] = {}
            for link in groups.links(self._pages, group.messages):
                found.setdefault(link[0], link)
            group.links = found
        return group.links

    def _stored(self, group: Group) -> dict[bytes, Parts]:
        if group.attributes is None:
            group.attributes = attributes.stored(self._pages, group.messages)
        return group.attributes

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say of what is cut short in which file that is, unless a checksum says more of it."""
        try:
            yield
        except (ScopecliError, LibraryNeededError):
            self._pages.check()
            raise
        except (struct.error, IndexError, ValueError) as error:
            self._pages.check()
            raise TruncatedError(
                "has a structure that is cut short",
                path=self.name,
                hint="the file is damaged: copy it again",
            ) from error
        self._pages.check()


def _is_group(found: dict[int, bytes]) -> bool:
    return headers.SYMBOL_TABLE in found or headers.LINK_INFO in found


def _pointer(kind: int, value: bytes) -> Pointer:
    if kind == groups.SOFT:
        return Pointer("soft-link", value)
    if kind == groups.EXTERNAL:
        # A byte of version and flags, then the two, each of which ends with a zero byte.
        file, target, *_ = value[1:].split(b"\0")
        return Pointer("external-link", target, file)
    return Pointer("unknown-link", str(kind).encode())


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
