"""`tf.layers`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {
    "base": "Layer",
    "core": "Dense Dropout Flatten dense dropout flatten",
    "convolutional": "Conv1D Conv2D Conv3D Conv2DTranspose Conv3DTranspose SeparableConv2D conv1d"
    " conv2d conv3d conv2d_transpose conv3d_transpose separable_conv2d",
    "pooling": "MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D"
    " AveragePooling3D max_pooling1d max_pooling2d max_pooling3d average_pooling1d"
    " average_pooling2d average_pooling3d",
    "normalization": "BatchNormalization batch_normalization",
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Find a name when it is first used."""
    if name in _PLACES:
        return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
    if name in _MODULES:
        raise AttributeError(name)
    from scopecli.dryrun.opaque import opaque_attributes

    return opaque_attributes("layers")(name)
