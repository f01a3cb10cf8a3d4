"""HDF5 files of all sorts for tests."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Fill = Callable[[Random, h5py.Group], None]


# Versions of the library that a file can be written for; `v200` is not there before HDF5 2.0.
LIBVERS: tuple[Any, ...] = (
    "earliest",
    "latest",
    ("v108", "v108"),
    ("v110", "v110"),
    ("v112", "v112"),
    ("earliest", "v108"),
)
ATTRIBUTES = (*(f"a{i}" for i in range(24)), "weight_names", "names", "names0", "names1")
PLAIN_TYPES: tuple[Any, ...] = (
    "<f4",
    ">f8",
    "<f2",
    "i1",
    ">u2",
    "<i8",
    ">i4",
    "u1",
    "?",
    "S7",
    "<c8",
    ">c16",
    h5py.string_dtype(),
    h5py.string_dtype("ascii"),
    h5py.string_dtype("utf-8", 9),
    h5py.enum_dtype({"A": 1, "BB": 2, "FALSE": 3}, basetype=">i2"),
    h5py.enum_dtype({"TRUE": 1, "FALSE": 0}, basetype="u1"),
    h5py.vlen_dtype("<i4"),
    h5py.vlen_dtype(np.dtype("S3")),
    np.dtype("V2"),
    np.dtype("(3,2)>f4"),
    np.dtype([("a", ">i4"), ("longer name", "f8"), ("c", "S3")]),
    np.dtype([("r", "f4"), ("i", "f8")]),
    np.dtype([("n", [("x", "i1"), ("y", "(2,)f4")]), ("s", h5py.string_dtype())]),
    h5py.ref_dtype,
    h5py.regionref_dtype,
)
_STORED_ONLY = (h5py.h5t.STD_B16BE, h5py.h5t.STD_B8LE, h5py.h5t.UNIX_D32LE, h5py.h5t.STD_I8BE)


def write(path: str, seed: int, libver: Any) -> None:
    """A file with a few of everything."""
    random = Random(seed)
    how: dict[str, Any] = {"libver": libver}
    if random.random() < 0.1:
        how["track_order"] = True
    if random.random() < 0.15:
        how["userblock_size"] = random.choice([512, 1024, 4096])
    elif random.random() < 0.05 and libver in ("latest", ("v110", "v110")):
        how["fs_strategy"] = random.choice(["page", "aggregate", "fsm"])
    with h5py.File(path, "w", **how) as file:
        groups: list[h5py.Group] = [file]
        for _ in range(random.randint(1, 12)):
            fill = random.choice(_FILLS)
            around = random.choice(groups)
            with suppress(*_REFUSED):
                fill(random, around)
            if random.random() < 0.4:
                with suppress(*_REFUSED):
                    around = random.choice(groups)
                    groups.append(around.create_group(_name(random, len(groups))))
        for _ in range(random.randint(0, 3)):
            _delete(random, random.choice(groups))


# What h5py says of a name that is taken, and of types that it does not write.
_REFUSED = (ValueError, TypeError, RuntimeError, OSError, KeyError, NotImplementedError)


def _name(random: Random, number: int) -> str:
    name = random.choice(["x", "kernel:0", "ä-ö", "a b", "vars", "0", "n" * 200, "Ω", "1e-3"])
    return f"{name}{number}" if random.random() < 0.8 else f"{number}/{name}"


def _shape(random: Random) -> tuple[int, ...]:
    return tuple(random.choice([0, 1, 2, 3, 5]) for _ in range(random.randint(0, 4)))


def _dataset(random: Random, group: h5py.Group) -> None:
    kind = random.choice(PLAIN_TYPES)
    group.create_dataset(_name(random, random.randrange(99)), _shape(random), kind)


def _written(random: Random, group: h5py.Group) -> None:
    kind = random.choice(["f4", ">f4", "i8", "f2", "S5"])
    data = np.ones(_shape(random), kind)
    how: dict[str, Any] = {"track_times": random.random() < 0.3}
    if random.random() < 0.2 and data.size:
        how |= {"chunks": True, "compression": random.choice(["gzip", "lzf", None])}
        how |= {"shuffle": random.random() < 0.5, "fletcher32": random.random() < 0.3}
    if random.random() < 0.2 and data.ndim and data.size:
        how["maxshape"] = tuple(random.choice([None, n]) for n in data.shape)
    if random.random() < 0.2:
        how["fillvalue"] = data.dtype.type(0)
    dataset = group.create_dataset(_name(random, random.randrange(99)), data=data, **how)
    if random.random() < 0.3:
        for i in range(random.randint(1, 12)):
            dataset.attrs[f"a{i}"] = "x" * random.randint(0, 300)


def _many_chunks(random: Random, group: h5py.Group) -> None:
    shape = (random.randint(2, 150), random.randint(1, 30))
    group.create_dataset(
        _name(random, random.randrange(99)),
        data=np.zeros(shape),
        chunks=(1, 2) if shape[1] > 1 else (1, 1),
        compression=random.choice(["gzip", None]),
    )


def _odd(random: Random, group: h5py.Group) -> None:
    """What needs h5py's lower level."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout = random.choice(["compact", "early", "late", "external", "filter"])
    if layout == "compact":
        properties.set_layout(h5py.h5d.COMPACT)
    elif layout == "early":
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    elif layout == "external":
        properties.set_external(b"raw.bin", 0, h5py.h5f.UNLIMITED)
    elif layout == "filter":
        properties.set_chunk((2,))
        properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    kind = random.choice([*_STORED_ONLY, h5py.h5t.IEEE_F32LE, h5py.h5t.STD_U64BE, _bfloat16()])
    space = h5py.h5s.create_simple((4,))
    name = random.choice([b"caf\xe9", b"raw", f"o{random.randrange(99)}".encode()])
    h5py.h5d.create(group.id, name, kind, space, properties)


