from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from scopecli.errors import PathError, ScopecliError, UnsupportedError
from scopecli.formats.hdf5 import writer as hdf5_writer
from scopecli.formats.keras import h5_writer, v3_writer, weights_h5_writer
from scopecli.formats.opening import load
from scopecli.formats.staging import Staging
from scopecli.model.renaming import Renaming
from tests.hdf5_renames import contents, moves, renamed
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.hdf5_renames import Writer

PLAIN = ("plain.h5", "plain_latest.h5")


def links(path: Any) -> dict[str, Any]:
    """Soft links with their paths; of all others, that they are there."""
    return {
        name: found[1] if found[0] == "SoftLink" else None
        for name, found in contents(path).items()
        if name != "/"
    }


def renamed_by(path: Path, changes: dict[str, str], *drops: str) -> Path:
    out = path.with_name("renamed.h5")
    renamed(hdf5_writer, path, out, changes, drops)
    return out


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Groups with and without attributes, an empty one, hard and soft links, a user block."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "w", userblock_size=512, track_order=True) as file:
        file.attrs["title"] = "a file"
        file["a/x"] = np.arange(3)
        file["a/y"] = np.arange(4.0)
        file["a/in/z"] = np.arange(5)
        file["b/x"] = np.arange(6)
        file["b"].attrs["of"] = "b"
        file.create_group("empty").attrs["keep"] = 1
        file.create_dataset("zipped", data=np.arange(1000), chunks=(100,), compression="gzip")
        file["again"] = file["a/x"]
        file["b/absolute"] = h5py.SoftLink("/a/in/z")
        file["a/relative"] = h5py.SoftLink("in/z")
        file["outside"] = h5py.ExternalLink("other.h5", "/a/x")
        file["references"] = np.array([file["a/x"].ref, file["b"].ref], h5py.ref_dtype)
    with open(path, "r+b") as raw:
        raw.write(b"user block")
    return path


def test_all_links_are_subjects_and_groups_end_with_a_slash(path: Path) -> None:
    found = {subject.name: subject.kind for subject in hdf5_writer.subjects(load(str(path)))}
    assert found == {
        "a/": "group",
        "a/in/": "group",
        "b/": "group",
        "empty/": "group",
        "a/x": "variable",
        "a/y": "variable",
        "a/in/z": "variable",
        "b/x": "variable",
        "zipped": "variable",
        "references": "variable",
        "again": "link",
        "a/relative": "link",
        "b/absolute": "link",
        "outside": "link",
    }


def test_a_group_moves_with_all_that_is_in_it(path: Path) -> None:
    new = renamed_by(path, moves(hdf5_writer, path, ("a/", "deep/er/")))
    before, after = contents(path), contents(new)
    expected = {
        f"deep/er{name.removeprefix('a')}" if name.split("/")[0] == "a" else name: found
        for name, found in before.items()
    }
    expected |= {"b/absolute": ("SoftLink", "/deep/er/in/z"), "deep": ("Group", {})}
    assert after == expected
    with h5py.File(new) as file:
        assert file["again"] == file["deep/er/x"]
        assert file[file["references"][0]] == file["again"]
        assert file["b/absolute"] == file["deep/er/relative"] == file["deep/er/in/z"]
    assert new.read_bytes().startswith(b"user block")


def test_the_group_alone_moves_what_is_in_it(path: Path) -> None:
    assert links(renamed_by(path, {"a/": "c/"})) == links(
        renamed_by(path, moves(hdf5_writer, path, ("a/", "c/")))
    )


def test_there_and_back_is_the_same_file(path: Path) -> None:
    before = contents(path)
    out = renamed_by(path, {"a/": "c/d/", "b/": "a/", "a/in/": "c/d/out/", "zipped": "b"})
    back = renamed(
        hdf5_writer,
        out,
        path.with_name("back.h5"),
        {"c/d/": "a/", "a/": "b/", "b": "zipped"} | {"c/d/out/": "a/in/"},
    )
    assert contents(back) == before


@pytest.mark.parametrize("sample", PLAIN)
def test_there_and_back_with_every_name_of_a_sample(sample: str, tmp_path: Path) -> None:
    path = SAMPLES / sample
    changes = moves(hdf5_writer, path, ("", "x/"))
    out = renamed(hdf5_writer, path, tmp_path / "out.h5", changes)
    found = contents(out)
    assert set(found) == {"/", "x"} | {f"x/{name}" for name in contents(path) if name != "/"}
    back = {new: old for old, new in changes.items()}
    assert contents(renamed(hdf5_writer, out, tmp_path / "back.h5", back)) == contents(path)


def test_names_change_places(path: Path) -> None:
    changes = {"a/": "b/", "b/": "a/", "b/x": "a/x", "b/absolute": "a/absolute"}
    changes |= {"a/x": "b/y", "a/y": "b/in/z", "a/in/z": "b/x", "a/relative": "b/relative"}
    with h5py.File(renamed_by(path, changes)) as file:
        shapes = {name: file[name].shape for name in ("b/x", "b/y", "b/in/z", "a/x")}
        assert shapes == {"b/x": (5,), "b/y": (3,), "b/in/z": (4,), "a/x": (6,)}
        assert file["a"].attrs["of"] == "b"
        assert file["b/relative"] == file["a/absolute"] == file["b/x"]


def test_two_groups_become_one(path: Path) -> None:
    changes = {"a/": "b/", "a/x": "b/x_of_a", "a/y": "b/y", "a/in/z": "b/in/z"}
    found = contents(renamed_by(path, changes))
    assert "a" not in found
    assert {"b/x", "b/x_of_a", "b/y", "b/in/z", "b/absolute", "b/relative"} < set(found)
    assert found["b"][1].keys() == {"of"}


