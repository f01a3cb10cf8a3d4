"""Fingerprints of tensors: a few bytes that are equal only for equal contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.values import chunks
from scopecli.errors import ScopecliError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

    Fingerprint = Callable[[Variable], Hashable | None]


def stored(variable: Variable) -> Hashable | None:
    """The checksum that the file stores; None where there is none.

    None also for a single number, which is too often the same as another.
    """
    storage = variable.storage
    checksum = storage.checksum if storage is not None else None
    if checksum is None or variable.params < 2 or "slices" in variable.attributes:
        return None
    return checksum, variable.nbytes


def read(model: Model) -> Fingerprint:
    """A function that reads a tensor of the model and hashes it.

    It returns None for what cannot be read, and for tensors whose elements are all the same: one
    bias of zeros is like any other.
    """

    def digest(variable: Variable) -> Hashable | None:
        from hashlib import blake2b

        import numpy as np

        state = blake2b(digest_size=16)
        constant, first = True, None
        try:
            for chunk in chunks(model, variable):
                state.update(chunk.tobytes())
                first = chunk[0] if first is None else first
                with np.errstate(invalid="ignore"):  # a NaN that signals
                    constant = constant and bool((chunk == first).all())
        except ScopecliError:
            return None
        return None if constant else state.digest()

    return digest


def for_pair(a: Model, b: Model) -> tuple[Fingerprint, Fingerprint]:
    """The fingerprints for two models: checksums if both store them, or else hashes of values."""
    kinds = [{_checksum_kind(variable) for variable in model.variables} for model in (a, b)]
    if (kinds[0] & kinds[1]) - {None}:
        return stored, stored
    return read(a), read(b)


def _checksum_kind(variable: Variable) -> str | None:
    checksum = variable.storage.checksum if variable.storage else None
    return checksum.kind if checksum else None
