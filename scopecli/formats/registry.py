"""The table of formats. Importing it imports no reader."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from scopecli.errors import UnknownNameError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming, Subject

    class Reader(Protocol):
        """What a format's module has."""

        def read(self, path: str) -> Model:
            """Read the structure of a model.

            Raises:
                ScopecliError: whatever is wrong with the file.
            """

    class Writer(Protocol):
        """What the module has that writes a renamed model of a format."""

        def subjects(self, model: Model) -> Sequence[Subject]:
            """The names of the file that a rename can change.

            Raises:
                ScopecliError: the file cannot be written, or what is needed for it cannot be read.
            """

        def complaints(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
            """Of all names as they would be: (name, what is wrong with it in this format)."""

        def write(self, model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
            """Write the renamed model; `out` is the path that the user gave (a prefix for TF).

            Raises:
                ScopecliError: the model cannot be read again, or the target cannot be written.
            """


class Format(NamedTuple):
    """One row of the table.

    Attributes:
        id: as in `--input-format` and in JSON documents.
        title: for people.
        module: where its `read` is.
        suffixes: what its files are usually called; a hint for people, never a decision.
        writer: where its `Writer` is; empty where the format cannot be written.
    """

    id: str
    title: str
    module: str
    suffixes: tuple[str, ...]
    writer: str = ""

    def reader(self) -> Reader:
        """Import the format's module."""
        return cast("Reader", import_module(self.module))


FORMATS: tuple[Format, ...] = (
    Format(
        "tf-v2-checkpoint",
        "TensorFlow V2 checkpoint",
        "scopecli.formats.tensorflow.checkpoints.v2_checkpoint",
        (".index", ".ckpt"),
        "scopecli.formats.tensorflow.checkpoints.v2_writer",
    ),
    Format(
        "tf-v1-checkpoint",
        "TensorFlow V1 checkpoint",
        "scopecli.formats.tensorflow.checkpoints.v1_checkpoint",
        (".ckpt",),
        "scopecli.formats.tensorflow.checkpoints.v1_writer",
    ),
    Format(
        "tf-metagraph",
        "TensorFlow MetaGraph",
        "scopecli.formats.tensorflow.graphs.metagraph",
        (".meta",),
        "scopecli.formats.tensorflow.graph_writer",
    ),
    Format(
        "tf-graphdef",
        "TensorFlow graph",
        "scopecli.formats.tensorflow.graphs.graphdef",
        (".pb", ".pbtxt"),
        "scopecli.formats.tensorflow.graph_writer",
    ),
    Format(
        "tf-saved-model",
        "TensorFlow SavedModel",
        "scopecli.formats.tensorflow.saved_model",
        ("saved_model.pb", "saved_model.pbtxt"),
        "scopecli.formats.tensorflow.graph_writer",
    ),
    Format(
        "keras-h5",
        "Keras HDF5 model",
        "scopecli.formats.keras.h5",
        (".h5", ".hdf5", ".keras"),
        "scopecli.formats.keras.h5_writer",
    ),
    Format(
        "keras-weights-h5",
        "Keras 3 weights",
        "scopecli.formats.keras.weights_h5",
        (".weights.h5",),
        "scopecli.formats.keras.weights_h5_writer",
    ),
    Format(
        "keras-v3",
        "Keras 3 model",
        "scopecli.formats.keras.v3",
        (".keras",),
        "scopecli.formats.keras.v3_writer",
    ),
    Format(
        "hdf5",
        "HDF5 file",
        "scopecli.formats.hdf5.reader",
        (".h5", ".hdf5", ".he5", ".mat"),
        "scopecli.formats.hdf5.writer",
    ),
    Format(
        "safetensors",
        "safetensors file",
        "scopecli.formats.safetensors.reader",
        (".safetensors",),
        "scopecli.formats.safetensors.writer",
    ),
    Format(
        "torch",
        "PyTorch file",
        "scopecli.formats.torch.reader",
        (".pt", ".pth", ".pt2", ".bin", ".ckpt", ".pkl"),
        "scopecli.formats.torch.writer",
    ),
    Format("npy", "NumPy array", "scopecli.formats.numpy.npy", (".npy",)),
    Format(
        "npz",
        "NumPy archive",
        "scopecli.formats.numpy.npz",
        (".npz",),
        "scopecli.formats.numpy.npz_writer",
    ),
    Format("pickle", "Python pickle", "scopecli.formats.numpy.pickle_file", (".pkl", ".pickle")),
    Format("gguf", "GGUF model", "scopecli.formats.gguf.reader", (".gguf",)),
    Format("onnx", "ONNX model", "scopecli.formats.onnx.reader", (".onnx",)),
    Format("flax-msgpack", "Flax parameters", "scopecli.formats.flax.reader", (".msgpack",)),
    Format("mxnet", "MXNet parameters", "scopecli.formats.mxnet", (".params",)),
    Format("tflite", "TensorFlow Lite model", "scopecli.formats.tflite.reader", (".tflite",)),
    Format("orbax", "Orbax checkpoint", "scopecli.formats.orbax.reader", ("manifest.ocdbt",)),
    Format("scopecli-json", "scopecli tree", "scopecli.formats.scopecli_json", (".json",)),
)

BY_ID = {row.id: row for row in FORMATS}

# What a dry run gives is no file, so no reader opens it.
_NO_FILES = {"program": "TensorFlow 1 program"}


def title(format_id: str) -> str:
    """What a format is called, for people."""
    return _NO_FILES.get(format_id) or BY_ID[format_id].title


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
