"""What is measured: ours, the other, the bar. Data only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tests.bench.files import LARGE, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator


class Other(NamedTuple):
    """What ours is held against.

    Attributes:
        title: for people.
        program: `python`, `tensorflow` or `torch` (their interpreters), `shell`, or what it is
            called.
        arguments: what the program gets, before the file.
        takes_file: whether it gets the file at all.
        lists: whether it prints a line a variable.
        suffix: what makes the file that it gets out of the path that scopecli gets.
        exit_code: how it ends.
    """

    title: str
    program: str
    arguments: tuple[str, ...]
    takes_file: bool = True
    lists: bool = False
    suffix: str = ""
    exit_code: int = 0


_LIST_VARIABLES = """
import sys
import tensorflow as tf
for name, shape in tf.train.list_variables(sys.argv[1]):
    print(name, shape)
"""

_PARSE_GRAPH = """
import sys
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
graph = MetaGraphDef()
with open(sys.argv[1], "rb") as file:
    graph.ParseFromString(file.read())
sys.exit(not graph.graph_def.node)
"""

_LOAD_MAPPED = """
import sys
import torch
for name, tensor in torch.load(sys.argv[1], mmap=True, weights_only=True).items():
    print(name, tuple(tensor.shape), tensor.dtype)
"""

_VISIT_ITEMS = """
import sys
import h5py
found = []
def visit(name, item):
    if isinstance(item, h5py.Dataset):
        found.append((name, item.shape, item.dtype))
with h5py.File(sys.argv[1], "r") as file:
    file.visititems(visit)
sys.exit(not found)
"""

_NPY_HEADERS = """
import sys, zipfile
from numpy.lib import format
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in archive.namelist():
        with archive.open(name) as file:
            format.read_magic(file)
            print(name, *format.read_array_header_1_0(file))
"""

_LOAD_ONNX = """
import sys, onnx
for tensor in onnx.load(sys.argv[1], load_external_data=False).graph.initializer:
    print(tensor.name, list(tensor.dims), tensor.data_type)
"""

_CAT = ("-c", 'cat "$@" >/dev/null', "cat")
_SHARD = ".data-00000-of-00001"

_READ_BOTH = """
import os, sys, threading
import numpy
def read(path):
    file, block, at = os.open(path, os.O_RDONLY), bytearray(1 << 20), 0
    while count := os.preadv(file, [block], at):
        at += count
