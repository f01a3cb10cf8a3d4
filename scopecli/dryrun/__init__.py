"""TensorFlow 1's variables and scopes without TensorFlow: `import scopecli.dryrun as tf`.

The names, signatures, defaults, errors and messages are those of `tf.compat.v1`. Nothing is
computed: a program that builds a graph gets its names, shapes, types and collections, and
`scopecli.dryrun.model_of` makes a `Model` of them. What is not known becomes an opaque node.

Modules and packages with the name of a namespace of TensorFlow's are that namespace: `nn`,
`layers`, `train`, `contrib`, `losses`, ... What is beneath them is in five packages, each of which
builds on the ones before:

- `values`: types, shapes, Python values;
- `graph`: operations and tensors, names, collections, and what is open on a graph;
- `ops`: the table of operations with their shapes, making nodes, and functions that make several;
- `variables`: variables, variable scopes and `get_variable`;
- `program`: running somebody's program, and the model of the graph that it built.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scopecli.dryrun.namespaces import places

_PACKAGE = __name__

# Where each name is. A name that stands in no list is looked up in the tables of operations.
_MODULES = {
    "graph.graph": "Graph",
    "graph.nodes": "Operation Tensor",
    "graph.default": "get_default_graph reset_default_graph",
    "graph.keys": "GraphKeys",
    "values.shapes": "TensorShape Dimension",
    "values.dtypes": "DType as_dtype",
    "graph.scopes": "name_scope op_scope init_scope control_dependencies device colocate_with"
    " container add_to_collection add_to_collections get_collection get_collection_ref"
    " set_random_seed get_seed",
    "ops.constants": "constant",
    "ops.grouping": "no_op group",
    "ops.applying": "convert_to_tensor",
    "variables.variable": "Variable",
    "variables.assigning": "assign assign_add assign_sub scatter_update scatter_add scatter_sub"
    " scatter_mul scatter_div scatter_min scatter_max scatter_nd_update scatter_nd_add"
    " scatter_nd_sub count_up_to is_variable_initialized",
    "ops.indexed_slices": "IndexedSlices",
    "variables.reports": "report_uninitialized_variables assert_variables_initialized"
    " create_partitioned_variables",
    "sparse.tensor": "SparseTensor sparse_placeholder sparse_tensor_to_dense sparse_to_dense"
    " sparse_tensor_dense_matmul sparse_reshape sparse_retain sparse_fill_empty_rows"
    " string_split",
    "sparse.changes": "sparse_reorder sparse_slice sparse_split sparse_transpose sparse_softmax"
    " sparse_merge sparse_to_indicator sparse_mask",
    "sparse.combining": "sparse_add sparse_concat sparse_maximum sparse_minimum sparse_reduce_sum"
    " sparse_reduce_max sparse_reduce_sum_sparse sparse_reduce_max_sparse",
    "queues": "FIFOQueue PaddingFIFOQueue RandomShuffleQueue QueueBase WholeFileReader"
    " TextLineReader TFRecordReader FixedLengthRecordReader IdentityReader ReaderBase decode_csv",
    "program.parsing": "FixedLenFeature VarLenFeature parse_single_example parse_example",
    "variables.collections": "global_variables all_variables trainable_variables local_variables"
    " model_variables moving_average_variables variables_initializer initialize_variables"
    " global_variables_initializer initialize_all_variables local_variables_initializer"
    " initialize_local_variables tables_initializer",
    "variables.synchronization": "VariableSynchronization VariableAggregation",
    "variables.kind": "enable_resource_variables disable_resource_variables"
    " resource_variables_enabled",
    "variables.opening": "variable_scope variable_op_scope",
    "variables.scope": "VariableScope get_variable_scope AUTO_REUSE",
    "variables.getting": "get_variable get_local_variable",
    "regularizers": "no_regularizer",
    "variables.partition": "fixed_size_partitioner variable_axis_size_partitioner"
    " min_max_variable_partitioner",
    "variables.template": "make_template",
    "variables.initializers": "zeros_initializer ones_initializer constant_initializer"
    " random_uniform_initializer random_normal_initializer truncated_normal_initializer"
    " uniform_unit_scaling_initializer variance_scaling_initializer glorot_uniform_initializer"
    " glorot_normal_initializer orthogonal_initializer",
    "ops.control_flow.tensor_array": "TensorArray",
    "ops.type_checks": "assert_type assert_integer assert_scalar assert_same_float_dtype"
    " assert_proper_iterable assert_near assert_rank_in verify_tensor_all_finite is_tensor"
    " get_static_value dimension_value",
    "ops.batches": "batch_gather",
    "ops.printing": "print",
    "train.hessians": "hessians",
    "ops.special": "lbeta is_non_decreasing is_strictly_increasing is_numeric_tensor",
    "ops.sorting": "sort argsort searchsorted repeat",
    "ops.counting": "bincount histogram_fixed_width histogram_fixed_width_bins confusion_matrix",
    "ops.complex_numbers": "abs complex real imag angle conj to_complex64 to_complex128",
    "ops.control_flow.conditionals": "cond",
    "ops.control_flow.loops": "while_loop",
    "ops.control_flow.cases": "case",
    "ops.control_flow.functional": "map_fn scan foldl foldr custom_gradient",
    "random": "random_normal random_uniform truncated_normal multinomial random_crop random_gamma"
    " random_poisson",
    "ops.arrays": "broadcast_dynamic_shape broadcast_static_shape placeholder"
    " placeholder_with_default identity shape rank size reshape"
    " expand_dims squeeze concat stack unstack split transpose matrix_transpose pad"
    " parallel_stack",
    "ops.indexing": "gather gather_nd one_hot slice strided_slice where where_v2 sequence_mask"
    " boolean_mask scatter_nd",
    "ops.filled": "fill zeros ones zeros_like ones_like eye",
    "ops.arithmetic": "add truediv divide div floordiv pow logical_xor add_n accumulate_n cast"
    " to_float to_double to_bfloat16 to_int32 to_int64 range cumsum cumprod scalar_mul"
    " clip_by_value div_no_nan saturate_cast",
    "ops.products": "matmul tensordot",
    "ops.reductions": "reduce_sum reduce_mean reduce_max reduce_min reduce_prod reduce_all"
    " reduce_any reduce_join reduce_logsumexp reduce_variance reduce_std count_nonzero"
    " argmax argmin clip_by_norm clip_by_average_norm norm",
    "ops.einsum": "einsum",
    "image.measures": "extract_image_patches",
    "nn.connectionist": "edit_distance",
    "nn.activations": "log_sigmoid",
    "nn.fractions": "zero_fraction",
    "strings": "string_join string_to_number",
    "ops.matrices": "matrix_diag matrix_diag_part matrix_set_diag matrix_triangular_solve trace"
    " cholesky_solve",
    "ops.unique": "unique unique_with_counts setdiff1d",
    "ops.segments": "unsorted_segment_mean unsorted_segment_sqrt_n sparse_segment_sum"
    " sparse_segment_mean sparse_segment_sqrt_n",
    "ops.spaced": "linspace meshgrid",
    "program.session": "Session InteractiveSession",
    "ops.control_flow.asserting": "Assert",
    "ops.checks": "assert_equal assert_none_equal assert_less assert_less_equal"
    " assert_greater assert_greater_equal assert_positive assert_negative assert_non_negative"
    " assert_non_positive assert_rank assert_rank_at_least py_func py_function",
    "train.gradients": "UnconnectedGradients gradients clip_by_global_norm global_norm",
    "program.inert": "ConfigProto GPUOptions",
    "program.running": "model_of",
}
_PLACES = places(_MODULES)
# The same thing under another name.
_ALIASES = {
    "lin_space": ("ops.spaced", "linspace"),
    "divide_no_nan": ("ops.arithmetic", "div_no_nan"),
    "arg_max": ("ops.reductions", "argmax"),
    "arg_min": ("ops.reductions", "argmin"),
    "tuple": ("ops.grouping", "tuple_"),
    "random_shuffle": ("random", "shuffle"),
    "batch_matmul": ("ops.products", "matmul"),
    "space_to_batch": ("nn.morphology", "space_to_batch"),
    "batch_to_space": ("nn.morphology", "batch_to_space"),
    "pack": ("ops.arrays", "stack"),
    "unpack": ("ops.arrays", "unstack"),
}
_SPACES = {
    "nn": "nn",
    "layers": "layers",
    "math": "math",
    "linalg": "linalg",
    "train": "train",
    "random": "random",
    "initializers": "initializers",
    "nest": "values.structures",
    "errors": "errors",
    "io": "io",
    "dtypes": "dtypes",
    "losses": "losses",
    "metrics": "metrics",
    "gfile": "gfile",
    "data": "data",
    "image": "image",
    "queue": "queues",
    "sparse": "sparse",
    "strings": "strings",
    "estimator": "estimator",
    "feature_column": "feature_column",
    "lookup": "lookup",
    "debugging": "debugging",
    "sets": "sets",
    "distributions": "distributions",
    "spectral": "signal",
    "signal": "signal",
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
        import_module(f"{_PACKAGE}.ops.operators")  # gives tensors their operators
    if name in _PLACES:
        return getattr(import_module(f"{_PACKAGE}.{_PLACES[name]}"), name)
    if name in _ALIASES:
        module, own = _ALIASES[name]
        return getattr(import_module(f"{_PACKAGE}.{module}"), own)
    if name in _SPACES:
        return import_module(f"{_PACKAGE}.{_SPACES[name]}")
    if name.startswith("__"):
        raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}")
    from scopecli.dryrun.values.dtypes import BY_NAME

    if name in _TYPES:
        return BY_NAME[name]
    if name in {"bool", "double", "half"}:
        return BY_NAME[{"bool": "bool", "double": "float64", "half": "float16"}[name]]
    from importlib.machinery import PathFinder

    # The import machinery asks before it imports.
    if PathFinder.find_spec(f"{_PACKAGE}.{name}", __path__):
        raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}")
    from scopecli.dryrun.ops.wrappers import wrapper

    found = wrapper(name)
    if found is None:
        from scopecli.dryrun.ops.opaque import Opaque

        return Opaque(f"tf.{name}")
    return found


def disable_v2_behavior() -> None:
    """What this is."""


disable_eager_execution = disable_v2_tensorshape = disable_v2_behavior


def function(func: Any = None, *_: Any, **__: Any) -> Any:
    """The function itself: it is called while the graph is built."""
    return func if callable(func) else lambda decorated: decorated


def executing_eagerly() -> bool:
    """Never."""
    return False
