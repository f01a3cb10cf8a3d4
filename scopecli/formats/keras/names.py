"""What Keras calls its weights: the tables that the readers of Keras files go by."""

from __future__ import annotations

import re
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Which weight a regularizer in a layer's config is for. The last three are Keras 1's.
REGULARIZED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "kernel_regularizer": ("kernel",),
        "bias_regularizer": ("bias",),
        "recurrent_regularizer": ("recurrent_kernel",),
        "depthwise_regularizer": ("depthwise_kernel", "kernel"),
        "pointwise_regularizer": ("pointwise_kernel",),
        "embeddings_regularizer": ("embeddings",),
        "gamma_regularizer": ("gamma",),
        "beta_regularizer": ("beta",),
        "alpha_regularizer": ("alpha",),
        "W_regularizer": ("W",),
        "U_regularizer": ("U",),
        "b_regularizer": ("b",),
    }
)

# Batch normalization's running statistics; `running_*` and `*_std` are Keras 1's.
MOVING_AVERAGES = frozenset(
    {"moving_mean", "moving_variance", "moving_stddev", "running_mean", "running_std"}
)

# Weights that their layer makes with trainable=False. The empty class stands for any.
NEVER_TRAINED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "": MOVING_AVERAGES | {"seed_generator_state", "renorm_mean", "renorm_stddev"},
        "Normalization": frozenset({"mean", "variance", "count"}),
        "SpectralNormalization": frozenset({"sn_u", "vector_u"}),
    }
)

# Scalars of an optimizer that are no variable's state.
OPTIMIZER_SCALARS = frozenset(
    {
        "iteration",
        "iterations",
        "iter",
        "learning_rate",
        "lr",
        "decay",
        "momentum",
        "momentum_cache",
        "m_schedule",
        "beta_1",
        "beta_2",
        "rho",
        "t",
    }
)


def is_regularized(weight: str, config: Mapping[str, object]) -> bool:
    """Whether a layer's config has a regularizer for the weight of this name."""
    return any(
        config.get(setting)
        and any(weight == name or weight.startswith(f"{name}_") for name in names)
        for setting, names in REGULARIZED.items()
    )


def is_never_trained(weight: str, class_name: str) -> bool:
    """Whether Keras never trains the weight, whatever its layer's `trainable` says."""
    return weight in NEVER_TRAINED[""] or weight in NEVER_TRAINED.get(class_name, ())


class Row(NamedTuple):
    """A variable that a class of layers makes.

    Attributes:
        name: what the layer calls it.
        setting: the setting in the layer's config that turns it off; empty where none does.
    """

    name: str
    setting: str = ""


_KERNEL_BIAS = (Row("kernel"), Row("bias", "use_bias"))
_GAMMA_BETA = (Row("gamma", "scale"), Row("beta", "center"))
_CELL = (Row("kernel"), Row("recurrent_kernel"), Row("bias", "use_bias"))
_SEPARABLE = (Row("depthwise_kernel"), Row("pointwise_kernel"), Row("bias", "use_bias"))

# What `Layer.save_own_variables` numbers from 0: trainable variables as they are made, then others.
# Found in each class's `build`, `keras/src/layers/`; held against the real layers by the tests.
_DEPTHWISE = frozenset({"DepthwiseConv1D", "DepthwiseConv2D"})
_OLD_KERNEL = "depthwise_kernel"

