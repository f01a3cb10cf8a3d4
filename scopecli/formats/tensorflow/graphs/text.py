"""TensorFlow's messages as text, turned into the wire format so that one reader serves both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.binary.window import Window
from scopecli.errors import ScopecliError
from scopecli.formats.tensorflow.graphs import protobuf

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.binary.protobuf.pbtxt import Schema
    from scopecli.binary.protobuf.wire_edit import Patch

_HEAD = 4096


def opened(path: str, message: str) -> Window:
    """A file that holds a message, in the wire format or as text.

    Raises:
        ScopecliError: it cannot be opened, or is text that contradicts the message.
    """
    text = _text(path)
    if text is None:
        return Window(path)
    from scopecli.binary.protobuf import pbtxt

    try:
        return Window(path, pbtxt.encode(text, message, _schema()))
    except ScopecliError as error:
        error.path = path
        raise


def patched(window: Window, message: str, patches: Sequence[Patch]) -> Iterator[bytes]:
    """The contents of the file that was opened as a message, with these patches, in pieces.

    Where it is text, it stays text: the patches are made in the texts in quotes that they fall on.

    Raises:
        ScopecliError: it cannot be read any more.
    """
    from scopecli.binary.protobuf import pbtxt_edit, wire_edit

    text = _text(window.path)
    if text is None:
        yield from wire_edit.patched(window, 0, window.size, patches)
    else:
        yield from pbtxt_edit.patched(text, message, _schema(), patches)


def is_text(path: str) -> bool:
    """Whether a file is text, and not in the wire format.

    Raises:
        ScopecliError: it cannot be opened.
    """
    with Source(path) as source:
        return protobuf.of_text(source.head(_HEAD)) is not None


def _text(path: str) -> bytes | None:
    """A file that is text; None where it is in the wire format."""
    if not is_text(path):
        return None
    with Source(path) as source:
        return source.head(source.size)


def _schema() -> Schema:
    from scopecli.binary.protobuf.pbtxt import Schema
    from scopecli.formats.tensorflow.graphs.text_layout import ENUMS, MESSAGES

    return Schema(MESSAGES, ENUMS, "tensorflow.")
