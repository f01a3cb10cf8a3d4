"""safetensors files under new names: headers written anew, data copied.

What is dropped leaves no gap, because the library reads no file with one. The shards of a model go
beside their index, under the names that they had.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.errors import UnsupportedError
from scopecli.formats import shard_writing
from scopecli.formats.safetensors import header as safetensors_header
from scopecli.model.records import NamedTuple
from scopecli.model.renaming import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.formats.safetensors.header import Header
    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming
    from scopecli.model.variable import Variable

_WRITTEN = {canonical: name for name, canonical in safetensors_header.DTYPES.items()}
_ALIGNMENT = 8  # of the data, as the library has it
_CHUNK = 4 << 20
_AT_ONCE = 1000  # tensors whose entries are in memory as objects, before they are text


class _Run(NamedTuple):
    """Bytes of the old file that stay next to one another."""

    begin: int
    end: int


def subjects(model: Model) -> Sequence[Subject]:
    """The names of the tensors."""
    return [Subject(variable.key, variable.kind) for variable in model.variables]


def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that no tensor can have."""
    for name in names:
        if name == safetensors_header.METADATA:
            yield name, "is where safetensors keeps its metadata"
        elif re.search("[\ud800-\udfff]", name):
            yield name, "is not UTF-8"


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the renamed file, or the renamed shards and then their index.

    Raises:
        UnsupportedError: values and names are in one file, so data cannot be linked; a shard is
            missing; or several files would have to be replaced in one step.
        ScopecliError: a file is damaged, or the target cannot be written.
    """
    shard_writing.write(model, renaming, out, staging, _write_file)


def _write_file(path: str, renaming: Renaming, out: str, staging: Staging) -> None:
    with Source(path) as source, open(staging.create(out), "wb") as file:
        header = safetensors_header.read(source, os.path.basename(path))
        text, runs = _renamed(header, renaming)
        if len(text) > safetensors_header.MAX_HEADER:
            raise UnsupportedError(
                f"would have a header of {len(text)} bytes, more than a file may have", path=path
            )
        file.write(len(text).to_bytes(8, "little") + text)
        for run in runs:
            for begin in range(run.begin, run.end, _CHUNK):
                chunk = source.read(begin, min(_CHUNK, run.end - begin))
                file.write(chunk)
                staging.advance(len(chunk))


def _renamed(header: Header, renaming: Renaming) -> tuple[bytes, list[_Run]]:
    """The new header, and which bytes of the old file follow it."""
    kept = [variable for variable in header.variables if variable.key not in renaming.drops]
    begins: dict[str, int] = {}
    runs: list[_Run] = []
    position = 0
    for variable in sorted(kept, key=_extent):
        begin, end = _extent(variable)
        begins[variable.key] = position
        position += end - begin
        if runs and runs[-1].end == begin:
            runs[-1] = runs[-1]._replace(end=end)
        else:
            runs.append(_Run(begin, end))
    texts = []
    if header.metadata:
        texts.append(_inside({safetensors_header.METADATA: header.metadata}))
    for first in range(0, len(kept), _AT_ONCE):
        some = kept[first : first + _AT_ONCE]
        texts.append(
            _inside({renaming.of(one.key): _described(one, begins[one.key]) for one in some})
        )
    text = f"{{{','.join(texts)}}}".encode()
    return text + b" " * (-len(text) % _ALIGNMENT), runs


def _inside(part: dict[str, object]) -> str:
    """A part of a JSON object, without its braces."""
    return json.dumps(part, ensure_ascii=False, separators=(",", ":"))[1:-1]


def _described(variable: Variable, start: int) -> dict[str, object]:
    """What a header says of a tensor whose bytes start there."""
    begin, end = _extent(variable)
    return {
        "dtype": _WRITTEN.get(variable.dtype, variable.dtype.removeprefix("dtype ")),
        "shape": variable.shape,
        "data_offsets": [start, start + end - begin],
    }


def _extent(variable: Variable) -> tuple[int, int]:
    """Where a tensor starts and ends in the old file."""
    storage = variable.storage
    begin = storage.offset or 0 if storage else 0
    return begin, begin + (storage.length if storage else 0)