def _bfloat16() -> Any:
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_size(2)
    kind.set_ebias(127)
    return kind


def _empty(random: Random, group: h5py.Group) -> None:
    group[_name(random, random.randrange(99))] = h5py.Empty(random.choice(["f4", "S3"]))


def _links(random: Random, group: h5py.Group) -> None:
    name = _name(random, random.randrange(99))
    if random.random() < 0.4:
        group[name] = h5py.SoftLink(random.choice(["/x", "nowhere", "ä/b", "."]))
    elif random.random() < 0.3:
        group[name] = h5py.ExternalLink("other.h5", "/a/b")
    else:
        found: list[str] = []
        group.file.visit(found.append)
        group[name] = group.file[random.choice([*found, "/"])]


def _type(random: Random, group: h5py.Group) -> None:
    name = f"type{random.randrange(9)}"
    group[name] = np.dtype(random.choice(PLAIN_TYPES))
    if random.random() < 0.3:
        group.create_dataset(f"of {name}", (2,), group[name])


def _virtual(random: Random, group: h5py.Group) -> None:
    layout = h5py.VirtualLayout((2, 3), "f8")
    layout[0] = h5py.VirtualSource("other.h5", "d", (3,))
    group.create_virtual_dataset(f"virtual{random.randrange(9)}", layout)


def _many_members(random: Random, group: h5py.Group) -> None:
    inner = group.create_group(f"many{random.randrange(9)}")
    for i in range(random.choice([5, 9, 40, 400])):
        if i % 7:
            inner[f"{random.choice('abc')}{i}"] = np.float32(i)
        else:
            inner.create_group(f"g{i}/below")


