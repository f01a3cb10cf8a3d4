"""What is to be said of each format: the data that README.md of this package is made of."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Entry(NamedTuple):
    """A format's part of the page.

    Attributes:
        versions: which are read, and who writes them.
        told_by: how a file is recognised, whatever it is called.
        keys: what the key of a variable is.
        values: which values can be read, and which cannot.
        link: the specification, or the code that is one.
        renamed: what `rename` writes; empty where the format cannot be written.
        oddities: what else is worth knowing.
    """

    versions: str
    told_by: str
    keys: str
    values: str
    link: str
    renamed: str = ""
    oddities: tuple[str, ...] = ()


_TF = "https://github.com/tensorflow/tensorflow/blob/master/tensorflow"
_NUMPY_FORMAT = "https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html"
_KERAS_LEGACY = (
    "https://github.com/keras-team/keras/blob/master/keras/src/legacy/saving/legacy_h5_format.py"
)
_KERAS_SAVING = "https://github.com/keras-team/keras/blob/master/keras/src/saving/saving_lib.py"
_NODES = "the name of each node that is a variable; in a frozen graph, of each `Const`"
_ALL_NUMBERS = "all dtypes, bfloat16, float8 and four-bit ones too"

ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        "tf-v2-checkpoint": Entry(
            "`tf.train.Saver` since 0.12, `tf.train.Checkpoint`; one data shard or many",
            "a LevelDB table whose first key is empty and has a BundleHeaderProto",
            "as the checkpoint has them; object-based ones show the variable's own name",
            "all dtypes, strings and partitioned tensors",
            f"{_TF}/core/util/tensor_bundle/tensor_bundle.h",
            "the `.index` anew, object graph and all; data shards are copied",
            (
                "A `.meta` beside it adds collections, `trainable` and reuse.",
                "A missing shard is a note: names, shapes and checksums are in the index.",
                "Damaged blocks are told by their checksums, and not read past.",
            ),
        ),
        "tf-v1-checkpoint": Entry(
            "`tf.train.Saver` before 0.12, or with `write_version=V1`; sharded too",
            "a LevelDB table whose first key is empty and has a SavedTensorSliceMeta",
            "as the checkpoint has them",
            "all dtypes; blocks packed with snappy",
            f"{_TF}/core/util/saved_tensor_slice.proto",
            "the tables anew",
        ),
        "tf-metagraph": Entry(
            "the `.meta` of all TensorFlow versions, binary or as text",
            "the fields of a MetaGraphDef",
            _NODES,
            "those of `Const` nodes",
            f"{_TF}/core/protobuf/meta_graph.proto",
            "nodes, their uses, collections and the saver's names",
            ("Files of TensorFlow 0.x have no version and a saver of the old kind.",),
        ),
        "tf-graphdef": Entry(
            "GraphDef of all TensorFlow versions, binary or as text",
            "the fields of a GraphDef",
            _NODES,
            "those of `Const` nodes",
            f"{_TF}/core/framework/graph.proto",
            "nodes and their uses",
        ),
        "tf-saved-model": Entry(
            "SavedModel of TensorFlow 1 and 2, binary or as text",
            "a folder with `saved_model.pb` or `.pbtxt`, or that file",
            "those of the checkpoint in `variables/`; without one, as in a graph",
            "those of the checkpoint",
            "https://www.tensorflow.org/guide/saved_model#the_savedmodel_format_on_disk",
            "the graph and the checkpoint together",
            ("Of several graphs `--tag-set` chooses one.",),
        ),
        "keras-h5": Entry(
            "Keras 0.x to 2.x, tf.keras, and Keras 3's legacy writer; models and weights alone",
            "HDF5 with the attributes of Keras: `layer_names`, `nb_layers`, `model_config`",
            "path of the dataset, without the first slash",
            "all dtypes of numbers, and strings",
            _KERAS_LEGACY,
            "groups, datasets, the attributes that name them, and the config",
            (
                "Attributes that were split over several (`layer_names0`, ...) are put together.",
                "Weights of the optimizer are slots of what they belong to.",
            ),
        ),
        "keras-weights-h5": Entry(
            "Keras 3 (`.weights.h5`), in one file or in several by their `.weights.json`",
            "HDF5 with groups called `vars`, and without those attributes",
            "path of the dataset, without the first slash",
            "all dtypes of numbers, bfloat16 too",
            _KERAS_SAVING,
            "the layers' names that are written beside their variables",
            ("Loading is by position: names are shown where the file has them.",),
        ),
        "keras-v3": Entry(
            "Keras 3 (`.keras`, or a folder), with weights as HDF5",
            "a zip archive of `config.json`, `metadata.json` or `model.weights.h5`; a folder of all"
            " three",
            "path in its weights file",
            "all dtypes of numbers, bfloat16 too",
            _KERAS_SAVING,
            "layers' names in the config and in the weights",
            ("Weights are read in place; two members of one name are refused as hostile.",),
        ),
        "hdf5": Entry(
            "superblocks 0, 2 and 3, with or without a user block",
            "the HDF5 signature at offset 0, or at 512 or a multiple of that by a power of two",
            "path of the dataset, without the first slash",
            "all dtypes of numbers, and strings; compound ones are named and not read",
            "https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html",
            "every link",
            (
                "A hard link counts once; soft and external links are noted and not followed.",
                "Filters that HDF5 would load a plugin for are not run.",
            ),
        ),
        "safetensors": Entry(
            "all; one file, a folder with one, one shard, or a model by its `*.index.json`",
            "a length of eight bytes, then a JSON object",
            "as the header has them",
            f"{_ALL_NUMBERS}; six-bit floats are named and not read",
            "https://github.com/huggingface/safetensors#format",
            "headers anew, data copied or shared with the old file, the index too",
            (
                "What the library refuses is refused: holes, overlaps, sizes that do not fit.",
                "Duplicate keys and an index that disagrees with its shards are notes.",
            ),
        ),
        "torch": Entry(
            "`torch.save` since 0.1.10: zip archives, the stream before 1.6; TorchScript;"
            " `torch.export` since 2.8; shards by `*.index.json`; folders of"
            " torch.distributed.checkpoint",
            "the pickle's own marks, or a zip archive with a `data.pkl` or an `archive_format`",
            "nested keys joined with `.`",
            "all dtypes, quantized ones as they are stored; of folders, too",
            "https://github.com/pytorch/pytorch/blob/main/torch/serialization.py",
            "keys of dictionaries in zip archives and their `*.index.json`; storages are copied",
            (
                "Pickles are walked over and never executed; `info` lists what they would import.",
                "Tensors that pickle.dump wrote are read where they begin near the file's start.",
                "Of TorchScript, what is not in `state_dict()` is a constant.",
                "Names for one tensor are variables of their own, each with the others as aliases.",
            ),
        ),
        "npy": Entry(
            "header versions 1, 2 and 3",
            r"the magic `\x93NUMPY`",
            "`array`; of arrays in an array of objects, as of pickle",
            "numbers in both byte orders, strings; structures and dates by header only",
            _NUMPY_FORMAT,
            "",
            (
                "Types of ml_dtypes have no name in a header: numpy writes them as opaque bytes.",
                "Arrays of objects are pickles, in which arrays are found as in any other.",
            ),
        ),
        "npz": Entry(
            "stored and deflated archives, zip64 too",
            "a zip archive with `.npy` members that is not a model of another format",
            "member without `.npy`",
            "as of npy",
            _NUMPY_FORMAT,
            "the archive, with the members' bytes copied",
            ("Object arrays are never unpickled.", "Members that are no `.npy` are noted."),
        ),
        "pickle": Entry(
            "`pickle.dump` of all protocols, Python 2 too, and `joblib.dump`; NumPy's and JAX's"
            " arrays in dictionaries, lists, objects and estimators",
            "a protocol from 2 to 5, or what pickles of protocols 0 and 1 begin with",
            "the keys that lead to an array, joined with `/` where one has it, else with `.`",
            "numbers in both byte orders, strings; structures and dates by their type only",
            "https://github.com/numpy/numpy/blob/main/numpy/_core/src/multiarray/methods.c",
            "",
            (
                "The pickle is walked over and never executed; `info` lists what it would import.",
                "Arrays stay in the file, so one of gigabytes is listed at once.",
                "Numbers and strings beside arrays are metadata; PyTorch tensors are not read.",
                "What joblib compressed has to be unpacked first.",
            ),
        ),
        "gguf": Entry(
            "1 to 3, little- and big-endian",
            "the magic `GGUF`",
            "as the table of tensors has them",
            "plain dtypes; quantized ones have GGML's names and true sizes, and can be compared as"
            " bytes",
            "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md",
            "",
            (
                "Shapes are outermost first, so the other way round than in the file.",
                "One part of a model in several files is read alone, and a note says of how many.",
                "Long arrays of the metadata (vocabularies) are shown as how long they are.",
            ),
        ),
        "onnx": Entry(
            "all IR versions; folders with one `.onnx`",
            "the fields of a ModelProto with a graph",
            "names of initializers; weights of Constant nodes have the names of the nodes and"
            " branches around them in front",
            f"{_ALL_NUMBERS}, sparse ones and strings; six-bit floats are named and not read",
            "https://github.com/onnx/onnx/blob/main/docs/IR.md",
            "",
            (
                "External data is read where its path stays in the model's folder.",
                "Functions, loops, branches and training graphs are looked into.",
            ),
        ),
        "flax-msgpack": Entry(
            "`flax.serialization.to_bytes` and `msgpack_serialize`",
            "a MessagePack map with one of Flax's arrays in it",
            "the tree's keys joined with `/`",
            _ALL_NUMBERS,
            "https://github.com/google/flax/blob/main/flax/serialization.py",
            "",
            (
                "Arrays that were cut because of their size are one again.",
                "What hangs below `opt_state` and repeats the parameters are their slots.",
                "Plain numbers and strings are metadata.",
            ),
        ),
        "mxnet": Entry(
            "`.params` of Modules and of Gluon, all four layouts of arrays",
            "the mark of a list of arrays, 0x112",
            "as the file has them, `arg:` and `aux:` told by the variable",
            "all dtypes of dense arrays; sparse ones by their shape",
            "https://github.com/apache/mxnet/blob/1.9.1/src/ndarray/ndarray.cc",
        ),
        "tflite": Entry(
            "schema version 3 (`TFL3`)",
            "the FlatBuffers identifier `TFL3`",
            "names of the tensors whose buffer holds data, of all subgraphs",
            "all dtypes, strings, buffers behind the tables (files above 2 GiB); not sparse ones",
            f"{_TF}/compiler/mlir/lite/schema/schema.fbs",
            "",
            ("Quantized values are as stored, with scales and zero points as attributes.",),
        ),
        "orbax": Entry(
            "Zarr 2 and 3, in folders or in an OCDBT database; one item or several; a run of"
            " numbered steps is its last one",
            "a folder with `_METADATA`, `_CHECKPOINT_METADATA`, `manifest.ocdbt`, `.zarray`,"
            " `.zgroup` or `zarr.json`",
            "the tree's keys joined with `.`; of several items, with the item's name in front",
            f"{_ALL_NUMBERS}; chunks packed with zstd, gzip or zlib, and shards",
            "https://orbax.readthedocs.io/en/latest/guides/checkpoint/checkpoint_format.html",
            "",
            (
                "Plain strings in the tree are metadata.",
                "Groups of Zarr that no Orbax wrote are read, too, with `/` between names.",
                "Chunks that were packed with blosc are named and not read.",
                "A note says where a folder is what an interrupted save left.",
                "Folders of T5X are read too, but for the small values in their `checkpoint` file.",
            ),
        ),
        "scopecli-json": Entry(
            "`scopecli/model/1`",
            'a JSON object with `"scopecli/model/`',
            "as they were",
            "none",
            "../render/schemas",
            "",
            ("It is what `tree --format json` writes; a committed one is a lock file.",),
        ),
    }
)
