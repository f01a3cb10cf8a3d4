"""Nodes that wait for others: `tf.group`, `tf.tuple`, and what runs after something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.nodes import Operation
from scopecli.dryrun.graph.scopes import colocate_with, control_dependencies, device, name_scope
from scopecli.dryrun.ops.applying import apply, apply_op
from scopecli.dryrun.values.structures import flattened

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def no_op(name: str | None = None) -> Operation:
    """A node that does nothing."""
    return apply_op("NoOp", name=name)


def group(*inputs: Any, name: str | None = None) -> Operation:
    """A node that is done when the others are.

    Raises:
        TypeError: one is neither an operation nor a tensor.
    """
    with name_scope(name, "group_deps", flattened(inputs)) as scope:
        if not inputs:
            return no_op(scope)
        by_device: dict[str, list[Any]] = {}
        for value in flattened(inputs):
            if not hasattr(value, "device"):
                raise TypeError(
                    f"'inputs' should be zero or more (nested) Tensors. Received '{value}' with "
                    f"type '{type(value)}'."
                )
            by_device.setdefault(value.device, []).append(value)
        if len(by_device) == 1:
            ((where, members),) = by_device.items()
            return _grouped(where, members, scope)
        parts = [_grouped(where, by_device[where], None) for where in sorted(by_device)]
        with control_dependencies(parts):
            return no_op(scope)


def _grouped(where: str, members: list[Any], name: str | None) -> Operation:
    with control_dependencies(members), device(where):
        return no_op(name)


def with_dependencies(dependencies: Any, output: Tensor, name: str | None = None) -> Tensor:
    """A tensor that is there once other operations are done."""
    with (
        name_scope(name, "control_dependency", [output]) as scope,
        colocate_with(output.op),
        control_dependencies(dependencies),
    ):
        return apply("RefIdentity" if output.dtype.is_ref else "Identity", output, name=scope)


def tuple_(tensors: Any, name: str | None = None, control_inputs: Any = None) -> list[Any]:
    """The same tensors, none of them there before all are.

    Raises:
        ValueError: there is none.
    """
    with name_scope(name, "tuple", [t for t in tensors if t is not None]):
        gates = [value.op for value in tensors if value is not None]
        gates += [value.op for value in control_inputs or ()]
        if not gates:
            raise ValueError(f"'tensors' must have at least one Tensor. Received: {tensors}.")
        order = {op: number for number, op in enumerate(gates[0].graph.get_operations())}
        gate = group(*sorted(set(gates), key=order.__getitem__))
        found: list[Any] = []
        for value in tensors:
            if isinstance(value, Operation):
                with control_dependencies([gate]):
                    found.append(group(value))
            else:
                found.append(None if value is None else with_dependencies([gate], value))
        return found
