"""`tf.map_fn`, `tf.scan` and the folds: loops over the rows of tensors.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/map_fn.py
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/functional_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arrays import shape
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.loops import while_loop
from scopecli.dryrun.ops.control_flow.tensor_array import TensorArray
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.dryrun.values.structures import flattened, repacked, same_structure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scopecli.dryrun.graph.nodes import Tensor


def _check_callable(fn: Any, words: str) -> None:
    if not callable(fn):
        raise TypeError(f"{fn.__name__} {words}")


def _rows(elems: list[Tensor]) -> Any:
    """The number of rows: a number where it is known."""
    known = elems[0].shape[0].value
    return known or shape(elems[0])[0]


def _unstacked(elem: Tensor, rows: Any, **options: Any) -> TensorArray:
    return TensorArray(elem.dtype, size=rows, dynamic_size=False, **options).unstack(elem)


def _stacked(arrays: Iterable[TensorArray], rows: int | None) -> list[Any]:
    """What was written in each array, of so many rows."""
    stacked = [array.stack() for array in arrays]
    for tensor in stacked:
        if tensor.dims is not None:
            tensor.set_shape([rows, *tensor.dims[1:]])
    return stacked


def _folded(elems: Any) -> tuple[Any, Callable[[Any], Any]]:
    """The number of rows of what is folded, and what reads one of them."""
    tensors = [convert_to_tensor(elem, name="elem") for elem in flattened(elems)]
    rows = _rows(tensors)
    arrays = [_unstacked(tensor, rows) for tensor in tensors]
    return rows, lambda i: repacked(elems, [array.read(i) for array in arrays])


def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: Any = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """A function of every row.

    Raises:
        TypeError: the function is none.
        ValueError: there is nothing to map, or it has no rows.
    """
    signature = dtype if fn_output_signature is None else fn_output_signature
    _check_callable(fn, "is not callable.fn must be callable.")
    flat = flattened(elems)
    if not flat:
        raise ValueError(
            "elems must be a Tensor or (possibly nested) sequence of Tensors. Got "
            f"{elems}, which does not contain any Tensors."
        )
    with name_scope(name, "map", flat):
        tensors = [convert_to_tensor(elem, name="elem") for elem in flat]
        if tensors[0].dims == ():
            raise ValueError("Elements in elems must be 1+ dimensional Tensors, not scalars")
        rows = _rows(tensors)
        arrays = [TensorArray(t.dtype, size=rows, dynamic_size=False) for t in tensors]
        arrays = [array.unstack(t) for array, t in zip(arrays, tensors, strict=True)]
        i = constant(0)
        kinds = [t.dtype for t in tensors] if signature is None else flattened(signature)
        results = [
            TensorArray(as_dtype(kind), size=rows, dynamic_size=False, infer_shape=infer_shape)
            for kind in kinds
        ]

        def compute(i: Any, made: Any) -> Any:
            value = fn(repacked(elems, [array.read(i) for array in arrays]))
            same_structure(elems if signature is None else signature, value)
            values = [convert_to_tensor(leaf) for leaf in flattened(value)]
            made = [array.write(i, v) for array, v in zip(made, values, strict=True)]
            return i + 1, made

        _, done = while_loop(lambda i, _: i < rows, compute, (i, results), maximum_iterations=rows)
        stacked = _stacked(done, tensors[0].shape[0].value)
        return repacked(elems if signature is None else signature, stacked)


def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """A function of every row and what it gave for the row before; all of what it gave.

    Raises:
        TypeError: the function is none.
    """
    _check_callable(fn, "is not callable. Please provide a callable function.")
    like = elems if initializer is None else initializer
    with name_scope(name, "scan", flattened(elems)):
        tensors = [convert_to_tensor(elem, name="elem") for elem in flattened(elems)]
        known = tensors[0].shape[0].value
        rows: Any = shape(tensors[0])[0] if known is None else known
        arrays = [
            TensorArray(t.dtype, size=rows, dynamic_size=False, element_shape=t.shape[1:])
            for t in tensors
        ]
        arrays = [array.unstack(t) for array, t in zip(arrays, tensors, strict=True)]
        if initializer is None:
            values = [array.read(rows - 1 if reverse else 0) for array in arrays]
        else:
            values = [convert_to_tensor(value) for value in flattened(initializer)]
        results = [
            TensorArray(
                value.dtype,
                size=rows,
                dynamic_size=False,
                infer_shape=infer_shape,
                element_shape=value.shape if infer_shape else None,
            )
            for value in values
        ]
        done = 0 if initializer is not None else 1
        if initializer is None:
            pairs = zip(results, values, strict=True)
            results = [array.write(rows - 1 if reverse else 0, value) for array, value in pairs]

        def compute(i: Any, before: Any, made: Any) -> Any:
            row = repacked(elems, [array.read(i) for array in arrays])
            value = fn(repacked(like, before), row)
            same_structure(like, value)
            leaves = flattened(value)
            made = [array.write(i, leaf) for array, leaf in zip(made, leaves, strict=True)]
            return i - 1 if reverse else i + 1, leaves, made

        start = rows - 1 - done if reverse else done
        _, _, made = while_loop(
            lambda i, *_: i >= 0 if reverse else i < rows,
            compute,
            (start, values, results),
            maximum_iterations=rows,
        )
        return repacked(like, _stacked(made, known))


def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """A function of every row and what it gave for the row before; what it gave last.

    Raises:
        TypeError: the function is none.
    """
    _check_callable(fn, "is not callable. Please provide a callable function.")
    with name_scope(name, "foldl", flattened(elems)):
        rows, row = _folded(elems)
        value = row(0) if initializer is None else initializer
        i = constant(1 if initializer is None else 0)

        def compute(i: Any, before: Any) -> Any:
            after = fn(before, row(i))
            return [i + 1, after]

        done = while_loop(lambda i, _: i < rows, compute, [i, value], maximum_iterations=rows)
        return done[1]


def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """As `foldl`, from the last row to the first.

    Raises:
        TypeError: the function is none.
    """
    _check_callable(fn, "is not callable. Please provide a callable function.")
    with name_scope(name, "foldr", flattened(elems)):
        rows, row = _folded(elems)
        value, i = initializer, rows
        if initializer is None:
            i = rows - 1
            value = row(i)

        def compute(i: Any, before: Any) -> Any:
            i = i - 1
            return [i, fn(before, row(i))]

        done = while_loop(lambda i, _: i > 0, compute, [i, value], maximum_iterations=rows)
        return done[1]


def custom_gradient(f: Any) -> Any:
    """A function with a gradient of its own; gradients are one node, so it is not asked for."""

    def decorated(*args: Any) -> Any:
        given = [convert_to_tensor(value) for value in args]
        result, _ = f(*given)
        results = flattened(result)
        for value in results:
            apply("Identity", value)
        outputs = apply_op("IdentityN", [*results, *given]).outputs
        return repacked(result, outputs[: len(results)])

    return decorated
