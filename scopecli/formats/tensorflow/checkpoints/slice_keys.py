"""The keys under which parts of partitioned tensors are stored, with other names in them.

`EncodeTensorNameSlice` in core/util/saved_tensor_slice_util.cc: a zero, the name, then the rank and
the extents, which say nothing of the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import ordered_code
from scopecli.binary.protobuf import wire_writer

if TYPE_CHECKING:
    from scopecli.model.renaming import Renaming


def renamed(key: bytes, renaming: Renaming) -> bytes | None:
    """The key with its tensor's new name; None where that is dropped.

    Raises:
        DamagedFileError: it is no such key.
    """
    _, start = ordered_code.read_number(key, 0)
    name, end = ordered_code.read_string(key, start)
    old = name.decode("utf-8", "surrogateescape")
    if old in renaming.drops:
        return None
    new = wire_writer.encoded_text(renaming.of(old))
    return key[:start] + ordered_code.write_string(new) + key[end:]
