"""What a Flax key is for: a parameter, an optimizer's state of one, or a counter.

The file has no types, only names. An optimizer's state repeats the tree of the parameters once for
each kind of state (`opt_state/0/mu/Dense_0/kernel`), or ends each of its paths with the kind
(`state/param_states/Dense_0/kernel/grad_ema`, before Optax).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.variable import NO_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scopecli.model.variable import Kind

SEPARATOR = "/"

# `flax.training.train_state.TrainState`, and `flax.optim.Optimizer` before it.
_PARAMETERS = frozenset({"params", "target"})
_STATE = frozenset({"opt_state", "state"})
_OPTIMIZER = "optimizer"
_COUNTER = "step"
_MOST_PARTS = 64  # a longer path is not looked into


class Kinds:
    """The kinds of all keys of a file."""

    __slots__ = ("_parameters", "_separator")

    def __init__(self, keys: Iterable[str], separator: str = SEPARATOR) -> None:
        """Learn which keys are parameters."""
        self._separator = separator
        self._parameters = {
            separator.join(parts[1:]): key
            for key, parts in map(self._split, keys)
            if _is_parameter(parts)
        }

    def of(self, key: str) -> tuple[Kind, Mapping[str, object]]:
        """Kind of a key, and the attributes that tell a slot's owner."""
        _, parts = self._split(key)
        if not self._parameters or not (parts[0] in _STATE or parts == [_COUNTER]):
            return "variable", NO_ATTRIBUTES
        for first in range(1, len(parts) if len(parts) <= _MOST_PARTS else 1):
            for last in (len(parts), len(parts) - 1):
                owner = self._parameters.get(self._separator.join(parts[first:last]))
                if owner is not None and owner != key:
                    name = parts[first - 1] if last == len(parts) else parts[last]
                    return "slot", {
                        "slot_of": owner,
                        "slot_name": name,
                        "evidence": "name pattern",
                    }
        return "bookkeeping", NO_ATTRIBUTES

    def _split(self, key: str) -> tuple[str, list[str]]:
        """A key and its parts, without the one that an old optimizer puts around all."""
        return key, key.removeprefix(_OPTIMIZER + self._separator).split(self._separator)


def _is_parameter(parts: list[str]) -> bool:
    return len(parts) > 1 and parts[0] in _PARAMETERS
