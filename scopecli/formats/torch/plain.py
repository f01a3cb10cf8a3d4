"""A pickle that `pickle.dump` wrote: each storage in it is a whole file of `torch.save`, as bytes.

The file is the stream of before version 1.6, and holds a storage and no tensor.
`torch/storage.py`, `_StorageBase.__reduce__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.member_bytes import PlainBytes
from scopecli.binary.pickle import runs
from scopecli.binary.pickle.contents import path_of
from scopecli.binary.pickle.runs import RAW, Run
from scopecli.binary.pickle.values import Object, Persistent, Pickle
from scopecli.errors import DamagedFileError
from scopecli.formats.torch import tree as torch_tree
from scopecli.formats.torch.marks import FROM_BYTES
from scopecli.formats.torch.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.pickle.values import Global
    from scopecli.binary.source import Source
    from scopecli.model.model import Note

_HOLDERS = frozenset({dict, list, tuple, Object})
_FIRST_READ = 1 << 10  # what stands before the numbers of a storage fits into it


class PlainPickle:
    """The storages of a pickle, by where each is in the file.

    Attributes:
        pickle: what it holds, and what it would import, with what its storages would.
        constants: there are none.
        others: there are none.
        byte_order: of the values.
        facts: about the file.
        notes: there are none.
    """

    __slots__ = (
        "_ranges",
        "_reopen",
        "_size",
        "byte_order",
        "constants",
        "facts",
        "notes",
        "others",
        "pickle",
    )

    def __init__(self, source: Source, path: str) -> None:
        """Walk over the pickle, and over those of its storages.

        Raises:
            ScopecliError: one of them is damaged, or no pickle of PyTorch's.
        """
        self._reopen = source.reopening()
        self._size = source.size
        self._ranges: dict[str, tuple[int, int]] = {}
        self.constants: Pickle | None = None
        self.others: list[Pickle] = []
        self.notes: list[Note] = []
        self.byte_order = "little"
        self.facts: dict[str, object] = {"container": "plain pickle"}
        pickle = runs.walk(source, 0, _no_size)
        imports: dict[Global, None] = dict.fromkeys(pickle.imports)
        for storage in _storages(pickle.value):
            imports |= dict.fromkeys(self._read(source, path, storage))
        self.pickle = pickle._replace(imports=tuple(imports))

    def tree(self) -> torch_tree.Tree:
        """All that the pickle holds.

        Raises:
            DamagedFileError: a tensor in it is not put together as tensors are.
        """
        return torch_tree.collect(self.pickle.value, self._size)

    def size(self, key: str) -> int | None:
        """Bytes of a storage that are there; None where there are none at all."""
        found = self._ranges.get(key)
        return found[1] if found else None

    def checksum(self, _key: str) -> int | None:
        """There is none."""
        return None

    def offset(self, key: str) -> int | None:
        """Where a storage starts in the file."""
        return self._ranges[key][0] if key in self._ranges else None

    def open(self, key: str) -> Bytes:
        """The bytes of a storage.

        Raises:
            ScopecliError: they are not there.
        """
        with self._reopen() as source:
            return PlainBytes(source.window(*self._ranges[key], key))

    def _read(self, source: Source, path: str, storage: Object) -> tuple[Global, ...]:
        """Note where a storage is, and give it the identifier that it has in other files."""
        run = storage.arguments[0] if storage.arguments else None
        if type(run) is not Run or run.written != RAW:
            raise DamagedFileError(
                "has a storage that is not written as bytes",
                path=path,
                hint="load it in Python, and write it with torch.save",
            )
        window = source.window(run.offset, run.length, f"storage at {run.offset}")
        stream = Stream(window, path, _FIRST_READ)
        held = stream.pickle.value
        identifier = held.id if type(held) is Persistent else None
        if type(identifier) is not tuple or len(identifier) < 5:
            raise DamagedFileError("has a storage that is not one", path=path)
        at, size = stream.offset(str(identifier[2])), stream.size(str(identifier[2]))
        key = str(run.offset)
        if at is not None and size is not None:
            self._ranges[key] = run.offset + at, size
        storage.state = (*identifier[:2], key, *identifier[3:5])
        return stream.pickle.imports


def _storages(root: object) -> Iterator[Object]:
    """Everything below a symbol that stands for a storage."""
    waiting, seen = [root], {id(root)}
    while waiting:
        value = waiting.pop()
        inner: list[object] = []
        if type(value) is Object:
            if path_of(value) == FROM_BYTES:
                yield value
                continue
            inner = [*value.arguments, value.state, *value.entries.values(), *value.members]
        elif isinstance(value, dict):
            inner = [*value.values()]
        elif isinstance(value, list | tuple):
            inner = [*value]
        for item in inner:
            if type(item) in _HOLDERS and id(item) not in seen:
                seen.add(id(item))
                waiting.append(item)


def _no_size(_dtype: object) -> int:
    """There are no arrays of joblib's beside tensors."""
    return 0
