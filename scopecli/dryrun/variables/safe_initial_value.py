"""An initial value that depends on other variables gets nodes that read their initial values.

`tf.Variable(other * 2)` must not depend on the order of initialization, so TensorFlow copies the
nodes between with `initialized_value()` of the others in their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.dryrun.graph.keys import GraphKeys

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation, Tensor

_VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp"})
_SAFE = frozenset({"IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp", "If"})


def safe_initial_value(name: str, value: Tensor) -> Tensor:
    """The value, with the variables that it depends on replaced by their initialized values."""
    seen: set[Operation] = set()
    waiting = [value.op]
    depends = False
    while waiting:
        op = waiting.pop()
        if op in seen:
            continue
        seen.add(op)
        if op.type == "NextIteration":
            return value
        depends = depends or op.type in _VARIABLES
        waiting += [source.op for source in op.inputs]
        waiting += op.control_inputs
    return _safe_tensor(name, value, {}) if depends else value


def _safe_tensor(name: str, tensor: Tensor, known: dict[Operation, Operation]) -> Tensor:
    op = tensor.op
    if op not in known:
        known[op] = _safe_op(name, op, known)
    return known[op].outputs[tensor.value_index]


def _safe_op(name: str, op: Operation, known: dict[Operation, Operation]) -> Operation:
    if op.type in _SAFE:
        return op
    if op.type in _VARIABLES:
        return _initialized(op)
    inputs = [_safe_tensor(name, tensor, known) for tensor in op.inputs]
    if all(new is old for new, old in zip(inputs, op.inputs, strict=True)):
        return op
    type_ = "Switch" if op.type == "RefSwitch" else op.type
    graph = op.graph
    copied = f"{op.name}_{name}".replace(":", "_")
    full = copied[:-1] if copied.endswith("/") else graph.unique_name(copied)
    outputs = [(tensor.dtype.base_dtype, tensor.dims) for tensor in op.outputs]
    return graph.add(type_, full, inputs, outputs, dict(op.attributes))


def _initialized(op: Operation) -> Operation:
    """The initialized value of the variable that a node holds; the node where there is none."""
    for key in (GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES):
        for variable in op.graph.get_collection(key):
            if variable.op is op:
                found: Tensor = variable.initialized_value()
                return found.op
    return op
