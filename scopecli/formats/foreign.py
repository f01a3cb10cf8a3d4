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
_PICKLED_ARRAYS = (
    "a Python pickle with NumPy arrays in it, and no file of PyTorch's: it is not executed to look;"
    " if you trust it, load it in Python and save the arrays with numpy.savez"
)
_OLD_GGML = "a GGML file of before GGUF: convert it with llama.cpp"
_PROGRAM = "a program"

_KNOWN = (
    Foreign(b"\x1f\x8b", 0, "gzip data: unpack it first"),
    Foreign(b"BZh", 0, "bzip2 data: unpack it first"),
    Foreign(b"\xfd7zXZ\x00", 0, "xz data: unpack it first"),
    *(Foreign(start, 0, "zlib data: unpack it first") for start in (b"x\x01", b"x\x9c", b"x\xda")),
    Foreign(b"(\xb5/\xfd", 0, "zstandard data: unpack it first"),
    *(Foreign(bytes([0x80, version]), 0, _PLAIN_PICKLE) for version in range(2, 6)),
    *(Foreign(start, 0, _PLAIN_PICKLE) for start in (b"}q\x00", b"]q\x00", b"(dp", b"(lp")),
    Foreign(b"ustar", 257, "a tar archive: unpack it first"),
    Foreign(b"Rar!", 0, "a RAR archive: unpack it first"),
    Foreign(b"7z\xbc\xaf\x27\x1c", 0, "a 7-Zip archive: unpack it first"),
    *(Foreign(magic, 0, _OLD_GGML) for magic in (b"lmgg", b"fmgg", b"tjgg")),
    Foreign(b"ptrt", 0, "a TensorRT engine: it has no names of weights"),
    Foreign(b"ET12", 4, "an ExecuTorch program, which is not read"),
    Foreign(b"ORTM", 4, "a model in ONNX Runtime's own format: give the .onnx that it was made of"),
    Foreign(b"RKNN", 0, "an RKNN model, which is not read"),
    Foreign(b"\xef\xbe\xad\xde", 64, "a Core ML package's weights, which have no names in them"),
    Foreign(b"\xba\x16O/", 0, "a model of fastText, which is not read"),
    Foreign(b"binf", 0, "a model of XGBoost: it has trees and no tensors"),
    Foreign(b"CBM1", 0, "a model of CatBoost: it has trees and no tensors"),
    Foreign(b"tree\nversion=", 0, "a model of LightGBM: it has trees and no tensors"),
    Foreign(b"7767517\n", 0, "the graph of an ncnn model, which is not read"),
    Foreign(b"brain.Event:", 23, "a log of TensorBoard's"),
    Foreign(b"/annex/objects/", 0, "a git-annex pointer: fetch the contents with `git annex get`"),
    Foreign(b"MATLAB 5.0 MAT-file", 0, "a MATLAB file of before version 7.3: save it with -v7.3"),
    Foreign(b"CDF\x01", 0, "a netCDF file of before version 4: convert it with `nccopy -k nc4`"),
    Foreign(b"CDF\x02", 0, "a netCDF file of before version 4: convert it with `nccopy -k nc4`"),
    Foreign(b"ARROW1", 0, "an Arrow file"),
    Foreign(b"PAR1", 0, "a Parquet file"),
    Foreign(b"SQLite format 3\x00", 0, "an SQLite database"),
    Foreign(b"%PDF", 0, "a PDF document"),
    Foreign(b"\x89PNG", 0, "a PNG picture"),
    Foreign(b"\xff\xd8\xff", 0, "a JPEG picture"),
    Foreign(b"GIF8", 0, "a GIF picture"),
    Foreign(b"RIFF", 0, "a sound, a picture or a film"),
    *(Foreign(magic, 0, _PROGRAM) for magic in (b"\x7fELF", b"MZ\x90", b"\xcf\xfa\xed\xfe")),
)
# What stands near the beginning, and not at one place.
_NEAR = (
    (b"<unk>\x15\0\0\0\0\x18\x02", "the vocabulary of SentencePiece: it has no tensors"),
    (b"GivenTensorFill", "a network of Caffe2, which is not read"),
)
_PICKLED_ARRAY = re.compile(rb"numpy\.(?:_core|core)\.(?:multiarray|numeric)")
_PICKLED_CALL = re.compile(rb"c[\w.]+\n\w+\n")  # GLOBAL, by which a pickle may begin
_XML = b"<?xml"
_OPENVINO = re.compile(rb"<net\s")
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]+")
_JSON = re.compile(rb'\{\s*["}]|\[\s*[\[{"\d\]]')
_TENSORFLOW_JS = b'"weightsManifest"'

# A Core ML `Model`: its version, its description, and one of many kinds of model, whose field
# numbers are 200 and more: https://apple.github.io/coremltools/mlmodel/Format/Model.html
_CORE_ML_FIELDS = {1: VARINT, 2: BYTES, 10: VARINT}
_CORE_ML_KINDS = range(200, 4000)
_MOST_FIELDS = 8


def what(source: Source, head: bytes) -> str:
    """What a file is, to be read after "is"; empty where that cannot be told."""
    return _by_its_start(head) or _by_a_mark(head) or _of_text(head) or _of_fields(source)


def _by_its_start(head: bytes) -> str:
    for foreign in _KNOWN:
        if head.startswith(foreign.magic, foreign.offset):
            has_arrays = foreign.what == _PLAIN_PICKLE and _PICKLED_ARRAY.search(head)
            return _PICKLED_ARRAYS if has_arrays else foreign.what
    return _PLAIN_PICKLE if _PICKLED_CALL.match(head) else ""


def _by_a_mark(head: bytes) -> str:
    if not any(head):
        return f"nothing but zeros, or begins with {len(head)} of them: copy it again"
    return next((found for mark, found in _NEAR if mark in head), "")


def _of_text(head: bytes) -> str:
    start = head.lstrip()
    if start.startswith(_XML):
        return "the graph of an OpenVINO model" if _OPENVINO.search(head) else "an XML document"
    if not _JSON.match(start) or not is_text(head):
        return ""
    if _TENSORFLOW_JS in head:
        return "a TensorFlow.js model, which is not read"
    return "JSON, and neither a tree of scopecli's nor the index of a model"


def _of_fields(source: Source) -> str:
    return "a Core ML model, which is not read" if _is_core_ml(source) else ""


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
