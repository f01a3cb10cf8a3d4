"""What `tf.get_variable` would say if the program of a model ran in the graph of another.

`tensorflow/python/ops/variable_scope.py`, `_get_single_variable`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.rules.context import CHECKPOINTS, own_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.model.variable import Variable
    from scopecli.rules.context import Context


def variables_there(context: Context) -> Mapping[str, Variable]:
    """The variables that are in the reference graph already, by name.

    There are none if the reference is no graph, or the same model at another time.
    """
    reference = context.reference
    if reference is None or reference.graph is None or reference.format in CHECKPOINTS:
        return {}
    if context.model.graph is None or context.model.format in CHECKPOINTS:
        return {}
    there = {variable.name: variable for variable in own_variables(reference)}
    return {} if there.keys() == {variable.name for variable in context.own} else there


def scopes(context: Context) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each scope of the model, with its variables that are there already and the others."""
    there = variables_there(context)
    for scope, variables in context.scopes.items() if there else ():
        names = [variable.name for variable in variables]
        shared = [name for name in names if name in there]
        yield scope, shared, [name for name in names if name not in there]


def exists(name: str) -> str:
    """The message for a name that is taken."""
    return (
        f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or"
        " reuse=tf.AUTO_REUSE in VarScope?"
    )


def is_missing(name: str) -> str:
    """The message for a name that is missing where it is to be reused."""
    return (
        f"Variable {name} does not exist, or was not created with tf.get_variable(). Did you mean"
        " to set reuse=tf.AUTO_REUSE in VarScope?"
    )


def text(shape: tuple[int | None, ...] | None) -> str:
    """A shape as TensorFlow writes it."""
    if shape is None:
        return "<unknown>"
    sizes = ", ".join(str(size) for size in shape)
    return f"({sizes},)" if len(shape) == 1 else f"({sizes})"
