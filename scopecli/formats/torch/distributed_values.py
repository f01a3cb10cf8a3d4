"""The values of a distributed checkpoint: each part of a tensor is an archive of `torch.save`."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.sliced_values import assembled, element_size
from scopecli.formats.torch import members as torch_members
from scopecli.formats.torch.archive import Archive
from scopecli.formats.torch.values import TorchTensors
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.formats.torch.tensors import Tensor
    from scopecli.model.variable import Storage, Variable

_KEY = "part"


class ArchivedPart(NamedTuple):
    """A `Storage`: an archive with one tensor in it.

    Attributes:
        path: of the file.
        start: of the archive in the file.
        length: bytes of it.
    """

    path: str
    start: int
    length: int

    @property
    def shard(self) -> str:
        """Base name of the file."""
        return os.path.basename(self.path)

    @property
    def offset(self) -> None:
        """None: where the values are, only the archive says."""
        return

    @property
    def checksum(self) -> None:
        """None, for the same reason."""
        return


class _Opened(NamedTuple):
    """The part that was opened last, of which the next run is a part too."""

    part: ArchivedPart
    tensor: Tensor
    values: TorchTensors


class DistributedTensors:
    """A `TensorReader` of tensors in parts, one of which is open at a time."""

    __slots__ = ("_opened",)

    def __init__(self) -> None:
        """Read whatever the variables say."""
        self._opened: _Opened | None = None

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: they are missing, damaged, or not numbers.
        """
        slices = variable.attributes.get("slices")
        read_part = partial(self._read_part, variable)
        if isinstance(slices, tuple):
            return assembled(variable, slices, start, count, read_part)
        if variable.storage is None:
            raise UnsupportedError("has no values that can be read", where=variable.key)
        size = element_size(variable.dtype)
        return read_part(variable.storage, start * size, count * size)

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """There are none.

        Raises:
            UnsupportedError: always.
        """
        raise UnsupportedError("does not hold strings", where=variable.key)

    def _read_part(self, variable: Variable, part: Storage, begin: int, length: int) -> bytes:
        """Some bytes of a part, whatever elements they are of."""
        assert isinstance(part, ArchivedPart)  # noqa: S101 - there are no others here
        opened = self._open(part)
        tensor, size = opened.tensor, element_size(variable.dtype)
        if tensor.type.dtype != variable.dtype or begin + length > (tensor.nbytes or 0):
            raise DamagedFileError(
                f"has a part of {tensor.nbytes} bytes of {tensor.type.dtype} at {part.start}",
                path=part.path,
                where=variable.key,
            )
        first, last = begin // size, -(-(begin + length) // size)
        data = opened.values.read(variable._replace(key=_KEY), first, last - first)
        return data[begin - first * size :][:length]

    def _open(self, part: ArchivedPart) -> _Opened:
        opened = self._opened
        if opened is None or opened.part != part:
            with Source(part.path) as file:
                window = file.window(part.start, part.length, f"archive at {part.start}")
                archive = Archive(window, torch_members.listed(window))
            tensors = archive.tree().tensors
            if len(tensors) != 1 or tensors[0].tensor.stored is None:
                raise DamagedFileError("has an archive that is not of one tensor", path=window.name)
            values = TorchTensors({_KEY: tensors[0]}, archive, window.name)
            opened = self._opened = _Opened(part, tensors[0].tensor, values)
        return opened
