"""The bytes that a run in a pickle stands for."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from scopecli.binary.member_bytes import PlainBytes, in_order, too_short
from scopecli.binary.pickle.runs import ESCAPED, QUOTED, RAW, TEXT
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.binary.member_bytes import Bytes
    from scopecli.binary.pickle.runs import Run

    # Some of what is written, and whether it is the last, to bytes.
    Decode = Callable[[bytes, bool], bytes]

_PIECE = 1 << 16
# For each way, what a byte takes at the most. Each takes one at least.
_MOST = {RAW: 1, TEXT: 2, QUOTED: 4, ESCAPED: 6}
# A whole number of characters and escapes; `repr` of Python 2 writes no octal ones.
_WHOLE = re.compile(rb"(?:[^\\]+|\\x..|\\[^x])*", re.DOTALL)


class HeldBytes:
    """A few bytes in memory."""

    __slots__ = ("_data", "name", "size")

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self.name = name
        self.size = len(data)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            DamagedFileError: they are not there.
        """
        if offset + length > self.size:
            raise too_short(self.name, offset + length, self.size)
        return self._data[offset : offset + length]

    def close(self) -> None:
        """Nothing is kept between reads."""


class WrittenBytes:
    """Bytes that are written as a text: read from its start on, piece by piece.

    Attributes:
        name: how errors name the file.
        size: how many bytes there are to be.
        position: of the byte that is decoded next.
    """

    __slots__ = ("_at", "_decode", "_left", "_path", "_run", "name", "position", "size")

    def __init__(self, source: Source, run: Run, size: int) -> None:
        """So many bytes of a run in the file, which may be closed afterwards."""
        self._path = source.path
        self._run = run
        self.name = source.name
        self.size = size
        self.close()

    def close(self) -> None:
        """Let go of what it takes to read on from here; the next read begins anew."""
        self._at = self.position = 0
        self._left = b""
        self._decode = _decoder(self._run.written)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            DamagedFileError: they are not there, or are not bytes.
        """
        return in_order(self, offset, length)

    def some(self, most: int) -> bytes:
        """Some of the bytes that follow, at least one."""
        while not self._left:
            self._next()
        piece, self._left = self._left[:most], self._left[most:]
        self.position += len(piece)
        return piece

    def _next(self) -> None:
        """Decode some more."""
        run = self._run
        if self._at >= run.length:
            raise too_short(self.name, self.size, self.position)
        length = min(_PIECE, run.length - self._at)
        with Source(self._path) as source:
            written = source.read(run.offset + self._at, length)
        self._at += length
        try:
            self._left = self._decode(written, self._at == run.length)
        except ValueError as error:
            raise DamagedFileError(
                "has an array whose text is not bytes", path=self.name
            ) from error


def of_run(source: Source, run: Run, size: int) -> Bytes:
    """The bytes of a run that is to have so many; or none of them, where it cannot."""
    if run.written == RAW:
        return PlainBytes(source.window(run.offset, run.length, "pickle"))
    if not size <= run.length <= _MOST[run.written] * size:
        return HeldBytes(b"", source.name)
    return WrittenBytes(source, run, size)


def _decoder(written: str) -> Decode:
    if written == QUOTED:
        return _Unquoting().decode
    decoder = codecs.getincrementaldecoder("utf-8" if written == TEXT else "raw-unicode-escape")()

    def decode(data: bytes, final: bool) -> bytes:  # noqa: FBT001 - as codecs have it
        return decoder.decode(data, final).encode("latin-1")

    return decode


class _Unquoting:
    """Turns escapes into bytes, one of which may be in two pieces."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def decode(self, data: bytes, final: bool) -> bytes:  # noqa: FBT001 - as codecs have it
        data = self._rest + data
        found = _WHOLE.match(data)
        end = len(data) if final or found is None else found.end()
        self._rest = data[end:]
        unescape: Callable[[bytes], tuple[bytes, int]] = codecs.escape_decode
        return unescape(data[:end])[0]