def test_a_dataset_leaves_a_group_that_has_attributes(path: Path) -> None:
    found = contents(renamed_by(path, {"b/x": "empty/x", "b/absolute": "empty/absolute"}))
    assert {"b", "empty", "empty/x"} < set(found)
    assert found["b"][1].keys() == {"of"}
    assert found["empty"][1].keys() == {"keep"}


def test_an_emptied_group_goes_away(path: Path) -> None:
    found = contents(renamed_by(path, {"a/in/z": "z"}))
    assert "a/in" not in found
    assert found["a/relative"] == ("SoftLink", "/z")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"a/x": "b/x"}, "a/x and b/x would both be b/x"),
        ({"a/x": "zipped/x"}, "zipped would be a group and a dataset"),
        ({"zipped": "a"}, "a would be a group and a dataset"),
        ({"b/": "empty/"}, "b and empty would be one group, and both have attributes"),
    ],
)
def test_what_cannot_be_is_refused(path: Path, changes: dict[str, str], problem: str) -> None:
    with pytest.raises(UnsupportedError, match=problem):
        renamed_by(path, changes)


def test_complaints_name_what_hdf5_cannot_hold() -> None:
    names = ["a", "a/b", "c//d", "./e", "f/", "f/g", "h", "h/", "i\0", "j"]
    assert [name for name, _ in hdf5_writer.complaints(names)] == [
        "c//d",
        "./e",
        "i\0",
        "a/b",
        "h/",
    ]


def test_what_is_dropped_gives_its_space_back(path: Path, tmp_path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["big"] = np.zeros(100_000)
        del file["references"]
    new = renamed_by(path, {"a/": "c/"}, "big", "b/x")
    expected = contents(renamed(hdf5_writer, path, tmp_path / "all.h5", {"a/": "c/"}))
    del expected["big"], expected["b/x"]
    assert contents(new) == expected
    assert os.path.getsize(path) > 800_000
    assert os.path.getsize(new) < 20_000
    assert new.read_bytes().startswith(b"user block")
    with h5py.File(new) as file:
        assert file["again"] == file["c/x"]


def test_references_survive_what_is_dropped_beside_them(path: Path) -> None:
    with h5py.File(renamed_by(path, {}, "zipped")) as file:
        assert file[file["references"][0]] == file["a/x"] == file["again"]
        assert file[file["references"][1]] == file["b"]


def test_what_is_referred_to_is_not_dropped(path: Path) -> None:
    with pytest.raises(UnsupportedError, match="references to what would be dropped"):
        renamed_by(path, {}, "a/x", "again")


def test_the_source_of_a_virtual_dataset_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "virtual.h5"
    with h5py.File(path, "w", libver="latest") as file:
        source = file.create_dataset("parts/one", data=np.arange(4))
        layout = h5py.VirtualLayout((4,), source.dtype)
        layout[:] = h5py.VirtualSource(source)
        file.create_virtual_dataset("whole", layout)
        file["other"] = 1
    with pytest.raises(UnsupportedError, match=r"takes values from parts/one.*\(whole\)"):
        renamed_by(path, {"parts/": "p/"})
    with h5py.File(renamed_by(path, {"whole": "all", "other": "o"})) as file:
        assert file["all"][:].tolist() == [0, 1, 2, 3]


def test_names_beyond_ascii(path: Path) -> None:
    new = renamed_by(path, {"a/x": "größe/x", "zipped": "压缩"})
    with h5py.File(new) as file:
        assert file["größe/x"].shape == (3,)
        assert file["压缩"].chunks == (100,)
        assert file.id.links.get_info("压缩".encode()).cset == h5py.h5t.CSET_UTF8


def test_the_data_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "filtered.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a/x", (10,), "f4", chunks=(5,), compression="gzip")
        file["a/x"].id.write_direct_chunk((0,), b"no deflated data")
    with h5py.File(renamed_by(path, {"a/": "b/"})) as file:
        assert file["b/x"].id.read_direct_chunk((0,))[1] == b"no deflated data"


@pytest.mark.parametrize("percent", [0, 20, 60, 99])
@pytest.mark.parametrize(
    ("writer", "sample"),
    [
        (hdf5_writer, "plain.h5"),
        (hdf5_writer, "plain_latest.h5"),
        (h5_writer, "keras2_functional.h5"),
        (v3_writer, "keras3_functional.keras"),
        (weights_h5_writer, "keras3_model.weights.h5"),
    ],
)
def test_a_file_that_is_cut_short_meanwhile(
    writer: Writer, sample: str, percent: int, tmp_path: Path
) -> None:
    data = (SAMPLES / sample).read_bytes()
    path = tmp_path / sample
    path.write_bytes(data)
    model = load(str(path))
    changes = moves(writer, path, ("shared/", "twin/"), ("values/", "numbers/"))
    path.write_bytes(data[: len(data) * percent // 100])
    with pytest.raises(ScopecliError):
        writer.subjects(model)
    with pytest.raises(ScopecliError):
        writer.write(model, Renaming(changes, frozenset()), str(tmp_path / "out"), Staging())


def test_a_folder_that_is_not_there(path: Path) -> None:
    out = str(path.parent / "missing" / "out.h5")
    for drops in (frozenset[str](), frozenset({"zipped"})):
        with pytest.raises(PathError, match="no such folder"):
            hdf5_writer.write(load(str(path)), Renaming({"a/": "c/"}, drops), out, Staging())
