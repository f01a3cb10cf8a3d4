"""`tf.data`: what the elements of a data set look like; nothing is read."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "data.datasets": "Dataset TextLineDataset TFRecordDataset FixedLengthRecordDataset"
    " make_one_shot_iterator make_initializable_iterator get_output_shapes get_output_types",
    "data.iterators": "Iterator",
}
AUTOTUNE = -1
_names = attributes(__name__, _MODULES)


def __getattr__(name: str) -> Any:
    """A class or function, or what TensorFlow calls experimental."""
    if name == "experimental":
        return import_module(f"{__name__}.experimental")
    return _names(name)
