"""The generated files: made when they are first needed, kept in a cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.tensors import (
    checkpoint_tensors,
    digest,
    graph_tensors,
    hdf5_tensors,
    keras_tensors,
    large_tensors,
    torch_tensors,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.tensors import Tensor
    from tests.bench.tools import Tools

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class UnavailableError(Exception):
    """A row cannot be measured here; the text says why."""


class Kind(NamedTuple):
    """How files of one kind are made.

    Attributes:
        tensors: what is in them.
        file_name: what the row opens; for a checkpoint, the prefix.
        writer: the module that writes them, with the file, the count and `arguments`.
        program: runs it: the interpreter that scopecli is installed for, or a framework's.
    """

    tensors: Callable[[int], Iterator[Tensor]]
    file_name: str
    writer: str
    arguments: tuple[str, ...] = ()
    program: str = "python"


KINDS = {
    "v2": Kind(
        checkpoint_tensors, "model.ckpt-1", "tests.bench.write_checkpoint", program="tensorflow"
    ),
    "graph": Kind(graph_tensors, "model.meta", "tests.bench.write_graph", program="tensorflow"),
    "torch": Kind(torch_tensors, "model.pt", "tests.bench.write_torch", program="torch"),
    "many": Kind(checkpoint_tensors, "model.ckpt-1", "tests.bench.write_many"),
    "hdf5": Kind(hdf5_tensors, "model.h5", "tests.bench.write_hdf5", ("hdf5",)),
    "hdf5-latest": Kind(hdf5_tensors, "model.h5", "tests.bench.write_hdf5", ("latest",)),
    "keras": Kind(keras_tensors, "model.h5", "tests.bench.write_hdf5", ("keras",)),
}
# Small tensors in the formats that other frameworks share.
SMALL = ("safetensors", "gguf", "npz", "onnx")
KINDS |= {
    name: Kind(torch_tensors, f"model.{name}", "tests.bench.write_tensors", (name,))
    for name in SMALL
}
# Large files, whose size is in MiB, and what became of them.
LARGE = {
    "v2": "model.ckpt-1",
    "hdf5": "model.h5",
    "chunked": "model.h5",
    "deflated": "model.h5",
    "safetensors": "model.st",
}
TUNED = ("v2", "hdf5", "safetensors")
KINDS |= {
    f"{layout}-{side}": Kind(large_tensors, name, "tests.bench.write_large", (layout, side))
    for layout, name in LARGE.items()
    for side in ("before", "after", *["tuned"] * (layout in TUNED))
}


class Sample(NamedTuple):
    """One file: what kind, and how many variables or datasets."""

    kind: str
    size: int


def default_cache() -> str:
    """Where files are kept when nothing else is said."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "scopecli-bench")


def path_of(sample: Sample, cache: str, tools: Tools) -> str:
    """The path of a sample, which is made where it is not there yet.

    Raises:
        UnavailableError: it cannot be made.
    """
    kind = KINDS[sample.kind]
    name = f"{sample.kind}-{sample.size}-{digest(kind.tensors(sample.size))}"
    folder = os.path.join(cache, name)
    if not os.path.isdir(folder):
        _make(sample, folder, tools)
    return os.path.join(folder, kind.file_name)


def _make(sample: Sample, folder: str, tools: Tools) -> None:
    """Write into a temporary folder first: a writer that is stopped leaves nothing behind."""
    kind = KINDS[sample.kind]
    python = tools.program(kind.program)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    making = tempfile.mkdtemp(dir=os.path.dirname(folder))
    try:
        target = os.path.join(making, kind.file_name)
        command = [python, "-m", kind.writer, target, str(sample.size), *kind.arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise UnavailableError(f"{kind.writer} failed: {last}")
        os.rename(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
