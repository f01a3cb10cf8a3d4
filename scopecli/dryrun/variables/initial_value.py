"""What a variable is made from: a value, an initializer, or the default one."""

from __future__ import annotations

import inspect
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.values.dtypes import as_dtype

if TYPE_CHECKING:
    from scopecli.dryrun.values.shapes import TensorShape
    from scopecli.dryrun.variables.partition import PartitionInfo


def takes(function: Any, argument: str) -> bool:
    """Whether a function has such a parameter, or takes any."""
    if isinstance(function, partial):
        function = function.func
    if isinstance(function, FunctionType) and not hasattr(function, "__wrapped__"):
        code = function.__code__  # asked for every variable, and a signature takes long to make
        if code.co_flags & inspect.CO_VARKEYWORDS:
            return True
        return argument in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.name == argument or p.kind is p.VAR_KEYWORD for p in parameters)


def _needs_no_arguments(function: Any) -> bool:
    parameters = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return all(p.default is not p.empty or p.kind in kinds for p in parameters)


def initial_value(
    initializer: Any,
    from_value: bool,
    shape: TensorShape | None,
    dtype: Any,
    part: PartitionInfo | None,
) -> tuple[Any, Any]:
    """What the variable is made from, and its type where that does not follow.

    Raises:
        ValueError: the initializer cannot be called.
    """
    if from_value:
        return initializer, None
    if isinstance(initializer, type):
        initializer = initializer()
    if shape is not None and shape.is_fully_defined():
        sizes = shape.as_list()
        if _has_parameter(initializer, "partition_info"):
            return partial(initializer, sizes, dtype=dtype, partition_info=part), dtype
        return partial(initializer, sizes, dtype=dtype), dtype
    if _needs_no_arguments(initializer):
        return initializer, None
    raise ValueError(
        "The initializer passed is not valid. It should be a callable with no arguments and "
        "the shape should not be provided or an instance of `tf.keras.initializers.*' and "
        "`shape` should be fully defined."
    )


def promised(value: Any, dtype: Any) -> str:
    """Which node an initializer will make for its value; empty where it is to be called at once.

    Args:
        value: as `initial_value` gives it.
        dtype: of the variable.
    """
    node = getattr(value.func, "node", None) if type(value) is partial else None
    return node(as_dtype(dtype)) if node is not None and value.args else ""


def _has_parameter(function: Any, name: str) -> bool:
    if name in getattr(function, "parameters", ()):  # the engine's own initializers say
        return True
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def part_initializer(
    initializer: Any, name: str, offset: list[int], extent: list[int], dtype: Any
) -> tuple[Any, Any, Any]:
    """Initializer, shape and type of one part."""
    from scopecli.dryrun.ops.indexing import slice

    if initializer is None:
        return default_initializer(name, dtype), extent, dtype
    if callable(initializer):
        return initializer, extent, dtype
    if isinstance(initializer, Tensor):
        value = slice(initializer, offset, extent)
        return value, None, value.dtype.base_dtype
    value = slice(convert_to_tensor(initializer, dtype), offset, extent)
    return value, None, dtype


def default_initializer(name: str, dtype: Any) -> Any:
    """What makes a variable's value where nobody says.

    Raises:
        ValueError: there is nothing for the type.
    """
    from scopecli.dryrun.variables.initializers import glorot_uniform_initializer, zeros_initializer

    if dtype.is_floating:
        return glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_bool or dtype.name == "string":
        return zeros_initializer()
    raise ValueError(f"An initializer for variable {name} of {dtype.base_dtype} is required")
