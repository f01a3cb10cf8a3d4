"""The values of ONNX tensors: plain runs of bytes, numbers of a message, or sparse ones."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, TruncatedError, UnsupportedError
from scopecli.formats.onnx.tensor import Sparse, Written
from scopecli.formats.stored_values import StoredTensors, elements
from scopecli.model.dtypes import BITS
from scopecli.model.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scopecli.binary.window import Window
    from scopecli.formats.onnx.tensor import Tensor


class OnnxTensors:
    """A `TensorReader` of the tensors of a model."""

    __slots__ = ("_decoded", "_last", "_plain", "_window")

    def __init__(self, window: Window, paths: Mapping[str, str]) -> None:
        """Read from a model's file, and from these by the names that it has for them."""
        self._window = window
        self._plain = StoredTensors(paths)
        self._last: Written | None = None  # whose numbers are decoded
        self._decoded = b""

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: the values are missing, damaged, or not of a fixed size.
        """
        storage = variable.storage
        if not count:  # an empty tensor has no values, and often no field for them
            return b""
        if isinstance(storage, Sparse):
            return self._of_sparse(variable, storage, start, count)
        if isinstance(storage, Written):
            return elements(variable, start, count, self._of_message)
        if storage is None:
            raise UnsupportedError("has no values in this model", where=variable.key)
        return self._plain.read(variable, start, count)

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """All elements of a string tensor in C order.

        Raises:
            ScopecliError: the values are missing or damaged.
        """
        if not variable.params and variable.dtype == "string":
            return []
        if not isinstance(variable.storage, Written) or variable.dtype != "string":
            raise UnsupportedError("does not hold strings", where=variable.key)
        found = variable.storage.strings(self._window)
        if len(found) != variable.params:
            raise TruncatedError(
                f"has {len(found)} strings where its shape needs {variable.params}",
                where=variable.key,
            )
        return found

    def _of_message(self, variable: Variable, start: int, length: int) -> bytes:
        """Some of the bytes that the values would be if they were raw."""
        storage = variable.storage
        if storage != self._last and isinstance(storage, Written):
            self._decoded = storage.decoded(self._window)
            self._last = storage
        if start + length > len(self._decoded):
            raise TruncatedError(
                f"has {len(self._decoded)} bytes where its shape needs {start + length}",
                where=variable.key,
            )
        return self._decoded[start : start + length]

    def _of_sparse(self, variable: Variable, sparse: Sparse, start: int, count: int) -> bytes:
        import numpy as np

        values, indices = self._whole(sparse.values), self._whole(sparse.indices)
        size = max(BITS.get(variable.dtype, 0) // 8, 1)
        places = np.frombuffer(indices, "<i8")
        stored = np.frombuffer(values, f"V{size}")
        if len(sparse.indices.shape) > 1:  # a place is an index on each axis
            sizes = [size or 0 for size in variable.shape or ()]
            if sparse.indices.shape[1:] != (len(sizes),):
                raise DamagedFileError("has sparse places of another rank", where=variable.key)
            strides = [prod(sizes[axis + 1 :]) for axis in range(len(sizes))]
            places = places.reshape(-1, len(sizes)) @ np.array(strides, "<i8")
        if len(places) != len(stored):
            raise DamagedFileError(
                f"has {len(stored)} sparse values at {len(places)} places", where=variable.key
            )
        dense = np.zeros(count, f"V{size}")
        here = (places >= start) & (places < start + count)
        dense[places[here] - start] = stored[here]
        return dense.tobytes()

    def _whole(self, tensor: Tensor) -> bytes:
        """All values of a tensor, which must be as many as the file can have."""
        variable = Variable(
            tensor.name, tensor.name, tensor.shape, tensor.dtype, None, storage=tensor.storage
        )
        return self.read(variable, 0, prod(tensor.shape)) if prod(tensor.shape) else b""
