"""Writing strings into attributes that are there, in the type that they have."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from scopecli.formats.hdf5.file import translated
from scopecli.formats.hdf5.names import encoded
from scopecli.formats.hdf5.structure import strings

import numpy as np  # isort: skip
from h5py import h5a, h5s, h5t, string_dtype  # isort: skip - after `file` has turned plugins off

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.formats.hdf5.file import Hdf5File

# What an object header can hold, as Keras counts it: `keras/src/legacy/saving/legacy_h5_format.py`,
# HDF5_OBJECT_HEADER_LIMIT.
_LIMIT = 64_512
# What a string of variable length takes there, wherever its text is. Keras does not count it, and
# fails to save more than 4032 short names.
_REFERENCE = 16


def rewrite_text(file: Hdf5File, owner: Any, name: str, value: str) -> None:
    """Give an attribute that is one string another.

    Raises:
        ScopecliError: it cannot be written.
    """
    with translated(file.name, f"attribute {name}"):
        _write(owner, name, [encoded(value)], h5a.open(owner, name.encode()).get_type(), ())


def rewrite_list(file: Hdf5File, owner: Any, name: str, values: Sequence[str]) -> None:
    """Give an attribute that is a list of strings others, in as many parts as Keras would.

    Raises:
        ScopecliError: they cannot be written.
    """
    if strings(file, owner, name) == list(values):
        return
    with translated(file.name, f"attribute {name}"):
        old = _parts(owner, name)
        texts = [encoded(value) for value in values]
        kind = h5a.open(owner, old[0].encode()).get_type()
        is_fixed = kind.get_class() == h5t.STRING and not kind.is_variable_str()
        chunks = _chunks(texts, 1 if is_fixed and len(old) == 1 else _REFERENCE)
        new = [name] if len(chunks) == 1 else [f"{name}{n}" for n in range(len(chunks))]
        if (len(old) == 1) != (len(new) == 1) or kind.get_class() != h5t.STRING:
            kind = _keras_type(len(new))
        for part in set(old) - set(new):
            h5a.delete(owner, part.encode())
        for part, chunk in zip(new, chunks, strict=True):
            # The parts of a list that was split are as wide as the longest of all.
            _write(owner, part, chunk, kind, (len(chunk),), max(map(len, texts), default=1))


def _parts(owner: Any, name: str) -> list[str]:
    """The attributes that hold the list."""
    if h5a.exists(owner, name.encode()):
        return [name]
    found: list[str] = []
    while h5a.exists(owner, f"{name}{len(found)}".encode()):
        found.append(f"{name}{len(found)}")
    return found


def _chunks(texts: Sequence[bytes], narrowest: int) -> list[list[bytes]]:
    """As `save_attributes_to_hdf5_group` splits a list; all in one where that can be held."""
    width = max(map(len, texts), default=1)
    if len(texts) * max(width, narrowest) <= _LIMIT:
        return [list(texts)]
    for count in range(2, len(texts)):
        size, longer = divmod(len(texts), count)
        if (size + bool(longer)) * width <= _LIMIT:
            starts = [number * size + min(number, longer) for number in range(count + 1)]
            return [list(texts[start:end]) for start, end in pairwise(starts)]
    return [[text] for text in texts]


def _keras_type(parts: int) -> Any:
    """The type in which Keras writes a list: h5py's for bytes, NumPy's for a part of many."""
    kind = h5t.C_S1.copy()
    kind.set_size(h5t.VARIABLE if parts == 1 else 1)
    kind.set_strpad(h5t.STR_NULLTERM if parts == 1 else h5t.STR_NULLPAD)
    return kind


def _write(
    owner: Any,
    name: str,
    texts: Sequence[bytes],
    kind: Any,
    shape: tuple[int, ...],
    width: int | None = None,
) -> None:
    """Write strings in a type, made wider or narrower to hold them where it has a width."""
    kind = kind.copy()
    if not all(text.isascii() for text in texts):
        kind.set_cset(h5t.CSET_UTF8)
    memory = kind
    if kind.is_variable_str():
        utf8 = kind.get_cset() == h5t.CSET_UTF8
        values = np.empty(shape, string_dtype("utf-8" if utf8 else "ascii"))
        memory = None
    else:
        width = max(1, width or max(map(len, texts)))
        kind.set_size(width + (kind.get_strpad() == h5t.STR_NULLTERM))
        memory = kind.copy()
        memory.set_strpad(h5t.STR_NULLPAD)
        values = np.empty(shape, f"S{kind.get_size()}")
    values[...] = np.array(texts, values.dtype).reshape(shape)
    attribute = _opened(owner, name, kind, shape)
    attribute.write(values, memory)


def _opened(owner: Any, name: str, kind: Any, shape: tuple[int, ...]) -> Any:
    """The attribute, made anew where it has another type or shape."""
    if h5a.exists(owner, name.encode()):
        attribute = h5a.open(owner, name.encode())
        if attribute.get_type().equal(kind) and attribute.shape == shape:
            return attribute
        h5a.delete(owner, name.encode())
    space = h5s.create_simple(shape) if shape else h5s.create(h5s.SCALAR)
    return h5a.create(owner, name.encode(), kind, space)
