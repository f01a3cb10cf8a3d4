"""For how many steps a model was trained: by its own counter, and by its optimizer's state.

Both are scalars. Where the file stores checksums, the four bytes of a scalar can be computed from
its checksum, so that nothing is read and the data may even be missing.
"""

from __future__ import annotations

import struct
from math import log
from typing import TYPE_CHECKING

from scopecli.analysis.values import preview
from scopecli.binary import crc
from scopecli.errors import ScopecliError
from scopecli.model.names import leaf_of
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

# The names that frameworks give to their count of steps.
_COUNTERS = frozenset({"global_step", "iter", "iteration", "iterations", "_iterations"})
_SCALARS = frozenset({(), (1,)})
_INTEGERS = frozenset({"int32", "int64", "uint32", "uint64"})
_BETA2 = "beta2_power"
DEFAULT_BETA2 = 0.999
_SMALLEST = 1.2e-38  # below it a float32 has too few digits to take the logarithm of


class Power(NamedTuple):
    """The power of Adam's second beta after some steps.

    Attributes:
        name: of the variable.
        value: beta ** (steps + 1).
    """

    name: str
    value: float

    def steps(self, beta: float) -> float:
        """The number of steps that gives this value, for a beta."""
        return log(self.value) / log(beta) - 1


def counted(model: Model) -> tuple[str, int] | None:
    """The name of the first variable that counts steps, and its value; None if there is none."""
    for variable in model.variables:
        if variable.shape in _SCALARS and leaf_of(variable.name, model.separator) in _COUNTERS:
            value = _number(model, variable) if variable.dtype in _INTEGERS else None
            if value is not None:
                return variable.name, int(value)
    return None


def powers(model: Model) -> Iterator[Power]:
    """The power of the second beta of each Adam optimizer, where its value can be known."""
    for variable in model.variables:
        if variable.shape == () and leaf_of(variable.name, model.separator).startswith(_BETA2):
            value = _number(model, variable)
            if value is not None and _SMALLEST < value < 1:
                yield Power(variable.name, value)


def betas(model: Model) -> tuple[float, ...]:
    """The second betas of the Adam optimizers in the graph; none where there is no such."""
    optimizers = model.metadata.get("optimizer")
    found = [
        hyperparameters.get("beta2")
        for optimizer in (optimizers if isinstance(optimizers, list) else ())
        if isinstance(hyperparameters := optimizer.get("hyperparameters"), dict)
    ]
    numbers = (beta for beta in found if isinstance(beta, float) and 0 < beta < 1)
    return tuple(dict.fromkeys(numbers))


def training_step(model: Model) -> int | None:
    """The number of training steps, by the model's counter or else by its optimizer."""
    count = counted(model)
    if count is not None:
        return count[1]
    return max((round(power.steps(DEFAULT_BETA2)) for power in powers(model)), default=None)


def _number(model: Model, variable: Variable) -> float | None:
    """The value of a scalar; None where it cannot be known."""
    checksum = variable.storage.checksum if variable.storage else None
    if checksum is not None and checksum.kind == crc.KIND:
        if variable.dtype in _INTEGERS and variable.nbytes:
            return crc.number_of(crc.unmasked(checksum.value), variable.nbytes)
        if variable.dtype == "float32":
            data = crc.number_of(crc.unmasked(checksum.value), 4).to_bytes(4, "little")
            return float(struct.unpack("<f", data)[0])
    try:
        return float(preview(model, variable)[0])
    except (ScopecliError, IndexError):
        return None
