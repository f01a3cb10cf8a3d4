"""Batch normalization, by `tf.layers` or with nodes of slim's own."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.contrib.slim.collecting import keep
from scopecli.dryrun.contrib.slim.scoping import add_arg_scope
from scopecli.dryrun.contrib.slim.utils import collect_named_outputs
from scopecli.dryrun.contrib.slim.variables import PLAIN_GETTER, model_variable
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import (
    add_to_collections,
    colocate_with,
    control_dependencies,
    name_scope,
)
from scopecli.dryrun.layers import normalization
from scopecli.dryrun.layers.base import static_flag, when
from scopecli.dryrun.nn.normalization import fused_batch_norm
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import reshape, shape
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.variables.assigning import assign_sub
from scopecli.dryrun.variables.initializers import (
    ones_initializer,
    zeros_initializer,
)
from scopecli.dryrun.variables.opening import variable_scope
from scopecli.dryrun.variables.scope import get_variable_scope


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
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> Any:
    """Normalized by the batch while training, by moving averages otherwise."""
    inputs = convert_to_tensor(inputs)
    made = {"gamma": ones_initializer(), "moving_variance": ones_initializer()}
    initial = {**dict.fromkeys(("beta", "moving_mean"), zeros_initializer()), **made}
    initial |= param_initializers or {}
    rank = len(inputs.dims or ())
    own = (rank == 2 and not renorm) or updates_collections != GraphKeys.UPDATE_OPS
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
                renorm=renorm,
                renorm_clipping=renorm_clipping,
                renorm_momentum=renorm_decay,
                fused=fused,
                name=opened.name,
                _scope=opened,
                _reuse=reuse,
            )
            outputs = layer(inputs, training=is_training)
            for name in ("moving_mean", "moving_variance", "beta", "gamma"):
                variable = getattr(layer, name)
                if variable is not None:
                    keep(variable, variables_collections, name)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return collect_named_outputs(outputs_collections, opened.name, outputs)


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
