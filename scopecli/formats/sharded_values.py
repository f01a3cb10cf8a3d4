"""The values of a model in several files, each of which is read in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scopecli.model.model import TensorReader
    from scopecli.model.variable import Variable


class ShardedTensors:
    """A `TensorReader` of a model in several files."""

    __slots__ = ("_readers",)

    def __init__(self, readers: Mapping[str, TensorReader]) -> None:
        """Read each variable, by key, with the reader of its file."""
        self._readers = readers

    @property
    def shared(self) -> bool:
        """Whether several threads may read at once."""
        return all(getattr(reader, "shared", False) for reader in set(self._readers.values()))

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: they are missing, damaged, or not numbers.
        """
        return self._reader(variable).read(variable, start, count)

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """There are none.

        Raises:
            ScopecliError: always.
        """
        return self._reader(variable).strings(variable)

    def _reader(self, variable: Variable) -> TensorReader:
        if variable.key not in self._readers:
            raise DamagedFileError("the file that has its values is missing", where=variable.key)
        return self._readers[variable.key]