def _dense(random: Random, group: h5py.Group) -> None:
    """Links of all kinds in a heap that has grown, with holes where some have gone or moved."""
    inner = group.create_group(f"dense{random.randrange(9)}", track_order=random.random() < 0.5)
    names = [_long_name(random, i) for i in range(random.choice([9, 20, 70, 300]))]
    for name in names:
        kind = random.random()
        if kind < 0.7:
            inner.create_group(name)
        elif kind < 0.85:
            inner[name] = h5py.SoftLink("s" * random.choice([1, 40, 3000, 9000]))
        elif kind < 0.95:
            inner[name] = h5py.ExternalLink("other.h5", "/a")
        else:
            inner[name] = group.file["/"]
    random.shuffle(names)
    for name in names[: random.choice([0, 3, len(names) // 2, len(names) - 9, len(names) - 2])]:
        if random.random() < 0.6:
            del inner[name]
        else:
            inner.move(name, "moved " + name)


def _long_name(random: Random, number: int) -> str:
    length = random.choice([1, 1, 1, 5, 30, 200, random.choice([1000, 4000, 9000])])
    return random.choice("abcÄ") * length + str(number)


def _nested(random: Random, group: h5py.Group) -> None:
    for _ in range(random.randint(1, 30)):
        group = group.create_group("n")
    group["deep"] = 1.0


def _attributes(random: Random, group: h5py.Group) -> None:
    for _ in range(random.choice([1, 3, 12])):
        value: Any = random.choice(VALUES)(random)
        kind = None
        if isinstance(value, list) and random.random() < 0.5:
            kind = h5py.string_dtype(random.choice(["utf-8", "ascii"]))
        with suppress(UnicodeEncodeError):
            group.attrs.create(random.choice(ATTRIBUTES), value, dtype=kind)


def _dense_attributes(random: Random, group: h5py.Group) -> None:
    """So many, or one so large, that they are in a heap."""
    inner = group.create_group(f"described{random.randrange(9)}", track_order=random.random() < 0.5)
    for name in random.sample(ATTRIBUTES, random.choice([9, 16, len(ATTRIBUTES)])):
        with suppress(*_REFUSED, UnicodeEncodeError):
            inner.attrs[name] = random.choice(VALUES)(random)
    for i in range(random.choice([0, 0, 30, 200])):
        inner.attrs[f"more {i}"] = "m" * random.choice([0, 20, 400])
    if random.random() < 0.4:
        with suppress(*_REFUSED):
            inner.attrs["a0"] = np.arange(random.choice([600, 20_000]))  # more than a header takes
    for name in random.sample(list(inner.attrs), random.randrange(len(inner.attrs))):
        if random.random() < 0.5:
            del inner.attrs[name]
        else:
            h5py.h5a.rename(inner.id, name.encode(), f"moved {name}".encode())


def _fixed_strings(random: Random, group: h5py.Group) -> None:
    """All ways to fill up a string, which h5py alone does not write."""
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(6)
    kind.set_strpad(
        random.choice([h5py.h5t.STR_NULLTERM, h5py.h5t.STR_NULLPAD, h5py.h5t.STR_SPACEPAD])
    )
    kind.set_cset(random.choice([h5py.h5t.CSET_ASCII, h5py.h5t.CSET_UTF8]))
    space = h5py.h5s.create_simple((3,)) if random.random() < 0.7 else None
    space = space or h5py.h5s.create(h5py.h5s.SCALAR)
    name = random.choice(ATTRIBUTES).encode()
    attribute = h5py.h5a.create(group.id, name, kind, space)
    texts = [b"ab\0cd", b" x y  ", b"", b"sixsix", b"  \0", b"\xc3\xa4"]
    values = np.array([random.choice(texts) for _ in range(3)], "S6")
    values = values.reshape(space.shape) if space.shape else values[0].reshape(())
    memory = kind.copy()
    memory.set_strpad(h5py.h5t.STR_NULLPAD)
    attribute.write(np.ascontiguousarray(values), random.choice([kind, memory]))


def _fixed_names(random: Random) -> Any:
    names = [f"layer_{i}/kernel:{i % 3}" for i in range(random.randint(0, 40))]
    return np.array(names, dtype="S")


VALUES: tuple[Callable[[Random], Any], ...] = (
    _fixed_names,
    lambda random: "model config " * random.choice([0, 1, 400, 4000]),
    lambda random: ["ä", "", "b\n" * random.randint(0, 3000)],
    lambda random: np.bytes_(b"fixed"),
    lambda random: random.choice([3, -7, 2.5, float("inf"), 1 << 40]),
    lambda random: np.arange(random.randint(0, 9)).astype(random.choice(["<f4", ">f8", "u1"])),
    lambda random: np.ones((2, 3), random.choice(["f2", ">u4", "i8"])),
    lambda random: h5py.Empty("S1"),
    lambda random: random.choice([True, 1j, np.void(b"xy")]),
    lambda random: np.zeros(3, [("a", "i4")]),
    lambda random: [["a", "b"], ["c", "d"]],
)
_FILLS: tuple[Fill, ...] = (
    _dataset,
    _dataset,
    _written,
    _written,
    _many_chunks,
    _odd,
    _empty,
    _links,
    _links,
    _type,
    _virtual,
    _many_members,
    _dense,
    _dense_attributes,
    _nested,
    _attributes,
    _attributes,
    _attributes,
    _fixed_strings,
)


def _delete(random: Random, group: h5py.Group) -> None:
    """Leave a hole, of a link or of an attribute."""
    names = list(group)
    with suppress(*_REFUSED):
        if names and random.random() < 0.5:
            del group[random.choice(names)]
        elif len(group.attrs):
            del group.attrs[random.choice(list(group.attrs))]
