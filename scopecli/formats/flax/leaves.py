"""The leaves of a tree of MessagePack maps, as Flax writes one: arrays and plain values.

https://github.com/google/flax/blob/main/flax/serialization.py. An array is an extension whose
contents are MessagePack again: shape, name of the dtype, bytes.
"""

from __future__ import annotations

from math import isfinite, prod
from typing import TYPE_CHECKING

from scopecli.binary import msgpack
from scopecli.binary.msgpack import token
from scopecli.errors import DamagedFileError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.msgpack import Token
    from scopecli.binary.window import Window

NDARRAY, NATIVE_COMPLEX, NUMPY_SCALAR = 1, 2, 3

_MAX_DEPTH = 200
_MAX_RANK = 64
_MAX_ELEMENTS = 1 << 63
_LONGEST_KEY = 1 << 16
_LONGEST_TEXT = 256
_MAX_CHARACTERS = 1 << 28  # of all paths together: a deep one could be repeated by every leaf

Path = tuple[str, ...]


class Array(NamedTuple):
    """An array in the file.

    Attributes:
        shape: outermost dimension first.
        dtype: NumPy's name.
        start: where its bytes begin, in C order and little-endian.
        end: behind the last.
    """

    shape: tuple[int, ...]
    dtype: str
    start: int
    end: int


class Leaf(NamedTuple):
    """What a path leads to: an array, or a plain value."""

    path: Path
    value: Array | float | bool | str | None


class _Open:
    """A map or array of which some things are still to come."""

    __slots__ = ("_at", "_is_map", "_key", "left", "path")

    def __init__(self, path: Path, start: Token) -> None:
        self.path = path
        self.left = start.inside
        self._is_map = start.kind == msgpack.MAP
        self._key: str | None = None
        self._at = 0

    def takes_key(self) -> bool:
        """Whether what comes next is the key of a pair."""
        return self._is_map and self._key is None

    def give_key(self, key: str) -> None:
        """The key of the value that comes next."""
        self._key = key
        self.left -= 1

    def next_path(self) -> Path:
        """The path of the value that comes next."""
        name = self._key if self._is_map else str(self._at)
        self._key = None
        self._at += 1
        self.left -= 1
        return (*self.path, name or "")


def leaves(window: Window) -> Iterator[Leaf]:
    """All leaves of a file, in its order.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    root = token(window, 0, window.size)
    if root.kind != msgpack.MAP:
        raise DamagedFileError("is not a map", where="offset 0")
    stack = [_Open((), root)]
    at, characters = root.end, 0
    while stack:
        inner = stack[-1]
        if not inner.left:
            stack.pop()
            continue
        found = token(window, at, window.size)
        if inner.takes_key():
            inner.give_key(_key(window, found, at))
            at = found.end
            continue
        path = inner.next_path()
        at = found.end
        if found.kind in {msgpack.MAP, msgpack.ARRAY}:
            if len(stack) >= _MAX_DEPTH:
                raise DamagedFileError(f"nests more than {_MAX_DEPTH} deep", where=f"offset {at}")
            stack.append(_Open(path, found))
            continue
        characters += sum(map(len, path))
        if characters > _MAX_CHARACTERS:
            raise DamagedFileError("has longer names than are read")
        yield Leaf(path, _value(window, found))
    if at != window.size:
        raise DamagedFileError(
            f"has {window.size - at} bytes behind its end",
            where=f"offset {at}",
            hint="the file is damaged: copy it again",
        )


def _key(window: Window, found: Token, at: int) -> str:
    if found.kind == msgpack.PLAIN:
        return str(found.value)
    if found.kind not in {msgpack.TEXT, msgpack.BYTES} or found.end - found.start > _LONGEST_KEY:
        raise DamagedFileError("has a key that is not a name", where=f"offset {at}")
    return window.text(found.start, found.end)


def _value(window: Window, found: Token) -> Array | float | bool | str | None:
    """What a leaf is; of long texts and unknown bytes, how long they are."""
    if found.kind == msgpack.PLAIN:
        is_number = not isinstance(found.value, float) or isfinite(found.value)
        return found.value if is_number else str(found.value)
    length = found.end - found.start
    if found.kind == msgpack.TEXT and length <= _LONGEST_TEXT:
        return window.text(found.start, found.end)
    if found.kind == msgpack.EXT and found.value in {NDARRAY, NUMPY_SCALAR}:
        return array(window, found)
    if found.kind == msgpack.EXT and found.value == NATIVE_COMPLEX:
        return _complex(window, found)
    return f"{length} bytes"


def array(window: Window, extension: Token) -> Array:
    """The array in an extension.

    Raises:
        DamagedFileError: it is none.
    """
    at, end = extension.start, extension.end
    parts = token(window, at, end)
    dims = token(window, parts.end, end)
    if (parts.kind, parts.value, dims.kind) != (msgpack.ARRAY, 3, msgpack.ARRAY):
        raise DamagedFileError("has an array without shape, dtype and bytes", where=f"offset {at}")
    shape, at = _shape(window, dims, end)
    name = token(window, at, end)
    data = token(window, name.end, end)
    texts = {msgpack.TEXT, msgpack.BYTES}
    if name.kind not in texts or data.kind not in texts or name.end - name.start > _LONGEST_TEXT:
        raise DamagedFileError("has an array without dtype or bytes", where=f"offset {at}")
    return Array(shape, window.text(name.start, name.end), data.start, data.end)


def _shape(window: Window, dims: Token, end: int) -> tuple[tuple[int, ...], int]:
    """A shape, and the offset behind it."""
    if dims.inside > _MAX_RANK:
        raise DamagedFileError(f"claims {dims.inside} dimensions", where=f"offset {dims.start}")
    shape: list[int] = []
    at = dims.end
    for _ in range(dims.inside):
        found = token(window, at, end)
        at, size = found.end, found.value
        if not isinstance(size, int) or found.kind != msgpack.PLAIN or size < 0:
            raise DamagedFileError("has a dimension that is not a size", where=f"offset {at}")
        shape.append(size)
    if prod(shape) >= _MAX_ELEMENTS:
        raise DamagedFileError("claims a shape that no array has", where=f"offset {at}")
    return tuple(shape), at


def _complex(window: Window, extension: Token) -> str:
    parts = token(window, extension.start, extension.end)
    real = token(window, parts.end, extension.end)
    imaginary = token(window, real.end, extension.end)
    return f"{real.value}+{imaginary.value}j"
