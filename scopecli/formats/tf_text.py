"""TensorFlow's messages as text, turned into the wire format so that one reader serves both."""

from __future__ import annotations

from scopecli.binary.source import Source
from scopecli.binary.window import Window
from scopecli.errors import ScopecliError
from scopecli.formats import tf_protobuf

_HEAD = 4096


def opened(path: str, message: str) -> Window:
    """A file that holds a message, in the wire format or as text.

    Raises:
        ScopecliError: it cannot be opened, or is text that contradicts the message.
    """
    with Source(path) as source:
        if tf_protobuf.of_text(source.head(_HEAD)) is None:
            return Window(path)
        text = source.head(source.size)
    from scopecli.binary import pbtxt
    from scopecli.formats.tf_text_layout import ENUMS, MESSAGES

    try:
        schema = pbtxt.Schema(MESSAGES, ENUMS, "tensorflow.")
        return Window(path, pbtxt.encode(text, message, schema))
    except ScopecliError as error:
        error.path = path
        raise
