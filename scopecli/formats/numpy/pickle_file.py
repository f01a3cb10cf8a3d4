"""Format `pickle`: what `pickle.dump` and `joblib.dump` write, as far as it is NumPy arrays.

The pickle is walked over and never executed, and arrays stay in the file until their values are
asked for. Names are the keys that lead to an array, joined with `/` where one of them has it in
itself (as Haiku and TensorFlow name things), else with `.`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.pickle.contents import own_facts
from scopecli.binary.pickle.imports import hostile_note, is_hostile, modern_path
from scopecli.binary.pickle.run_bytes import HeldBytes, of_run
from scopecli.binary.pickle.runs import RAW, Run
from scopecli.binary.source import Source
from scopecli.errors import NotAModelError
from scopecli.formats.numpy import arrays as numpy_arrays
from scopecli.formats.numpy import pickled
from scopecli.formats.numpy.npy_values import Array, NpyTensors, TurnedBytes
from scopecli.formats.some_notes import some
from scopecli.formats.unique_keys import unique
from scopecli.model.model import File, Model, Note
from scopecli.model.names import separator_of
from scopecli.model.variable import StoredAt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.pickle.values import Global
    from scopecli.formats.numpy.pickled import Held, PickledArray
    from scopecli.model.variable import Storage

FORMAT = "pickle"

_MOST_GLOBALS = 1000
_MOST_ALIASES = 32


def read(path: str) -> Model:
    """Read what leads to arrays, and what they are.

    Raises:
        NotAModelError: there are none.
        ScopecliError: whatever else is wrong with the file.
    """
    with Source(path) as source:
        held = pickled.read(source)
        if not held.arrays:
            raise _refused(held, path)
        return model(source, held, path, FORMAT)


def _refused(held: Held, path: str) -> NotAModelError:
    hostile = next(filter(is_hostile, _listing(held.imports)), "")
    if hostile:
        problem = f"is a plain Python pickle that would import {hostile}"
        return NotAModelError(problem, path=path, hint="it can run programs: load it nowhere")
    if held.tensors:
        problem = "is a plain Python pickle with PyTorch tensors and no arrays"
        return NotAModelError(problem, path=path, hint="read it with --input-format torch")
    return NotAModelError("is a plain Python pickle, and has no arrays", path=path)


def model(source: Source, held: Held, path: str, format_id: str) -> Model:
    """The arrays in a pickle as a model."""
    parts = [part for name, _ in held.arrays for part in pickled.keys_of(name)]
    separator = separator_of(parts)
    names = [pickled.with_separator(name, separator) or numpy_arrays.KEY for name, _ in held.arrays]
    keys, repeated = unique(names)
    notes = [Note("repeated-name", "is what several arrays are called", key) for key in repeated]
    arrays: dict[str, Array] = {}
    variables = []
    same: dict[int, list[str]] = {}
    for name, (_, found) in zip(names, held.arrays, strict=True):
        same.setdefault(id(found.data), []).append(name)
    shard = os.path.basename(path)
    for key, name, (_, found) in zip(keys, names, held.arrays, strict=True):
        arrays[key] = Array(found.header, _bytes(source, found))
        variable = numpy_arrays.variable(key, arrays[key], _storage(found, shard))._replace(
            name=name
        )
        others = [other for other in same[id(found.data)][: _MOST_ALIASES + 1] if other != name]
        if others:
            attributes = {**variable.attributes, "aliases": tuple(others)}
            variable = variable._replace(attributes=attributes)
        variables.append(variable)
        notes += numpy_arrays.notes(key, arrays[key])
    if held.tensors:
        notes.append(Note("not-read", f"{held.tensors} tensors of PyTorch's are not read", ""))
    listing = _listing(held.imports)
    hostile = [hostile_note(one) for one in listing if is_hostile(one)]
    return Model(
        path=path,
        format=format_id,
        variables=variables,
        separator=separator,
        metadata={**own_facts(held.facts), "globals": listing},
        notes=some(notes) + some(hostile),
        files=(File(path, source.size, "model"),),
        tensors=NpyTensors(arrays),
    )


def _listing(imports: Iterable[Global]) -> tuple[str, ...]:
    """What would be imported, the most dangerous first."""
    paths = {modern_path(one) for one in imports}
    return tuple(sorted(paths, key=lambda path: (not is_hostile(path), path))[:_MOST_GLOBALS])


def _bytes(source: Source, found: PickledArray) -> Bytes:
    data = pickled.unwrapped(found.data)
    if type(data) is Run:
        held = of_run(source, data, found.header.nbytes or 0)
    else:
        held = HeldBytes(pickled.raw_bytes(data) or b"", source.name)
    return TurnedBytes(held, found.header, found.axes) if found.axes else held


def _storage(found: PickledArray, shard: str) -> Storage:
    data = pickled.unwrapped(found.data)
    if type(data) is not Run:
        return StoredAt(shard, None, found.header.nbytes or 0)
    is_plain = data.written == RAW and not found.axes
    return StoredAt(shard, data.offset if is_plain else None, data.length)
