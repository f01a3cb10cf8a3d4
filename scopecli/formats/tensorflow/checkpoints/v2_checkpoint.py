"""TensorFlow V2 checkpoints: an index table beside data shards ("tensor bundle").

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/tensor_bundle/tensor_bundle.h

Listing 100,000 variables may take no longer than three tenths of a second, so entries are decoded
only as far as names, shapes and types, each distinct run of dtype and shape bytes once. Where the
values are stays in bytes until it is asked for (`EntryStorage`).
"""

from __future__ import annotations

import os
from bisect import bisect_left
from typing import TYPE_CHECKING

from scopecli.binary import sstable
from scopecli.binary.protobuf import wire
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, DamagedIndexError, ScopecliError
from scopecli.formats.some_notes import some
from scopecli.formats.tensorflow import slots as tf_slots
from scopecli.formats.tensorflow.checkpoints.bundle_values import (
    BundleTensors,
    EntryStorage,
    Shards,
)
from scopecli.formats.tensorflow.layout import (
    DTYPES,
    REFERENCE,
    BundleEntry,
    BundleHeader,
    Version,
)
from scopecli.formats.tensorflow.types import stored_bytes, tensor_shape
from scopecli.model.model import File, Model, Note
from scopecli.model.records import NamedTuple
from scopecli.model.variable import Slice, Variable

if TYPE_CHECKING:
    from scopecli.formats.tensorflow.description import Description

FORMAT = "tf-v2-checkpoint"
INDEX_SUFFIX = ".index"
OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

_HEADER_KEY = b""
_SLICE_KEY_START = 0  # the encoded number 0, which no name starts with
_DTYPE_TAG = bytes([BundleEntry.DTYPE << 3 | wire.VARINT])
_SHAPE_TAG = bytes([BundleEntry.SHAPE << 3 | wire.BYTES])
_WHOLE = 1 << 30  # longer than any entry
_IDLE_SHARDS = 1000  # of machines that had nothing to save; each is looked for and listed


class TensorType(NamedTuple):
    """What an entry says of its tensor; `nbytes` is None where elements vary in size."""

    dtype: str
    shape: tuple[int | None, ...] | None
    nbytes: int | None


class Entries(NamedTuple):
    """The entries of an index, as columns: there are as many rows as variables.

    Attributes:
        keys: in order.
        types: of each.
        rests: of each, the encoded end that says where it is.
        slices: the parts of partitioned tensors, by the tensor's key.
        varying: whether the elements of any of them vary in size.
    """

    keys: list[str]
    types: list[TensorType]
    rests: list[bytes]
    slices: dict[str, list[Slice]]
    varying: bool


class Header(NamedTuple):
    """The entry under the empty key."""

    num_shards: int
    big_endian: bool
    producer: int


def is_index(source: Source) -> bool:
    """Whether a table is the index of a V2 checkpoint: its first entry is a bundle header.

    A V1 checkpoint is a table too, whose first entry starts with a message instead of a number.
    """
    key, value = next(sstable.entries(source), (None, b""))
    return key == _HEADER_KEY and value[:1] == bytes([BundleHeader.NUM_SHARDS << 3 | wire.VARINT])


def read(path: str) -> Model:
    """Read the checkpoint with this prefix; the path of its index will do too.

    Raises:
        ScopecliError: the index is missing, damaged or something else.
    """
    prefix = path.removesuffix(INDEX_SUFFIX)
    index_path = prefix + INDEX_SUFFIX
    if not os.path.exists(index_path) and os.path.exists(path):
        index_path = path  # an index that was given another name
    with Source(index_path) as source:
        try:
            header, entries = _read_index(source)
        except ScopecliError as error:
            error.path = error.path or index_path
            raise
        size = source.size
    shards = Shards(prefix, header.num_shards, header.big_endian)
    stored = len(entries.keys) + sum(map(len, entries.slices.values()))
    if shards.total > stored + _IDLE_SHARDS:
        raise DamagedFileError(
            f"claims {shards.total} data shards for {stored} entries", where="header"
        )
    files, notes = _data_files(shards)
    tensors = BundleTensors(shards)
    variables = _variables(entries, shards, tensors, notes)
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        metadata={
            "num_shards": header.num_shards,
            "endianness": "big" if header.big_endian else "little",
            "producer_version": header.producer,
            "object_based": _object_graph(entries) is not None,
        },
        notes=notes,
        files=(File(index_path, size, "index"), *files),
        tensors=tensors,
    )


