"""The layers of slim: `tf.layers` with other names, defaults and collections.

https://github.com/google-research/tf-slim/blob/master/tf_slim/layers/layers.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.slim.scoping import add_arg_scope
from scopecli.dryrun.contrib.slim.variables import LAYER_GETTER, PLAIN_GETTER, model_variable
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import (
    add_to_collection,
    add_to_collections,
    colocate_with,
    get_collection,
    name_scope,
)
from scopecli.dryrun.initializers import (
    ones_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from scopecli.dryrun.layers import convolutional, core, normalization, pooling
from scopecli.dryrun.layers.base import static_flag, when
from scopecli.dryrun.nn.activations import softmax as nn_softmax
from scopecli.dryrun.nn.normalization import fused_batch_norm
from scopecli.dryrun.ops.applying import apply, constant, convert_to_tensor
from scopecli.dryrun.ops.arrays import reshape, shape
from scopecli.dryrun.variables.assigning import assign_sub
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.dryrun.variables.scope import get_variable_scope


def xavier_initializer(uniform: bool = True, seed: Any = None, dtype: Any = "float32") -> Any:
    """Scaled by what comes in and goes out."""
    kind = "uniform" if uniform else "truncated_normal"
    return variance_scaling_initializer(1.0, "fan_avg", kind, seed)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: Any = None,
    dtype: Any = "float32",
) -> Any:
    """Scaled by what comes in or goes out."""
    kind = "uniform" if uniform else "truncated_normal"
    return variance_scaling_initializer(factor, mode.lower(), kind, seed)


def _relu(x: Any) -> Any:
    return apply("Relu", x)


_XAVIER, _ZEROS = xavier_initializer(), zeros_initializer()


def _collected(collections: Any, outputs: Any) -> Any:
    if collections:
        add_to_collections(collections, outputs)
    return outputs


def _keep(variable: Any, collections: Any, name: str) -> None:
    """Put a variable into the collections that were asked for."""
    keys = collections.get(name) if isinstance(collections, dict) else collections
    parts = list(variable) if hasattr(variable, "_get_variable_list") else [variable]
    for key in keys or ():
        for part in parts:
            if part not in get_collection(key):
                add_to_collection(key, part)


def _finished(
    outputs: Any, normalizer: Any, parameters: Any, activation: Any, collections: Any
) -> Any:
    if normalizer is not None:
        outputs = normalizer(outputs, **(parameters or {}))
    if activation is not None:
        outputs = activation(outputs)
    return _collected(collections, outputs)


_CLASSES = {3: convolutional.Conv1D, 4: convolutional.Conv2D, 5: convolutional.Conv3D}


def _convolution(default: str, classes: Any, padding_: str = "SAME") -> Any:
    def convolution(
        inputs: Any,
        num_outputs: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: str = padding_,
        data_format: Any = None,
        rate: Any = 1,
        activation_fn: Any = _relu,
        normalizer_fn: Any = None,
        normalizer_params: Any = None,
        weights_initializer: Any = _XAVIER,
        weights_regularizer: Any = None,
        biases_initializer: Any = _ZEROS,
        biases_regularizer: Any = None,
        reuse: Any = None,
        variables_collections: Any = None,
        outputs_collections: Any = None,
        trainable: bool = True,
        scope: Any = None,
    ) -> Any:
        with variable_scope(
            scope, default, [inputs], reuse=reuse, custom_getter=LAYER_GETTER
        ) as opened:
            inputs = convert_to_tensor(inputs)
            first = bool(data_format) and data_format.startswith("NC")
            layer = classes[len(inputs.dims or ())](
                num_outputs,
                kernel_size,
                strides=stride,
                padding=padding,
                data_format="channels_first" if first else "channels_last",
                dilation_rate=rate,
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
            _keep(layer.kernel, variables_collections, "weights")
            if layer.use_bias:
                _keep(layer.bias, variables_collections, "biases")
            return _finished(
                outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections
            )

    convolution.__name__ = default.lower()
    return add_arg_scope(convolution)


convolution = convolution2d = conv2d = _convolution("Conv", _CLASSES)
convolution1d = conv1d = _convolution("Conv", _CLASSES)
convolution3d = conv3d = _convolution("Conv", _CLASSES)
convolution2d_transpose = conv2d_transpose = _convolution(
    "Conv2d_transpose", {4: convolutional.Conv2DTranspose}
)


@add_arg_scope
def separable_conv2d(
    inputs: Any,
    num_outputs: Any,
    kernel_size: Any,
    depth_multiplier: int = 1,
    stride: Any = 1,
    padding: str = "SAME",
    rate: Any = 1,
    activation_fn: Any = _relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Any = None,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
    **_: Any,
) -> Any:
    """A convolution of each channel by itself, and then of all together."""
    from scopecli.dryrun.contrib.slim.separable import depthwise_only, separable_getter

    with variable_scope(
        scope, "SeparableConv2d", [inputs], reuse=reuse, custom_getter=separable_getter()
    ) as opened:
        inputs = convert_to_tensor(inputs)
        if num_outputs is None:
            outputs = depthwise_only(
                inputs,
                kernel_size,
                depth_multiplier,
                stride,
                padding,
                weights_initializer,
                weights_regularizer,
                None if normalizer_fn else biases_initializer,
            )
        else:
            layer = convolutional.SeparableConv2D(
                num_outputs,
                kernel_size,
                strides=stride,
                padding=padding,
                depth_multiplier=depth_multiplier,
                use_bias=bool(not normalizer_fn and biases_initializer),
                depthwise_initializer=weights_initializer,
                pointwise_initializer=weights_initializer,
                depthwise_regularizer=weights_regularizer,
                pointwise_regularizer=weights_regularizer,
                bias_initializer=biases_initializer,
                name=opened.name,
                _scope=opened,
                _reuse=reuse,
            )
            outputs = layer(inputs)
        return _finished(
            outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections
        )


separable_convolution2d = separable_conv2d


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: Any,
    activation_fn: Any = _relu,
    normalizer_fn: Any = None,
    normalizer_params: Any = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Any = None,
    biases_initializer: Any = _ZEROS,
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
        _keep(layer.kernel, variables_collections, "weights")
        if layer.bias is not None:
            _keep(layer.bias, variables_collections, "biases")
        return _finished(
            outputs, normalizer_fn, normalizer_params, activation_fn, outputs_collections
        )


linear = fully_connected


@add_arg_scope
def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Any = None,
    param_initializers: Any = None,
    param_regularizers: Any = None,
    updates_collections: Any = GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Any = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: Any = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    **_: Any,
) -> Any:
    """Normalized by the batch while training, by moving averages otherwise."""
    inputs = convert_to_tensor(inputs)
    made = {"gamma": ones_initializer(), "moving_variance": ones_initializer()}
    initial = {**dict.fromkeys(("beta", "moving_mean"), _ZEROS), **made}
    initial |= param_initializers or {}
    rank = len(inputs.dims or ())
    own = rank == 2 or updates_collections != GraphKeys.UPDATE_OPS
    getter = None if own else PLAIN_GETTER
    with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=getter) as opened:
        if own:
            wanted = (center, scale, trainable, variables_collections, param_regularizers or {})
            how = (is_training, decay, epsilon, updates_collections, data_format)
            outputs = _own_batch_norm(inputs, initial, wanted, how)
        else:
            layer = normalization.BatchNormalization(
                axis=1 if data_format == "NCHW" else -1,
                momentum=decay,
                epsilon=epsilon,
                center=center,
                scale=scale,
                beta_initializer=initial["beta"],
                gamma_initializer=initial["gamma"],
                moving_mean_initializer=initial["moving_mean"],
                moving_variance_initializer=initial["moving_variance"],
                beta_regularizer=(param_regularizers or {}).get("beta"),
                gamma_regularizer=(param_regularizers or {}).get("gamma"),
                trainable=trainable,
                fused=fused,
                name=opened.name,
                _scope=opened,
                _reuse=reuse,
            )
            outputs = layer(inputs, training=is_training)
            for name in ("moving_mean", "moving_variance", "beta", "gamma"):
                variable = getattr(layer, name)
                if variable is not None:
                    _keep(variable, variables_collections, name)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return _collected(outputs_collections, outputs)


def _own_batch_norm(inputs: Any, initial: Any, wanted: Any, how: Any) -> Any:
    """Slim's own way, for matrices and for updates that are not collected."""
    center, scale, trainable, collections, regularizers = wanted
    is_training, decay, epsilon, updates_collections, data_format = how
    original = inputs
    flat = len(inputs.dims) == 2
    if flat:
        inputs = reshape(inputs, [-1, 1, 1, inputs.dims[-1]])
    sizes = inputs.shape[1:2] if data_format == "NCHW" else inputs.shape[-1:]

    def made(name: str, trained: bool) -> Any:
        keys = collections.get(name) if isinstance(collections, dict) else collections
        return model_variable(
            name, sizes, "float32", initial[name], regularizers.get(name), trained, keys
        )

    beta = made("beta", trainable) if center else constant(0.0, "float32", shape=sizes)
    gamma = made("gamma", trainable) if scale else constant(1.0, "float32", shape=sizes)
    with variable_scope(get_variable_scope()) as local:
        local.set_partitioner(None)
        mean, variance = made("moving_mean", False), made("moving_variance", False)
    options: dict[str, Any] = {"epsilon": epsilon, "data_format": data_format}
    outputs, batch_mean, batch_variance = when(
        is_training,
        lambda: fused_batch_norm(inputs, gamma, beta, **options),
        lambda: fused_batch_norm(inputs, gamma, beta, mean, variance, is_training=False, **options),
    )
    if static_flag(is_training) is not False:

        def updates() -> Any:
            pairs = ((mean, batch_mean), (variance, batch_variance))
            return [_moved(average, value, decay) for average, value in pairs]

        if updates_collections is None:
            from scopecli.dryrun.graph.scopes import control_dependencies

            def forced() -> Any:
                with control_dependencies(updates()):
                    return apply("Identity", outputs)

            outputs = when(is_training, forced, lambda: outputs)
        else:
            for update in when(is_training, updates, lambda: [mean, variance]):
                add_to_collections(updates_collections, update)
    outputs.set_shape(inputs.shape)
    if flat:
        sizes_ = [-1 if size is None else size for size in original.dims]
        outputs = reshape(outputs, sizes_ if sizes_.count(-1) < 2 else shape(original))
    return outputs


