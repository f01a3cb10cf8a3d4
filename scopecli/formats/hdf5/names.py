"""Names and paths in HDF5: bytes in the file, text everywhere else."""

from __future__ import annotations


def joined(*parts: str) -> str:
    """A path as HDF5 resolves it: empty parts and `.` stand for nothing."""
    return "/".join(part for part in "/".join(parts).split("/") if part not in {"", "."})


def encoded(path: str) -> bytes:
    """A path as the file has it; the reverse of `decoded`."""
    return path.encode("utf-8", "surrogateescape")


def decoded(name: bytes) -> str:
    """A name from the file, in which bytes that are not UTF-8 survive."""
    return name.decode("utf-8", "surrogateescape")
