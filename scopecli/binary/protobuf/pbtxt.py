"""Protobuf's text format, turned into the wire format so that one reader serves both.

Text does not say what a field is: a schema gives the number and type of each name. What the schema
does not know, or the text does not spell as the language wants it, is refused with its place.
https://protobuf.dev/reference/protobuf/textformat-spec/
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.pbtxt_tokens import Tokens
from scopecli.binary.protobuf.wire import BYTES, FIXED32, FIXED64, VARINT, write_varint
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.binary.protobuf.pbtxt_tokens import Token

_BOOLS = {b"true": 1, b"True": 1, b"t": 1, b"false": 0, b"False": 0, b"f": 0}
_CLOSING = {b"{": b"}", b"<": b">"}
_MOST_LEVELS = 100  # which protobuf's own readers allow
_MASK = (1 << 64) - 1

# Lowest and highest value of each type of integer.
_RANGES = {
    "int32": (-(1 << 31), (1 << 31) - 1),
    "sint32": (-(1 << 31), (1 << 31) - 1),
    "uint32": (0, (1 << 32) - 1),
    "fixed32": (0, (1 << 32) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "sint64": (-(1 << 63), (1 << 63) - 1),
    "uint64": (0, _MASK),
    "fixed64": (0, _MASK),
}
_FLOATS = {"float": "<f", "double": "<d"}
_WIRE_TYPES = {"float": FIXED32, "fixed32": FIXED32, "double": FIXED64, "fixed64": FIXED64}


class Schema(NamedTuple):
    """What the messages of a format have.

    Attributes:
        messages: by name, their fields: `name number type; ...`, with `*` where they repeat.
        enums: by name, their values: `NAME=number ...`.
        root_of_any: what the names in `[type.googleapis.com/...]` start with.
    """

    messages: Mapping[str, str]
    enums: Mapping[str, str]
    any_prefix: str


class Field(NamedTuple):
    """One field of a message."""

    number: int
    type: str
    repeated: bool


class Place(NamedTuple):
    """Where a text in quotes stands, or several that belong together.

    Attributes:
        start: of what it stands for, in the wire format.
        end: of that.
        first: of the text.
        last: behind it.
    """

    start: int
    end: int
    first: int
    last: int


class _Level:
    """A message that is being written."""

    __slots__ = ("closing", "field", "fields", "in_list", "out", "places", "seen")

    def __init__(
        self,
        fields: Mapping[str, Field],
        closing: bytes,
        field: Field,
        places: list[Place] | None,
    ) -> None:
        self.fields = fields
        self.places = places  # of its texts, where somebody asked for them
        self.closing = closing
        self.field = field  # that it is the value of
        self.out = bytearray()
        self.seen: set[str] = set()
        self.in_list: Field | None = None  # whose list of messages is open


def encode(text: bytes, message: str, schema: Schema) -> bytes:
    """The wire format of a message in the text format.

    Raises:
        DamagedFileError: the text is no such message; `where` is line and column.
    """
    return _Encoder(text, schema).message(message, None)


def encode_with_places(text: bytes, message: str, schema: Schema) -> tuple[bytes, list[Place]]:
    """The wire format of a message in the text format, and the places of its texts in order.

    Raises:
        DamagedFileError: the text is no such message; `where` is line and column.
    """
    places: list[Place] = []
    return _Encoder(text, schema).message(message, places), places


class _Encoder:
    """One pass over a text. Open messages are a stack, so depth costs no recursion."""

    def __init__(self, text: bytes, schema: Schema) -> None:
        self._schema = schema
        self._fields: dict[str, dict[str, Field]] = {}
        self._enums: dict[str, dict[bytes, int]] = {}
        self._tokens = Tokens(text)

    def message(self, name: str, places: list[Place] | None) -> bytes:
        root = Field(0, name, repeated=False)
        levels = [_Level(self._fields_of(name), b"", root, places)]
        while True:
            level = levels[-1]
            token = self._tokens.take()
            if level.in_list is not None:
                self._go_on_with_list(levels, level.in_list, token)
            elif token.text == level.closing and token.kind == "mark":
                levels.pop()
                if not levels:
                    return bytes(level.out)
                _write_run(levels[-1].out, level.field.number, bytes(level.out))
                _hand_over(level, levels[-1])
                self._skip_separator(levels[-1])
            elif token.kind == "word":
                self._field(levels, token)
            elif token.text == b"[":
                self._any(levels, token)
            else:
                raise self._tokens.unexpected(token, "a field")

    # Fields.

    def _field(self, levels: list[_Level], token: Token) -> None:
        level = levels[-1]
        name = token.text.decode("ascii")
        field = level.fields.get(name)
        if field is None:
            raise self._tokens.error(f"there is no field {name} in {level.field.type}", token)
        if not field.repeated and name in level.seen:
            raise self._tokens.error(f"field {name} comes twice", token)
        level.seen.add(name)
        colon = self._tokens.skip(b":")
        if field.type in self._schema.messages:
            self._open(levels, field, self._tokens.take())
        elif not colon:
            raise self._tokens.unexpected(self._tokens.next, "a colon")
        elif field.repeated and self._tokens.skip(b"["):
            self._scalars(level, field)
            self._skip_separator(level)
        else:
            self._scalar(level, field)
            self._skip_separator(level)

    def _open(self, levels: list[_Level], field: Field, token: Token) -> None:
        """Start a message, or a list of messages."""
        if token.text == b"[" and field.repeated:
            if not self._tokens.skip(b"]"):
                levels[-1].in_list = field
                self._open(levels, field._replace(repeated=False), self._tokens.take())
            return
        if token.text not in _CLOSING or token.kind != "mark":
            raise self._tokens.unexpected(token, "{")
        if len(levels) > _MOST_LEVELS:
            raise self._tokens.error("messages are nested too deep", token)
        places: list[Place] | None = None if levels[-1].places is None else []
        fields = self._fields_of(field.type)
        levels.append(_Level(fields, _CLOSING[token.text], field, places))

    def _go_on_with_list(self, levels: list[_Level], field: Field, token: Token) -> None:
        """Behind a message of a list: another one, or the end of the list."""
        if token.text == b",":
            self._open(levels, field._replace(repeated=False), self._tokens.take())
        elif token.text == b"]":
            levels[-1].in_list = None
            self._skip_separator(levels[-1])
        else:
            raise self._tokens.unexpected(token, "a comma or ]")

    def _any(self, levels: list[_Level], token: Token) -> None:
        """`[type.googleapis.com/package.Message] { ... }`, which stands for a type and bytes."""
        url = b""
        while not self._tokens.skip(b"]"):
            part = self._tokens.take()
            if not part.text or part.kind == "text":
                raise self._tokens.unexpected(part, "]")
            url += part.text
        level = levels[-1]
        name = url.decode("ascii").rpartition("/")[2].removeprefix(self._schema.any_prefix)
        value = level.fields.get("value")
        if "type_url" not in level.fields or value is None or name not in self._schema.messages:
            raise self._tokens.error(f"there is no message {name} that could stand here", token)
        _write_run(level.out, level.fields["type_url"].number, url)
        self._tokens.skip(b":")
        self._open(levels, Field(value.number, name, repeated=False), self._tokens.take())

    def _scalars(self, level: _Level, field: Field) -> None:
        """A list of values, behind its bracket."""
        if self._tokens.skip(b"]"):
            return
        while True:
            self._scalar(level, field)
            token = self._tokens.take()
            if token.text == b"]":
                return
            if token.text != b",":
                raise self._tokens.unexpected(token, "a comma or ]")

    def _skip_separator(self, level: _Level) -> None:
        """Fields may be separated; messages of a list must be, and that is seen to elsewhere."""
        if level.in_list is None and not self._tokens.skip(b","):
            self._tokens.skip(b";")

    # Values.

    def _scalar(self, level: _Level, field: Field) -> None:
        number, kind, _ = field
        out = level.out
        if kind in {"string", "bytes"}:
            string, first, last = self._string()
            _write_run(out, number, string)
            if level.places is not None:
                level.places.append(Place(len(out) - len(string), len(out), first, last))
            return
        negative = self._tokens.skip(b"-")
        token = self._tokens.take()
        if kind in _FLOATS:
            value = self._float(token)
            _write_tag(out, number, _WIRE_TYPES[kind])
            try:
                out += struct.pack(_FLOATS[kind], -value if negative else value)
            except OverflowError:
                out += struct.pack(_FLOATS[kind], float("-inf" if negative else "inf"))
            return
        value = self._integer(token, kind)
        self._write_integer(out, field, -value if negative else value, token)

    def _write_integer(self, out: bytearray, field: Field, value: int, token: Token) -> None:
        number, kind, _ = field
        low, high = _RANGES.get(kind, _RANGES["int32"])
        if not low <= value <= high:
            raise self._tokens.error(f"{value} does not fit into {kind}", token)
        wire_type = _WIRE_TYPES.get(kind, VARINT)
        _write_tag(out, number, wire_type)
        if wire_type != VARINT:
            out += value.to_bytes(8 if wire_type == FIXED64 else 4, "little")
        elif kind.startswith("sint"):
            write_varint(out, value << 1 if value >= 0 else (~value << 1) | 1)
        else:
            write_varint(out, value & _MASK)

    def _integer(self, token: Token, kind: str) -> int:
        if token.kind == "word":
            known = _BOOLS if kind == "bool" else self._values_of(kind)
            if token.text not in known:
                raise self._tokens.error(f"{token.text.decode()} is no value of {kind}", token)
            return known[token.text]
        if token.kind != "number":
            raise self._tokens.unexpected(token, "a number")
        text = token.text.decode("ascii").lower()
        octal = text.startswith("0") and text.isdigit()
        try:
            value = int(text, 8 if octal else 16 if text.startswith("0x") else 10)
        except ValueError:  # also where there are too many digits
            raise self._tokens.error("no valid integer", token) from None
        if kind == "bool" and value > 1:
            raise self._tokens.error("no truth value", token)
        return value

    def _float(self, token: Token) -> float:
        text = token.text.decode("ascii").lower()
        named = token.kind == "word" and text in {"inf", "infinity", "nan"}
        if not named and (token.kind != "number" or "_" in text):
            raise self._tokens.unexpected(token, "a number")
        try:
            return float(text if named else text.removesuffix("f"))
        except ValueError:
            raise self._tokens.error("no valid number", token) from None

    def _string(self) -> tuple[bytes, int, int]:
        """One text, or several that stand beside each other and belong together; and where."""
        token = self._tokens.take()
        if token.kind != "text":
            raise self._tokens.unexpected(token, "a text in quotes")
        first = token.at
        parts = [self._tokens.unescaped(token)]
        while self._tokens.next.kind == "text":
            token = self._tokens.take()
            parts.append(self._tokens.unescaped(token))
        return b"".join(parts), first, token.at + len(token.text)

    # The schema.

    def _fields_of(self, message: str) -> dict[str, Field]:
        known = self._fields.get(message)
        if known is None:
            known = self._fields[message] = {}
            for row in filter(None, self._schema.messages[message].split("; ")):
                name, number, kind = row.split(" ")
                known[name] = Field(int(number), kind.removesuffix("*"), kind.endswith("*"))
        return known

    def _values_of(self, enum: str) -> dict[bytes, int]:
        known = self._enums.get(enum)
        if known is None:
            pairs = (pair.split("=") for pair in self._schema.enums.get(enum, "").split())
            known = self._enums[enum] = {name.encode(): int(value) for name, value in pairs}
        return known


def _hand_over(level: _Level, outer: _Level) -> None:
    """The places in a message as those in the message that it has just been written to."""
    if outer.places is not None:
        base = len(outer.out) - len(level.out)
        outer.places += [
            Place(start + base, end + base, first, last)
            for start, end, first, last in level.places or ()
        ]


def _write_tag(out: bytearray, number: int, wire_type: int) -> None:
    write_varint(out, number << 3 | wire_type)


def _write_run(out: bytearray, number: int, value: bytes) -> None:
    _write_tag(out, number, BYTES)
    write_varint(out, len(value))
    out += value
