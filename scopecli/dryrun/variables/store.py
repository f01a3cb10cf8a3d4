"""The variables of a graph that `get_variable` made, by name, and the rules of reuse.

Messages are TensorFlow's own.
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/variable_scope.py
"""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import add_to_collection, colocate_with, name_scope
from scopecli.dryrun.values.dtypes import as_dtype, float32
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.variables.calls import record, refuse
from scopecli.dryrun.variables.initial_value import (
    default_initializer,
    initial_value,
    part_initializer,
    takes,
)
from scopecli.dryrun.variables.kind import resource_variables_enabled
from scopecli.dryrun.variables.synchronization import checked
from scopecli.dryrun.variables.variable import SaveSliceInfo, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.dryrun.variables.partition import PartitionInfo
    from scopecli.dryrun.variables.partitioned_variable import PartitionedVariable


class VariableStore:
    """The variables by name.

    Attributes:
        variables: those in one piece, and the parts of the others.
        partitioned: those in parts.
    """

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self.partitioned: dict[str, PartitionedVariable] = {}

    def get_variable(self, name: str, custom_getter: Any, options: dict[str, Any]) -> Any:
        """Get or make a variable, through a custom getter where there is one.

        Args:
            name: with all its scopes.
            custom_getter: what is called in place of `_get`.
            options: what both get besides.

        Raises:
            ValueError: the rules of reuse or the arguments forbid it.
        """
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError(f"Passed a custom_getter which is not callable: {custom_getter}")
        options["dtype"] = getattr(options["dtype"], "base_dtype", options["dtype"])
        options["synchronization"], options["aggregation"], options["trainable"] = checked(
            options["synchronization"], options["aggregation"], options["trainable"], name
        )
        if custom_getter is None:
            return self._get(name, **options)
        if not takes(custom_getter, "constraint"):
            options.pop("constraint")
        return custom_getter(getter=self._get, name=name, **options)

    def _get(
        self,
        name: str,
        shape: Any = None,
        dtype: Any = float32,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: Any = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: Any = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
    ) -> Any:
        """What a custom getter gets as `getter`."""
        if use_resource is None:
            use_resource = resource_variables_enabled()
        rest = {
            "trainable": trainable,
            "collections": collections,
            "caching_device": caching_device,
            "validate_shape": validate_shape,
            "use_resource": use_resource,
            "constraint": constraint,
            "synchronization": synchronization,
            "aggregation": aggregation,
        }
        is_scalar = isinstance(shape, (list, tuple)) and not shape
        if partitioner is not None and not is_scalar:
            if not callable(partitioner):
                raise ValueError(f"Partitioner must be callable, but received: {partitioner}")
            with name_scope(None):
                return self._parts(
                    name, shape, dtype, initializer, reuse, partitioner, regularizer, rest
                )
        if reuse is True and partitioner is None and name in self.partitioned:
            return self._parts(name, shape, dtype, initializer, reuse, None, regularizer, rest)
        if f"{name}/part_0" in self.variables:
            raise self._refused(
                name,
                "No partitioner was provided, but a partitioned version of the variable was "
                f"found: {name}/part_0. Perhaps a variable of the same name was already created "
                "with partitioning?",
            )
        return self._single(name, shape, dtype, initializer, reuse, regularizer, rest)

    def _refused(self, name: str, words: str) -> ValueError:
        """The error that a request is answered with."""
        known = self.variables.get(name) or self.variables.get(f"{name}/part_0")
        error = ValueError(words)
        refuse(error, name, known.op.stack if known is not None else ())
        return error

    # In one piece

    def _single(
        self,
        name: str,
        shape: Any,
        dtype: Any,
        initializer: Any,
        reuse: Any,
        regularizer: Any,
        rest: dict[str, Any],
        part: PartitionInfo | None = None,
    ) -> Any:
        from_value = initializer is not None and not callable(initializer)
        if shape is not None and from_value:
            raise ValueError("If initializer is a constant, do not specify shape.")
        kind = as_dtype(dtype)
        wanted = None if shape is None else TensorShape(shape)
        if name in self.variables:
            return self._known(name, wanted, kind, reuse)
        if reuse is True:
            raise self._refused(
                name,
                f"Variable {name} does not exist, or was not created with tf.get_variable(). Did "
                "you mean to set reuse=tf.AUTO_REUSE in VarScope?",
            )
        if initializer is None:
            if wanted is None:
                raise ValueError(
                    f"Variable {name} did not get an initializer, so its `shape` argument must be "
                    "specified."
                )
            initializer = default_initializer(name, kind)
        value, variable_kind = initial_value(initializer, from_value, wanted, kind, part)
        made = Variable(value, name=name, dtype=variable_kind, shape=wanted, **rest)
        self.variables[name] = made
        if regularizer:
            _regularize(made, name, regularizer)
        return made

    def _known(self, name: str, shape: TensorShape | None, dtype: Any, reuse: Any) -> Any:
        known = self.variables[name]
        if reuse is False:
            words = (
                f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or "
                "reuse=tf.AUTO_REUSE in VarScope?"
            )
            if not known.is_resource:
                words += f" Originally defined at:\n\n{_traceback(known.op.stack)}"
            raise self._refused(name, words)
        if shape is not None and not shape.is_compatible_with(known.get_shape()):
            raise self._refused(
                name,
                f"Trying to share variable {name}, but specified shape {shape} and found shape "
                f"{known.get_shape()}.",
            )
        if not dtype.is_compatible_with(known.dtype):
            raise self._refused(
                name,
                f"Trying to share variable {name}, but specified dtype {dtype.name} and found "
                f"dtype {known.dtype.name}.",
            )
        record("reused", known.op.name)
        return known

    # In parts

    def _parts(
        self,
        name: str,
        shape: Any,
        dtype: Any,
        initializer: Any,
        reuse: Any,
        partitioner: Any,
        regularizer: Any,
        rest: dict[str, Any],
    ) -> PartitionedVariable:
        from scopecli.dryrun.variables.partition import PartitionInfo, call_partitioner, cut, slices
        from scopecli.dryrun.variables.partitioned_variable import PartitionedVariable

        from_value = isinstance(initializer, Tensor)
        if name in self.variables:
            raise self._refused(
                name,
                "A partitioner was provided, but an unpartitioned version of the variable was "
                f"found: {name}.  Perhaps a variable of the same name was already created without "
                "partitioning?",
            )
        whole = TensorShape(shape)
        if from_value:
            whole = whole.merge_with(initializer.shape)
        kind = as_dtype(dtype)
        parts = None
        if not reuse or partitioner:
            parts = call_partitioner(partitioner, whole, kind)
        if name in self.partitioned:
            return self._known_parts(name, whole, kind, reuse, parts)
        if reuse is True:
            raise self._refused(
                name,
                f"PartitionedVariable {name} does not exist, or was not created with "
                "tf.get_variable(). Did you mean to set reuse=False or reuse=tf.AUTO_REUSE in "
                "VarScope?",
            )
        axis, count = cut(parts or ())
        self._check_parts(name, count)
        sizes: list[Any] = whole.as_list()
        made = []
        for number, (offset, extent) in enumerate(slices(sizes, axis, count)):
            full_name = f"{name}/part_{number}"
            with name_scope(full_name + "/PartitionedInitializer"):
                value, part_shape, kind = part_initializer(initializer, name, offset, extent, kind)
            with name_scope(None):
                info = PartitionInfo(sizes, offset)
                part = self._single(
                    full_name, part_shape, kind, value, reuse, regularizer, rest, info
                )
            part._set_save_slice_info(SaveSliceInfo(name, sizes, offset, extent))  # noqa: SLF001
            made.append(part)
        found = PartitionedVariable(name, whole, kind, made, parts or ())
        self.partitioned[name] = found
        return found

    def _check_parts(self, name: str, count: int) -> None:
        if f"{name}/part_0" not in self.variables:
            return
        words = (
            "Partitioner returned a different partitioning than what was already found.  "
            f"Partitioner returned {count} shards, and shard {name}/part_0 was found, but "
        )
        if f"{name}/part_{count - 1}" not in self.variables:
            raise self._refused(name, f"{words}{name}/part_{count - 1} was not.")
        if f"{name}/part_{count}" in self.variables:
            raise self._refused(name, f"{words}so was the extra shard {name}/part_{count}.")

    def _known_parts(
        self, name: str, shape: TensorShape, dtype: Any, reuse: Any, parts: Any
    ) -> PartitionedVariable:
        if reuse is False:
            raise self._refused(
                name,
                f"Partitioned variable with name {name} already exists. Did you mean to set "
                "reuse=True or reuse=tf.AUTO_REUSE in VarScope?",
            )
        known = self.partitioned[name]
        trying = f"Trying to reuse partitioned variable {name}, but specified"
        if not shape.is_compatible_with(known.shape):
            raise self._refused(name, f"{trying} shape {shape} and found shape {known.shape}.")
        if not dtype.is_compatible_with(known.dtype):
            words = f"{trying} dtype {dtype.name} and found dtype {known.dtype.name}."
            raise self._refused(name, words)
        found = known._get_partitions()  # noqa: SLF001 - TensorFlow's name for it
        if parts is not None and found != parts:
            raise self._refused(name, f"{trying} partitions {parts} and found partitions {found}.")
        for part in known:
            record("reused", part.op.name)
        return known


def _regularize(variable: Any, name: str, regularizer: Any) -> None:
    from scopecli.dryrun.regularizers import LazyTensor

    def build() -> Any:
        with colocate_with(variable.op), name_scope(name + "/Regularizer/"):
            return regularizer(variable)

    if regularizer(variable) is not None:
        add_to_collection(GraphKeys.REGULARIZATION_LOSSES, LazyTensor(build))


def _traceback(stack: Sequence[tuple[str, int, str]]) -> str:
    """Frames as Python prints them."""
    lines = []
    for file, line, function in stack:
        lines.append(f'  File "{file}", line {line}, in {function}\n')
        text = linecache.getline(file, line).strip()
        if text:
            lines.append(f"    {text}\n")
    return "".join(lines)
