"""A variable written down, `variable.to_proto()`, and the variable that it stands for.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/variable.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from scopecli.dryrun.graph.graph import Graph


class VariableDef(NamedTuple):
    """A variable written down.

    Attributes:
        variable_name: of its tensor.
        initial_value_name: of the tensor that it starts with.
        initializer_name: of the node that sets it.
        snapshot_name: of the tensor that reads it.
        is_resource: whether it is a resource.
        trainable: whether optimizers change it.
        synchronization: how its copies are kept the same.
        aggregation: how changes of its copies are put together.
    """

    variable_name: str
    initial_value_name: str
    initializer_name: str
    snapshot_name: str
    is_resource: bool
    trainable: bool
    synchronization: Any
    aggregation: Any


def written(variable: Any, export_scope: str | None) -> VariableDef | None:
    """A variable written down; None where it is not in the scope that is wanted."""
    if export_scope is not None and not variable.name.startswith(export_scope):
        return None

    def name(element: Any) -> str:
        found: str = element.name
        prefix = f"{export_scope}/"
        return found.removeprefix(prefix) if export_scope else found

    source = variable.handle if variable.is_resource else variable.reference()
    snapshot = variable._as_graph_element() if variable.is_resource else variable.value()  # noqa: SLF001
    return VariableDef(
        name(source),
        name(variable.initial_value),
        name(variable.initializer),
        name(snapshot),
        variable.is_resource,
        variable.trainable,
        variable.synchronization,
        variable.aggregation,
    )


def elements(definition: VariableDef, import_scope: str | None) -> dict[str, Any]:
    """What the names in a definition stand for in the default graph."""
    graph: Graph = get_default_graph()
    prefix = f"{import_scope}/" if import_scope else ""
    kinds = ("variable", "initializer", "initial_value", "snapshot")
    return {
        kind: graph.as_graph_element(prefix + getattr(definition, f"{kind}_name")) for kind in kinds
    }
