"""Assertions in the graph: `tf.assert_equal` and its kin; `tf.py_func`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/check_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import rank as rank_of
from scopecli.dryrun.ops.arrays import shape
from scopecli.dryrun.ops.constant_values import number
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.asserting import Assert
from scopecli.dryrun.ops.grouping import no_op
from scopecli.dryrun.ops.reductions import reduce_all
from scopecli.dryrun.values.dtypes import as_dtype

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation, Tensor


def _of_two(sign: str, opname: str, type_: str) -> Any:
    """An assertion that compares two tensors."""

    def check(
        x: Any,
        y: Any,
        data: Any = None,
        summarize: Any = None,
        message: Any = None,
        name: Any = None,
    ) -> Operation:
        with name_scope(name, opname, [x, y]):
            x = convert_to_tensor(x, name="x")
            y = convert_to_tensor(y, name="y")
            if data is None:
                told = f"Condition x {sign} y did not hold element-wise:"
                data = [told, f"x ({x.name}) = ", x, f"y ({y.name}) = ", y]
            if message is not None:
                data = [message, *data]
            return Assert(reduce_all(apply(type_, x, y)), data, summarize)

    return check


def assert_equal(
    x: Any, y: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
) -> Operation:
    """A node that fails where two tensors differ."""
    with name_scope(name, "assert_equal"):
        if x is y:
            return no_op()
    return _equal(x, y, data, summarize, message, name)  # type: ignore[no-any-return]


_equal = _of_two("==", "assert_equal", "Equal")
assert_none_equal = _of_two("!=", "assert_none_equal", "NotEqual")
assert_less = _of_two("<", "assert_less", "Less")
assert_less_equal = _of_two("<=", "assert_less_equal", "LessEqual")
assert_greater = _of_two(">", "assert_greater", "Greater")
assert_greater_equal = _of_two(">=", "assert_greater_equal", "GreaterEqual")


def _against_zero(opname: str, sign: str, compare: Any, *, zero_first: bool) -> Any:
    """An assertion that compares a tensor with zero."""

    def check(
        x: Any, data: Any = None, summarize: Any = None, message: Any = None, name: Any = None
    ) -> Operation:
        with name_scope(name, opname, [x]):
            x = convert_to_tensor(x, name="x")
            if data is None:
                told = f"Condition x {sign} 0 did not hold element-wise:"
                data = [f"{message}.  " if message else "", told, f"x ({x.name}) = ", x]
            zero = constant(0, x.dtype)
            pair = (zero, x) if zero_first else (x, zero)
            return compare(*pair, data=data, summarize=summarize)  # type: ignore[no-any-return]

    return check


assert_positive = _against_zero("assert_positive", ">", assert_less, zero_first=True)
assert_negative = _against_zero("assert_negative", "<", assert_less, zero_first=False)
assert_non_negative = _against_zero("assert_non_negative", ">=", assert_less_equal, zero_first=True)
assert_non_positive = _against_zero(
    "assert_non_positive", "<=", assert_less_equal, zero_first=False
)


def _of_rank(opname: str, words: str, type_: str, holds: Any) -> Any:
    """An assertion on the number of axes, which is checked at once where it is known."""

    def check(
        x: Any,
        rank: Any,
        data: Any = None,
        summarize: Any = None,
        message: Any = None,
        name: Any = None,
    ) -> Operation:
        with name_scope(name, opname, [x]):
            x = convert_to_tensor(x, name="x")
            rank = convert_to_tensor(rank, name="rank")
            prefix = f"{message}.  " if message else ""
            if data is None:
                told = f"Tensor {x.name} must have rank{words}"
                data = [prefix, told, rank, "Received shape: ", shape(x)]
            with name_scope("assert_type"):
                no_op("statically_determined_correct_type")
            wanted = number(rank)
            if wanted is not None and x.dims is not None:
                if not holds(len(x.dims), wanted):
                    raise ValueError(
                        f"{prefix}Tensor {x.name} must have rank{words} {wanted}.  Received rank "
                        f"{len(x.dims)}, shape {x.shape}"
                    )
                return no_op("static_checks_determined_all_ok")
            return Assert(apply(type_, rank_of(x), rank), data, summarize)

    return check


assert_rank = _of_rank("assert_rank", "", "Equal", lambda a, b: a == b)
assert_rank_at_least = _of_rank(
    "assert_rank_at_least", " at least", "GreaterEqual", lambda a, b: a >= b
)


def py_func(func: Any, inp: Any, Tout: Any, stateful: bool = True, name: Any = None) -> Any:  # noqa: N803
    """A node that calls a function of Python when the graph runs."""
    return _of_python("PyFunc" if stateful else "PyFuncStateless", inp, Tout, name)


def py_function(func: Any = None, inp: Any = None, Tout: Any = None, name: Any = None) -> Any:  # noqa: N803
    """A node that calls a function of tensors when the graph runs."""
    return _of_python("EagerPyFunc", inp, Tout, name)


def _of_python(type_: str, inp: Any, Tout: Any, name: Any) -> Any:  # noqa: N803
    graph = get_default_graph()
    several = isinstance(Tout, (list, tuple))
    full = graph.scope_name(name or type_)
    inputs = [convert_to_tensor(value, name=f"input_{i}") for i, value in enumerate(inp)]
    kinds = [as_dtype(kind) for kind in (Tout if several else [Tout])]
    op = graph.add(type_, full, inputs, [(kind, None) for kind in kinds], {})
    found: list[Tensor] = op.outputs
    if not kinds:
        return op
    return found if several else found[0]
