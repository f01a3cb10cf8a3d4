"""What files are that are no saved model scopecli reads: told by their first bytes, for people."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from itertools import islice
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, VARINT
from scopecli.binary.window import Window
from scopecli.errors import DamagedFileError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.binary.source import Source


class Foreign(NamedTuple):
    """Something that is told by its first bytes."""

    magic: bytes
    offset: int
    what: str


_OLD_GGML = "a GGML file of before GGUF: convert it with llama.cpp"
_OLD_NETCDF = "a netCDF file of before version 4: convert it with `nccopy -k nc4`"
_TREES = "a model of {}: it has trees and no tensors"
_DARKNET = "a Darknet network's numbers, without their names"
_PROGRAM = "a program"

_KNOWN = (
    Foreign(b"\x1f\x8b", 0, "gzip data: unpack it first"),
    Foreign(b"BZh", 0, "bzip2 data: unpack it first"),
    Foreign(b"\xfd7zXZ\x00", 0, "xz data: unpack it first"),
    *(
        Foreign(start, 0, "zlib data: unpack it first")
        for start in (b"x\x01", b"x^", b"x\x9c", b"x\xda")
    ),
    Foreign(b"(\xb5/\xfd", 0, "zstandard data: unpack it first"),
    Foreign(b"\x04\x22M\x18", 0, "LZ4 data: unpack it first"),
    Foreign(b"ustar", 257, "a tar archive: unpack it first"),
    Foreign(b"Rar!", 0, "a RAR archive: unpack it first"),
    Foreign(b"7z\xbc\xaf\x27\x1c", 0, "a 7-Zip archive: unpack it first"),
    *(Foreign(magic, 0, _OLD_GGML) for magic in (b"lmgg", b"fmgg", b"tjgg")),
    Foreign(b"ptrt", 0, "a TensorRT engine: it has no names of weights"),
    Foreign(b"ET12", 4, "an ExecuTorch program, which is not read"),
    Foreign(b"ORTM", 4, "a model in ONNX Runtime's own format: give the .onnx that it was made of"),
    Foreign(b"RKNN", 0, "an RKNN model, which is not read"),
    Foreign(b"\xef\xbe\xad\xde", 64, "a Core ML package's numbers, without their names"),
    Foreign(b"\xba\x16O/", 0, "a model of fastText, which is not read"),
    Foreign(b"binf", 0, _TREES.format("XGBoost")),
    Foreign(b"learner{", 10, _TREES.format("XGBoost")),
    Foreign(b"CBM1", 0, _TREES.format("CatBoost")),
    Foreign(b"tree\nversion=", 0, _TREES.format("LightGBM")),
    Foreign(b"\4\0\0\0\1\0\0\0\3\0\0\0V 1", 0, "a file of Torch 7, which is Lua's"),
    *(Foreign(b"\0\0\0\0\2\0\0\0" + end, 0, _DARKNET) for end in (bytes(4), b"\5\0\0\0")),
    Foreign(b"7767517\n", 0, "the graph of an ncnn model, which is not read"),
    Foreign(b"brain.Event:", 23, "a log of TensorBoard's"),
    Foreign(b"/annex/objects/", 0, "a git-annex pointer: fetch the contents with `git annex get`"),
    Foreign(b"MATLAB 5.0 MAT-file", 0, "a MATLAB file of before version 7.3: save it with -v7.3"),
    *(Foreign(magic, 0, _OLD_NETCDF) for magic in (b"CDF\1", b"CDF\2", b"CDF\5")),
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
_PATTERNS = (
    (re.compile(rb"\0{16}[\2-\x40]\0\0\0\x08[^\0]\x10"), "numbers of PaddlePaddle without names"),
    (re.compile(rb"\d+ \d+\n[^ \n]+ "), "a file of word vectors, as word2vec writes them"),
)
# What a decoder of text puts where bytes are none; so much of it is no accident.
_NO_CHARACTER = b"\xef\xbf\xbd"
_MANY = 0.05
_XML = b"<?xml"
_OPENVINO = re.compile(rb"<net\s")
_TEXT = re.compile(r"[\t\n\r\x20-\x7e\xa0-\U0010ffff]+")
_JSON = re.compile(rb'\{\s*["}]|\[\s*[\[{"\d\]]')
_TENSORFLOW_JS = b'"weightsManifest"'

# A Core ML `Model`: its version, its description, and one of many kinds of model, whose field
# numbers are 200 and more: https://apple.github.io/coremltools/mlmodel/Format/Model.html
_CORE_ML_FIELDS = {1: VARINT, 2: BYTES, 10: VARINT}
_CORE_ML_KINDS = range(200, 4000)
# `NetParameter` of caffe.proto: its name, what it says of inputs, and layers.
_CAFFE_LAYER = 100
_CAFFE_FIELDS = frozenset(
    {
        *((number, BYTES) for number in (1, 3, 6, 8, _CAFFE_LAYER)),
        *((number, VARINT) for number in (4, 5, 7)),
    }
)
_MOST_FIELDS = 8


def what(source: Source, head: bytes) -> str:
    """What a file is, to be read after "is"; empty where that cannot be told."""
    return _by_its_start(head) or _by_a_mark(head) or _of_text(head) or _of_fields(source)


def _by_its_start(head: bytes) -> str:
    for foreign in _KNOWN:
        if head.startswith(foreign.magic, foreign.offset):
            return foreign.what
    return next((found for pattern, found in _PATTERNS if pattern.match(head)), "")


def _by_a_mark(head: bytes) -> str:
    if not any(head):
        return f"nothing but zeros, or begins with {len(head)} of them: copy it again"
    if head.count(_NO_CHARACTER) > _MANY * len(head):
        return "a file that was changed as if it were text: copy it again in binary mode"
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


def is_text(head: bytes) -> bool:
    """Whether a file starts as text does, as no saved model but TensorFlow's own text form."""
    try:  # the last character may be cut in two
        text = getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return _TEXT.fullmatch(text) is not None


def _of_fields(source: Source) -> str:
    """What a message of protobuf's is."""
    if source.base:
        return ""
    window = Window(source.path)
    try:
        fields = [row[:2] for row in islice(window.fields(0, window.size), _MOST_FIELDS)]
    except DamagedFileError:
        return ""
    if _is_core_ml(fields):
        return "a Core ML model, which is not read"
    is_caffe = (_CAFFE_LAYER, BYTES) in fields and _CAFFE_FIELDS.issuperset(fields)
    return "a Caffe model, which is not read" if is_caffe else ""


def _is_core_ml(fields: Sequence[tuple[int, int]]) -> bool:
    kinds = [number for number, kind in fields if number in _CORE_ML_KINDS and kind == BYTES]
    others = {number: kind for number, kind in fields if number not in kinds}
    return len(kinds) == 1 and 1 in others and others.items() <= _CORE_ML_FIELDS.items()
