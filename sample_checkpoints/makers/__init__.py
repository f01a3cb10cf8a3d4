"""What makes the samples: a module a family, a function a sample.

The order of the modules is that of the table in the README.
"""

from __future__ import annotations

from importlib import import_module

_MODULES = (
    *("tensorflow1", "graphs", "savers", "saved_models", "keras_models", "hdf5_files", "arrays"),
    *(
        "torch_files",
        "onnx_models",
        "tflite_models",
        "flax_trees",
        "orbax_trees",
        "pairs",
        "broken",
    ),
)


def import_all() -> None:
    """Import the modules, which register their samples."""
    for module in _MODULES:
        import_module(f"makers.{module}")
