"""A pickle that `pickle.dump` wrote: each storage in it is a whole file of `torch.save`, as bytes.

The file is the stream of before version 1.6, and holds a storage and no tensor.
`torch/storage.py`, `_StorageBase.__reduce__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.pickle import runs
from scopecli.binary.pickle.contents import path_of
from scopecli.binary.pickle.runs import RAW, Run
from scopecli.binary.pickle.values import Object, Persistent
from scopecli.errors import DamagedFileError
from scopecli.formats.torch import tree as torch_tree
from scopecli.formats.torch.marks import FROM_BYTES
from scopecli.formats.torch.ranges import Ranges
from scopecli.formats.torch.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.pickle.values import Global
    from scopecli.binary.source import Source

_HOLDERS = frozenset({dict, list, tuple, Object})
_FIRST_READ = 1 << 10  # what stands before the numbers of a storage fits into it


class PlainPickle(Ranges):
    """The storages of a pickle, by where each is in the file.

    Attributes:
        pickle: what it holds, and what it would import, with what its storages would.
        facts: about the file.
    """

    __slots__ = ("_size", "facts", "pickle")

    def __init__(self, source: Source, path: str) -> None:
        """Walk over the pickle, and over those of its storages.

        Raises:
            ScopecliError: one of them is damaged, or no pickle of PyTorch's.
        """
        ranges: dict[str, tuple[int, int]] = {}
        super().__init__(source, ranges)
        self._size = source.size
        self.facts: dict[str, object] = {"container": "plain pickle"}
        pickle = runs.walk(source, 0, _no_size)
        imports: dict[Global, None] = dict.fromkeys(pickle.imports)
        for storage in _storages(pickle.value):
            imports |= dict.fromkeys(_read(source, path, storage, ranges))
        self.pickle = pickle._replace(imports=tuple(imports))

    def tree(self) -> torch_tree.Tree:
        """All that the pickle holds.

        Raises:
            DamagedFileError: a tensor in it is not put together as tensors are.
        """
        return torch_tree.collect(self.pickle.value, self._size)


def _read(
    source: Source, path: str, storage: Object, ranges: dict[str, tuple[int, int]]
) -> tuple[Global, ...]:
    """Note where a storage is, and give it the identifier that it has in other files."""
    run = storage.arguments[0] if storage.arguments else None
    if type(run) is not Run or run.written != RAW:
        raise DamagedFileError(
            "has a storage that is not written as bytes",
            path=path,
            hint="load it in Python, and write it with torch.save",
        )
    window = source.window(run.offset, run.length, f"storage at {run.offset}")
    stream = Stream(window, _FIRST_READ)
    held = stream.pickle.value
    identifier = held.id if type(held) is Persistent else None
    if type(identifier) is not tuple or len(identifier) < 5:
        raise DamagedFileError("has a storage that is not one", path=path)
    at, size = stream.offset(str(identifier[2])), stream.size(str(identifier[2]))
    key = str(run.offset)
    if at is not None and size is not None:
        ranges[key] = run.offset + at, size
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
