"""The text format of protobuf, turned into the wire format."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.binary.protobuf.pbtxt import Schema, encode
from scopecli.errors import DamagedFileError
from tests.bundles import message

SCHEMA = Schema(
    messages={
        "Root": (
            "name 1 string; items 2 Item*; numbers 3 int32*; color 4 Color; flag 5 bool; "
            "single 6 float; double 7 double; big 8 uint64; signed 9 sint64; fixed 10 fixed64; "
            "raw 11 bytes; root 12 Root; map 13 Root.Entry*; any 14 Any; small 15 uint32"
        ),
        "Item": "id 1 int64; names 2 string*",
        "Root.Entry": "key 1 string; value 2 int32",
        "Any": "type_url 1 string; value 2 bytes",
    },
    enums={"Color": "RED=0 GREEN=1 MINUS=-1"},
    any_prefix="pack.",
)


def made(text: str | bytes) -> bytes:
    return encode(text.encode() if isinstance(text, str) else text, "Root", SCHEMA)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", b""),
        ("# only a comment", b""),
        ("\ufeffname: 'x'", message((1, b"x"))),
        ('name: "a" \'b\'\n"c"', message((1, b"abc"))),
        (r'name: "\n\t\"\\\x41\101\u00e9\U0001F600\?"', message((1, '\n\t"\\AAé😀?'.encode()))),
        (r'raw: "\377\x0\0"', message((11, b"\xff\0\0"))),
        ("numbers: 1 numbers: -2", message((3, 1), (3, -2))),
        ("numbers: [1, 0x10, 010, -0]", message((3, 1), (3, 16), (3, 8), (3, 0))),
        ("numbers: []", b""),
        ("items { id: 1 } items: < id: 2 >", message((2, message((1, 1))), (2, message((1, 2))))),
        ("items [{id: 1}, {}]", message((2, message((1, 1))), (2, b""))),
        ("items: []", b""),
        ("items { names: ['a'], id: 3; }", message((2, message((2, b"a"), (1, 3))))),
        ("color: GREEN", message((4, 1))),
        ("color: MINUS", message((4, -1))),
        ("color: 1", message((4, 1))),
        ("flag: true flag2", None),
        ("flag: t", message((5, 1))),
        ("flag: 0", message((5, 0))),
        ("single: 1.5", b"\x35" + struct.pack("<f", 1.5)),
        ("single: -inf", b"\x35" + struct.pack("<f", float("-inf"))),
        ("single: 1e99", b"\x35" + struct.pack("<f", float("inf"))),
        ("single: 2f", b"\x35" + struct.pack("<f", 2)),
        ("double: - .5e-3", b"\x39" + struct.pack("<d", -0.0005)),
        ("double: infinity", b"\x39" + struct.pack("<d", float("inf"))),
        ("big: 18446744073709551615", message((8, 2**64 - 1))),
        ("signed: -1", message((9, 1))),
        ("signed: 1", message((9, 2))),
        ("fixed: 7", b"\x51" + (7).to_bytes(8, "little")),
        ("root { root { name: 'deep' } }", message((12, message((12, message((1, b"deep"))))))),
        ("map { key: 'a' value: 1 }", message((13, message((1, b"a"), (2, 1))))),
        ("any { [host/pack.Item] { id: 1 } }",
         message((14, message((1, b"host/pack.Item"), (2, message((1, 1))))))),
    ],
)  # fmt: skip
def test_wire_format(text: str, expected: bytes | None) -> None:
    if expected is None:
        with pytest.raises(DamagedFileError):
            made(text)
    else:
        assert made(text) == expected


@pytest.mark.parametrize(
    ("text", "problem", "where"),
    [
        ("nome: 'x'", "there is no field nome in Root", "line 1, column 1"),
        ("name: 'x'\n  name: 'y'", "field name comes twice", "line 2, column 3"),
        ("items {\n id: x }", "x is no value of int64", "line 2, column 6"),
        ("color: BLUE", "BLUE is no value of Color", "line 1, column 8"),
        ("name 'x'", "found 'x' where a colon is meant", "line 1, column 6"),
        ("name: 5", "found 5 where a text in quotes is meant", "line 1, column 7"),
        ("items { id: 1", "found the end where a field is meant", "line 1, column 14"),
        ("items: 5", "found 5 where { is meant", "line 1, column 8"),
        ("items { id: 1 >", "found > where a field is meant", "line 1, column 15"),
        ("items [{} {}]", "found { where a comma or ] is meant", "line 1, column 11"),
        ("numbers: [1 2]", "found 2 where a comma or ] is meant", "line 1, column 13"),
        ("numbers: 99999999999", "99999999999 does not fit into int32", "line 1, column 10"),
        ("big: -1", "-1 does not fit into uint64", "line 1, column 7"),
        ("numbers: 09", "no valid integer", "line 1, column 10"),
        ("numbers: 1.5", "no valid integer", "line 1, column 10"),
        ("flag: 2", "no truth value", "line 1, column 7"),
        ("single: 1.2.3", "no valid number", "line 1, column 9"),
        ("single: wide", "found wide where a number is meant", "line 1, column 9"),
        (r"name: '\q'", "unknown escape in a text", "line 1, column 7"),
        ("name: 'open", 'unexpected b"\'"', "line 1, column 7"),
        ("name: 'a' ?", "unexpected b'?'", "line 1, column 11"),
        ("}", "found } where a field is meant", "line 1, column 1"),
        ("[a.b] { }", "there is no message a.b that could stand here", "line 1, column 1"),
        ("any { [host/pack.Other] { } }", "there is no message Other", "line 1, column 7"),
    ],
)
def test_refusals_say_where(text: str, problem: str, where: str) -> None:
    with pytest.raises(DamagedFileError) as caught:
        made(text)
    assert problem in caught.value.problem
    assert caught.value.where == where


def test_depth_is_limited_and_costs_no_recursion() -> None:
    assert made("root {" * 99 + "}" * 99)
    with pytest.raises(DamagedFileError, match="nested too deep"):
        made("root {" * 5000)


def test_a_long_text_with_many_escapes() -> None:
    assert made(b'raw: "' + rb"\000\377" * 100_000 + b'"')[-4:] == b"\0\xff\0\xff"


@given(st.binary())
def test_any_bytes_give_a_message_or_a_refusal(data: bytes) -> None:
    with suppress(DamagedFileError):
        made(data)


@given(st.text("abcdeimnorst{}<>[]:;,\"'\\ #\n0123456789.-", max_size=80))
def test_any_text_gives_a_message_or_a_refusal(text: str) -> None:
    with suppress(DamagedFileError):
        made(text)