VARIABLES: Mapping[str, tuple[Row, ...]] = MappingProxyType(
    {
        "Dense": _KERNEL_BIAS,
        "EinsumDense": (Row("kernel"), Row("bias", "bias_axes")),
        "Embedding": (Row("embeddings"),),
        "Conv1D": _KERNEL_BIAS,
        "Conv2D": _KERNEL_BIAS,
        "Conv3D": _KERNEL_BIAS,
        "Conv1DTranspose": _KERNEL_BIAS,
        "Conv2DTranspose": _KERNEL_BIAS,
        "Conv3DTranspose": _KERNEL_BIAS,
        "DepthwiseConv1D": _KERNEL_BIAS,
        "DepthwiseConv2D": _KERNEL_BIAS,
        "SeparableConv1D": _SEPARABLE,
        "SeparableConv2D": _SEPARABLE,
        "BatchNormalization": (*_GAMMA_BETA, Row("moving_mean"), Row("moving_variance")),
        "LayerNormalization": _GAMMA_BETA,
        "GroupNormalization": _GAMMA_BETA,
        "RMSNormalization": (Row("scale"),),
        "SpectralNormalization": (Row("kernel"), Row("vector_u")),
        "Normalization": (Row("mean"), Row("variance"), Row("count")),
        "PReLU": (Row("alpha"),),
        "AdditiveAttention": (Row("scale", "use_scale"),),
        "LSTMCell": _CELL,
        "GRUCell": _CELL,
        "SimpleRNNCell": _CELL,
        "ConvLSTMCell": _CELL,
        "SeedGenerator": (Row("seed_generator_state"),),
    }
)


class Part(NamedTuple):
    """An attribute of a layer that holds a layer which the config does not list.

    Attributes:
        name: the name that Keras gives it; empty where that depends.
        class_name: its class; empty where that depends.
    """

    name: str
    class_name: str


# In the order in which Keras makes them, which is that of `Layer.weights`.
PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "forward_layer": Part("", ""),
        "backward_layer": Part("", ""),
        "_query_dense": Part("query", "EinsumDense"),
        "_key_dense": Part("key", "EinsumDense"),
        "_value_dense": Part("value", "EinsumDense"),
        "query_dense": Part("query", "EinsumDense"),
        "key_dense": Part("key", "EinsumDense"),
        "value_dense": Part("value", "EinsumDense"),
        "_output_dense": Part("attention_output", "EinsumDense"),
        "output_dense": Part("attention_output", "EinsumDense"),
        "cell": Part("", ""),
        "seed_generator": Part("", "SeedGenerator"),
    }
)
CELLS: Mapping[str, str] = MappingProxyType(
    {
        "LSTM": "LSTMCell",
        "GRU": "GRUCell",
        "SimpleRNN": "SimpleRNNCell",
        "ConvLSTM1D": "ConvLSTMCell",
        "ConvLSTM2D": "ConvLSTMCell",
        "ConvLSTM3D": "ConvLSTMCell",
    }
)


def snake_case(class_name: str) -> str:
    """What Keras makes of a class name: `keras/src/utils/naming.py`, `to_snake_case`."""
    name = re.sub(r"\W+", "", class_name.rpartition(">")[2])
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


@cache
def _by_snake_case() -> dict[str, str]:
    """The classes of the tables by what Keras makes of their names."""
    return {snake_case(name): name for name in (*VARIABLES, *CELLS)}


def class_of(group: str) -> str:
    """The class that Keras numbered as `dense_1`; empty where the table does not have it."""
    return _by_snake_case().get(re.sub(r"_\d+$", "", group), "")


def variable_names(
    class_name: str, config: Mapping[str, object], count: int
) -> tuple[str, ...] | None:
    """Names of a layer's variables in their order; None where the table cannot tell.

    Without a config (an empty one) any of the settings may be off, as long as only one way of that
    gives the right count.
    """
    rows = VARIABLES.get(class_name, ())
    settings = {row.setting for row in rows if row.setting}
    fits = []
    for off in _subsets(sorted(settings)):
        if config and off != {name for name in settings if not config.get(name, True)}:
            continue
        names = tuple(row.name for row in rows if row.setting not in off)
        if len(names) == count:
            fits.append(names)
    if len(fits) != 1:
        return None
    if class_name in _DEPTHWISE and "groups" in config:  # only Keras 2 writes that setting
        return (_OLD_KERNEL, *fits[0][1:])
    return fits[0]


def _subsets(names: list[str]) -> Iterator[set[str]]:
    for bits in range(1 << len(names)):
        yield {name for i, name in enumerate(names) if bits >> i & 1}
