"""Texts in any notation: a token that is another, gone, repeated or nested."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fuzz.mutators.numbers import number

if TYPE_CHECKING:
    from random import Random


DEEP = 3_000
LONG = 5_000  # digits: more than Python turns into a number
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[A-Za-z_0-9.+-]+|[ \t]+|.', re.DOTALL)
_TEXTS = (
    b"",
    b"/",
    b"..",
    b"a/../b",
    b"\0",
    b"\x1b[2J",
    b"\xff\xfe",
    "\u202e\ud7ff".encode(),
    b"\xed\xb0\x80",
    b"x" * 5_000,
    b"1e999",
    b"-1",
    b"9" * LONG,
    b"nan",
    b'"\\777"',
    b'"\\ud800"',
    b'"',
    b"'",
)


def text(data: bytes, random: Random) -> bytes:
    """Another text in the place of one."""
    return random.choice((*_TEXTS, data * 2, data[:-1], data + b"_1", data + b"/" + data))


def tokens(data: bytes, random: Random) -> bytes:
    """A text in some notation, with one token changed, moved, repeated or nested."""
    found = _TOKEN.findall(data)
    if not found:
        return data
    i = random.randrange(len(found))
    kind = random.randrange(7)
    if kind == 0:
        del found[i]
    elif kind == 1:
        found[i:i] = [found[i]] * random.choice((1, 2, DEEP // len(found[i])))
    elif kind == 2:
        found[i] = random.choice(found)
    elif kind == 3:
        found[i] = random.choice(_TEXTS)
    elif kind == 4:
        j = random.randrange(len(found))
        found[i : i + 4], found[j : j + 4] = found[j : j + 4], found[i : i + 4]
    elif kind == 5:
        found[i:i] = [random.choice((b"[", b"{", b"(", b"<", b"[{", b"a{"))] * DEEP
    else:
        found[i] = str(number(len(found[i]), len(data), random)).encode()
    return b"".join(found)
