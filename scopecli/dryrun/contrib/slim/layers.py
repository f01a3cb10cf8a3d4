"""The layers of slim: `tf.layers` with other names, defaults and collections.

https://github.com/google-research/tf-slim/blob/master/tf_slim/layers/layers.py
"""

from __future__ import annotations

from functools import partial
from typing import Any

from scopecli.dryrun.contrib.slim.collecting import keep
from scopecli.dryrun.contrib.slim.ending import XAVIER, ZEROS, check_depth, finished, rectified
from scopecli.dryrun.contrib.slim.scoping import add_arg_scope
from scopecli.dryrun.contrib.slim.utils import collect_named_outputs, get_variable_collections
from scopecli.dryrun.contrib.slim.variables import LAYER_GETTER, PLAIN_GETTER, model_variable
from scopecli.dryrun.graph.scopes import (
    name_scope,
)
from scopecli.dryrun.layers import core
from scopecli.dryrun.nn.activations import bias_add as nn_bias_add
from scopecli.dryrun.nn.activations import relu6 as nn_relu6
from scopecli.dryrun.nn.activations import softmax as nn_softmax
from scopecli.dryrun.nn.normalization import batch_normalization as nn_batch_normalization
from scopecli.dryrun.nn.normalization import moments as nn_moments
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, reshape, shape
from scopecli.dryrun.variables.initializers import (
    ones_initializer,
)
from scopecli.dryrun.variables.opening import variable_scope


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: Any,
    activation_fn: Any = rectified,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Every input goes to every output."""
    if not isinstance(num_outputs, int):
        raise ValueError(f"num_outputs type should be one of {[int]}, got {type(num_outputs)}.")
    with variable_scope(
        scope, "fully_connected", [inputs], reuse=reuse, custom_getter=LAYER_GETTER
    ) as opened:
        inputs = convert_to_tensor(inputs)
        check_depth(
            inputs,
            -1,
            "The last dimension of the inputs to `Dense` should be defined. Found `None`.",
        )
        layer = core.Dense(
            num_outputs,
            use_bias=bool(not normalizer_fn and biases_initializer),
            kernel_initializer=weights_initializer,
            bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer,
            bias_regularizer=biases_regularizer,
            trainable=trainable,
            name=opened.name,
            _scope=opened,
            _reuse=reuse,
        )
        outputs = layer(inputs)
        keep(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            keep(layer.bias, variables_collections, "biases")
        return finished(
            outputs,
            normalizer_fn,
            normalizer_params,
            activation_fn,
            outputs_collections,
            opened.name,
        )


linear = partial(fully_connected, activation_fn=None)
relu = partial(fully_connected, activation_fn=rectified)
relu6 = partial(fully_connected, activation_fn=nn_relu6)


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Any:
    """All axes but the first as one."""
    with name_scope(scope, "Flatten", [inputs]) as opened:
        inputs = convert_to_tensor(inputs)
        return collect_named_outputs(outputs_collections, opened, core.flatten(inputs))


@add_arg_scope
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: Any = None,
) -> Any:
    """Some elements become zero while training."""
    with variable_scope(scope, "Dropout", [inputs], custom_getter=PLAIN_GETTER) as opened:
        inputs = convert_to_tensor(inputs)
        layer = core.Dropout(1 - keep_prob, noise_shape, seed, opened.name, _scope=opened)
        outputs = layer(inputs, training=is_training)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def bias_add(
    inputs: Any,
    activation_fn: Any = None,
    initializer: Any = ZEROS,
    regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
    scope: Any = None,
) -> Any:
    """A bias for each channel."""
    with variable_scope(scope, "BiasAdd", [inputs], reuse=reuse) as opened:
        inputs = convert_to_tensor(inputs)
        depth = inputs.shape[1 if data_format.startswith("NC") else -1].value
        biases = model_variable(
            "biases",
            [depth],
            inputs.dtype.base_dtype,
            initializer,
            regularizer,
            trainable,
            get_variable_collections(variables_collections, "biases"),
        )
        outputs = nn_bias_add(inputs, biases, data_format=data_format)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def layer_norm(
    inputs: Any,
    center: bool = True,
    scale: bool = True,
    activation_fn: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,
) -> Any:
    """Normalized by each example."""
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as opened:
        inputs = convert_to_tensor(inputs)
        rank = inputs.shape.rank
        if rank is None:
            raise ValueError(f"Inputs {inputs.name} has undefined rank.")
        sizes = inputs.shape[begin_params_axis:]

        def made(name: str, initializer: Any) -> Any:
            keys = get_variable_collections(variables_collections, name)
            kind = inputs.dtype.base_dtype
            return model_variable(name, sizes, kind, initializer, None, trainable, keys)

        beta = made("beta", ZEROS) if center else None
        gamma = made("gamma", ones_initializer()) if scale else None
        axes = list(range(begin_norm_axis % rank, rank))
        mean, variance = nn_moments(inputs, axes, keep_dims=True)
        epsilon = 1e-3 if inputs.dtype.name == "float16" else 1e-12
        outputs = nn_batch_normalization(inputs, mean, variance, beta, gamma, epsilon)
        outputs.set_shape(inputs.shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


@add_arg_scope
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: Any = None) -> Any:
    """Vectors of length 1 along an axis.

    Raises:
        ValueError: there is no such axis.
    """
    from scopecli.dryrun.ops.arithmetic import div
    from scopecli.dryrun.ops.filled import ones
    from scopecli.dryrun.ops.indexing import strided_slice
    from scopecli.dryrun.ops.reductions import reduce_sum

    with variable_scope(scope, "UnitNorm", [inputs]):
        if inputs.dims is None:
            raise ValueError("The input rank must be known.")
        rank = len(inputs.dims)
        if dim < 0 or dim >= rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        squares = reduce_sum(apply("Square", inputs), dim, keepdims=True)
        lengths = apply("Sqrt", epsilon + squares)
        times = []
        if dim > 0:
            times.append(ones([dim], "int32"))
        times.append(strided_slice(shape(inputs), [dim], [dim + 1]))
        if dim < rank - 1:
            times.append(ones([rank - 1 - dim], "int32"))
        return div(inputs, apply("Tile", lengths, concat(times, 0)))


@add_arg_scope
def embed_sequence(
    ids: Any,
    vocab_size: Any = None,
    embed_dim: Any = None,
    unique: bool = False,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: Any = None,
) -> Any:
    """A vector for each symbol."""
    from scopecli.dryrun.nn.embeddings import embedding_lookup

    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        sizes = [vocab_size, embed_dim]
        made = model_variable("embeddings", sizes, "float32", initializer, regularizer, trainable)
        return embedding_lookup(made, ids)


@add_arg_scope
def softmax(logits: Any, scope: Any = None) -> Any:
    """Probabilities of classes."""
    with variable_scope(scope, "softmax", [logits]):
        dims = logits.dims
        flat = reshape(logits, [-1, shape(logits)[-1] if dims is None else dims[-1]])
        found = reshape(nn_softmax(flat), shape(logits))
        found.set_shape(dims)
        return found


@add_arg_scope
def one_hot_encoding(labels: Any, num_classes: Any, *_: Any, scope: Any = None, **__: Any) -> Any:
    """A row for each label."""
    from scopecli.dryrun.ops.arithmetic import to_int64
    from scopecli.dryrun.ops.indexing import one_hot

    with name_scope(scope, "OneHotEncoding", [labels]):
        labels = convert_to_tensor(labels)
        if labels.dtype.name == "int32":
            labels = to_int64(labels)
        return one_hot(labels, num_classes, on_value=1.0, off_value=0.0)


def repeat(inputs: Any, repetitions: int, layer: Any, *args: Any, **kwargs: Any) -> Any:
    """A layer several times, in one scope."""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Repeat", [inputs]):
        inputs = convert_to_tensor(inputs)
        scope = scope or getattr(layer, "__name__", "repeat")
        for number in range(repetitions):
            inputs = layer(inputs, *args, **{**kwargs, "scope": f"{scope}_{number + 1}"})
        return inputs


def stack(inputs: Any, layer: Any, stack_args: Any, **kwargs: Any) -> Any:
    """A layer several times, each time with other arguments."""
    scope = kwargs.pop("scope", None)
    with variable_scope(scope, "Stack", [inputs]):
        inputs = convert_to_tensor(inputs)
        scope = scope or getattr(layer, "__name__", "stack")
        for number, given in enumerate(stack_args):
            arguments = given if isinstance(given, (list, tuple)) else [given]
            options = {**kwargs, "scope": f"{scope}_{number + 1}"}
            inputs = layer(inputs, *arguments, **options)
        return inputs
