"""The attributes of a node, decoded when they are asked for.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/attr_value.proto
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, FIXED32, VARINT, signed64, varint
from scopecli.binary.window import Window
from scopecli.formats.tensorflow.graphs.layout import AttrValue, MapEntry
from scopecli.formats.tensorflow.types import dtype_name, tensor_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NUMBERS = {
    AttrValue.I: VARINT,
    AttrValue.F: FIXED32,
    AttrValue.B: VARINT,
    AttrValue.TYPE: VARINT,
}


_SMALL = 4096  # bytes of a message that is decoded as a whole
# A graph has thousands of variables with the same few types and shapes: each is decoded once.
_SHORT = 64  # bytes of a value that may be remembered
_MOST_KNOWN = 4096
_SIMPLE = (str, bytes, int, float, tuple)
_known_values: dict[bytes, object] = {}


class FunctionReference:
    """A function as an attribute names it, with the attributes that it is called with."""

    __slots__ = ("attributes", "name")

    def __init__(self, name: str, attributes: Mapping[str, object]) -> None:
        self.name = name
        self.attributes = attributes

    def __repr__(self) -> str:
        return self.name


class Attributes(Mapping[str, object]):
    """A map from names to AttrValue, which is field `number` of the message at a place."""

    __slots__ = ("_end", "_number", "_spans", "_start", "_window")

    def __init__(self, window: Window, start: int, end: int, number: int) -> None:
        self._window = window
        self._start = start
        self._end = end
        self._number = number
        self._spans: dict[str, tuple[int, int]] | None = None

    def _found(self) -> dict[str, tuple[int, int]]:
        """Where the value of each attribute is."""
        if self._spans is None:
            start, end = self._start, self._end
            if end - start > _SMALL:
                self._spans = map_spans(self._window, start, end, self._number)
            else:
                # Taken out of its file, so that the offsets of all fields need no shifting.
                node = Window(self._window.path, self._window.read(start, end))
                spans = map_spans(node, 0, node.size, self._number)
                self._spans = {name: (a + start, b + start) for name, (a, b) in spans.items()}
        return self._spans

    def __getitem__(self, name: str) -> object:
        """Decode one attribute.

        Raises:
            KeyError: the node has none of this name.
            DamagedFileError: the bytes contradict the format.
        """
        start, end = self._found()[name]
        if end - start > _SHORT:
            return _value(self._window, start, end)
        data = self._window.read(start, end)
        known = _known_values.get(data)
        if known is None:
            known = _value(self._window, start, end)
            if isinstance(known, _SIMPLE) and len(_known_values) < _MOST_KNOWN:
                _known_values[data] = known
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


def map_spans(window: Window, start: int, end: int, number: int) -> dict[str, tuple[int, int]]:
    """Where the values are of the map that is field `number` of a message.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    fields = window.fields(start, end)
    return entry_spans(
        window, ((a, b) for n, kind, a, b in fields if n == number and kind == BYTES)
    )


def entry_spans(window: Window, entries: Iterable[tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Where the values are of the map that has these entries.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    spans = {}
    for start, end in entries:
        key, value = "", (end, end)
        for field, kind, a, b in window.fields(start, end):
            if kind == BYTES and field == MapEntry.KEY:
                key = window.text(a, b)
            elif kind == BYTES and field == MapEntry.VALUE:
                value = (a, b)
        spans[key] = value
    return spans


def _value(window: Window, start: int, end: int) -> object:
    found: object = None
    for field, kind, a, b in window.fields(start, end):
        if field == AttrValue.LIST and kind == BYTES:
            found = [*found, *_list(window, a, b)] if type(found) is list else _list(window, a, b)
        elif field == AttrValue.PLACEHOLDER and kind == BYTES:
            found = window.text(a, b)
        elif kind == _NUMBERS.get(field):
            found = _number(field, a)
        elif kind == BYTES and field not in _NUMBERS:
            found = _message(window, field, a, b)
    return found


def _list(window: Window, start: int, end: int) -> list[object]:
    """A ListValue. Numbers may be packed or not."""
    found: list[object] = []
    for field, kind, a, b in window.fields(start, end):
        if kind == _NUMBERS.get(field):
            found.append(_number(field, a))
        elif field in _NUMBERS and kind == BYTES:
            found += (_number(field, value) for value in _packed(window.read(a, b), field))
        elif kind == BYTES:
            function = field == AttrValue.LIST_FUNC
            found.append(_message(window, AttrValue.FUNC if function else field, a, b))
    return found


def _packed(data: bytes, field: int) -> Iterator[int]:
    if _NUMBERS[field] == FIXED32:
        for at in range(0, len(data) - 3, 4):
            yield int.from_bytes(data[at : at + 4], "little")
        return
    at = 0
    while at < len(data):
        value, at = varint(data, at, len(data))
        yield value


def _number(field: int, value: int) -> int | float | bool | str:
    if field == AttrValue.I:
        return signed64(value)
    if field == AttrValue.F:
        number: float = struct.unpack("<f", value.to_bytes(4, "little"))[0]
        return number
    return bool(value) if field == AttrValue.B else dtype_name(value)


def _message(window: Window, field: int, start: int, end: int) -> object:
    if field == AttrValue.S:
        return window.read(start, end)
    if field == AttrValue.SHAPE:
        return tensor_shape(window.read(start, end), 0, end - start)
    if field == AttrValue.TENSOR:
        from scopecli.formats.tensorflow.tensor import Constant

        return Constant(window, start, end)
    if field == AttrValue.FUNC:
        names = [
            window.text(a, b)
            for number, kind, a, b in window.fields(start, end)
            if number == MapEntry.KEY and kind == BYTES
        ]
        attributes = Attributes(window, start, end, MapEntry.VALUE)
        return FunctionReference(names[-1] if names else "", attributes)
    return None
