"""Models made in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from scopecli.errors import DamagedFileError
from scopecli.model.model import Model
from scopecli.model.variable import StoredAt, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Array = np.ndarray[Any, np.dtype[Any]]


class Memory:
    """Reads values from arrays, and remembers what it was asked for."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self.arrays = arrays
        self.asked: list[tuple[int, int]] = []

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """A run of elements."""
        self.asked.append((start, count))
        return self.arrays[variable.key].reshape(-1)[start : start + count].tobytes()

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """No strings here."""
        raise DamagedFileError("no strings", where=variable.key)


class Kept(NamedTuple):
    """A model with its values in memory."""

    model: Model
    variable: Variable
    memory: Memory


def var(name: str, shape: tuple[int | None, ...] | None = (2, 3), **more: Any) -> Variable:
    """A variable whose key is its name."""
    return Variable(name, name, shape, more.pop("dtype", "float32"), more.pop("nbytes", 24), **more)


def model(*names: str | Variable, **more: Any) -> Model:
    """A model of these variables."""
    return Model("m", "hdf5", [var(n) if isinstance(n, str) else n for n in names], **more)


def kept(values: Any, dtype: str = "float32") -> Kept:
    """A model of one variable with these values."""
    from scopecli.analysis.values import numpy_dtype

    array = np.asarray(values, numpy_dtype(dtype))
    variable = Variable("w", "w", array.shape, dtype, array.nbytes)
    memory = Memory({"w": array})
    return Kept(Model("m", "hdf5", [variable], tensors=memory), variable, memory)


def stored(name: str, shard: str, offset: int) -> Variable:
    """A variable at a place in a file."""
    return var(name, storage=StoredAt(shard, offset, 24))
