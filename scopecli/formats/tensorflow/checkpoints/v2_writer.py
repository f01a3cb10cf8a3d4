"""TensorFlow V2 checkpoints under new names: the index rewritten, the data left alone.

Entries keep their bytes, unknown fields and checksums too; only keys change, and with them the
order. Where entries are dropped the data shards are written anew without them, and an
object-based checkpoint's object graph, which is an entry with data, is rewritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from scopecli.binary import sstable, sstable_writer
from scopecli.binary.protobuf import wire_writer
from scopecli.binary.source import Source
from scopecli.formats.tensorflow import names as tf_names
from scopecli.formats.tensorflow.checkpoints import bundle_layout as tf_bundle_layout
from scopecli.formats.tensorflow.checkpoints.bundle_values import Shards
from scopecli.formats.tensorflow.checkpoints.slice_keys import renamed as slice_key
from scopecli.formats.tensorflow.checkpoints.v2_checkpoint import INDEX_SUFFIX, OBJECT_GRAPH_KEY
from scopecli.formats.tensorflow.layout import BundleHeader
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.formats.staging import Staging
    from scopecli.formats.tensorflow.checkpoints.bundle_layout import Layout, Place, StringTensor
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming, Subject

    Pair = tuple[bytes, bytes]
    # An entry's new key, None where it is dropped, and its value.
    Entry = tuple[bytes | None, bytes]

_SLICE_KEY_START = 0
_GRAPH_KEY = OBJECT_GRAPH_KEY.encode()


def subjects(model: Model) -> Sequence[Subject]:
    """The keys, or the paths and full names where the checkpoint is object-based.

    Raises:
        ScopecliError: the object graph cannot be read.
    """
    if model.metadata.get("object_based"):
        from scopecli.formats.tensorflow.objects import writer as object_writer

        return object_writer.subjects(model)
    return tf_names.subjects(model.variables)


def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that no checkpoint can have."""
    return tf_names.empty_parts(names)


def refusals(model: Model, renaming: Renaming) -> Iterator[tuple[str, str]]:
    """New names that this checkpoint cannot have: (name, what is wrong with it).

    A Saver finds values by the names of variables, so those must be names for TensorFlow. The
    paths of an object-based checkpoint are edges between objects, which can be called anything but
    not be led elsewhere.
    """
    if model.metadata.get("object_based"):
        from scopecli.formats.tensorflow.objects import writer as object_writer

        return object_writer.refusals(model, renaming)
    return tf_names.refusals(renaming)


class _Change(NamedTuple):
    """What becomes of the entries of a checkpoint.

    Attributes:
        shards: the data files as they are.
        entries: all of them.
        graph: the object graph as a data shard has it, where it changes.
    """

    shards: Shards
    entries: list[Entry]
    graph: StringTensor | None

    @property
    def drops(self) -> bool:
        """Whether anything is dropped."""
        return any(key is None for key, _ in self.entries)


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the renamed checkpoint with the prefix `out`.

    Data shards come first and the index, which makes them a checkpoint, last. Written over its own
    input, a rename of names alone replaces the index and nothing else.

    Raises:
        ScopecliError: the index is damaged, a shard is short, or the target cannot be written.
    """
    keys, graph = _keys(model, renaming)
    index_path = next(file.path for file in model.files if file.role == "index")
    with Source(index_path) as source:
        table = sstable.entries(source)
        _, header = next(table)
        entries = [(_new_key(key, keys), value) for key, value in table]
    shards = Shards(model.path.removesuffix(INDEX_SUFFIX), int(str(model.metadata["num_shards"])))
    change = _Change(shards, entries, graph)
    prefix = out.removesuffix(INDEX_SUFFIX)
    kept, new_shards = _with_data(change, prefix, staging)
    kept.append((b"", _counted(header, new_shards.total)))
    kept.sort()
    # The input may be an index that was given another name.
    path = index_path if prefix == shards.prefix else prefix + INDEX_SUFFIX
    with open(staging.create(path), "wb") as file:
        sstable_writer.write(file, kept)


def _keys(model: Model, renaming: Renaming) -> tuple[Renaming, StringTensor | None]:
    """What becomes of the keys, and the object graph where there is one that changes."""
    if not model.metadata.get("object_based"):
        return renaming, None
    from scopecli.formats.tensorflow.objects import writer as object_writer

    edit = object_writer.edit(model, renaming)
    return edit.keys, tf_bundle_layout.string_tensor(edit.graph) if edit.changed else None


def _new_key(key: bytes, renaming: Renaming) -> bytes | None:
    """What a key becomes; None where its entry is dropped."""
    if key[0] != _SLICE_KEY_START:
        name = key.decode("utf-8", "surrogateescape")
        if name in renaming.drops:
            return None
        new = renaming.moves.get(name)
        return key if new is None else wire_writer.encoded_text(new)
    return slice_key(key, renaming)


def _with_data(change: _Change, prefix: str, staging: Staging) -> tuple[list[Pair], Shards]:
    """Bring the data to where it belongs; the entries as they point to it, and the new shards."""
    if change.graph is not None or (change.drops and change.shards.complete()):
        return _rearranged(change, prefix, staging)
    # The same pairs, and not new ones: there may be a million.
    kept = cast("list[Pair]", [entry for entry in change.entries if entry[0] is not None])
    if prefix == change.shards.prefix:
        return kept, change.shards
    layout = tf_bundle_layout.unchanged(change.shards.total)
    return kept, _write_shards(layout, change.shards, prefix, staging)


def _rearranged(change: _Change, prefix: str, staging: Staging) -> tuple[list[Pair], Shards]:
    """The same where the data of some entries go away or change."""
    shards = change.shards
    entries = [(key, tf_bundle_layout.entry(value)) for key, value in change.entries]
    kept = [(key, entry) for key, entry in entries if key is not None]
    places = [entry.place for _, entry in kept]
    replaced: dict[Place, StringTensor] = {}
    if change.graph is not None:
        replaced[dict(kept)[_GRAPH_KEY].place] = change.graph
    if replaced and (not shards.complete() or (not change.drops and staging.data != "copy")):
        ((place, graph),) = replaced.items()
        layout = tf_bundle_layout.beside(places, shards.total, place, graph)
    else:
        before = [entry.place for _, entry in entries]
        layout = tf_bundle_layout.compact(places, before, replaced)
    pairs = []
    for key, entry in kept:
        place = entry.place
        checksum = replaced[place].checksum if place in replaced else None
        pairs.append((key, entry.encoded(layout.places.get(place, place), checksum)))
    return pairs, _write_shards(layout, shards, prefix, staging)


def _write_shards(layout: Layout, old: Shards, prefix: str, staging: Staging) -> Shards:
    """Write data shards; what stood under this prefix goes away once the new index is there."""
    new = tf_bundle_layout.free_shards(prefix, len(layout.pieces))
    tf_bundle_layout.write(layout, old, new, staging)
    for path in tf_bundle_layout.others(new):
        staging.remove(path)
    return new


def _counted(header: bytes, shards: int) -> bytes:
    """The header with another number of shards."""
    rest = [
        header[first:last]
        for number, _, _, _, first, last in wire_writer.spans(header, 0, len(header))
        if number != BundleHeader.NUM_SHARDS
    ]
    return wire_writer.number_field(BundleHeader.NUM_SHARDS, shards) + b"".join(rest)
