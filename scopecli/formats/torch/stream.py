"""The stream that `torch.save` wrote before 1.6, and writes still when it is told to.

Five pickles: a magic number, the protocol version, facts about the machine, the object, the keys of
the storages. Then each storage in the order of the keys: how many elements, and their bytes, always
little-endian. `torch/serialization.py`, `_legacy_save`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.pickle import opcodes
from scopecli.binary.pickle.machine import CutShortError
from scopecli.binary.pickle.values import Global
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.torch import tree as torch_tree
from scopecli.formats.torch.marks import MAGIC
from scopecli.formats.torch.ranges import Ranges
from scopecli.formats.torch.types import STORAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.binary.pickle.values import Pickle
    from scopecli.binary.source import Source

_PROTOCOL = 1001
_PICKLES = 5

_FIRST_READ = 1 << 20
_LARGEST_PICKLE = 1 << 28
_COUNT = 8


class Stream(Ranges):
    """The storages of a stream, by key.

    Attributes:
        pickle: what the fourth pickle holds.
        pickle_size: its bytes.
        facts: about the file.
    """

    __slots__ = ("facts", "pickle", "pickle_size")

    def __init__(self, source: Source, first_read: int = _FIRST_READ) -> None:
        """Read the pickles, and where each storage starts.

        Raises:
            ScopecliError: it is no such stream, or damaged.
        """
        pickles = _pickles(source, first_read)
        magic, version, machine, held, keys = pickles
        # A loader runs all five, so what any of them would import counts.
        imports = tuple(one for pickle in pickles for one in pickle.imports)
        self.pickle: Pickle = held._replace(imports=imports)
        if magic.value != MAGIC or version.value != _PROTOCOL or type(keys.value) is not list:
            raise DamagedFileError(
                "does not have the pickles of a PyTorch file in its order", path=source.name
            )
        super().__init__(source, dict(_ranges(source, keys, _element_sizes(self.pickle))))
        self.pickle_size = self.pickle.end - machine.end
        self.facts: dict[str, object] = {"container": "legacy stream", "version": str(_PROTOCOL)}

    def tree(self) -> torch_tree.Tree:
        """All that the pickle holds.

        Raises:
            DamagedFileError: a tensor in it is not put together as tensors are.
        """
        return torch_tree.collect(self.pickle.value, self.pickle_size)


def _pickles(source: Source, first_read: int) -> list[Pickle]:
    """The pickles at the start of the file, of which only as much is read as they take."""
    length = min(first_read, source.size)
    while True:
        data = source.head(length)
        try:
            found = [opcodes.walk(data, source.name)]
            while len(found) < _PICKLES:
                found.append(opcodes.walk(data, source.name, found[-1].end))
        except CutShortError:
            if length == source.size:
                raise
            if length >= _LARGEST_PICKLE:
                raise UnsupportedError(
                    f"has pickles of more than {_LARGEST_PICKLE} bytes", path=source.name
                ) from None
            length = min(length * 4, source.size)
        else:
            return found


def _element_sizes(pickle: Pickle) -> dict[str, int]:
    """By the key of a storage, the bytes of an element, which its class tells."""
    sizes: dict[str, int] = {}
    for persistent in pickle.kept_outside:
        identifier = persistent.id
        if type(identifier) is tuple and len(identifier) > 2 and identifier[0] == "storage":
            kind = identifier[1]
            name = kind.name if type(kind) is Global else ""
            if name in STORAGES:
                sizes[str(identifier[2])] = STORAGES[name].size or 1
    return sizes


def _ranges(
    source: Source, keys: Pickle, sizes: Mapping[str, int]
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Offset and length of each storage, up to the first that is cut short."""
    at = keys.end
    listed = keys.value if type(keys.value) is list else []
    for key in map(str, listed):
        if at + _COUNT > source.size or key not in sizes:
            return
        count = int.from_bytes(source.read(at, _COUNT), "little", signed=True)
        at += _COUNT
        length = min(max(count, 0) * sizes[key], source.size - at)
        yield key, (at, length)
        at += length
