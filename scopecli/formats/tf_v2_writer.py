"""TensorFlow V2 checkpoints under new names: the index rewritten, the data left alone.

Entries keep their bytes, unknown fields and checksums too; only keys change, and with them the
order. Where entries are dropped the data shards are written anew without them, and an
object-based checkpoint's object graph, which is an entry with data, is rewritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scopecli.binary import ordered_code, sstable, sstable_writer, wire_writer
from scopecli.binary.source import Source
from scopecli.formats import tf_bundle_layout, tf_names, tf_object_writer
from scopecli.formats.tf_bundle_layout import Place, place_of, placed
from scopecli.formats.tf_bundle_values import Shards
from scopecli.formats.tf_layout import BundleHeader
from scopecli.formats.tf_v2_checkpoint import INDEX_SUFFIX, OBJECT_GRAPH_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming, Subject

_SLICE_KEY_START = 0
_GRAPH_KEY = OBJECT_GRAPH_KEY.encode()


def subjects(model: Model) -> Sequence[Subject]:
    """The keys, or the paths and full names where the checkpoint is object-based.

    Raises:
        ScopecliError: the object graph cannot be read.
    """
    if model.metadata.get("object_based"):
        return tf_object_writer.subjects(model)
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
        return tf_object_writer.refusals(model, renaming)
    return tf_names.refusals(renaming)


class _Entry(NamedTuple):
    """One entry under its new key."""

    key: bytes
    value: bytes


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the renamed checkpoint with the prefix `out`.

    Data shards come first and the index, which makes them a checkpoint, last. Written over its own
    input, a rename alone replaces the index and nothing else.

    Raises:
        ScopecliError: the index is damaged, a shard is short, or the target cannot be written.
    """
    index_path = next(file.path for file in model.files if file.role == "index")
    prefix = model.path.removesuffix(INDEX_SUFFIX)
    with Source(index_path) as source:
        (_, header), *pairs = sstable.entries(source)
    new_prefix = out.removesuffix(INDEX_SUFFIX)
    graph = b""
    if model.metadata.get("object_based"):
        edit = tf_object_writer.edit(model, renaming)
        keys = edit.keys
        graph = edit.graph if edit.changed else b""
    else:
        keys = renaming
    old = Shards(prefix, int(str(model.metadata["num_shards"])))
    kept = [entry for key, value in pairs if (entry := _renamed(key, value, keys)) is not None]
    places = [place_of(value) for _, value in pairs]
    entries, new = _with_data(kept, places, graph, (old, new_prefix), staging)
    header = _counted(header, new.total)
    with open(staging.create(new_prefix + INDEX_SUFFIX), "wb") as file:
        sstable_writer.write(file, [(b"", header), *sorted(entries)])


def _renamed(key: bytes, value: bytes, renaming: Renaming) -> _Entry | None:
    """An entry under its new key; None where it is dropped."""
    if key[0] != _SLICE_KEY_START:
        name = key.decode("utf-8", "surrogateescape")
        if name in renaming.drops:
            return None
        new = renaming.moves.get(name)
        return _Entry(key if new is None else wire_writer.encoded_text(new), value)
    _, start = ordered_code.read_number(key, 0)
    raw, end = ordered_code.read_string(key, start)
    name = raw.decode("utf-8", "surrogateescape")
    if name in renaming.drops:
        return None
    written = ordered_code.write_string(wire_writer.encoded_text(renaming.of(name)))
    return _Entry(key[:start] + written + key[end:], value)


def _with_data(
    kept: list[_Entry],
    before: list[Place],
    graph: bytes,
    where: tuple[Shards, str],
    staging: Staging,
) -> tuple[list[_Entry], Shards]:
    """Bring the data to where it belongs; the entries as they point to it, and the new shards."""
    old, prefix = where
    if graph or (len(kept) < len(before) and old.complete()):
        return _rearranged(kept, before, graph, where, staging)
    if prefix == old.prefix:
        return kept, old
    new = tf_bundle_layout.free_shards(prefix, old.total)
    unchanged = tf_bundle_layout.Layout({}, [])
    tf_bundle_layout.write(unchanged, old, new, frozenset(range(old.total)), staging)
    _remove_others(new, staging)
    return kept, new


def _rearranged(
    kept: list[_Entry],
    before: list[Place],
    graph: bytes,
    where: tuple[Shards, str],
    staging: Staging,
) -> tuple[list[_Entry], Shards]:
    """The same where data shards change."""
    old, prefix = where
    old_graph = next((place_of(value) for key, value in kept if key == _GRAPH_KEY), None)
    contents, checksum = tf_object_writer.string_tensor(graph)
    replaced = {old_graph: contents} if graph and old_graph is not None else {}
    places = [place_of(value) for _, value in kept]
    linked: frozenset[int] = frozenset()
    apart = not old.complete() or (len(kept) == len(before) and staging.data != "copy")
    if replaced and apart:
        ((at, _),) = replaced.items()
        layout = tf_bundle_layout.beside(places, old.total, at, contents)
        linked = frozenset(range(old.total)) - {place.shard for place in layout.places.values()}
    else:
        layout = tf_bundle_layout.compact(places, before, replaced)
    new = tf_bundle_layout.free_shards(prefix, len(layout.pieces))
    tf_bundle_layout.write(layout, old, new, linked, staging)
    _remove_others(new, staging)
    entries = []
    for entry, place in zip(kept, places, strict=True):
        moved = layout.places.get(place)
        if moved is not None:
            crc = checksum if place in replaced else None
            entries.append(entry._replace(value=placed(entry.value, moved, crc)))
        else:
            entries.append(entry)
    return entries, new


def _remove_others(new: Shards, staging: Staging) -> None:
    """What stood under this prefix before goes away once the new index is in its place."""
    for path in tf_bundle_layout.others(new):
        staging.remove(path)


def _counted(header: bytes, shards: int) -> bytes:
    """The header with another number of shards."""
    rest = [
        header[first:last]
        for number, _, _, _, first, last in wire_writer.spans(header, 0, len(header))
        if number != BundleHeader.NUM_SHARDS
    ]
    return wire_writer.number_field(BundleHeader.NUM_SHARDS, shards) + b"".join(rest)
