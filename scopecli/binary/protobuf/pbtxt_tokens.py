"""The words, numbers, texts and marks of protobuf's text format.

https://protobuf.dev/reference/protobuf/textformat-spec/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKENS = re.compile(
    rb"""(?P<space>[\s]+|\#[^\n]*)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>\.?[0-9](?:[eE][+-]|[0-9A-Za-z_.])*)
    |(?P<text>"(?:[^"\\\n]++|\\[\s\S])*+"|'(?:[^'\\\n]++|\\[\s\S])*+')
    |(?P<mark>[{}<>\[\]:;,./-])""",
    re.VERBOSE,
)
_ESCAPES = re.compile(
    rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]))"
)
_SIMPLE = {
    b"n": b"\n",
    b"t": b"\t",
    b"r": b"\r",
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
    b"\\": b"\\",
    b"'": b"'",
    b'"': b'"',
    b"?": b"?",
}


class Token(NamedTuple):
    """One word, number, text or mark; the end is a mark without text."""

    kind: str
    text: bytes
    at: int


class Tokens:
    """The tokens of a text, of which the next one can be looked at.

    Attributes:
        next: the token that is taken next; at the end, a mark without text.
    """

    __slots__ = ("_rest", "_text", "next")

    def __init__(self, text: bytes) -> None:
        """Start before the first token.

        Raises:
            DamagedFileError: the text does not start with one.
        """
        self._text = text
        self._rest = self._scan()
        self.next = next(self._rest)

    def _scan(self) -> Iterator[Token]:
        at = 0
        text = self._text
        if text.startswith(b"\xef\xbb\xbf"):
            at = 3
        while at < len(text):
            match = _TOKENS.match(text, at)
            if match is None:
                raise self.error(f"unexpected {text[at : at + 1]!r}"[:40], Token("", b"", at))
            kind = match.lastgroup
            if kind is not None and kind != "space":
                yield Token(kind, match[0], at)
            at = match.end()
        yield Token("mark", b"", at)

    def take(self) -> Token:
        """The next token.

        Raises:
            DamagedFileError: what comes behind it is none.
        """
        token = self.next
        if token.text:
            self.next = next(self._rest)
        return token

    def skip(self, mark: bytes) -> bool:
        """Take a mark, if it is next."""
        if self.next.text != mark:
            return False
        self.take()
        return True

    def unexpected(self, token: Token, wanted: str) -> DamagedFileError:
        """The error of a token that stands where something else is meant."""
        found = token.text.decode("utf-8", "replace")[:40] if token.text else "the end"
        return self.error(f"found {found} where {wanted} is meant", token)

    def error(self, problem: str, token: Token) -> DamagedFileError:
        """An error at a token."""
        line = self._text.count(b"\n", 0, token.at) + 1
        column = token.at - self._text.rfind(b"\n", 0, token.at)
        return DamagedFileError(problem, where=f"line {line}, column {column}")

    def unescaped(self, token: Token) -> bytes:
        """What a text in quotes stands for.

        Raises:
            DamagedFileError: it has an escape that is none.
        """
        text = token.text[1:-1]
        if b"\\" not in text:
            return text

        def replace(match: re.Match[bytes]) -> bytes:
            octal, hexadecimal, short, long, simple = match.groups()
            if octal:
                return bytes([int(octal, 8) & 0xFF])
            if hexadecimal:
                return bytes([int(hexadecimal, 16)])
            code = int(short or long or b"0", 16)
            if code and code <= 0x10FFFF:
                return chr(code).encode("utf-8", "surrogatepass")
            if simple not in _SIMPLE:
                raise self.error("unknown escape in a text", token)
            return _SIMPLE[simple]

        return _ESCAPES.sub(replace, text)
