"""What can be asked of an HDF5 file, whoever reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.hdf5.attributes import Value
    from scopecli.binary.hdf5.reader import Object, Place


class Described(Protocol):
    """Groups and datasets by their paths, and what attributes say of them."""

    def group(self, path: str, below: Any = None) -> Any:
        """A group, from the root or another; None where there is no such group.

        No link on the way is followed, unless it is a hard one.
        """

    def dataset(self, path: str) -> Any:
        """What has the attributes of the dataset at a path; None where no hard link leads there."""

    def has_attribute(self, owner: Any, name: str) -> bool:
        """Whether a group or dataset has an attribute."""

    def one_attribute(self, owner: Any, name: str) -> Value:
        """The value of an attribute that is there; None for an empty one or another type's."""


class Structure(Described, Protocol):
    """What can be asked of a file, be it by `Hdf5Reader` or by `Hdf5File`, which is h5py.

    Groups and datasets are of types of the reader's own. All methods raise `ScopecliError` where
    the file is damaged.
    """

    @property
    def name(self) -> str:
        """How errors name the file."""

    @property
    def size(self) -> int:
        """Bytes in it."""

    @property
    def place(self) -> Place:
        """Where it is."""

    def container(self) -> dict[str, object]:
        """Version of the superblock, and size of the user block where there is one."""

    def inside(self, group: Any) -> Iterator[tuple[bytes, Any]]:
        """For each link of a group its name, and the group that it leads to, if it does."""

    def objects(self) -> Iterator[Object]:
        """All datasets, and all links that are not followed, by path, depth first and by name.

        A dataset comes once, and a group is entered once: under the first path that leads to it.
        """
