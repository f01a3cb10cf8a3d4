"""The table of formats. Importing it imports no reader."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from scopecli.errors import UnknownNameError

if TYPE_CHECKING:
    from scopecli.model.model import Model


class Reader(Protocol):
    """What a format's module has."""

    def read(self, path: str) -> Model:
        """Read the structure of a model.

        Raises:
            ScopecliError: whatever is wrong with the file.
        """


class Format(NamedTuple):
    """One row of the table.

    Attributes:
        id: as in `--input-format` and in JSON documents.
        title: for people.
        module: where its `read` is.
        suffixes: what its files are usually called; a hint for people, never a decision.
    """

    id: str
    title: str
    module: str
    suffixes: tuple[str, ...]

    def reader(self) -> Reader:
        """Import the format's module."""
        return cast("Reader", import_module(self.module))


FORMATS: tuple[Format, ...] = (
    Format(
        "tf-v2-checkpoint",
        "TensorFlow V2 checkpoint",
        "scopecli.formats.tf_v2_checkpoint",
        (".index", ".ckpt"),
    ),
    Format(
        "tf-v1-checkpoint",
        "TensorFlow V1 checkpoint",
        "scopecli.formats.tf_v1_checkpoint",
        (".ckpt",),
    ),
    Format("tf-metagraph", "TensorFlow MetaGraph", "scopecli.formats.tf_metagraph", (".meta",)),
    Format("tf-graphdef", "TensorFlow graph", "scopecli.formats.tf_graphdef", (".pb", ".pbtxt")),
    Format(
        "tf-saved-model",
        "TensorFlow SavedModel",
        "scopecli.formats.tf_saved_model",
        ("saved_model.pb", "saved_model.pbtxt"),
    ),
    Format(
        "keras-h5",
        "Keras HDF5 model",
        "scopecli.formats.keras_h5",
        (".h5", ".hdf5", ".keras"),
    ),
    Format(
        "keras-weights-h5",
        "Keras 3 weights",
        "scopecli.formats.keras_weights_h5",
        (".weights.h5",),
    ),
    Format("keras-v3", "Keras 3 model", "scopecli.formats.keras_v3", (".keras",)),
    Format("hdf5", "HDF5 file", "scopecli.formats.hdf5", (".h5", ".hdf5", ".he5", ".mat")),
    Format("safetensors", "safetensors file", "scopecli.formats.safetensors", (".safetensors",)),
    Format("npy", "NumPy array", "scopecli.formats.npy", (".npy",)),
    Format("npz", "NumPy archive", "scopecli.formats.npz", (".npz",)),
    Format("gguf", "GGUF model", "scopecli.formats.gguf", (".gguf",)),
    Format("onnx", "ONNX model", "scopecli.formats.onnx", (".onnx",)),
    Format("flax-msgpack", "Flax parameters", "scopecli.formats.flax_msgpack", (".msgpack",)),
    Format("tflite", "TensorFlow Lite model", "scopecli.formats.tflite", (".tflite",)),
    Format("orbax", "Orbax checkpoint", "scopecli.formats.orbax", ("manifest.ocdbt",)),
    Format("scopecli-json", "scopecli tree", "scopecli.formats.scopecli_json", (".json",)),
)

BY_ID = {row.id: row for row in FORMATS}


def get(format_id: str) -> Format:
    """The row of a format id.

    Raises:
        UnknownNameError: there is none.
    """
    if format_id not in BY_ID:
        raise UnknownNameError(
            f"unknown format {format_id!r}", hint=f"known are: {', '.join(BY_ID)}"
        )
    return BY_ID[format_id]
