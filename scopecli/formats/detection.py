"""Which format a file has, by its contents; and what it is where it is no model at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, NotAModelError, UnsupportedError
from scopecli.formats.registry import FORMATS
from scopecli.formats.tensorflow import checkpoint_state
from scopecli.formats.torch import marks as torch_marks

if TYPE_CHECKING:
    from scopecli.binary.source import Source

HEAD_SIZE = 4096
_SHOWN = 40

_MAGIC = {b"GGUF": "gguf", b"\x93NUMPY": "npy", b"\x12\x01" + bytes(14): "mxnet"}

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
# A user block of any power of two from 512 may stand before the superblock:
# https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html#Superblock
_HDF5_FIRST_USER_BLOCK = 512
# What becomes of the magic where the file went through a text decoder.
_HDF5_MANGLED = (b"\xef\xbf\xbdHDF", b"\x89HDF\n\x1a\n", b"\xc2\x89HDF")

# A protocol; what empty containers of the first ones begin with; or an import (GLOBAL).
_PICKLED = "pickle"
_PICKLE = re.compile(
    rb"\x80[\x02-\x05]|[}\]]q[\0\1]|[}\]]\.|\([dl]p\d|\(?[ci][\w.]+\n\w+\n", re.DOTALL
)

_DATA_MARK = ".data-"
_DATA_SHARD = r"(.+)\.data-\d{5}-of-\d{5}"

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body")


def identify(source: Source) -> str:
    """The format id of a file.

    Raises:
        NotAModelError: it is something else, and the message says what.
        UnsupportedError: it is a saved model of a format that is not read.
        DamagedFileError: it has the marks of a format and contradicts them.
    """
    head = source.head(HEAD_SIZE)
    _refuse_what_is_no_model(source, head)
    for magic, format_id in _MAGIC.items():
        if head.startswith(magic):
            return format_id
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from scopecli.formats import zip_archive

        return zip_archive.identify(source)
    if head.startswith(_HDF5_MAGIC):
        return _hdf5_format(source)
    for is_of, format_id in _BY_HEAD:
        if is_of(head):
            return format_id
    if _is_table(source) or _starts_as_index(head):
        return _table_format(source)
    if _has_user_block(source):
        return _hdf5_format(source)
    inner = _inner_format(source, head)
    if inner is not None:
        return inner
    raise _unknown(source, head)


def _refuse_what_is_no_model(source: Source, head: bytes) -> None:
    if not head:
        raise NotAModelError("the file is empty", path=source.name)
    if head.startswith(_LFS_POINTER):
        raise NotAModelError(
            "is a Git LFS pointer, not the file itself",
            path=source.name,
            hint="fetch the contents with `git lfs pull`",
        )
    if _is_web_page(head):
        raise NotAModelError(
            "is a web page, not a model",
            path=source.name,
            hint="the download went wrong: fetch the raw file",
        )
    if any(head.startswith(mangled) for mangled in _HDF5_MANGLED):
        raise DamagedFileError(
            "is an HDF5 file that was changed as if it were text",
            path=source.name,
            where="offset 0",
            hint="copy it again in binary mode",
        )


def _is_web_page(head: bytes) -> bool:
    start = head.lstrip().lower()
    return start.startswith(_WEB_PAGE) or (start.startswith(b"<?xml") and b"<html" in start)


def _table_format(source: Source) -> str:
    from scopecli.formats.tensorflow.checkpoints import v2_checkpoint

    if v2_checkpoint.is_index(source):
        return v2_checkpoint.FORMAT
    from scopecli.formats.tensorflow.checkpoints import v1_checkpoint

    if v1_checkpoint.is_checkpoint(source):
        return v1_checkpoint.FORMAT
    raise NotAModelError("is a LevelDB table, not a checkpoint", path=source.name)


def _starts_as_index(head: bytes) -> bool:
    """Whether this is how TensorFlow starts an index: with a bundle header under the empty key.

    One that is cut short has lost what tables are told by, which is at their end.
    """
    return head[:2] == b"\0\0" and head[3:4] == b"\x08" and b"\x1a\x02\x08" in head[5:12]


def _hdf5_format(source: Source) -> str:
    from scopecli.formats.hdf5 import structure as hdf5_structure

    return hdf5_structure.identify(source)


def _has_user_block(source: Source) -> bool:
    """Whether this is HDF5 with something of its user's before it."""
    offset = _HDF5_FIRST_USER_BLOCK
    while offset + len(_HDF5_MAGIC) <= source.size:
        if source.read(offset, len(_HDF5_MAGIC)) == _HDF5_MAGIC:
            return True
        offset *= 2
    return False


