"""The structure of HDF5 files: as h5py has it, or left to h5py."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scopecli.binary.hdf5.checksum import lookup3
from scopecli.binary.hdf5.dataset import Dataset
from scopecli.binary.hdf5.pages import LibraryNeededError
from scopecli.binary.hdf5.reader import Hdf5Reader, Place
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, NotAModelError, ScopecliError, UnsupportedError
from scopecli.formats.hdf5.driver import InMemory
from tests import hdf5_files
from tests.damage import mutated
from tests.hdf5_files import GAVE_UP, answers, differences, ours, theirs
from tests.samples import ALL, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Fill = Callable[[h5py.File], Any]

PLACE = Place("x", 0)


def reader(data: bytes) -> Hdf5Reader:
    return Hdf5Reader(InMemory(data, "x.h5"), PLACE)


def ask(data: bytes) -> None:
    """Ask for everything, and fail with the first that cannot be read."""
    for answer in everything(data).values():
        if isinstance(answer, Exception):
            raise answer


def everything(data: bytes) -> dict[str, object]:
    return answers(reader(data))


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., str]:
    def make(fill: Fill, **how: Any) -> str:
        path = tmp_path / "x.h5"
        with h5py.File(path, "w", **how) as file:
            fill(file)
        return str(path)

    return make


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0xDEADBEEF),
        # From the author's own self-test.
        (b"Four score and seven years ago", 0x17770551),
    ],
)
def test_the_checksum(data: bytes, checksum: int) -> None:
    assert lookup3(data) == checksum


@pytest.mark.parametrize("sample", [name for name in ALL if name.endswith(".h5")])
def test_samples_are_as_h5py_has_them(sample: str) -> None:
    path = str(SAMPLES / sample)
    mine = ours(path)
    assert mine is not None
    assert differences(mine, theirs(path)) == []
    if sample != "plain_latest.h5":  # which has chunks in an index of a later version
        assert GAVE_UP not in mine.values()


@pytest.mark.parametrize("seed", range(18))
def test_files_of_all_sorts_are_as_h5py_has_them(seed: int, tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    hdf5_files.write(path, seed, hdf5_files.LIBVERS[seed % len(hdf5_files.LIBVERS)])
    assert differences(ours(path), theirs(path)) == []


def common(file: h5py.File) -> None:
    """What models have, and what is a little odd beside it. Never more than eight in a group."""
    for number, kind in enumerate(hdf5_files.PLAIN_TYPES):
        fields = np.dtype(kind).fields or {}
        if not any(field[0].hasobject for field in fields.values()):
            file.create_dataset(f"types/{number // 8}/{number}", (2, 3), kind)
    for i in range(6):
        layer = file.create_group(f"layers/{i}")
        layer["kernel:0"] = np.zeros((i, 2), "f4")
        layer["bias:0"] = np.zeros(i, "f4")
        layer.attrs["weight_names"] = [b"kernel:0", b"bias:0"]
        layer.attrs["names"] = np.array([b"kernel:0", b"bias:0"])
    file["few/scalar"] = 1.5
    file["few/null"] = h5py.Empty("f4")
    file["few/soft"] = h5py.SoftLink("/few/scalar")
    file["few/outside"] = h5py.ExternalLink("other.h5", "/x")
    file["few/layer"] = file["layers/1"]
    file["few/around"] = file["/"]
    file["few/ä"] = "text"
    file.create_dataset("compact", data=np.zeros(3), dcpl=compact())
    file.attrs["a1"] = '{"class_name": "Model"}' * 500
    file.attrs["a2"] = 2
    file.attrs["a3"] = np.array([1.5, -2], ">f4")
    file.attrs["a4"] = ["free", "ä", ""]
    file.attrs["a5"] = h5py.Empty("S1")
    file.attrs["a6"] = True


def compact() -> Any:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    return properties


def many(file: h5py.File) -> None:
    """So many that B-trees have levels, heaps have grown, and there are holes in both."""
    for i in range(600):
        file[f"many/{i:05}/with a rather long name"] = i
    for i in range(0, 600, 7):
        del file[f"many/{i:05}"]
    file.create_dataset("chunked", data=np.zeros((300, 4)), chunks=(1, 4), compression="gzip")
    file.create_dataset("resizable", (4, 4), "f8", maxshape=(None, 4))
    for i in range(12):
        file.attrs[f"a{i}"] = "x" * i
    file.attrs["names0"], file.attrs["names1"] = ["a"], ["b"]


def dense(file: h5py.File) -> None:
    """Heaps with tables of tables, holes and large objects, and B-trees of three levels."""
    for i in range(4000):
        name = f"many/{i:05}" + "n" * 170
        file[name] = h5py.SoftLink("/x") if i % 50 else h5py.ExternalLink("a.h5", "b")
        if i % 7 == 0:
            del file[name]
        if i % 7 == 1:
            file.move(name, f"many/moved {i}")
    for i in range(40):
        file[f"long/{i}" + "n" * 250 * i] = h5py.SoftLink("t" * (300 * i + 1))
        file[f"emptied/{i}"] = i
    for i in range(40):
        del file[f"emptied/{i}"]


def many_attributes(file: h5py.File) -> None:
    """Of all types, and of all sizes up to more than a header takes."""
    for i, value in enumerate([1, 2.5, "text", ["a", "ä"], np.arange(9000), np.ones(3, ">f2")]):
        file.attrs[f"a{i}"] = value
    for i in range(6, 24):
        file.attrs[f"a{i}"] = "x" * 2**i if i < 16 else i
    for i in range(900):
        file.attrs[f"other {i}"] = i
    for i in range(0, 900, 2):
        del file.attrs[f"other {i}"]


@pytest.mark.parametrize(
    ("fill", "how"),
    [
        (common, {"libver": "earliest"}),
        (common, {"libver": "latest"}),
        (common, {"libver": ("v108", "v108")}),
        (common, {"userblock_size": 1024}),
        (common, {"track_order": True}),
        (many, {"libver": "earliest"}),
        (dense, {"libver": "latest"}),
        (dense, {"libver": ("v108", "v108"), "userblock_size": 512}),
        (dense, {"track_order": True}),
        (many_attributes, {"libver": "latest"}),
        (many_attributes, {"libver": ("v108", "v108")}),
    ],
)
def test_what_is_common_is_not_left_to_h5py(
    build: Callable[..., str], fill: Fill, how: dict[str, Any]
) -> None:
    path = build(fill, **how)
    mine = ours(path)
    assert mine is not None
    assert [question for question, answer in mine.items() if answer == GAVE_UP] == []
    assert differences(mine, theirs(path)) == []


def named_type(file: h5py.File) -> None:
    file["type"] = np.dtype("f4")
    file.create_dataset("x", (2,), file["type"])


def external(file: h5py.File) -> None:
    file.create_dataset("x", (2,), "f4", external=[("raw.bin", 0, 8)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "d", (3,))
    file.create_virtual_dataset("x", layout)


def new_chunks(file: h5py.File) -> None:
    file.create_dataset("x", data=np.zeros(9), chunks=(2,))


def text_in_compound(file: h5py.File) -> None:
    file.create_dataset("x", (2,), np.dtype([("s", h5py.string_dtype())]))


@pytest.mark.parametrize(
    ("fill", "how", "question"),
    [
        (named_type, {}, "objects"),
        (external, {}, "objects"),
        (virtual, {}, "objects"),
        (new_chunks, {"libver": "latest"}, "objects"),
        (text_in_compound, {}, "objects"),
    ],
)
def test_what_is_not_known_is_left_to_h5py(
    build: Callable[..., str], fill: Fill, how: dict[str, Any], question: str
) -> None:
    path = build(fill, **how)
    mine = ours(path)
    assert mine is not None
    assert mine[question] == GAVE_UP
    assert differences(mine, theirs(path)) == []


@pytest.mark.parametrize("how", [{"fs_strategy": "page"}, {"libver": "latest", "swmr": True}])
def test_files_of_which_nothing_is_known(how: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    how = dict(how)
    swmr = how.pop("swmr", False)
    with h5py.File(path, "w", **how) as file:
        file["x"] = 1.0
        if swmr:
            file.swmr_mode = True
            file.flush()
        data = path.read_bytes()
    with pytest.raises(LibraryNeededError):
        reader(data)


def test_addresses_of_other_sizes_are_left_to_h5py(tmp_path: Path) -> None:
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_sizes(4, 4)
    path = tmp_path / "x.h5"
    h5py.h5f.create(str(path).encode(), fcpl=creation).close()
    with pytest.raises(LibraryNeededError):
        reader(path.read_bytes())


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("plain") / "x.h5"
    with h5py.File(path, "w") as file:
        common(file)
        file["chunked"] = np.zeros(1)
        file.create_dataset("in/chunks", data=np.zeros((9, 2)), chunks=(1, 2))
    return path.read_bytes()


@pytest.fixture(scope="module")
def latest(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("latest") / "x.h5"
    with h5py.File(path, "w", libver="latest") as file:
        common(file)
    return path.read_bytes()


def test_a_cut_file_says_so(plain: bytes) -> None:
    with pytest.raises(DamagedFileError, match=f"truncated: has 5000 bytes of {len(plain)}"):
        reader(plain[:5000])


def test_what_is_no_hdf5_file(plain: bytes) -> None:
    with pytest.raises(NotAModelError):
        reader(b"x" * 5000)


@pytest.mark.parametrize(
    ("magic", "question", "problem"),
    [
        (b"TREE", "objects", "no node of a B-tree"),
        (b"SNOD", "objects", "no node of a group"),
        (b"HEAP", "objects", "no heap of names"),
        (b"GCOL", "@a4", "no heap of strings"),
    ],
)
def test_structures_are_known_by_their_magic(
    plain: bytes, magic: bytes, question: str, problem: str
) -> None:
    assert magic in plain
    answer = everything(plain.replace(magic, b"SPAM"))[question]
    assert isinstance(answer, DamagedFileError)
    assert problem in str(answer)


@pytest.mark.parametrize("magic", [b"\x89HDF", b"OHDR", b"OCHK"])
def test_checksums_are_held_against_what_they_are_of(latest: bytes, magic: bytes) -> None:
    at = latest.rindex(magic) + 20
    damaged = latest[:at] + bytes([latest[at] ^ 1]) + latest[at + 1 :]
    with pytest.raises(DamagedFileError, match="another checksum"):
        ask(damaged)


def test_values_are_in_the_file_whatever_their_layout_claims(build: Callable[..., str]) -> None:
    """As for h5py: the place and the size by shape count, and not the size that is stored."""
    path = build(lambda file: file.update({f"x{i}": np.zeros(7) for i in range(3)}))
    with open(path, "rb") as file:
        data = file.read()
    for _, _, at in everything_in(path):
        start, size = at.to_bytes(8, "little"), (56).to_bytes(8, "little")
        assert start + size in data
        beyond = data.replace(start + size, (len(data) - 10).to_bytes(8, "little") + size)
        large = data.replace(start + size, start + (1 << 40).to_bytes(8, "little"))
        with pytest.raises(DamagedFileError, match="has values up to"):
            list(reader(beyond).objects())
        for damaged in (beyond, large):
            rewrite(path, damaged)
            mine, other = ours(path), theirs(path)
            assert mine is not None
            refused = isinstance(mine["objects"], DamagedFileError)
            assert refused == (damaged is beyond)
            if h5py.version.hdf5_version_tuple >= (
                2,
            ):  # older ones look at the place when they read
                assert refused == isinstance(other["objects"], DamagedFileError)
            assert refused or differences(mine, other) == []


def rewrite(path: str, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def everything_in(path: str) -> list[Any]:
    with Source(path) as source:
        return list(Hdf5Reader(source, PLACE).objects())


def test_headers_that_differ_in_one_number_are_told_apart(build: Callable[..., str]) -> None:
    """Datasets that look alike are not read in full, and one that does not is."""

    def fill(file: h5py.File) -> None:
        for i in range(40):
            file[f"a{i:02}"] = np.full((3, 2), i, "f4")
            file[f"b{i:02}"] = np.full(3, i, ">f4" if i == 30 else "f4")
        file.create_dataset("c", (3, 2), "f4")  # nothing is written, so there is no address

    path = build(fill)
    found = everything_in(path)
    kinds = [what for _, what, _ in found if isinstance(what, Dataset)]
    assert len({id(what) for what in kinds}) == 4
    assert differences(ours(path), theirs(path)) == []
    with open(path, "rb") as file:
        data = file.read()
    for name, _, at in found[:-1]:
        kind = ">f4" if name == b"b30" else "f4"
        assert data[at : at + 4] == np.array(int(name[1:]), kind).tobytes()


def test_an_attribute_that_claims_more_than_it_has(build: Callable[..., str]) -> None:
    path = build(lambda file: file.attrs.create("names", np.zeros(77, "S100")))
    with open(path, "rb") as file:
        data = file.read()
    at = data.index((77).to_bytes(8, "little"), data.index(b"names\0"))
    damaged = reader(data[:at] + (1 << 40).to_bytes(8, "little") + data[at + 8 :])
    root = damaged.group("")
    assert root is not None
    with pytest.raises(DamagedFileError, match=r"claims .*attribute names"):
        damaged.one_attribute(root, "names")


def test_a_group_in_itself_ends(build: Callable[..., str]) -> None:
    def fill(file: h5py.File) -> None:
        file["a/x"] = 1.0
        file["a/a"] = file["a"]
        file["a/root"] = file["/"]

    found = [(name, what) for name, what, _ in everything_in(build(fill))]
    assert [name for name, _ in found] == [b"a/a", b"a/root", b"a/x"]


def test_structures_that_share_bytes_are_refused(build: Callable[..., str]) -> None:
    """A chain of B-trees that leads back to itself, and a header that goes on in itself."""

    def fill(file: h5py.File) -> None:
        for i in range(600):
            file[f"x{i}"] = i
        for i in range(40):
            file["x1"].attrs[f"a{i}"] = "x" * 40

    path = build(fill)
    with open(path, "rb") as file:
        data = bytearray(file.read())
    at = data.index(b"TREE\0\1")  # the root of the tree: its first child is at 24 + 8
    cyclic = bytes(data[: at + 5] + b"\2" + data[at + 6 :])
    with pytest.raises(DamagedFileError):
        list(reader(cyclic).objects())
    where = next(i for i in range(0, len(data) - 24, 8) if data[i : i + 4] == b"\x10\0\x10\0")
    again = where.to_bytes(8, "little")
    looped = bytes(data[: where + 8] + again + data[where + 16 :])
    with pytest.raises(DamagedFileError, match=r"overlap|cut short"):
        list(reader(looped).objects())


def test_names_that_share_bytes_are_refused(build: Callable[..., str]) -> None:
    """Many links by one long name would take as much memory as the file has, many times over."""

    def fill(file: h5py.File) -> None:
        for i in range(400):
            file[f"{i:03}" + "n" * 3000] = h5py.SoftLink("x")
        file["0"] = 1.0

    path = build(fill)
    with open(path, "rb") as file:
        data = bytearray(file.read())
    heap = data.index(b"HEAP")
    size, start = (int.from_bytes(data[heap + at : heap + at + 8], "little") for at in (8, 24))
    data[start : start + size - 1] = b"n" * (size - 1)
    with pytest.raises(DamagedFileError, match="overlap"):
        reader(bytes(data)).group("x")


def test_a_deep_chain_of_groups_is_refused(build: Callable[..., str]) -> None:
    path = build(lambda file: file.create_group("/".join("g" * 700)), libver="latest")
    with pytest.raises(UnsupportedError, match="nested more than 500 deep"):
        everything_in(path)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damage_has_one_error(plain: bytes, latest: bytes, data: st.DataObject) -> None:
    damaged = data.draw(mutated(data.draw(st.sampled_from([plain, latest]))))
    with suppress(ScopecliError, LibraryNeededError):
        everything(damaged)


def rechecked(data: bytes) -> bytes:
    """The file with the checksums of all headers that are where they were computed anew."""
    out = bytearray(data)
    at = data.find(b"OHDR")
    while at >= 0:
        flags = data[at + 5] if at + 5 < len(data) else 0
        width = 1 << (flags & 3)
        head = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0) + width
        end = at + head + int.from_bytes(data[at + head - width : at + head], "little")
        if end + 4 <= len(out):
            out[end : end + 4] = lookup3(bytes(out[at:end])).to_bytes(4, "little")
        at = data.find(b"OHDR", at + 1)
    return bytes(out)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damage_behind_checksums_has_one_error(latest: bytes, data: st.DataObject) -> None:
    first = 48  # the superblock has a checksum of its own
    damaged = latest[:first] + data.draw(mutated(latest[first:]))
    with suppress(ScopecliError, LibraryNeededError):
        everything(rechecked(damaged.ljust(len(latest), b"\0")))
