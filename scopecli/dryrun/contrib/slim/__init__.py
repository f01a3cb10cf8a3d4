"""`slim`: arg scopes, model variables and layers. The real one is PyPI's tf-slim."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "contrib.slim.scoping": "add_arg_scope arg_scope arg_scoped_arguments current_arg_scope"
    " has_arg_scope",
    "contrib.slim.variables": "variable model_variable get_variables get_model_variables"
    " get_trainable_variables get_local_variables get_variables_by_name get_variables_by_suffix"
    " get_unique_variable local_variable filter_variables get_variables_to_restore"
    " assign_from_values"
    " get_or_create_global_step create_global_step",
    "variables.collections": "get_global_step",
    "contrib.slim.convolutions": "convolution convolution2d conv2d convolution1d conv1d"
    " convolution3d conv3d convolution2d_transpose conv2d_transpose separable_conv2d"
    " separable_convolution2d",
    "contrib.slim.separable": "conv2d_in_plane convolution2d_in_plane",
    "contrib.slim.layers": "fully_connected linear relu relu6 flatten dropout softmax"
    " one_hot_encoding repeat stack bias_add layer_norm unit_norm embed_sequence",
    "contrib.slim.optimizers": "optimize_loss OPTIMIZER_CLS_NAMES OPTIMIZER_SUMMARIES",
    "contrib.slim.pools": "max_pool2d avg_pool2d max_pool3d avg_pool3d pool",
    "contrib.slim.normalization": "batch_norm",
    "contrib.slim.group_normalization": "instance_norm group_norm",
    "contrib.slim.weights": "xavier_initializer xavier_initializer_conv2d"
    " variance_scaling_initializer",
    "contrib.slim.regularizers": "l1_regularizer l2_regularizer l1_l2_regularizer sum_regularizer",
}
_names = attributes(__name__, _MODULES)


def __getattr__(name: str) -> Any:
    """A name of one of the parts, or something that is not known."""
    if name in {"losses", "learning", "metrics", "utils", "regularizers"}:
        return import_module(f"{__name__}.{name}")
    if name == "initializers":
        return import_module(f"{__name__}.weights")
    return _names(name)
