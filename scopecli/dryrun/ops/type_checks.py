"""Assertions that the graph decides while it is built, and what is asked of tensors by the way.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/check_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import shape
from scopecli.dryrun.ops.constant_values import constant_value, number
from scopecli.dryrun.ops.control_flow.asserting import Assert
from scopecli.dryrun.ops.grouping import no_op, with_dependencies
from scopecli.dryrun.ops.reductions import reduce_all
from scopecli.dryrun.values.dtypes import as_dtype, float32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation


def assert_type(tensor: Any, tf_type: Any, message: Any = None, name: Any = None) -> Operation:
    """Refuse a tensor of another type.

    Raises:
        TypeError: it has another.
    """
    kind = as_dtype(tf_type)
    with name_scope(name, "assert_type", [tensor]):
        if not hasattr(tensor, "is_sparse"):
            tensor = convert_to_tensor(tensor)
        if tensor.dtype.base_dtype != kind:
            prefix = f"{message}  " if message else ""
            raise TypeError(f"{prefix}{tensor.name} must be of type {kind!r}; got {tensor.dtype!r}")
        return no_op("statically_determined_correct_type")


def assert_integer(x: Any, message: Any = None, name: Any = None) -> Operation:
    """Refuse a tensor that has no integers.

    Raises:
        TypeError: it has none.
    """
    with name_scope(name, "assert_integer", [x]):
        x = convert_to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError(
                f'{message or ""}  Expected "x" to be integer type.  Found: {x.dtype!r} instead'
            )
        return no_op("statically_determined_was_integer")


def assert_scalar(tensor: Any, name: Any = None, message: Any = None) -> Tensor:
    """Refuse a tensor that has axes.

    Raises:
        ValueError: it has some.
    """
    with name_scope(name, "assert_scalar", [tensor]):
        tensor = convert_to_tensor(tensor)
        if tensor.dims:
            raise ValueError(
                f"{message or ''}Expected scalar shape for {tensor.name}, "
                f"saw shape: {tensor.shape}."
            )
        return tensor  # type: ignore[no-any-return]


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """Refuse tensors of different types.

    Raises:
        ValueError: they are of different types, or of none that has fractions.
    """
    kind = None if dtype is None else as_dtype(dtype)
    first: Any = None
    for tensor in tensors or ():
        own = tensor.dtype.base_dtype
        if kind is None:
            kind, first = own, tensor
        elif own != kind:
            of = f" as {first.name}" if first is not None else ""
            raise ValueError(f"{tensor.name}, type={own}, must be of the same type ({kind}){of}.")
    kind = kind or float32
    if not kind.is_floating:
        raise ValueError(f"Expected floating point type, got {kind}.")
    return kind


def assert_proper_iterable(values: Any) -> None:
    """Refuse what is one value rather than several.

    Raises:
        TypeError: it is one value.
    """
    if isinstance(values, (Tensor, str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(
            f"Expected argument 'values' to be a \"proper\" iterable.  Found: {type(values)}"
        )


def assert_rank_in(
    x: Any,
    ranks: Any,
    data: Any = None,
    summarize: Any = None,
    message: Any = None,
    name: Any = None,
) -> Operation:
    """Refuse a tensor that has another number of axes than one of these.

    Raises:
        ValueError: it has another.
    """
    with name_scope(name, "assert_rank_in", [x, *ranks]):
        x = convert_to_tensor(x, name="x")
        wanted = [convert_to_tensor(rank, name="rank") for rank in ranks]
        shape(x)
        for _ in wanted:
            with name_scope("assert_type"):
                no_op("statically_determined_correct_type")
        known = [number(rank) for rank in wanted]
        if x.dims is None or None in known:
            return no_op("static_checks_determined_all_ok")
        if len(x.dims) not in known:
            prefix = f"{message}.  " if message else ""
            raise ValueError(
                f"{prefix}Tensor {x.name} must have rank in {tuple(known)}.  "
                f"Received rank {len(x.dims)}, shape {x.shape}"
            )
        return no_op("static_checks_determined_all_ok")


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    data: Any = None,
    summarize: Any = None,
    message: Any = None,
    name: Any = None,
) -> Operation:
    """A node that fails where two tensors are not almost the same."""
    with name_scope(name, "assert_near", [x, y, rtol, atol]):
        x = convert_to_tensor(x, name="x")
        y = convert_to_tensor(y, x.dtype, name="y")
        tiny = 10 * _EPSILON.get(x.dtype.name, 0.0)
        relative: Any = convert_to_tensor(tiny if rtol is None else rtol, x.dtype, name="rtol")
        absolute: Any = convert_to_tensor(tiny if atol is None else atol, x.dtype, name="atol")
        if data is None:
            told = "x and y not equal to tolerance rtol = "
            data = [message or "", told, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
        limit = absolute + relative * apply("Abs", y)
        distance: Any = apply("Abs", x - y)
        return Assert(reduce_all(distance < limit), data, summarize)


_EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


def verify_tensor_all_finite(
    t: Any = None, msg: Any = None, name: Any = None, x: Any = None, message: Any = None
) -> Tensor:
    """The same tensor, by way of a check that all is finite."""
    with name_scope(name, "VerifyFinite", [t if x is None else x]):
        tensor = convert_to_tensor(t if x is None else x, name="x")
        check = apply("CheckNumerics", tensor)
        with control_dependencies([check]):
            return with_dependencies([check], tensor)


assert_all_finite = verify_tensor_all_finite


def is_tensor(x: Any) -> bool:
    """Whether something is a tensor of any kind, or a variable."""
    return isinstance(x, Tensor) or hasattr(x, "is_sparse") or hasattr(x, "_as_graph_element")


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor as an array, where it is known."""
    found = constant_value(tensor) if isinstance(tensor, Tensor) else None
    if found is None or (isinstance(found, list) and None in found):
        return None
    import numpy as np

    return np.array(found, tensor.dtype.name if tensor.dtype.name != "string" else object)


def dimension_value(dimension: Any) -> Any:
    """The size of a dimension."""
    return getattr(dimension, "value", dimension)
