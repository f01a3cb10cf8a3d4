"""A variable in parts: one object, several variables, put together when it is used as a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.dryrun.graph.nodes import Tensor
    from scopecli.dryrun.values.dtypes import DType
    from scopecli.dryrun.values.shapes import TensorShape


class PartitionedVariable:
    """The parts of a variable.

    Attributes:
        name: of the whole.
        dtype: type of its elements.
        shape: of the whole.
    """

    def __init__(
        self,
        name: str,
        shape: TensorShape,
        dtype: DType,
        variable_list: Sequence[Any],
        partitions: Sequence[int],
    ) -> None:
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self._variable_list = list(variable_list)
        self._partitions = partitions

    def __iter__(self) -> Iterator[Any]:
        return iter(self._variable_list)

    def __len__(self) -> int:
        return len(self._variable_list)

    def get_shape(self) -> TensorShape:
        """Of the whole."""
        return self.shape

    def _get_variable_list(self) -> list[Any]:
        return self._variable_list

    def _get_partitions(self) -> Sequence[int]:
        return self._partitions

    def _axis(self) -> int:
        return next((axis for axis, count in enumerate(self._partitions) if count > 1), 0)

    def as_tensor(self) -> Tensor:
        """The parts put together."""
        with control_dependencies(None):
            if len(self._variable_list) == 1:
                whole: Any = self._variable_list[0]
            else:
                with name_scope(self.name + "/ConcatPartitions/"):
                    whole = apply("ConcatV2", self._variable_list, self._axis(), name="concat")
            with name_scope(None):
                return apply("Identity", whole, name=self.name)

    def _as_tensor(self, dtype: DType | None, name: str | None) -> Tensor:
        if dtype is not None and not dtype.is_compatible_with(self.dtype):
            raise ValueError(
                f"Incompatible type conversion requested to type '{dtype.name}' for variable of "
                f"type '{self.dtype.name}'"
            )
        return self.as_tensor()

    def assign(
        self, value: Any, use_locking: Any = False, name: Any = None, read_value: bool = True
    ) -> list[Any]:
        """Set every part."""
        return self._assigned("assign", value, name, read_value)

    def assign_add(
        self, value: Any, use_locking: Any = False, name: Any = None, read_value: bool = True
    ) -> list[Any]:
        """Add to every part."""
        return self._assigned("assign_add", value, name, read_value)

    def assign_sub(
        self, value: Any, use_locking: Any = False, name: Any = None, read_value: bool = True
    ) -> list[Any]:
        """Subtract from every part."""
        return self._assigned("assign_sub", value, name, read_value)

    def _assigned(self, method: str, value: Any, name: Any, read_value: bool) -> list[Any]:
        from scopecli.dryrun.ops.arrays import split

        axis = self._axis()
        if isinstance(value, PartitionedVariable):
            value = list(value)
        elif not isinstance(value, list):
            sizes = [part.shape.as_list()[axis] for part in self._variable_list]
            value = split(value, sizes, axis)
        pairs = zip(self._variable_list, value, strict=True)
        options = {"name": name, "read_value": read_value}
        return [getattr(part, method)(piece, **options) for part, piece in pairs]