threads = [threading.Thread(target=read, args=(path,)) for path in sys.argv[1:]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""

_SAFE_OPEN = """
import sys
import numpy
from safetensors import safe_open
with safe_open(sys.argv[1], "numpy") as a, safe_open(sys.argv[2], "numpy") as b:
    for name in a.keys():
        print(name, abs(a.get_tensor(name) - b.get_tensor(name)).max())
"""

_LOAD_CHECKPOINT = """
import sys
import tensorflow as tf
a, b = (tf.train.load_checkpoint(path) for path in sys.argv[1:])
for name in a.get_variable_to_shape_map():
    print(name, abs(a.get_tensor(name) - b.get_tensor(name)).max())
"""

OTHERS = {
    "click": Other("`import click`", "python", ("-c", "import click"), takes_file=False),
    "click-rich": Other(
        "`import click, rich.console`",
        "python",
        ("-c", "import click, rich.console"),
        takes_file=False,
    ),
    "list-variables": Other(
        "`tf.train.list_variables`", "tensorflow", ("-c", _LIST_VARIABLES), lists=True
    ),
    "parse-graph": Other("`MetaGraphDef.ParseFromString`", "tensorflow", ("-c", _PARSE_GRAPH)),
    "load-mapped": Other("`torch.load(mmap=True)` loop", "torch", ("-c", _LOAD_MAPPED), lists=True),
    "visititems": Other("h5py `visititems`", "python", ("-c", _VISIT_ITEMS)),
    "scopecli-help": Other("`scopecli --help`", "scopecli", ("--help",), takes_file=False),
    "scopecli-list": Other("`scopecli list`", "python", ("-m", "scopecli", "list"), lists=True),
    "ckptkit": Other("`ckptkit info --json`", "ckptkit", ("info", "--json"), lists=True),
    "gguf-inspect": Other("`gguf-inspect --all`", "gguf-inspect", ("--all",), lists=True),
    "npy-headers": Other(
        "zipfile and numpy's `read_array_header`", "python", ("-c", _NPY_HEADERS), lists=True
    ),
    "load-onnx": Other("`onnx.load`", "python", ("-c", _LOAD_ONNX), lists=True),
    "h5ls": Other("`h5ls -r`", "h5ls", ("-r",), lists=True),
    "h5diff": Other("`h5diff`", "h5diff", (), exit_code=1),
    "cat": Other("`cat` of both", "shell", _CAT),
    "cat-shards": Other("`cat` of both shards", "shell", _CAT, suffix=_SHARD),
    "floor": Other("Python and numpy that only read both", "python", ("-c", _READ_BOTH)),
    "floor-shards": Other(
        "Python and numpy that only read both shards", "python", ("-c", _READ_BOTH), suffix=_SHARD
    ),
    "safe-open": Other("`safe_open` and numpy, a tensor at a time", "python", ("-c", _SAFE_OPEN)),
    "load-checkpoint": Other(
        "`tf.train.load_checkpoint` and numpy, a tensor at a time",
        "tensorflow",
        ("-c", _LOAD_CHECKPOINT),
    ),
}


class Row(NamedTuple):
    """One line of the table of times.

    Attributes:
        id: what `--only` looks at.
        command: what scopecli gets, before the file.
        sample: the file, where there is one.
        other: key of `OTHERS`.
        bar: the most that the ratio ours / other may be; None where only the number is wanted.
        planned: the bar is meant for a later version, and is not held against this one.
        terminal: both run on a pseudo terminal instead of a pipe.
        second: the file that the first is compared with.
        exit_code: how ours ends.
        needs: format that scopecli must read; the row is skipped as long as it does not.
    """

    id: str
    command: tuple[str, ...]
    sample: Sample | None
    other: str
    bar: float | None
    planned: bool = False
    terminal: bool = False
    second: Sample | None = None
    exit_code: int = 0
    needs: str = ""


def _diff(
    name: str,
    command: tuple[str, ...],
    layout: str,
    other: str,
    bar: float | None,
    side: str = "after",
) -> Row:
    first, second = _large(layout, side)
    needs = _NEEDS.get(layout, "")
    return Row(name, command, first, other, bar, second=second, exit_code=1, needs=needs)


def _diff_values(layout: str, cat: str, floor: str, usual: str) -> Iterator[Row]:
    """Against copying the bytes, against only reading them, and against the loop people write."""
    others = (("", cat, 0.6), ("-floor", floor, None), ("-usual", usual, 0.5))
    for word, side in (("", "after"), ("tuned-", "tuned")):
        for end, other, bar in others:
            name = f"diff-values-{word}{layout}{end}"
            yield _diff(name, _DIFF_VALUES, layout, other, bar, side)


def _large(layout: str, side: str) -> tuple[Sample, Sample]:
    return Sample(f"{layout}-before", LARGE_SIZE), Sample(f"{layout}-{side}", LARGE_SIZE)


_V2_40, _V2_10K, _V2_100K = Sample("v2", 40), Sample("v2", 10_000), Sample("v2", 100_000)
_HDF5_10K, _HDF5_100K = Sample("hdf5", 10_000), Sample("hdf5", 100_000)
_HDF5_LATEST_10K, _HDF5_LATEST_100K = (Sample("hdf5-latest", n) for n in (10_000, 100_000))
_TORCH_10K = Sample("torch", 10_000)
_KERAS_40 = Sample("keras", 40)
_GRAPH_18K, _GRAPH_150K, _GRAPH_300K = (Sample("graph", size) for size in (500, 4_167, 8_334))
LARGE_SIZE = 1024  # MiB
_NEEDS = {"safetensors": "safetensors"}
_SAFETENSORS_100K, _GGUF_10K, _NPZ_10K, _ONNX_10K = (
    Sample("safetensors", 100_000),
    *(Sample(kind, 10_000) for kind in ("gguf", "npz", "onnx")),
)
_LIST, _TREE, _VALIDATE = ("list",), ("tree",), ("validate",)
_DIFF, _DIFF_VALUES = ("diff",), ("diff", "--values")
_RESNET = "tests/dryrun/models/resnet_slim.py"

ROWS = (
    Row("help", ("--help",), None, "click", 1.5),
    Row("list-v2-40-pipe", _LIST, _V2_40, "click", 1.5),
    Row("tree-v2-40-pipe", _TREE, _V2_40, "click", 1.5),
    Row("tree-v2-40-terminal", _TREE, _V2_40, "click-rich", 1.5, terminal=True),
    Row("tree-keras-40-pipe", _TREE, _KERAS_40, "click", 1.5),
    Row("list-v2-40", _LIST, _V2_40, "list-variables", 0.03),
    Row("list-v2-10k", _LIST, _V2_10K, "list-variables", 0.04),
    Row("list-v2-100k", _LIST, _V2_100K, "list-variables", 0.10),
    Row("tree-v2-100k", _TREE, _V2_100K, "list-variables", None),
    Row("list-graph-18k", _LIST, _GRAPH_18K, "parse-graph", 0.05),
    Row("list-graph-150k", _LIST, _GRAPH_150K, "parse-graph", 0.3),
    Row("list-graph-300k", _LIST, _GRAPH_300K, "parse-graph", None),
    Row("validate-v2-100k", _VALIDATE, _V2_100K, "scopecli-list", 3.0),
    Row("validate-graph-150k", _VALIDATE, _GRAPH_150K, "parse-graph", None),
    Row("list-hdf5-10k-visititems", _LIST, _HDF5_10K, "visititems", 0.6),
    Row("list-hdf5-100k-visititems", _LIST, _HDF5_100K, "visititems", None),
    Row("list-torch-10k", _LIST, _TORCH_10K, "load-mapped", 0.06),
    Row("list-hdf5-10k-h5ls", _LIST, _HDF5_10K, "h5ls", 0.5),
    Row("list-hdf5-100k-h5ls", _LIST, _HDF5_100K, "h5ls", 0.3),
    Row("list-hdf5-latest-10k-h5ls", _LIST, _HDF5_LATEST_10K, "h5ls", None),
    Row("list-hdf5-latest-100k-h5ls", _LIST, _HDF5_LATEST_100K, "h5ls", None),
    Row("list-safetensors-100k", _LIST, _SAFETENSORS_100K, "ckptkit", 0.45),
    Row("list-gguf-10k", _LIST, _GGUF_10K, "gguf-inspect", 0.3),
    Row("list-npz-10k", _LIST, _NPZ_10K, "npy-headers", None),
    Row("list-onnx-10k", _LIST, _ONNX_10K, "load-onnx", None),
    Row("dryrun-resnet50", ("dryrun", f"{_RESNET}:forward"), None, "scopecli-help", 2.0),
    Row(
        "dryrun-resnet50-train",
        ("dryrun", f"{_RESNET}:build", "--arg", "layers=50"),
        None,
        "scopecli-help",
        None,
    ),
    _diff("diff-v2", _DIFF, "v2", "cat-shards", 0.6),
    *_diff_values("v2", "cat-shards", "floor-shards", "load-checkpoint"),
    _diff("diff-values-hdf5", _DIFF_VALUES, "hdf5", "h5diff", 0.5),
    _diff("diff-values-chunked", _DIFF_VALUES, "chunked", "h5diff", 0.5),
    _diff("diff-values-deflated", _DIFF_VALUES, "deflated", "h5diff", 0.5),
    _diff("diff-values-tuned-hdf5", _DIFF_VALUES, "hdf5", "h5diff", 0.5, "tuned"),
    *_diff_values("safetensors", "cat", "floor", "safe-open"),
)


class MemoryRow(NamedTuple):
    """One line about peak memory.

    Its bar is `VALUES_MEMORY` where two files are compared, else `MEMORY_BASE` + `MEMORY_EACH` a
    variable.
    """

    id: str
    command: tuple[str, ...]
    sample: Sample
    second: Sample | None = None
    exit_code: int = 0
    needs: str = ""

    @property
    def bar(self) -> int:
        """In bytes."""
        return VALUES_MEMORY if self.second else MEMORY_BASE + MEMORY_EACH * self.sample.size

    @property
    def against(self) -> str:
        """The bar for people."""
        return VALUES_MEMORY_TITLE if self.second else MEMORY_TITLE


def _diff_memory(layout: str) -> MemoryRow:
    name, needs = f"memory-diff-values-{layout}", _NEEDS.get(layout, "")
    return MemoryRow(name, _DIFF_VALUES, *_large(layout, "after"), exit_code=1, needs=needs)


MEMORY_BASE = 40_000_000
MEMORY_EACH = 1_000
MEMORY_TITLE = "40 MB + 1 kB a variable"
VALUES_MEMORY = 150_000_000
VALUES_MEMORY_TITLE = "150 MB"

AnyRow = TypeVar("AnyRow", Row, MemoryRow)

MEMORY_ROWS = (
    MemoryRow("memory-list-v2-40", _LIST, _V2_40),
    MemoryRow("memory-list-v2-10k", _LIST, _V2_10K),
    MemoryRow("memory-list-v2-100k", _LIST, _V2_100K),
    MemoryRow("memory-tree-v2-100k", _TREE, _V2_100K),
    MemoryRow("memory-list-safetensors-100k", _LIST, _SAFETENSORS_100K),
    MemoryRow("memory-list-gguf-10k", _LIST, _GGUF_10K),
    MemoryRow("memory-list-npz-10k", _LIST, _NPZ_10K),
    MemoryRow("memory-list-onnx-10k", _LIST, _ONNX_10K),
    MemoryRow("memory-list-hdf5-10k", _LIST, _HDF5_10K),
    MemoryRow("memory-list-hdf5-100k", _LIST, _HDF5_100K),
    MemoryRow("memory-list-torch-10k", _LIST, _TORCH_10K),
    *map(_diff_memory, LARGE),
)

SAMPLE_TITLES = {
    "graph": ".meta, {size:,} variables of 36 nodes each",
    "v2": "V2 checkpoint, {size:,} variables",
    "hdf5": "HDF5, {size:,} datasets",
    "hdf5-latest": "HDF5 with libver='latest', {size:,} datasets",
    "keras": "Keras .h5, {size:,} weights",
    "torch": "PyTorch .pt, {size:,} tensors",
    "safetensors": "safetensors, {size:,} tensors",
    "gguf": "GGUF, {size:,} tensors",
    "npz": "npz, {size:,} arrays",
    "onnx": "ONNX, {size:,} initializers",
    "v2-after": "two V2 checkpoints, {size:,} MiB each",
    "hdf5-after": "two HDF5 files, {size:,} MiB each",
    "chunked-after": "two HDF5 files in chunks, {size:,} MiB each",
    "deflated-after": "two HDF5 files in deflated chunks, {size:,} MiB each before that",
    "safetensors-after": "two safetensors files, {size:,} MiB each",
    "v2-tuned": "two V2 checkpoints, {size:,} MiB each, a tenth of the tensors changed",
    "hdf5-tuned": "two HDF5 files, {size:,} MiB each, a tenth of the tensors changed",
    "safetensors-tuned": "two safetensors files, {size:,} MiB each, a tenth of the tensors changed",
}


def resized(row: AnyRow, mebibytes: int) -> AnyRow:
    """The row with large files of another size."""
    if row.sample is None or row.second is None:
        return row
    first, second = (sample._replace(size=mebibytes) for sample in (row.sample, row.second))
    return row._replace(sample=first, second=second)


def title(row: Row | MemoryRow) -> str:
    """What ours does in this row, for people."""
    words = f"`scopecli {' '.join(row.command)}`"
    sample = row.second or row.sample
    if sample is not None:
        words += f", {SAMPLE_TITLES[sample.kind].format(size=sample.size)}"
    if isinstance(row, MemoryRow):
        return f"peak memory of {words}"
    return words + (", on a terminal" if row.terminal else "")
