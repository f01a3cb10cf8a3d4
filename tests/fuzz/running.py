"""How each parser is given some bytes: from the binary layers up to whole models.

Imports stand in the functions: the fuzzer forks, and a child pays for what it uses.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.fuzz.mutators import tables
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from scopecli.model.model import Model

Run = Callable[[bytes, str], object]


def _written(folder: str, name: str, data: bytes) -> str:
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return path


def opened(name: str, input_format: str | None = None, beside: str = "") -> Run:
    """Open a model whose file with that name holds the bytes, and look at all of it.

    Args:
        name: of the file.
        input_format: of the model; by its contents where it is not given.
        beside: a folder of samples whose other files stand beside it. The folder is what is opened.
    """

    def run(data: bytes, folder: str) -> None:
        from scopecli.formats.opening import survey

        for other in sorted((SAMPLES / beside).iterdir()) if beside else ():
            if other.is_file() and other.name != name:
                _written(folder, other.name, other.read_bytes())
        path = _written(folder, name, data)
        look(survey(folder if beside else path, input_format=input_format))

    return run


def look(model: Model) -> None:
    """Have everything that commands show, and some of the values."""
    from scopecli.analysis.reuse import find_reuse
    from scopecli.analysis.summary import summarize
    from scopecli.render import documents
    from tests.reading import read_some

    for piece in documents.list_document(model, model.variables):
        piece.encode("ascii")
    for piece in documents.model_document(model, model.variables):
        piece.encode("ascii")
    for piece in documents.collections_document(model, model.collections.values()):
        piece.encode("ascii")
    documents.info_document(model, summarize(model))
    if model.graph is not None or model.reuse:
        find_reuse(model)
    if model.graph is not None:
        for node in model.graph.nodes:
            dict(node.attributes)
        for function in model.graph.functions.values():
            for node in function.nodes:
                dict(node.attributes)
    read_some(model)


def wire(data: bytes, folder: str) -> None:
    from scopecli.binary.protobuf import wire
    from scopecli.binary.window import Window

    window = Window(_written(folder, "message", data))
    for _, kind, a, b in window.fields(0, window.size):
        if kind == wire.BYTES:
            wire.text(data, a, b)
    for _, kind, a, b in wire.fields(data, 0, len(data)):
        wire.numbers(data, kind, a, b)


def sstable(data: bytes, folder: str) -> None:
    from scopecli.binary import sstable
    from scopecli.binary.source import Source

    with Source(_written(folder, "table", tables.rechecked(data))) as source:
        sstable.find(source, b"m")
        for _ in sstable.entries(source):
            pass


def bundle(data: bytes, folder: str) -> None:
    _written(folder, "m.data-00000-of-00001", bytes(range(256)) * 32)
    opened("m.index")(tables.rechecked(data), folder)


def v1(data: bytes, folder: str) -> None:
    opened("model.ckpt")(tables.rechecked(data), folder)


def archive(data: bytes, folder: str) -> None:
    from scopecli.binary import member_bytes, zipdir
    from scopecli.binary.source import Source
    from scopecli.errors import ScopecliError

    with Source(_written(folder, "archive.zip", data)) as source:
        members = zipdir.members(source)
        zipdir.duplicates(members)
        for member in members[:20]:
            try:
                zipdir.read_member(source, member, 1 << 20)
                member_bytes.of_member(source, member).read(0, 100)
            except ScopecliError:
                pass


def pickle(data: bytes, _: str) -> None:
    from scopecli.binary.pickle import opcodes

    found = opcodes.walk(data, "pickle")
    str(found.imports)
    opcodes.walk(data, "pickle", found.end)


def hdf5(data: bytes, folder: str) -> None:
    """The structure of a file; what our own reader leaves to libhdf5 is libhdf5's."""
    from scopecli.binary.hdf5.pages import LibraryNeededError
    from scopecli.binary.hdf5.reader import Hdf5Reader, Place
    from scopecli.binary.source import Source
    from scopecli.formats.hdf5 import listing as hdf5_listing

    with Source(_written(folder, "m.h5", data)) as source, contextlib.suppress(LibraryNeededError):
        file = Hdf5Reader(source, Place("m.h5", 0))
        hdf5_listing.datasets(file)
        root = file.group("")
        assert root is not None
        for group in (root, *(group for _, group in file.inside(root) if group)):
            for name in ("layer_names", "weight_names", "model_config"):
                if file.has_attribute(group, name):
                    file.one_attribute(group, name)
        file.check_heaps()