def _read_index(source: Source) -> tuple[Header, Entries]:
    """The header and all entries of the index."""
    table = sstable.entries(source)
    key, value = next(table, (None, b""))
    if key != _HEADER_KEY:
        raise DamagedFileError(
            "has no header where a V2 checkpoint's index starts", path=source.name
        )
    header = _header(value)
    types: dict[bytes, TensorType] = {}
    splits: dict[bytes, int] = {}  # by the first bytes of a value, which say where its type ends
    keys: list[str] = []
    tensor_types: list[TensorType] = []
    rests: list[bytes] = []
    sliced: list[tuple[bytes, bytes]] = []
    last = key
    for key, value in table:
        if key <= last:
            raise DamagedIndexError("keys are out of order", where=f"after key {last!r}")
        last = key
        if key[0] == _SLICE_KEY_START:
            sliced.append((key, value))
            continue
        split = splits.get(value[:4])
        if split is None:
            split = splits[value[:4]] = _type_length(value)
        head = value[:split]
        tensor_type = types.get(head)
        if tensor_type is None:
            tensor_type = types[head] = _tensor_type(head)
        # The whole value has the same storage fields, so it will do where nothing is left.
        rests.append(value[split:] or value)
        tensor_types.append(tensor_type)
        keys.append(key.decode("utf-8", "surrogateescape"))
    varying = any(known.nbytes is None for known in types.values())
    return header, Entries(keys, tensor_types, rests, _slices(sliced), varying)


def _type_length(value: bytes) -> int:
    """How many bytes of an entry are its dtype and shape, which stand first and in this order.

    Its first four bytes tell. Protobuf would allow any order; then all of the entry counts as its
    type.
    """
    if value[:1] == _DTYPE_TAG and value[2:3] == _SHAPE_TAG and value[1] < 0x80 and len(value) > 3:
        return 4 + value[3] if value[3] < 0x80 else _WHOLE
    return _WHOLE


def _header(value: bytes) -> Header:
    num_shards, endianness, producer = 0, 0, 0
    for field, kind, a, b in wire.fields(value, 0, len(value)):
        if field == BundleHeader.NUM_SHARDS and kind == wire.VARINT:
            num_shards = a
        elif field == BundleHeader.ENDIANNESS and kind == wire.VARINT:
            endianness = a
        elif field == BundleHeader.VERSION and kind == wire.BYTES:
            numbers = {number: v for number, _, v, _ in wire.fields(value, a, b)}
            producer = numbers.get(Version.PRODUCER, 0)
    return Header(num_shards, endianness == 1, producer)


def _tensor_type(head: bytes) -> TensorType:
    """Decode the dtype and shape of an entry."""
    number = 0
    shape: tuple[int | None, ...] | None = ()
    for field, kind, a, b in wire.fields(head, 0, len(head)):
        if field == BundleEntry.DTYPE and kind == wire.VARINT:
            number = a % REFERENCE if a < 2 * REFERENCE else a
        elif field == BundleEntry.SHAPE and kind == wire.BYTES:
            shape = tensor_shape(head, a, b)
    dtype = DTYPES.get(number, f"dtype {number}")
    return TensorType(dtype, shape, stored_bytes(dtype, shape))


def _slices(encoded: list[tuple[bytes, bytes]]) -> dict[str, list[Slice]]:
    """Slices by tensor name. Their storage is bound to shards later, when the shards are known."""
    slices: dict[str, list[Slice]] = {}
    if not encoded:
        return slices
    from scopecli.binary import ordered_code

    for key, value in encoded:
        _, at = ordered_code.read_number(key, 0)
        name, at = ordered_code.read_string(key, at)
        rank, at = ordered_code.read_number(key, at)
        starts, lengths = [], []
        for _ in range(min(rank, len(key))):
            start, at = ordered_code.read_signed(key, at)
            length, at = ordered_code.read_signed(key, at)
            starts.append(start)
            lengths.append(length)
        storage = EntryStorage(value, None)
        text = name.decode("utf-8", "surrogateescape")
        slices.setdefault(text, []).append(Slice(tuple(starts), tuple(lengths), storage))
    return slices


