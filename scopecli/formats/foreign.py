"""What files are that are no saved model scopecli reads: told by their first bytes, for people."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from scopecli.binary.window import Window
from scopecli.binary.wire import BYTES, VARINT
from scopecli.errors import DamagedFileError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from scopecli.binary.source import Source


class Foreign(NamedTuple):
    """Something that is told by its first bytes."""

    magic: bytes
    offset: int
    what: str


_PLAIN_PICKLE = "a plain Python pickle, and no file of PyTorch's: it is not executed to look"
_OLD_GGML = "a GGML file of before GGUF: convert it with llama.cpp"

_KNOWN = (
    Foreign(b"\x1f\x8b", 0, "gzip data: unpack it first"),
    Foreign(b"BZh", 0, "bzip2 data: unpack it first"),
    Foreign(b"\xfd7zXZ\x00", 0, "xz data: unpack it first"),
    Foreign(b"(\xb5/\xfd", 0, "zstandard data: unpack it first"),
    *(Foreign(bytes([0x80, version]), 0, _PLAIN_PICKLE) for version in range(2, 6)),
    *(Foreign(start, 0, _PLAIN_PICKLE) for start in (b"(dp0\n", b"(lp0\n", b"ccopy_reg\n")),
    Foreign(b"ustar", 257, "a tar archive: unpack it first"),
    Foreign(b"Rar!", 0, "a RAR archive: unpack it first"),
    Foreign(b"7z\xbc\xaf\x27\x1c", 0, "a 7-Zip archive: unpack it first"),
    *(Foreign(magic, 0, _OLD_GGML) for magic in (b"lmgg", b"fmgg", b"tjgg")),
    Foreign(b"ptrt", 0, "a TensorRT engine: it has no names of weights"),
    Foreign(b"ARROW1", 0, "an Arrow file"),
    Foreign(b"PAR1", 0, "a Parquet file"),
    Foreign(b"SQLite format 3\x00", 0, "an SQLite database"),
    Foreign(b"%PDF", 0, "a PDF document"),
    Foreign(b"\x89PNG", 0, "a PNG picture"),
    Foreign(b"\xff\xd8\xff", 0, "a JPEG picture"),
    Foreign(b"\x7fELF", 0, "a program"),
    Foreign(b"MZ\x90", 0, "a program"),
)
_XML = b"<?xml"
_OPENVINO = re.compile(rb"<net\s")
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]+")

# A Core ML `Model`: its version, its description, and one of many kinds of model, whose field
# numbers are 200 and more: https://apple.github.io/coremltools/mlmodel/Format/Model.html
_CORE_ML_FIELDS = {1: VARINT, 2: BYTES, 10: VARINT}
_CORE_ML_KINDS = range(200, 4000)
_MOST_FIELDS = 8


def what(source: Source, head: bytes) -> str:
    """What a file is, to be read after "is"; empty where that cannot be told."""
    for foreign in _KNOWN:
        if head.startswith(foreign.magic, foreign.offset):
            return foreign.what
    start = head.lstrip()
    if start.startswith(_XML):
        return "the graph of an OpenVINO model" if _OPENVINO.search(head) else "an XML document"
    if _is_core_ml(source):
        return "a Core ML model, which is not read"
    if start.startswith((b"{", b"[")) and _TEXT.fullmatch(head):
        return "JSON, and neither a tree of scopecli's nor the index of a model"
    return ""


def is_text(head: bytes) -> bool:
    """Whether a file starts as text does, as no saved model but TensorFlow's own text form."""
    return _TEXT.fullmatch(head) is not None


def _is_core_ml(source: Source) -> bool:
    if source.base:
        return False
    window = Window(source.path)
    try:
        fields = list(islice(window.fields(0, window.size), _MOST_FIELDS))
    except DamagedFileError:
        return False
    kinds = [number for number, kind, _, _ in fields if number in _CORE_ML_KINDS and kind == BYTES]
    others = {number: kind for number, kind, _, _ in fields if number not in kinds}
    return len(kinds) == 1 and 1 in others and others.items() <= _CORE_ML_FIELDS.items()
