"""Zstandard frames, unpacked into no more memory than what they hold may take."""

from __future__ import annotations

from scopecli.errors import DamagedFileError


def unpacked(data: bytes, most: int, where: str) -> bytes:
    """The contents of a frame.

    Raises:
        DamagedFileError: it is none, or holds more than `most` bytes.
    """
    import cramjam

    room = bytearray(most)
    try:
        length = cramjam.zstd.decompress_into(data, room)
    except cramjam.DecompressionError as error:
        raise DamagedFileError("has Zstandard data that cannot be unpacked", where=where) from error
    return bytes(memoryview(room)[:length])
