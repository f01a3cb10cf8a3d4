"""Along the edges of a graph: which variable a tensor is the value of, which constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.graph import node_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.formats.tensorflow.tensor import Constant
    from scopecli.model.graph import Node, Nodes

# Operations that hand on what they are given, as the first input.
_PASSING = frozenset(
    {
        "Identity",
        "ReadVariableOp",
        "RefIdentity",
        "StopGradient",
        "Enter",
        "RefEnter",
        "Switch",
        "RefSwitch",
    }
)
_LONGEST = 64  # steps; a chain that goes in a circle is longer


def variable_of(nodes: Nodes, tensor: str, variables: Mapping[str, object]) -> str:
    """The node of the variable that a tensor is the value of, or that it refers to; or nothing.

    Raises:
        DamagedFileError: a node on the way contradicts the format.
    """
    name = node_name(tensor)
    for _ in range(_LONGEST):
        if name in variables:
            return name
        node = _passing(nodes, name)
        if node is None:
            break
        name = node_name(node.inputs[0])
    return ""


def constant_of(nodes: Nodes, tensor: str) -> Constant | None:
    """The constant that a tensor is, or None.

    Raises:
        DamagedFileError: a node on the way contradicts the format.
    """
    node = constant_node(nodes, tensor)
    return None if node is None else constant(node)


def constant_node(nodes: Nodes, tensor: str) -> Node | None:
    """The node of the constant that a tensor is, or None.

    Raises:
        DamagedFileError: a node on the way contradicts the format.
    """
    name = node_name(tensor)
    for _ in range(_LONGEST):
        index = nodes.find(name)
        if index >= 0 and nodes.ops[index] == "Const":
            return nodes[index]
        node = _passing(nodes, name)
        if node is None:
            break
        name = node_name(node.inputs[0])
    return None


def constant(node: Node) -> Constant | None:
    """What a Const node holds, or None where it has no value."""
    from scopecli.formats.tensorflow.tensor import Constant

    value = node.attributes.get("value")
    return value if isinstance(value, Constant) else None


def strings_of(nodes: Nodes, tensor: str) -> list[str]:
    """The elements of the constant of strings that a tensor is; none where it is something else.

    Raises:
        DamagedFileError: a node on the way contradicts the format.
    """
    found = constant_of(nodes, tensor)
    if found is None or found.dtype != "string":
        return []
    return [value.decode("utf-8", "surrogateescape") for value in found.strings()]


def _passing(nodes: Nodes, name: str) -> Node | None:
    index = nodes.find(name)
    if index < 0 or nodes.ops[index] not in _PASSING:
        return None
    node = nodes[index]
    return node if node.inputs else None
