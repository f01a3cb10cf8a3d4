"""The values of HDF5 datasets for a model, without h5py until one is asked for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from scopecli.formats.hdf5.file import Hdf5File
    from scopecli.formats.hdf5.values import Hdf5Values
    from scopecli.model.variable import Variable


class Hdf5Tensors:
    """A `TensorReader`. The file is opened at the first read, and stays open while this lives."""

    __slots__ = ("_open", "_turn", "_values")
    shared = True

    def __init__(self, open_file: Callable[[], AbstractContextManager[Hdf5File]]) -> None:
        self._open = open_file
        self._turn = threading.Lock()
        self._values: Hdf5Values | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled as it is before the file is opened."""
        return Hdf5Tensors, (self._open,)

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements, see `Hdf5Values.read`.

        Raises:
            ScopecliError: they cannot be read.
        """
        return self._reader().read(variable, start, count)

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """All elements of a string tensor, see `Hdf5Values.strings`.

        Raises:
            ScopecliError: they cannot be read.
        """
        return self._reader().strings(variable)

    def _reader(self) -> Hdf5Values:
        with self._turn:  # the import takes a while, and two threads would open the file twice
            if self._values is None:
                from scopecli.formats.hdf5.values import Hdf5Values

                self._values = Hdf5Values(self._open)
            return self._values