def _moved(average: Any, value: Any, decay: Any) -> Any:
    with name_scope("AssignMovingAvg") as scope:
        share = convert_to_tensor(1.0 - decay, name="decay")
        with colocate_with(average.op):
            return assign_sub(average, (average - value) * share, name=scope)


def _pool(default: str, cls: Any) -> Any:
    def pool(
        inputs: Any,
        kernel_size: Any,
        stride: Any = 2,
        padding: str = "VALID",
        data_format: str = "NHWC",
        outputs_collections: Any = None,
        scope: Any = None,
    ) -> Any:
        with name_scope(scope, default, [inputs]) as opened:
            inputs = convert_to_tensor(inputs)
            first = "channels_first" if data_format.startswith("NC") else "channels_last"
            layer = cls(kernel_size, stride, padding, first, _scope=opened)
            return _collected(outputs_collections, layer(inputs))

    pool.__name__ = default.lower()
    return add_arg_scope(pool)


max_pool2d = _pool("MaxPool2D", pooling.MaxPooling2D)
avg_pool2d = _pool("AvgPool2D", pooling.AveragePooling2D)


@add_arg_scope
def flatten(inputs: Any, outputs_collections: Any = None, scope: Any = None) -> Any:
    """All axes but the first as one."""
    with name_scope(scope, "Flatten", [inputs]):
        return _collected(outputs_collections, core.flatten(convert_to_tensor(inputs)))


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
        return _collected(outputs_collections, layer(inputs, training=is_training))


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
    from scopecli.dryrun.ops.indexing import one_hot

    with name_scope(scope, "OneHotEncoding", [labels]):
        return one_hot(convert_to_tensor(labels), num_classes, on_value=1.0, off_value=0.0)


def l2_regularizer(scale: Any, scope: Any = None) -> Any:
    """The sum of the squares, halved, times a factor."""
    if scale == 0.0:
        return lambda _: None

    def l2(weights: Any) -> Any:
        with name_scope(scope, "l2_regularizer") as name:
            factor = convert_to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return apply("Mul", factor, apply("L2Loss", weights), name=name)

    return l2


def l1_regularizer(scale: Any, scope: Any = None) -> Any:
    """The sum of the absolute values times a factor."""
    from scopecli.dryrun.ops.reductions import reduce_sum

    if scale == 0.0:
        return lambda _: None

    def l1(weights: Any) -> Any:
        with name_scope(scope, "l1_regularizer") as name:
            factor = convert_to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return apply("Mul", factor, reduce_sum(apply("Abs", weights)), name=name)

    return l1


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
