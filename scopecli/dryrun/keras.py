"""`tf.keras`, as far as programs of TensorFlow 1 use it: initializers and regularizers."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scopecli.dryrun.namespaces import attributes

_SPACES = {"initializers": "initializers", "regularizers": "regularizers", "activations": "nn"}
_names = attributes(__name__, {})


def __getattr__(name: str) -> Any:
    """What the engine has under another name, or something that is not known."""
    if name in _SPACES:
        return import_module(f"scopecli.dryrun.{_SPACES[name]}")
    return _names(name)
