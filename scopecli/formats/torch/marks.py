"""What PyTorch's files are told by: the first bytes, or the names of an archive's members."""

from __future__ import annotations

MAGIC = 0x1950A86A20F9469CFC6C
_MAGIC_BYTES = MAGIC.to_bytes(10, "little")
_MAGIC_TEXT = f"L{MAGIC}L".encode()
_MAGIC_WITHIN = 24  # behind the protocol and a frame

FROM_BYTES = "torch.storage._load_from_bytes"  # what a storage in a plain pickle is made by
_OF_TENSORS = b"_load_from_bytes"
PICKLE = "data.pkl"
CLASSES = "__torch__."  # of TorchScript, in its own archive
_IN_A_FOLDER = f"/{PICKLE}"
_PROGRAM = "archive_format"
_PROGRAM_IN_A_FOLDER = f"/{_PROGRAM}"
METADATA = ".metadata"  # in the folder of a distributed checkpoint

_METADATA_MODULE = b"torch.distributed.checkpoint.metadata"
_METADATA_WITHIN = 100

# What the members of the first files, which were tar archives, are called.
_TAR_MEMBERS = (b"sys_info\0", b"pickle\0", b"storages\0", b"tensors\0")
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_TAR_BLOCK = 512


def is_stream(head: bytes) -> bool:
    """Whether a file that starts so is the stream of before version 1.6."""
    return _MAGIC_BYTES in head[:_MAGIC_WITHIN] or head.startswith(_MAGIC_TEXT)


def is_metadata(head: bytes) -> bool:
    """Whether a file that starts so is the metadata of a distributed checkpoint."""
    return head.startswith(b"\x80") and _METADATA_MODULE in head[:_METADATA_WITHIN]


def is_tar(head: bytes) -> bool:
    """Whether a file that starts so is one of before version 0.1.10."""
    if not head.startswith(_TAR_MAGIC, _TAR_MAGIC_AT):
        return False
    return any(head.startswith(_TAR_MEMBERS, at) for at in range(0, len(head), _TAR_BLOCK))


def is_pickle(name: str) -> bool:
    """Whether a member of an archive is its main pickle: in a folder, or at the top."""
    return name == PICKLE or (name.endswith(_IN_A_FOLDER) and name.count("/") == 1)


def is_program(name: str) -> bool:
    """Whether a member of an archive is what `torch.export` marks its programs with."""
    return name == _PROGRAM or (name.endswith(_PROGRAM_IN_A_FOLDER) and name.count("/") == 1)


def is_plain(head: bytes) -> bool:
    """Whether a file that starts so is a plain pickle of tensors."""
    return head.startswith(b"\x80") and _OF_TENSORS in head


def program_in(first: str) -> str:
    """What that mark is called in an archive with this first member, whose folder all are in."""
    return first.partition("/")[0] + _PROGRAM_IN_A_FOLDER
