"""`tf.keras`, as far as programs of TensorFlow 1 use it: initializers and regularizers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scopecli.dryrun.opaque import opaque_attributes

_SPACES = {"initializers": "initializers", "regularizers": "regularizers", "activations": "nn"}
_opaque = opaque_attributes("keras")


def __getattr__(name: str) -> Any:
    """What the engine has under another name, or something that is not known."""
    if name in _SPACES:
        return import_module(f"scopecli.dryrun.{_SPACES[name]}")
    return _opaque(name)
