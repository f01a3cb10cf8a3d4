"""The variables of a graph by collection, what initializes them, and the step counter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import get_collection
from scopecli.dryrun.ops.grouping import group, no_op
from scopecli.dryrun.values.dtypes import as_dtype

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation
    from scopecli.dryrun.variables.variable import Variable


def global_variables(scope: str | None = None) -> list[Any]:
    """The variables that a checkpoint has."""
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


all_variables = global_variables


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables that optimizers change by default."""
    return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    """The variables of this process alone."""
    return get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables that inference needs."""
    return get_collection(GraphKeys.MODEL_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables that have a moving average."""
    return get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def variables_initializer(var_list: Any, name: str = "init") -> Operation:
    """An operation that sets variables to their initial values."""
    if var_list:
        return group(*[variable.initializer for variable in var_list], name=name)
    return no_op(name)


initialize_variables = variables_initializer


def global_variables_initializer() -> Operation:
    """An operation that sets all global variables to their initial values."""
    return variables_initializer(global_variables())


initialize_all_variables = global_variables_initializer


def local_variables_initializer() -> Operation:
    """An operation that sets all local variables to their initial values."""
    return variables_initializer(local_variables())


initialize_local_variables = local_variables_initializer


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """An operation that sets up all tables."""
    return group(*get_collection(GraphKeys.TABLE_INITIALIZERS), name=name)


def create_global_step(graph: Any = None) -> Variable:
    """The step counter.

    Raises:
        ValueError: there is one already.
    """
    from scopecli.dryrun.variables.getting import get_variable
    from scopecli.dryrun.variables.initializers import zeros_initializer

    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None):
        found: Variable = get_variable(
            "global_step",
            shape=[],
            dtype=as_dtype("int64"),
            initializer=zeros_initializer(),
            trainable=False,
            aggregation=None,
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )
        return found


def _checked_step(step: Any) -> Any:
    """A step counter, which must be a whole number."""
    if not step.dtype.is_integer:
        raise TypeError(f'Existing "global_step" does not have integer type: {step.dtype}')
    if step.shape.rank not in {0, None}:
        raise TypeError(f'Existing "global_step" is not scalar: {step.shape}')
    return step


def get_global_step(graph: Any = None) -> Any:
    """The step counter, or None."""
    graph = graph or get_default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) == 1:
        return _checked_step(found[0])
    if not found and graph.operation("global_step") is not None:
        return _checked_step(graph.get_tensor_by_name("global_step:0"))
    return None


def get_or_create_global_step(graph: Any = None) -> Any:
    """The step counter."""
    graph = graph or get_default_graph()
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found