def _object_graph(entries: Entries) -> bytes | None:
    """Where the object graph is; None where there is none. Keys are in order."""
    at = bisect_left(entries.keys, OBJECT_GRAPH_KEY)
    return entries.rests[at] if entries.keys[at : at + 1] == [OBJECT_GRAPH_KEY] else None


def _full_extents(part: Slice, shape: tuple[int | None, ...], shards: Shards) -> Slice:
    """The slice with numbers where the key says "all of this axis" (a length of -1)."""
    if len(part.lengths) != len(shape):
        raise DamagedFileError(f"a slice of rank {len(part.lengths)} in a tensor of {len(shape)}")
    starts, lengths = [], []
    for start, length, size in zip(part.starts, part.lengths, shape, strict=True):
        extent = size or 0
        if length < 0:
            start, length = 0, extent  # noqa: PLW2901 - what the key stands for
        if start < 0 or start + length > extent:
            raise DamagedFileError(f"slice {part.spec} is not inside its tensor")
        starts.append(start)
        lengths.append(length)
    storage = part.storage
    assert isinstance(storage, EntryStorage)  # noqa: S101 - made so by _slices
    return Slice(tuple(starts), tuple(lengths), EntryStorage(storage.encoded, shards))


def _data_files(shards: Shards) -> tuple[list[File], list[Note]]:
    """The data shards, with a note for each that is missing."""
    files, missing = [], []
    for path in shards.paths():
        try:
            size: int | None = os.stat(path).st_size
        except OSError:
            size = None
            name = os.path.basename(path)
            missing.append(Note("missing-shard", "is missing: its values cannot be read", name))
        files.append(File(path, size, "data"))
    return files, some(missing)


def _variables(
    entries: Entries,
    shards: Shards,
    tensors: BundleTensors,
    notes: list[Note],
) -> list[Variable]:
    described = _describe(entries, shards, tensors, notes)
    make = tuple.__new__  # what `Variable(...)` comes to, without the calls in between
    variables = [
        make(
            Variable,
            (key, name, shape, dtype, nbytes, kind, None, make(EntryStorage, (rest, shards)), more),
        )
        for key, (dtype, shape, nbytes), rest, (name, kind, more) in zip(
            entries.keys, entries.types, entries.rests, described, strict=True
        )
    ]
    slices = entries.slices
    if slices or entries.varying:
        variables = [
            _varying(variable, slices.get(variable.key), shards)
            if variable.nbytes is None or variable.key in slices
            else variable
            for variable in variables
        ]
    return variables


def _varying(variable: Variable, slices: list[Slice] | None, shards: Shards) -> Variable:
    """A variable whose size is not its shape's, or whose parts are stored and not the whole."""
    if variable.nbytes is None and variable.shape is not None and variable.storage is not None:
        variable = variable._replace(nbytes=variable.storage.length)
    if slices is None or variable.shape is None:
        return variable
    shape = variable.shape
    parts = tuple(_full_extents(part, shape, shards) for part in slices)
    attributes = {**variable.attributes, "slices": parts}
    return variable._replace(storage=None, attributes=attributes)


def _describe(
    entries: Entries, shards: Shards, tensors: BundleTensors, notes: list[Note]
) -> list[Description]:
    """Name and kind of every entry, in order."""
    rest = _object_graph(entries)
    if rest is None:
        return tf_slots.describe(entries.keys)
    key, storage = OBJECT_GRAPH_KEY, EntryStorage(rest, shards)
    graph = Variable(key, key, (), "string", None, storage=storage)
    return _describe_objects(entries.keys, graph, tensors, notes)


def _describe_objects(
    keys: list[str], graph: Variable, tensors: BundleTensors, notes: list[Note]
) -> list[Description]:
    """The same from the object graph; by paths alone, with a note, where it cannot be read."""
    from scopecli.formats.tensorflow.objects import graph as object_graph

    try:
        return object_graph.describe(keys, tensors.strings(graph)[0])
    except ScopecliError as error:
        message = f"cannot be read ({error.problem}): names are object paths"
        notes.append(Note("no-object-graph", message, graph.key))
        return object_graph.describe(keys, b"")
