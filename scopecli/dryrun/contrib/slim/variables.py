"""Variables that are collected as the model's own."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from scopecli.dryrun.contrib.slim.scoping import add_arg_scope, current_arg_scope, key_of
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import device as device_scope
from scopecli.dryrun.graph.scopes import get_collection
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.scope import get_variable_scope


@add_arg_scope
def variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    caching_device: Any = None,
    device: Any = None,
    partitioner: Any = None,
    custom_getter: Any = None,
    use_resource: Any = None,
    synchronization: Any = None,
    aggregation: Any = None,
) -> Any:
    """Get or make a variable."""
    keys = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    getter: Any = get_variable
    if custom_getter is not None:
        getter = partial(custom_getter, reuse=get_variable_scope().reuse)
    with device_scope(device or ""):
        return getter(
            name,
            shape=shape,
            dtype=dtype,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
            collections=list(dict.fromkeys(keys)),
            caching_device=caching_device,
            partitioner=partitioner,
            use_resource=use_resource,
            synchronization=synchronization,
            aggregation=aggregation,
        )


@add_arg_scope
def model_variable(
    name: str,
    shape: Any = None,
    dtype: Any = "float32",
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    **options: Any,
) -> Any:
    """Get or make a variable of the model."""
    keys = _model_keys(collections)
    return variable(name, shape, dtype, initializer, regularizer, trainable, keys, **options)


_OWN_KEYS = (GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES)


def _model_keys(collections: Any) -> list[Any]:
    """The collections of a variable of the model."""
    return list(dict.fromkeys([*(collections or ()), *_OWN_KEYS]))


def renaming(rename: dict[str, str] | None) -> Any:
    """A custom getter that makes model variables, some under another name."""
    names = rename or {}

    def renamed(
        getter: Any,
        name: str,
        reuse: Any = None,
        validate_shape: Any = None,
        constraint: Any = None,
        collections: Any = None,
        **options: Any,
    ) -> Any:
        head, slash, last = name.rpartition("/")
        new = f"{head}{slash}{names.get(last, last)}"
        if not _DEFAULTED.isdisjoint(current_arg_scope()):
            return model_variable(new, custom_getter=getter, collections=collections, **options)
        # What it comes to where no arg scope has a say.
        reuse = get_variable_scope().reuse
        return getter(new, reuse=reuse, collections=_model_keys(collections), **options)

    return renamed


# The functions whose defaults an arg scope may set, as it knows them.
_DEFAULTED = frozenset({key_of(variable), key_of(model_variable)})
LAYER_GETTER = renaming({"bias": "biases", "kernel": "weights"})
PLAIN_GETTER = renaming(None)


def get_variables(scope: Any = None, suffix: Any = None, collection: str = "variables") -> Any:
    """The variables of a scope."""
    prefix = scope.name if hasattr(scope, "original_name_scope") else scope
    if suffix is not None and ":" not in suffix:
        suffix += ":"  # so that a name ends with it
    pattern = prefix if suffix is None else f"{prefix or ''}.*{suffix}"
    return get_collection(collection, pattern)


def get_model_variables(scope: Any = None, suffix: Any = None) -> Any:
    """The model's variables of a scope."""
    return get_variables(scope, suffix, GraphKeys.MODEL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: Any = None) -> Any:
    """The trainable variables of a scope."""
    return get_variables(scope, suffix, GraphKeys.TRAINABLE_VARIABLES)


def get_local_variables(scope: Any = None, suffix: Any = None) -> Any:
    """The local variables of a scope."""
    return get_variables(scope, suffix, GraphKeys.LOCAL_VARIABLES)


def get_variables_by_suffix(suffix: str, scope: Any = None) -> Any:
    """The variables of a scope whose names end like this."""
    return get_variables(scope, suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> Any:
    """The variables whose last name is this."""
    return get_variables(scope, f"/{given_name}:|^{given_name}:")


def get_unique_variable(var_op_name: str) -> Any:
    """The variable with the name.

    Raises:
        ValueError: there is none.
    """
    candidates = get_variables(var_op_name)
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    words = f"Variable {var_op_name} does not uniquely identify a variable"
    raise ValueError(words if candidates else f"Couldn't find variable {var_op_name}")


def local_variable(initial_value: Any, validate_shape: bool = True, name: Any = None) -> Any:
    """A variable that is not saved."""
    from scopecli.dryrun.variables.variable import Variable

    return Variable(
        initial_value,
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES],
        validate_shape=validate_shape,
        name=name,
    )


def filter_variables(
    var_list: Any,
    include_patterns: Any = None,
    exclude_patterns: Any = None,
    reg_search: bool = True,
) -> list[Any]:
    """The variables whose names match some patterns and not others."""
    find = re.search if reg_search else re.match
    found = list(var_list)
    if include_patterns is not None:
        found = [v for v in found if any(find(p, v.op.name) for p in include_patterns)]
    if exclude_patterns is not None:
        found = [v for v in found if not any(find(p, v.op.name) for p in exclude_patterns)]
    return found


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """The variables that are in some scopes and not in others."""
    scopes = [None] if include is None else include
    found = [variable_ for scope in scopes for variable_ in get_variables(scope)]
    gone = {v for scope in exclude or () for v in get_variables(scope)}
    return [variable_ for variable_ in found if variable_ not in gone]


def get_or_create_global_step(graph: Any = None) -> Any:
    """The step counter."""
    from scopecli.dryrun.variables.collections import get_or_create_global_step as made

    return made(graph)


create_global_step = get_or_create_global_step


def assign_from_values(var_names_to_values: dict[str, Any]) -> tuple[Any, dict[Any, Any]]:
    """The node that sets variables to values, and what has to be fed for it.

    Raises:
        ValueError: there is no such variable.
    """
    from scopecli.dryrun.ops.arrays import placeholder
    from scopecli.dryrun.ops.grouping import group

    done, fed = [], {}
    for name, value in var_names_to_values.items():
        like = get_collection(GraphKeys.GLOBAL_VARIABLES, name)
        if not like:
            raise ValueError(f"Variable {name} wasn't found")
        same = like if len(like) == 1 else [v for v in like if v.op.name == name]
        if not same:
            raise ValueError(f"Variable {name} doesn't uniquely identify a variable")
        made = same[0]
        kind = made.dtype.base_dtype
        given = placeholder(kind, made.shape, name=f"placeholder/{made.op.name}")
        done.append(made.assign(given))
        fed[given] = value
    return group(*done), fed
