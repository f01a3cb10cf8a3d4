"""TensorFlow V1 checkpoints: one table of tensor slices, or several as shards.

The first entry of a table lists all its tensors; each slice is an entry of its own, as a message
with the values in it.
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/saved_tensor_slice.proto
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from scopecli.binary import sstable
from scopecli.binary.protobuf import wire
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError
from scopecli.formats.tensorflow import slots as tf_slots
from scopecli.formats.tensorflow.checkpoints.v1_values import SliceStorage, TableTensors
from scopecli.formats.tensorflow.layout import TensorSlices
from scopecli.formats.tensorflow.types import dtype_name, stored_bytes, tensor_shape
from scopecli.model.model import File, Model, Note
from scopecli.model.records import NamedTuple
from scopecli.model.variable import Slice, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.formats.tensorflow.description import Description
    from scopecli.formats.tensorflow.types import Shape

FORMAT = "tf-v1-checkpoint"

_LISTING_KEY = b""
_SHARD = r"(.+)-(\d{5})-of-(\d{5})"
_MOST_SHARDS = 1000

# saved_tensor_slice.proto: SavedSliceMeta; and tensor_slice.proto: TensorSliceProto and its Extent.
_NAME, _SHAPE, _TYPE, _SLICE = 1, 2, 3, 4
_EXTENT = 1
_START, _LENGTH = 1, 2
_WHOLE_AXIS = -1

Extent = tuple[tuple[int, int], ...]


class Tensor(NamedTuple):
    """What the listing of one table says of a tensor."""

    name: str
    shape: Shape
    dtype: str
    slices: tuple[Extent, ...]


def is_checkpoint(source: Source) -> bool:
    """Whether a table is a V1 checkpoint: its first entry is a list of tensors."""
    key, value = next(sstable.entries(source), (None, b""))
    return key == _LISTING_KEY and value[:1] == bytes([TensorSlices.META << 3 | wire.BYTES])


def shards(path: str) -> list[str]:
    """The tables of the checkpoint with this path: a file, one of its shards, or their prefix."""
    match = re.fullmatch(_SHARD, path, re.DOTALL)
    if match is None and os.path.isfile(path):
        return [path]
    prefix = match[1] if match else path
    folder, base = os.path.split(prefix)
    try:
        names = sorted(os.listdir(folder or "."))
    except OSError:
        names = []
    found = [
        os.path.join(folder, name)
        for name in names
        if name.startswith(base) and re.fullmatch(r"-\d{5}-of-\d{5}", name[len(base) :])
    ]
    if match is not None:
        found = [name for name in found if name.endswith(match[3])]
    return found or [path]


def read(path: str) -> Model:
    """Read the checkpoint with this path, see `shards`.

    Raises:
        ScopecliError: a table is missing, damaged or something else.
    """
    tensors: dict[str, list[tuple[Tensor, str]]] = {}
    files = []
    producers = []
    for table in shards(path)[:_MOST_SHARDS]:
        with Source(table) as source:
            files.append(File(table, source.size, "data"))
            found, producer = _listing(source)
        producers.append(producer)
        for tensor in found:
            tensors.setdefault(tensor.name, []).append((tensor, table))
    names = list(tensors)
    variables = [
        _variable(tensors[name], description)
        for name, description in zip(names, tf_slots.describe(names), strict=True)
    ]
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        metadata={"num_shards": len(files), "producer_version": max(producers, default=0)},
        notes=_missing_shards(files),
        files=files,
        tensors=TableTensors(),
    )


def _missing_shards(files: list[File]) -> list[Note]:
    """A note where the files' own names count more of them than there are."""
    match = re.fullmatch(_SHARD, files[0].path, re.DOTALL) if files else None
    total = int(match[3]) if match else len(files)
    if total == len(files):
        return []
    message = f"{total - len(files)} of {total} shards are missing: their tensors are not listed"
    return [Note("missing-shard", message)]


def _listing(source: Source) -> tuple[list[Tensor], int]:
    """The tensors that a table lists, and the version of its writer."""
    key, value = next(sstable.entries(source), (None, b""))
    if key != _LISTING_KEY:
        raise DamagedFileError("has no list of tensors where a V1 checkpoint starts")
    tensors = []
    producer = 0
    for field, kind, a, b in wire.fields(value, 0, len(value)):
        if field != TensorSlices.META or kind != wire.BYTES:
            continue
        for part, part_kind, start, end in wire.fields(value, a, b):
            if part == TensorSlices.META_TENSOR and part_kind == wire.BYTES:
                tensors.append(_tensor(value, start, end))
            elif part == TensorSlices.META_VERSIONS and part_kind == wire.BYTES:
                numbers = {number: v for number, _, v, _ in wire.fields(value, start, end)}
                producer = numbers.get(1, 0)
    return tensors, producer


def _tensor(data: bytes, start: int, end: int) -> Tensor:
    name, dtype = "", dtype_name(0)
    shape: Shape = ()
    slices = []
    for field, kind, a, b in wire.fields(data, start, end):
        if field == _NAME and kind == wire.BYTES:
            name = wire.text(data, a, b)
        elif field == _SHAPE and kind == wire.BYTES:
            shape = tensor_shape(data, a, b)
        elif field == _TYPE and kind == wire.VARINT:
            dtype = dtype_name(a).removesuffix("_ref")
        elif field == _SLICE and kind == wire.BYTES:
            slices.append(tuple(_extents(data, a, b)))
    return Tensor(name, shape, dtype, tuple(slices))


def _extents(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Start and length on each axis; a length of -1 is all of it."""
    for field, kind, a, b in wire.fields(data, start, end):
        if field == _EXTENT and kind == wire.BYTES:
            numbers = {number: value for number, _, value, _ in wire.fields(data, a, b)}
            length = numbers.get(_LENGTH)
            yield (
                wire.signed64(numbers.get(_START, 0)),
                _WHOLE_AXIS if length is None else wire.signed64(length),
            )


def _variable(listed: list[tuple[Tensor, str]], description: Description) -> Variable:
    """One tensor, of which several shards may have parts."""
    tensor = listed[0][0]
    name, kind, attributes = description
    parts = [_part(tensor, extent, table) for other, table in listed for extent in other.slices]
    size = stored_bytes(tensor.dtype, tensor.shape)
    if len(parts) == 1 and parts[0].lengths == tensor.shape:
        storage = parts[0].storage
    else:
        storage = None
        attributes = {**attributes, "slices": tuple(parts)}
    return Variable(
        tensor.name, name, tensor.shape, tensor.dtype, size, kind, None, storage, attributes
    )


def _part(tensor: Tensor, extent: Extent, table: str) -> Slice:
    """A slice with numbers where the listing says "all of this axis"."""
    shape = tensor.shape or ()
    if len(extent) != len(shape):
        raise DamagedFileError(
            f"a slice of rank {len(extent)} in a tensor of {len(shape)}", where=tensor.name
        )
    starts, lengths = [], []
    for (start, length), size in zip(extent, shape, strict=True):
        full = size or 0
        first, count = (0, full) if length < 0 else (start, length)
        if first < 0 or first + count > full:
            raise DamagedFileError("a slice is not inside its tensor", where=tensor.name)
        starts.append(first)
        lengths.append(count)
    storage = SliceStorage(table, tensor.name, extent, tensor.dtype, tuple(lengths))
    return Slice(tuple(starts), tuple(lengths), storage)