def _inner_format(source: Source, head: bytes) -> str | None:
    """The format of what has its marks further inside; None for anything else."""
    if head.startswith(b"{"):
        from scopecli.formats import shard_index

        if shard_index.is_index(head):
            return shard_index.identify(source.path)
    from scopecli.formats.tensorflow.graphs import protobuf

    graph = protobuf.identify(source, head)
    if graph is not None:
        return graph
    from scopecli.formats.flax import reader as flax_msgpack
    from scopecli.formats.onnx import reader as onnx
    from scopecli.formats.tflite import reader as tflite  # imported for few files

    if tflite.is_model(head):
        return tflite.FORMAT
    if flax_msgpack.is_tree(source, head):
        return flax_msgpack.FORMAT
    if onnx.is_model(source):
        return onnx.FORMAT
    return _PICKLED if _PICKLE.match(head) else None


def _is_scopecli_json(head: bytes) -> bool:
    return head.lstrip()[:1] == b"{" and b'"scopecli/model/' in head


# Each of these imports what tells its format, which a file of another one need not pay for.


def _is_table(source: Source) -> bool:
    from scopecli.binary import sstable

    return sstable.is_table(source)


def _is_safetensors(head: bytes) -> bool:
    from scopecli.formats.safetensors import header as safetensors_header

    return safetensors_header.is_header(head)


_BY_HEAD = (
    (_is_safetensors, "safetensors"),
    (torch_marks.is_stream, "torch"),
    (torch_marks.is_metadata, "torch"),
    (torch_marks.is_plain, "torch"),
    (_is_scopecli_json, "scopecli-json"),
)


def _unknown(source: Source, head: bytes) -> NotAModelError | UnsupportedError:
    if torch_marks.is_tar(head):
        return UnsupportedError(
            "is a PyTorch file of before version 0.1.10, which is not read",
            path=source.name,
            hint="load it with PyTorch and save it again",
        )
    if checkpoint_state.is_state(head):
        return NotAModelError("is a checkpoint state file", path=source.name)
    from scopecli.formats import foreign

    what = foreign.what(source, head)
    if what:
        return NotAModelError(f"is {what}", path=source.name)
    start = f"starts with {repr(head[:_SHOWN])[1:]}"
    if source.path.endswith(".py"):
        return NotAModelError(
            "is a program, not a saved model",
            path=source.name,
            hint=f"name what builds the graph: {source.name}:FUNCTION, or see `scopecli dryrun`",
        )
    if foreign.is_text(head):
        return NotAModelError(
            f"is text, not a saved model: {start}",
            path=source.name,
            hint="if it is a message of a server, the download went wrong",
        )
    for row in FORMATS:
        if source.path.endswith(row.suffixes):
            return NotAModelError(
                f"has no {row.title} in it, whatever its name says: {start}",
                path=source.name,
                hint="it is cut short, damaged or something else: copy it again",
            )
    return NotAModelError(
        f"is not a saved model that scopecli knows: {start}",
        path=source.name,
        hint="name its format with --input-format if you know better",
    )


def data_shard_prefix(path: str) -> str | None:
    """The checkpoint prefix, where the path is that of a V2 data shard."""
    match = re.fullmatch(_DATA_SHARD, path) if _DATA_MARK in path else None
    return match[1] if match else None
