"""HDF5 that is not Keras's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makers.sample import FIXED_TIME, sample

if TYPE_CHECKING:
    from pathlib import Path


def write_plain_values(file: Any) -> None:
    """Write one dataset for each kind of value that a reader has to name."""
    import h5py
    import numpy as np

    values = file.create_group("values")
    values["big_endian"] = np.arange(6, dtype=">f8").reshape(2, 3)
    values["half"] = np.array([0.5, -1.0, 65504.0], dtype="<f2")
    values["unsigned"] = np.arange(4, dtype="<u2")
    values["complex"] = np.array([1 + 2j, 3 - 4j], dtype="<c8")
    values["scalar"] = np.float64(3.25)
    values["flags"] = np.array([True, False, True])
    colours = h5py.enum_dtype({"red": 0, "green": 1, "blue": 7}, basetype="u1")
    values.create_dataset("colours", data=np.array([7, 0, 1], dtype="u1"), dtype=colours)
    values["fixed_text"] = np.array([b"one", b"three"], dtype="S5")
    values.create_dataset("text", data=["one", "naïve", ""], dtype=h5py.string_dtype())
    ragged = values.create_dataset("ragged", (2,), dtype=h5py.vlen_dtype(np.dtype("<i4")))
    ragged[0] = np.arange(3, dtype="<i4")
    ragged[1] = np.arange(1, dtype="<i4")
    point = np.dtype([("x", "<f4"), ("y", "<f4"), ("label", "S8")])
    values["points"] = np.array([(0.0, 1.0, b"a"), (2.0, 3.0, b"b")], dtype=point)
    values["point_type"] = point
    values["empty"] = h5py.Empty("f4")
    values["no_rows"] = np.zeros((0, 3), dtype="<f4")
    values.create_dataset(
        "zipped",
        data=np.arange(400, dtype="<i4").reshape(20, 20),
        chunks=(10, 10),
        compression="gzip",
        shuffle=True,
        maxshape=(None, 20),
    )
    values["zipped"].attrs["unit"] = "metre"


def write_plain_links(file: Any) -> None:
    """Write each kind of link, and references to objects and regions."""
    import h5py
    import numpy as np

    file["nested/deeper/deepest/value"] = np.arange(3, dtype="<i8")
    links = file.create_group("links")
    links["same_value"] = file["nested/deeper/deepest/value"]
    links["soft"] = h5py.SoftLink("/nested/deeper")
    links["broken_soft"] = h5py.SoftLink("/nested/missing")
    links["external"] = h5py.ExternalLink("not_here.h5", "/weights")
    file["nested/deeper/up_again"] = file["nested"]
    target = file["values/big_endian"]
    references = file.create_group("references")
    objects = references.create_dataset("objects", (2,), dtype=h5py.ref_dtype)
    objects[0] = target.ref
    objects[1] = file["nested"].ref
    regions = references.create_dataset("regions", (1,), dtype=h5py.regionref_dtype)
    regions[0] = target.regionref[0:1, 1:3]
    references.attrs["main"] = target.ref


@sample(
    "plain.h5",
    "h5py",
    "numpy",
    files={"plain.h5": "superblock 0, symbol tables, version 1 headers"},
)
def make_plain(out: Path) -> None:
    """HDF5 that Keras did not write: every kind of type and link that occurs in the wild.

    Compound, enum, bool, big-endian, half, complex, fixed and variable strings, ragged rows,
    a named type, a scalar, an empty dataspace, no rows, chunks with shuffle and gzip; a hard
    link, soft links (one broken), an external link to a file that is not there, a group that
    contains its own ancestor, object and region references.
    """
    import h5py

    with h5py.File(out / "plain.h5", "w") as file:
        write_plain_values(file)
        write_plain_links(file)


@sample(
    "plain_latest.h5",
    "h5py",
    "numpy",
    files={"plain_latest.h5": "superblock 3, version 2 headers with checksums"},
)
def make_plain_latest(out: Path) -> None:
    """The contents of plain.h5 written with libver='latest', which changes every structure.

    In addition a group with 40 links and 12 attributes, enough to move both to fractal heaps
    and version 2 B-trees.
    """
    import h5py

    path = out / "plain_latest.h5"
    with h5py.File(path, "w", libver="latest") as file:
        write_plain_values(file)
        write_plain_links(file)
        dense_group = file.create_group("dense")
        for number in range(40):
            dense_group[f"link_{number:02d}"] = number
        for number in range(12):
            dense_group.attrs[f"attribute_{number:02d}"] = number
    fix_object_times(path)


def fix_object_times(path: Path) -> None:
    """Replace the times in the object headers of an HDF5 file, and their checksums.

    HDF5 offers no way to set them. Leaving them out would be easier, but real files have them
    and they move what follows in the header.
    """
    content = bytearray(path.read_bytes())
    start = content.find(b"OHDR")
    while start >= 0:
        flags = content[start + 5]
        times = 16 if flags & 0x20 else 0
        phases = 4 if flags & 0x10 else 0
        size_width = 1 << (flags & 0x03)
        size_at = start + 6 + times + phases
        end = size_at + size_width
        end += int.from_bytes(content[size_at:end], "little")
        if times:
            old = int.from_bytes(content[end : end + 4], "little")
            if old != lookup3(content[start:end]):
                raise SystemExit(f"{path}: the object header at {start} has another checksum")
            content[start + 6 : start + 22] = FIXED_TIME.to_bytes(4, "little") * 4
            content[end : end + 4] = lookup3(content[start:end]).to_bytes(4, "little")
        start = content.find(b"OHDR", end)
    path.write_bytes(content)


def lookup3(content: bytes | bytearray) -> int:
    """Give Bob Jenkins's lookup3 hash, the checksum of HDF5 metadata."""
    padded = bytes(content) + bytes(-len(content) % 12)
    words = [int.from_bytes(padded[at : at + 4], "little") for at in range(0, len(padded), 4)]
    mask = 0xFFFFFFFF

    def turn(value: int, bits: int) -> int:
        return (value << bits | value >> (32 - bits)) & mask

    a = b = c = (0xDEADBEEF + len(content)) & mask
    for at in range(0, len(words), 3):
        a, b, c = (a + words[at]) & mask, (b + words[at + 1]) & mask, (c + words[at + 2]) & mask
        if at + 3 < len(words):
            for bits in (4, 6, 8, 16, 19, 4):
                a = (a - c & mask) ^ turn(c, bits)
                c = c + b & mask
                a, b, c = b, c, a
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - turn(b, bits) & mask
        a, b, c = b, c, a
    return b
