"""From a name or an object to the operation or tensor that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.nodes import Operation, Tensor

if TYPE_CHECKING:
    from scopecli.dryrun.graph.graph import Graph

_FORM = 'Tensor names must be of the form "<op_name>:<output_index>".'


def graph_element(graph: Graph, obj: Any, allow_tensor: bool, allow_operation: bool) -> Any:
    """The element of the graph that an object or a name stands for.

    Raises:
        KeyError: nothing has the name.
        ValueError: the name is of the other kind, or the object of another graph.
        TypeError: the object stands for none.
    """
    kinds = [("Tensor", allow_tensor), ("Operation", allow_operation)]
    wanted = " or ".join(kind for kind, allowed in kinds if allowed)
    if not wanted:
        raise ValueError("allow_tensor and allow_operation can't both be False.")
    convert = getattr(obj, "_as_graph_element", None)
    if convert is not None:
        obj = convert()
    if isinstance(obj, bytes):
        obj = obj.decode()
    if isinstance(obj, str):
        if ":" in obj:
            if not allow_tensor:
                raise ValueError(f"Name {obj!r} appears to refer to a Tensor, not a {wanted}.")
            return _tensor(graph, obj)
        return _operation(graph, obj, wanted, allow_operation)
    if (isinstance(obj, Tensor) and allow_tensor) or (
        isinstance(obj, Operation) and allow_operation
    ):
        if obj.graph is not graph:
            kind = "Tensor" if isinstance(obj, Tensor) else "Operation"
            raise ValueError(f"{kind} {obj} is not an element of this graph.")
        return obj
    raise TypeError(f"Can not convert a {type(obj).__name__} into a {wanted}.")


def _tensor(graph: Graph, name: str) -> Tensor:
    try:
        op_name, number = name.split(":")
        index = int(number)
    except ValueError:
        raise ValueError(
            f"The name {name!r} looks a like a Tensor name, but is not a valid one. {_FORM}"
        ) from None
    op = graph.operation(op_name)
    if op is None:
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. The operation, "
            f"{op_name!r}, does not exist in the graph."
        )
    try:
        return op.outputs[index]
    except IndexError:
        raise KeyError(
            f"The name {name!r} refers to a Tensor which does not exist. The operation, "
            f"{op_name!r}, exists but only has {len(op.outputs)} outputs."
        ) from None


def _operation(graph: Graph, name: str, wanted: str, allow_operation: bool) -> Operation:
    op = graph.operation(name)
    if allow_operation:
        if op is None:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
        return op
    known = "looks like an (invalid) Operation name" if op is None else "refers to an Operation"
    raise ValueError(f"The name {name!r} {known}, not a {wanted}. {_FORM}")
