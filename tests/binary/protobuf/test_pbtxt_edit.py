"""Patches of the wire format, made in the text."""

from __future__ import annotations

from scopecli.binary.protobuf import pbtxt, pbtxt_edit
from scopecli.binary.protobuf.pbtxt import Schema

SCHEMA = Schema({"Row": "name 1 string; inner 2 Row*; note 3 bytes*"}, {}, "")
TEXT = b"""name: 'one' "two" # a comment
inner { name: "x" note: ['\\001', "" "b"] } inner <note: "y">"""


def test_places_are_those_of_the_wire_format() -> None:
    wire, places = pbtxt.encode_with_places(TEXT, "Row", SCHEMA)
    assert wire == pbtxt.encode(TEXT, "Row", SCHEMA)
    found = [(wire[p.start : p.end], TEXT[p.first : p.last]) for p in places]
    assert found == [
        (b"onetwo", b"'one' \"two\""),
        (b"x", b'"x"'),
        (b"\x01", b"'\\001'"),
        (b"b", b'"" "b"'),
        (b"y", b'"y"'),
    ]


def test_only_the_text_that_is_patched_changes() -> None:
    _, places = pbtxt.encode_with_places(TEXT, "Row", SCHEMA)
    first, x = places[0], places[1]
    patches = [
        (first.start - 1, first.start, b"\x07"),  # a length
        (first.start, first.start + 3, b"1"),
        (first.end - 3, first.end, b"2"),
        (x.start, x.end, b'"\\\n\xff'),
    ]
    changed = b"".join(pbtxt_edit.patched(TEXT, "Row", SCHEMA, patches))
    expected = TEXT.replace(b"'one' \"two\"", b'"12"').replace(b'"x"', rb'"\"\\\n\377"')
    assert changed == expected


def test_without_patches_nothing_changes() -> None:
    assert b"".join(pbtxt_edit.patched(TEXT, "Row", SCHEMA, [])) == TEXT


def test_what_is_quoted_reads_as_it_was() -> None:
    value = bytes(range(256))
    text = b"note: " + pbtxt_edit.quoted(value)
    assert pbtxt.encode(text, "Row", SCHEMA)[-256:] == value
