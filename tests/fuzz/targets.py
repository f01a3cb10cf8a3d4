"""What is fuzzed: one row a parser. A new one is a row here, and a function in `running.py`.

A target takes bytes and an empty folder of its own. A result or a ScopecliError is fine, anything
else is a crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz import running, seeds
from tests.fuzz.mutators import (
    archives,
    documents,
    hdf5,
    headers,
    msgpack,
    numbers,
    pickles,
    protobuf,
    tables,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.mutators import Mutator
    from tests.fuzz.running import Run
    from tests.fuzz.seeds import Seeds


class Target(NamedTuple):
    """One parser.

    Attributes:
        run: gives it the bytes.
        seeds: valid inputs, made from the samples.
        mutators: change one field of a valid input; one is chosen each time.
    """

    run: Run
    seeds: Seeds
    mutators: Sequence[Mutator]


_INTEGERS = (numbers.integers,)
_PICKLED = (archives.member(r"\.pkl$", pickles.pickle), pickles.pickle, numbers.integers)
_JSON = (documents.document,)

TARGETS: dict[str, Target] = {
    "wire": Target(running.wire, seeds.files("graphs/frozen.pb", "*.onnx"), (protobuf.message,)),
    "sstable": Target(
        running.sstable, seeds.files("*/*.index", "tf1_v1*/model.ckpt*00*"), _INTEGERS
    ),
    "tf-v2-checkpoint": Target(running.bundle, seeds.files("*/*.index"), (tables.entries,)),
    "tf-v1-checkpoint": Target(
        running.v1,
        seeds.files("tf1_v1/model.ckpt", "tf1_v1_sharded/model.ckpt-0*"),
        (tables.entries,),
    ),
    "checkpoint-state": Target(running.state, seeds.files("*/checkpoint"), (texts.tokens,)),
    "pbtxt": Target(
        running.opened("m.pbtxt", "tf-graphdef"), seeds.files("graphs/*.pbtxt"), (texts.tokens,)
    ),
    "tf-graphdef": Target(
        running.opened("m.pb", "tf-graphdef"),
        seeds.files("graphs/*.pb"),
        (protobuf.message, numbers.integers),
    ),
    "tf-metagraph": Target(
        running.opened("m.meta", "tf-metagraph"),
        seeds.files("graphs/*.meta", "tf1_averages/*.meta", "tf1_partitioned/*.meta"),
        (protobuf.message,),
    ),
    "tf-saved-model": Target(
        running.opened("saved_model.pb", "tf-saved-model"),
        seeds.files("*/saved_model.pb"),
        (protobuf.message,),
    ),
    "zip": Target(
        running.archive,
        seeds.files("*.npz", "*.pt", "*.keras"),
        (archives.records, archives.records, archives.member("", numbers.integers)),
    ),
    "pickle": Target(running.pickle, seeds.pickles, (pickles.pickle,)),
    "pickled-arrays": Target(
        running.opened("m.pkl"),
        seeds.both(seeds.pickled_arrays, seeds.files("*.pkl")),
        (pickles.pickle, numbers.integers),
    ),
    "torch": Target(
        running.opened("m.pt"),
        seeds.files("*.pt", "torch_legacy.pth", "sharded_torch/*.bin"),
        _PICKLED,
    ),
    "pickled-tensors": Target(
        running.opened("m.pkl"), seeds.pickled_tensors, (pickles.pickle, numbers.integers)
    ),
    "torch-export": Target(
        running.opened("m.pt2"),
        seeds.files("*.pt2"),
        (archives.member(r"_config\.json$", documents.document), archives.records),
    ),
    "torch-distributed": Target(
        running.opened(".metadata", beside="torch_distributed"),
        seeds.files("torch_distributed/.metadata"),
        (pickles.pickle, numbers.integers),
    ),
    "hdf5": Target(
        running.hdf5, seeds.both(seeds.files("*.h5"), seeds.heaps, seeds.chunks), _INTEGERS
    ),
    "hdf5-unchecked": Target(
        running.hdf5_unchecked,
        seeds.both(seeds.files("plain*.h5"), seeds.heaps, seeds.chunks),
        (hdf5.field, hdf5.field, numbers.integers),
    ),
    "hdf5-attribute": Target(
        running.hdf5_attribute, seeds.attributes, (headers.lines(documents.document),)
    ),
    "keras-config": Target(
        running.keras_config("config.json"), seeds.members("config.json", "*.keras"), _JSON
    ),
    "keras-metadata": Target(
        running.keras_config("metadata.json"), seeds.members("metadata.json", "*.keras"), _JSON
    ),
    "safetensors": Target(
        running.opened("m.safetensors"),
        seeds.files(
            "dtypes.safetensors", "pairs/*.safetensors", "sharded_safetensors/*.safetensors"
        ),
        (headers.safetensors,),
    ),
    "shard-index": Target(
        running.opened("model.safetensors.index.json", beside="sharded_safetensors"),
        seeds.files("sharded_safetensors/*.json"),
        _JSON,
    ),
    "gguf": Target(running.opened("m.gguf"), seeds.files("*.gguf"), _INTEGERS),
    "tflite": Target(running.opened("m.tflite"), seeds.files("*.tflite"), _INTEGERS),
    "flax-msgpack": Target(
        running.opened("m.msgpack"), seeds.files("*.msgpack"), (msgpack.msgpack, numbers.integers)
    ),
    "onnx": Target(
        running.opened("m.onnx", "onnx"), seeds.files("*.onnx", "*/*.onnx"), (protobuf.message,)
    ),
    "mxnet": Target(running.opened("m.params"), seeds.files("*.params"), _INTEGERS),
    "npy": Target(running.opened("m.npy"), seeds.files("*.npy"), (headers.npy,)),
    "npz": Target(
        running.opened("m.npz"),
        seeds.files("*.npz", "pairs/*.npz"),
        (archives.member("", headers.npy), archives.records),
    ),
    "python-literal": Target(running.literal, seeds.these(*seeds.LITERALS), (texts.tokens,)),
    "scopecli-json": Target(running.opened("m.json", "scopecli-json"), seeds.exported, _JSON),
    "rename-map": Target(running.rename_map, seeds.maps, (texts.tokens, documents.document)),
    "baseline": Target(running.baseline, seeds.these(seeds.BASELINE), _JSON),
    "settings": Target(running.settings, seeds.these(seeds.SETTINGS), (texts.tokens,)),
    "orbax-metadata": Target(
        running.opened("_METADATA", beside="orbax_zarr"), seeds.files("orbax_zarr/_METADATA"), _JSON
    ),
    "zarr": Target(
        running.zarr,
        seeds.both(seeds.these(seeds.ZARR_2, seeds.ZARR_3), seeds.files("orbax_zarr/*/.zarray")),
        _JSON,
    ),
    "ocdbt": Target(running.ocdbt, seeds.bodies, _INTEGERS),
    "any-format": Target(
        running.opened("m"),
        seeds.files(
            "*.onnx", "*.tflite", "*.npy", "*.npz", "*.gguf", "*.msgpack", "graphs/frozen.*"
        ),
        (numbers.integers, protobuf.message),
    ),
}
