"""What says in the graph which variables are not set, and variables cut into parts by hand."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply
from scopecli.dryrun.ops.arrays import stack
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.indexing import boolean_mask
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.variables.assigning import is_variable_initialized
from scopecli.dryrun.variables.collections import global_variables, local_variables
from scopecli.dryrun.variables.getting import variable_store
from scopecli.dryrun.variables.opening import variable_scope


def report_uninitialized_variables(
    var_list: Any = None, name: str = "report_uninitialized_variables"
) -> Any:
    """The names of the variables that are not set, as a tensor."""
    if var_list is None:
        var_list = global_variables() + local_variables()
    with name_scope(name):
        if not var_list:
            return constant([], "string")
        ready = stack([is_variable_initialized(variable) for variable in var_list])
        missing = apply("LogicalNot", ready)
        names = constant([variable.op.name for variable in var_list])
        return boolean_mask(names, missing)


def assert_variables_initialized(var_list: Any = None) -> Any:
    """A tensor that is to be had only where all variables are set."""
    if var_list is None:
        var_list = global_variables() + local_variables()
    ranks = [apply("Rank", variable) for variable in var_list]
    return ranks[0] if len(ranks) == 1 else stack(ranks)


def create_partitioned_variables(
    shape: Any,
    slicing: Any,
    initializer: Any,
    dtype: Any = float32,
    trainable: bool = True,
    collections: Any = None,
    name: Any = None,
    reuse: Any = None,
) -> list[Any]:
    """Variables that are the parts of one.

    Raises:
        ValueError: the shape cannot be cut like that.
    """
    if len(shape) != len(slicing):
        raise ValueError(
            "The 'shape' and 'slicing' of a partitioned Variable must have the length: shape: "
            f"{shape}, slicing: {slicing}"
        )
    if len(shape) < 1:
        raise ValueError(f"A partitioned Variable must have rank at least 1: shape: {shape}")
    with variable_scope(name, "PartitionedVariable", reuse=reuse) as scope, name_scope(None):
        options = {
            "shape": shape,
            "dtype": dtype,
            "initializer": initializer,
            "trainable": trainable,
            "collections": collections,
            "partitioner": lambda **_: slicing,
            "reuse": scope.reuse,
            "synchronization": None,
            "aggregation": None,
        }
        whole = variable_store().get_variable(scope.name, None, options)
        return list(whole)
