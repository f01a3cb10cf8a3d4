"""`tf.keras`, as far as programs of TensorFlow 1 use it: layers, models, initializers."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

from scopecli.dryrun.namespaces import attributes

_SPACES = {
    "regularizers": "regularizers",
    "activations": "nn",
    "layers": "keras.layers",
    "models": "keras.models",
}
# The initializers that have another name in Keras.
_INITIALIZERS = {
    "Zeros": "zeros",
    "Ones": "ones",
    "Constant": "constant",
    "RandomNormal": "random_normal",
    "RandomUniform": "random_uniform",
    "TruncatedNormal": "truncated_normal",
    "VarianceScaling": "variance_scaling",
    "Orthogonal": "orthogonal",
    "Identity": "identity",
    "normal": "random_normal",
    "uniform": "random_uniform",
}
_MODULES = {"keras.models": "Model Sequential", "keras.layers": "Input"}
_names = attributes(__name__, _MODULES)


def _initializers() -> Any:
    from scopecli.dryrun.variables.initializers import BY_NAME

    renamed = {name: BY_NAME[own] for name, own in _INITIALIZERS.items()}
    return SimpleNamespace(**BY_NAME, **renamed)


def __getattr__(name: str) -> Any:
    """What the engine has under another name, or something that is not known."""
    if name == "initializers":
        return _initializers()
    if name in _SPACES:
        return import_module(f"scopecli.dryrun.{_SPACES[name]}")
    return _names(name)