def hdf5_unchecked(data: bytes, folder: str) -> None:
    """The same with checksums that nobody looks at, or hardly anything behind them is reached."""
    from unittest.mock import patch

    from scopecli.binary.hdf5.pages import Pages

    with patch.object(Pages, "verify", lambda *_: None):
        hdf5(data, folder)


def hdf5_attribute(data: bytes, folder: str) -> None:
    """A file of Keras whose one attribute has these bytes; libhdf5 itself is not what is tested."""
    import h5py
    import numpy as np

    from scopecli.formats.opening import survey

    head, _, value = data.partition(b"\n")
    kind, owner, name = [*head.decode("utf-8", "replace").split(" "), "", "", ""][:3]
    path = _written(folder, "m.h5", (SAMPLES / "keras3_legacy.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        attributes = file[owner if owner in ("/", "/model_weights") else "/"].attrs
        kept: Any = np.void(value or b"\0")
        if kind == "list":
            rows = value.split(b"\n")
            kept = np.array(rows, dtype=f"S{max(map(len, rows)) or 1}")
        elif kind == "text" and b"\0" not in value:
            kept = np.bytes_(value or b" ")
        try:
            attributes.create(name or "model_config", kept)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError):
            return  # libhdf5 does not store it: too large, or no name
    look(survey(path))


def keras_config(member: str) -> Run:
    """An archive of Keras whose one JSON member has these bytes."""

    def run(data: bytes, folder: str) -> None:
        import zipfile

        from scopecli.formats.opening import survey

        path = os.path.join(folder, "m.keras")
        with (
            zipfile.ZipFile(SAMPLES / "keras3_functional.keras") as sample,
            zipfile.ZipFile(path, "w") as out,
        ):
            for name in sample.namelist():
                out.writestr(name, data if name == member else sample.read(name))
        look(survey(path))

    return run


def rename_map(data: bytes, folder: str) -> None:
    from scopecli.errors import ScopecliError
    from scopecli.formats import rename_map

    for name in ("map.json", "map.csv", "map.toml", "map"):
        with contextlib.suppress(ScopecliError):
            rename_map.read(_written(folder, name, data))


def baseline(data: bytes, folder: str) -> None:
    from scopecli.rules import baseline

    baseline.read(_written(folder, "known.json", data))


def settings(data: bytes, folder: str) -> None:
    from scopecli.rules import settings

    _written(folder, "scopecli.toml", data)
    settings.find(folder)


def state(data: bytes, folder: str) -> None:
    from scopecli.formats.tensorflow import checkpoint_state

    checkpoint_state.latest(_written(folder, "checkpoint", data))


def zarr(data: bytes, folder: str) -> None:
    name = "zarr.json" if b'"zarr_format": 3' in data else ".zarray"
    _written(folder, "0.0", bytes(100))
    _written(folder, "c/0/0", bytes(100))
    _written(folder, name, data)
    from scopecli.formats.opening import survey

    look(survey(folder))


def ocdbt(data: bytes, folder: str) -> None:
    from pathlib import Path

    from scopecli.binary import ocdbt
    from tests import ocdbt as make

    if data[:1] == b"M":
        root, first = make.leaf({"a": b"1"}), make.node(data[1:], make._MANIFEST)
    else:
        root = make.node(data[1:])
        first = make.manifest(3, len(root), height=int(data[1:2] == b"\1"))
    make.write(Path(folder), b"xyz" + root, first)
    for value in ocdbt.entries(folder).values():
        ocdbt.read(folder, value)


def literal(data: bytes, _: str) -> None:
    from scopecli.binary import python_literal

    with contextlib.suppress(ValueError):
        python_literal.parse(data.decode("latin-1"))
