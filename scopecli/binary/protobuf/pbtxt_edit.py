"""Patches of a message in the wire format, made in the text that the message was read from.

Only texts in quotes are written anew, so comments, order and layout stay. What a patch changes
outside of texts is a length, which text does not have.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scopecli.binary.protobuf import pbtxt, wire_edit
from scopecli.binary.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.binary.protobuf.pbtxt import Schema
    from scopecli.binary.protobuf.wire_edit import Patch

_SPECIAL = re.compile(rb"[^\x20-\x7e]|[\"'\\\\]")
_ESCAPED = {b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t"}


def patched(text: bytes, message: str, schema: Schema, patches: Iterable[Patch]) -> Iterator[bytes]:
    """A message in the text format with these patches of its wire format, which are in order.

    Raises:
        DamagedFileError: the text is no such message.
    """
    wire, places = pbtxt.encode_with_places(text, message, schema)
    window = Window("", wire)
    rest = iter(patches)
    patch = next(rest, None)
    done = 0
    for place in places:
        inside = []
        while patch is not None and patch[1] <= place.end:
            if patch[0] >= place.start:
                inside.append(patch)
            patch = next(rest, None)
        if inside:
            yield text[done : place.first]
            yield quoted(b"".join(wire_edit.patched(window, place.start, place.end, inside)))
            done = place.last
    yield text[done:]


def quoted(value: bytes) -> bytes:
    """A text in quotes, as protobuf's own printers write it."""
    return b'"' + _SPECIAL.sub(_escape, value) + b'"'


def _escape(match: re.Match[bytes]) -> bytes:
    character = match[0]
    if character in b"\"'\\":
        return b"\\" + character
    return _ESCAPED.get(character) or b"\\%03o" % ord(character)
