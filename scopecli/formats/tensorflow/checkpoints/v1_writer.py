"""TensorFlow V1 checkpoints under new names: tables rewritten, values as they are.

A name stands in the listing that a table starts with, in the key of each slice, and in the slice's
own message; fields that are not known keep their bytes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from scopecli.binary import sstable, sstable_writer
from scopecli.binary.protobuf import wire, wire_writer
from scopecli.binary.source import Source
from scopecli.errors import UnsupportedError
from scopecli.formats.tensorflow import names as tf_names
from scopecli.formats.tensorflow.checkpoint_state import prefix_of
from scopecli.formats.tensorflow.checkpoints.slice_keys import renamed as slice_key
from scopecli.formats.tensorflow.layout import TensorSlices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming, Subject

_SHARD_SUFFIX = re.compile(r"-\d{5}-of-\d{5}\Z")


def subjects(model: Model) -> Sequence[Subject]:
    """The names of the tensors."""
    return tf_names.subjects(model.variables)


def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that no checkpoint can have."""
    return tf_names.empty_parts(names)


def refusals(_model: Model, renaming: Renaming) -> Iterator[tuple[str, str]]:
    """New names that no variable of TensorFlow can have: (name, what is wrong with it)."""
    return tf_names.refusals(renaming)


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the renamed checkpoint, with as many shards as it had.

    Raises:
        UnsupportedError: values and names are in one file, so data cannot be linked; or
            it has several shards, which would have to be replaced in one step.
        ScopecliError: a table is damaged, or the target cannot be written.
    """
    staging.refuse_to_share(model.path)
    tables = [file.path for file in model.files if file.role != "graph"]
    prefix = prefix_of(out, model.format)
    if len(tables) > 1 and prefix == prefix_of(model.path, model.format):
        raise UnsupportedError(
            f"has {len(tables)} shards, which cannot be replaced in one step",
            path=model.path,
            hint="write to another path with -o",
        )
    for table in tables:
        suffix = _SHARD_SUFFIX.search(table)
        path = prefix + (suffix[0] if suffix else "")
        with Source(table) as source, open(staging.create(path), "wb") as file:
            sstable_writer.write(file, _entries(source, renaming, staging))


def _entries(source: Source, renaming: Renaming, staging: Staging) -> Iterator[tuple[bytes, bytes]]:
    """The entries of a table under their new keys, in the order of those.

    New names may come in another order, so a first pass looks at the keys, and the values of one
    block are in memory at a time.
    """
    places = []
    for handle in sstable.blocks(source):
        for position, (key, _) in enumerate(sstable.block_entries(source, handle)):
            new_key = slice_key(key, renaming) if key else key
            if new_key is not None:
                places.append((new_key, handle, position))
    entries_of = lru_cache(maxsize=1)(lambda handle: sstable.block_entries(source, handle))
    for new_key, handle, position in sorted(places):
        _, value = entries_of(handle)[position]
        edit = _with_name if new_key else _listing
        yield new_key, edit(value, renaming)
        staging.advance(len(value))


def _listing(value: bytes, renaming: Renaming) -> bytes:
    """The list of tensors with their new names."""

    def tensor(start: int, end: int) -> bytes | None:
        names = (
            wire.text(value, a, b)
            for field, kind, a, b in wire.fields(value, start, end)
            if field == TensorSlices.TENSOR_NAME and kind == wire.BYTES
        )
        if not renaming.drops.isdisjoint(names):
            return None
        return wire_writer.edited(value, start, end, {TensorSlices.TENSOR_NAME: name})

    def name(start: int, end: int) -> bytes:
        return wire_writer.encoded_text(renaming.of(wire.text(value, start, end)))

    def meta(start: int, end: int) -> bytes:
        return wire_writer.edited(value, start, end, {TensorSlices.META_TENSOR: tensor})

    return wire_writer.edited(value, 0, len(value), {TensorSlices.META: meta})


def _with_name(value: bytes, renaming: Renaming) -> bytes:
    """The message of one slice with the new name of its tensor."""

    def name(start: int, end: int) -> bytes:
        return wire_writer.encoded_text(renaming.of(wire.text(value, start, end)))

    def data(start: int, end: int) -> bytes:
        return wire_writer.edited(value, start, end, {TensorSlices.DATA_NAME: name})

    return wire_writer.edited(value, 0, len(value), {TensorSlices.DATA: data})
