"""TensorFlow 1's variables and scopes without TensorFlow: `import scopecli.dryrun as tf`.

The names, signatures, defaults, errors and messages are those of `tf.compat.v1`. Nothing is
computed: a program that builds a graph gets its names, shapes, types and collections, and
`scopecli.dryrun.model_of` makes a `Model` of them. What is not known becomes an opaque node.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PACKAGE = __name__

# Where each name is. A name that stands in no list is looked up in the tables of operations.
_MODULES = {
    "graph": "Graph Operation Tensor get_default_graph reset_default_graph",
    "graph_keys": "GraphKeys",
    "shapes": "TensorShape Dimension",
    "dtypes": "DType as_dtype",
    "scopes": "name_scope op_scope init_scope control_dependencies device colocate_with container"
    " add_to_collection add_to_collections get_collection get_collection_ref set_random_seed no_op"
    " group get_seed",
    "applying": "constant convert_to_tensor",
    "variables": "Variable assign assign_add assign_sub scatter_update scatter_add scatter_sub"
    " is_variable_initialized",
    "variable_collections": "global_variables all_variables trainable_variables local_variables"
    " model_variables moving_average_variables variables_initializer initialize_variables"
    " global_variables_initializer initialize_all_variables local_variables_initializer"
    " initialize_local_variables tables_initializer",
    "synchronization": "VariableSynchronization VariableAggregation",
    "resource_variables": "enable_resource_variables disable_resource_variables"
    " resource_variables_enabled",
    "variable_scopes": "variable_scope variable_op_scope VariableScope get_variable"
    " get_local_variable get_variable_scope AUTO_REUSE",
    "regularizers": "no_regularizer",
    "partition": "fixed_size_partitioner variable_axis_size_partitioner"
    " min_max_variable_partitioner",
    "template": "make_template",
    "initializers": "zeros_initializer ones_initializer constant_initializer"
    " random_uniform_initializer random_normal_initializer truncated_normal_initializer"
    " uniform_unit_scaling_initializer variance_scaling_initializer glorot_uniform_initializer"
    " glorot_normal_initializer orthogonal_initializer",
    "control_flow": "cond case while_loop",
    "random": "random_normal random_uniform truncated_normal multinomial",
    "arrays": "placeholder placeholder_with_default identity shape rank size reshape expand_dims"
    " squeeze concat stack unstack split transpose matrix_transpose gather gather_nd one_hot slice"
    " strided_slice pad where where_v2 fill zeros ones zeros_like ones_like sequence_mask"
    " boolean_mask meshgrid eye parallel_stack",
    "maths": "add truediv divide div floordiv pow logical_xor add_n accumulate_n cast to_float"
    " to_int32 to_int64 matmul tensordot range reduce_sum reduce_mean reduce_max reduce_min"
    " reduce_prod reduce_all reduce_any reduce_logsumexp argmax argmin cumsum cumprod scalar_mul"
    " clip_by_value clip_by_norm norm",
    "session": "Session InteractiveSession",
    "checks": "assert_equal",
    "optimizers": "gradients clip_by_global_norm",
    "inert": "ConfigProto GPUOptions",
    "running": "model_of",
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names.split()}
# The same thing under another name.
_ALIASES = {
    "arg_max": ("maths", "argmax"),
    "arg_min": ("maths", "argmin"),
    "tuple": ("scopes", "tuple_"),
    "random_shuffle": ("random", "shuffle"),
    "batch_matmul": ("maths", "matmul"),
    "pack": ("arrays", "stack"),
    "unpack": ("arrays", "unstack"),
}
_SPACES = {
    "nn": "nn",
    "layers": "layers",
    "math": "math",
    "train": "train",
    "random": "random",
    "initializers": "initializers",
    "nest": "structures",
    "errors": "errors",
    "losses": "losses",
    "summary": "summary",
    "app": "app",
    "flags": "app",
    "keras": "keras",
    "regularizers": "regularizers",
    "logging": "app",
    "compat": "compat",
    "contrib": "contrib",
}
_TYPES = [
    "float16",
    "float32",
    "float64",
    "bfloat16",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "string",
    "complex64",
    "complex128",
    "resource",
    "variant",
]
newaxis = None
version = "1.15.0"
VERSION = __version__ = version


def __getattr__(name: str) -> Any:
    """Find a name when it is first used, so that importing the package costs nothing."""
    found = _found(name)
    globals()[name] = found
    return found


def _found(name: str) -> Any:
    if not name.startswith("_"):
        import_module(f"{_PACKAGE}.operators")  # gives tensors their operators
    if name in _PLACES:
        return getattr(import_module(f"{_PACKAGE}.{_PLACES[name]}"), name)
    if name in _ALIASES:
        module, own = _ALIASES[name]
        return getattr(import_module(f"{_PACKAGE}.{module}"), own)
    if name in _SPACES:
        return import_module(f"{_PACKAGE}.{_SPACES[name]}")
    if name.startswith("__"):
        raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}")
    from scopecli.dryrun.dtypes import BY_NAME

    if name in _TYPES:
        return BY_NAME[name]
    if name in {"bool", "double", "half"}:
        return BY_NAME[{"bool": "bool", "double": "float64", "half": "float16"}[name]]
    from importlib.machinery import PathFinder

    # The import machinery asks before it imports.
    if PathFinder.find_spec(f"{_PACKAGE}.{name}", __path__):
        raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}")
    from scopecli.dryrun.opaque import opaque_attributes

    return opaque_attributes("")(name)


def disable_v2_behavior() -> None:
    """What this is."""


disable_eager_execution = disable_v2_tensorshape = disable_v2_behavior


def executing_eagerly() -> bool:
    """Never."""
    return False
