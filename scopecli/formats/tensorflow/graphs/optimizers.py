"""Optimizers as the graph shows them: which variable each updates, with which slots.

The operations that apply a gradient have the variable as their first input and its state and the
hyperparameters behind it. Names lie (`train/net/w/Adam` is a slot of `net/w`); inputs do not.
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/ops/training_ops.cc
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.errors import ScopecliError
from scopecli.formats.tensorflow.graphs import edges as tf_edges
from scopecli.model.graph import node_name
from scopecli.model.variable import NO_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scopecli.formats.tensorflow.description import Description
    from scopecli.formats.tensorflow.graphs.nodes import NodeTable
    from scopecli.model.graph import Node

EVIDENCE = "graph"

# The inputs behind the variable, by the operation's name without `Resource` and `Apply`.
_INPUTS = {
    "GradientDescent": "lr delta",
    "ProximalGradientDescent": "lr l1 l2 delta",
    "Adadelta": "accum accum_update lr rho epsilon grad",
    "Adagrad": "accum lr grad",
    "AdagradV2": "accum lr epsilon grad",
    "AdagradDA": "gradient_accumulator gradient_squared_accumulator grad lr l1 l2 global_step",
    "ProximalAdagrad": "accum lr l1 l2 grad",
    "Adam": "m v beta1_power beta2_power lr beta1 beta2 epsilon grad",
    "AdamWithAmsgrad": "m v vhat beta1_power beta2_power lr beta1 beta2 epsilon grad",
    "AdaMax": "m v beta1_power lr beta1 beta2 epsilon grad",
    "AddSign": "m lr alpha sign_decay beta grad",
    "PowerSign": "m lr logbase sign_decay beta grad",
    "RMSProp": "ms mom lr rho momentum epsilon grad",
    "CenteredRMSProp": "mg ms mom lr rho momentum epsilon grad",
    "Momentum": "accum lr grad momentum",
    "KerasMomentum": "accum lr grad momentum",
    "Ftrl": "accum linear grad lr l1 l2 lr_power",
    "FtrlV2": "accum linear grad lr l1 l2 l2_shrinkage lr_power",
    "SparseProximalGradientDescent": "lr l1 l2 grad indices",
    "SparseAdadelta": "accum accum_update lr rho epsilon grad indices",
    "SparseAdagrad": "accum lr grad indices",
    "SparseAdagradV2": "accum lr epsilon grad indices",
    "SparseAdagradDA": "gradient_accumulator gradient_squared_accumulator grad indices lr l1 l2"
    " global_step",
    "SparseProximalAdagrad": "accum lr l1 l2 grad indices",
    "SparseRMSProp": "ms mom lr rho momentum epsilon grad indices",
    "SparseCenteredRMSProp": "mg ms mom lr rho momentum epsilon grad indices",
    "SparseMomentum": "accum lr grad indices momentum",
    "SparseKerasMomentum": "accum lr grad indices momentum",
    "SparseFtrl": "accum linear grad indices lr l1 l2 lr_power",
    "SparseFtrlV2": "accum linear grad indices lr l1 l2 l2_shrinkage lr_power",
}
_SLOTS = frozenset(
    {
        "m",
        "v",
        "vhat",
        "accum",
        "accum_update",
        "linear",
        "ms",
        "mom",
        "mg",
        "gradient_accumulator",
        "gradient_squared_accumulator",
    }
)
_FORMATS = {"float16": "<e", "float32": "<f", "float64": "<d", "int32": "<i", "int64": "<q"}
_POWERS = frozenset({"beta1_power", "beta2_power"})
WRITING_STARTS = ("Assign", "ResourceScatter", "Scatter")
UPDATE = "update_"
_LONGEST = 1000  # letters of a name that is taken apart, which takes the square of them
_NEITHER = frozenset({"grad", "delta", "indices", "global_step"})


class Optimizers:
    """What the optimizers of a graph do with its variables.

    Attributes:
        updated: the variables that one of them trains.
        described: their state: slots, and the scalars that they keep for themselves.
        found: each optimizer, in words and numbers of JSON.
    """

    __slots__ = ("described", "found", "updated")

    def __init__(self) -> None:
        self.updated: set[str] = set()
        self.described: dict[str, Description] = {}
        self.found: list[dict[str, object]] = []


def read(nodes: NodeTable, variables: Mapping[str, object]) -> Optimizers:
    """Find the optimizers of a graph, whose variables are given by name.

    Raises:
        ScopecliError: a node that is needed contradicts the format.
    """
    result = Optimizers()
    groups: dict[tuple[str, ...], list[str]] = {}
    composed: list[tuple[str, str]] = []
    for index, op in enumerate(nodes.ops):
        if "Apply" not in op:
            if op.startswith(WRITING_STARTS) and UPDATE in nodes.names[index]:
                composed += _composed(nodes, nodes[index], variables)
            continue
        node = nodes[index]
        owner = tf_edges.variable_of(nodes, node.inputs[0], variables) if node.inputs else ""
        if owner:
            result.updated.add(owner)
            name = _family(op).removeprefix("Sparse")
            group = (name, *_take(nodes, node, owner, variables, result))
            groups.setdefault(group, []).append(owner)
    _take_composed(composed, result)
    for slot in result.updated & result.described.keys():
        del result.described[slot]
    result.found = [_described(nodes, group, len(owners)) for group, owners in groups.items()]
    return result


def _composed(
    nodes: NodeTable, node: Node, variables: Mapping[str, object]
) -> Iterable[tuple[str, str]]:
    """What is written and the variable that it is for, where an optimizer writes it itself.

    `tf.train.Optimizer` updates each variable in the scope `update_...`. Adam's update of a few
    rows is no operation of its own, but some that assign, and so are those of custom optimizers.
    """
    target = tf_edges.variable_of(nodes, node.inputs[0], variables) if node.inputs else ""
    if not target or len(node.name) > _LONGEST:
        return
    _, *after = node.name.split(UPDATE)
    for start in range(len(after)):
        owner = UPDATE.join(after[start:])
        while owner and owner not in variables:
            owner = owner.rpartition("/")[0]
        if owner:
            yield target, owner
            break


def _take_composed(composed: Iterable[tuple[str, str]], result: Optimizers) -> None:
    """Note such updates; a slot is called as those of the same ending are by other operations."""
    roles = {
        name.rpartition("/")[2]: attributes["slot_name"]
        for name, _, attributes in result.described.values()
        if "slot_name" in attributes
    }
    for target, owner in composed:
        if target == owner:
            result.updated.add(owner)
        elif target not in result.described:
            leaf = target.rpartition("/")[2]
            attributes = {
                "slot_of": owner,
                "slot_name": roles.get(leaf, leaf),
                "evidence": EVIDENCE,
            }
            result.described[target] = (target, "slot", attributes)


def _family(op: str) -> str:
    return op.removeprefix("Resource").replace("Apply", "", 1)


def _take(
    nodes: NodeTable,
    node: Node,
    owner: str,
    variables: Mapping[str, object],
    result: Optimizers,
) -> list[str]:
    """Note the state that one operation updates; give its hyperparameters as `name=tensor`."""
    hyperparameters = []
    for role, tensor in _roles(node):
        if role in _NEITHER:
            continue
        if role in _SLOTS or not role or role in _POWERS:
            name = tf_edges.variable_of(nodes, tensor, variables)
            if name and role in _POWERS:
                result.described[name] = (name, "bookkeeping", NO_ATTRIBUTES)
            elif name:
                slot = role or name.rpartition("/")[2]
                attributes: dict[str, object] = {
                    "slot_of": owner,
                    "slot_name": slot,
                    "evidence": EVIDENCE,
                }
                result.described[name] = (name, "slot", attributes)
        else:
            hyperparameters.append(f"{role}={tensor}")
    return hyperparameters


def _roles(node: Node) -> Iterable[tuple[str, str]]:
    """What each input behind the variable is; of an unknown operation, nothing is known."""
    rest = node.inputs[1:]
    known = _INPUTS.get(_family(node.op), "").split()
    return zip(known if len(known) == len(rest) else [""] * len(rest), rest, strict=True)


def _described(nodes: NodeTable, group: tuple[str, ...], count: int) -> dict[str, object]:
    name, *hyperparameters = group
    values = dict(pair.split("=", 1) for pair in hyperparameters)
    return {
        "name": name,
        "variables": count,
        "hyperparameters": {role: _value(nodes, tensor) for role, tensor in values.items()},
    }


def _value(nodes: NodeTable, tensor: str) -> float | str:
    """A hyperparameter: the number where it is a constant, else the node that computes it."""
    try:
        constant = tf_edges.constant_of(nodes, tensor)
        if constant is not None and constant.dtype in _FORMATS:
            number: float = struct.unpack(_FORMATS[constant.dtype], constant.read(0, 1))[0]
            # Seven digits are what a float32 has: 0.9 is not 0.8999999761581421.
            return float(f"{number:.7g}")
    except ScopecliError:
        pass  # a damaged constant is not worth the listing
    return node_name(tensor)
