"""Regularizers: what a variable adds to the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.operators import overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.dryrun.graph.nodes import Tensor
    from scopecli.dryrun.values.dtypes import DType


def no_regularizer(_: Any) -> None:
    """Nothing is added."""
    return


class LazyTensor:
    """A tensor that is built anew for each use.

    TensorFlow keeps the losses of regularizers like that, so that they can be used in a loop or
    conditional; each use adds another copy of the nodes.
    """

    def __init__(self, thunk: Callable[[], Tensor]) -> None:
        self._thunk = thunk
        self._master = thunk()

    def anew(self) -> Tensor:
        """Another copy."""
        return self._thunk()

    def _as_tensor(self, dtype: DType | None, name: str | None) -> Tensor:
        return self._thunk()

    def _as_graph_element(self) -> Tensor:
        return self._master

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in {
            "handle",
            "reference",
            "sparse_read",
            "_variable_list",
        }:
            raise AttributeError(name)
        return getattr(self._master, name)


overload(LazyTensor, lambda lazy: lazy.anew())


class L1L2:
    """The sum of the absolute values and of the squares, each times a factor.

    Attributes:
        l1: factor of the absolute values.
        l2: factor of the squares.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = float(l1)
        self.l2 = float(l2)

    def __call__(self, x: Any) -> Any:
        from scopecli.dryrun.ops.reductions import reduce_sum

        total: Any = constant(0.0, x.dtype.base_dtype)
        if self.l1:
            total = total + self.l1 * reduce_sum(apply("Abs", x))
        if self.l2:
            total = total + 2.0 * self.l2 * apply("L2Loss", x)
        return total


def l1(l1: float = 0.01) -> Any:
    """The sum of the absolute values."""
    from scopecli.dryrun.ops.reductions import reduce_sum

    return lambda x: l1 * reduce_sum(apply("Abs", x))


def l2(l2: float = 0.01) -> Any:
    """The sum of the squares."""
    return lambda x: 2.0 * l2 * apply("L2Loss", x)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """The sum of the absolute values and of the squares."""
    return L1L2(l1, l2)
