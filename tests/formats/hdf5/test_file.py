"""HDF5 files as they are opened: parts of a file, damage, attributes, who else has them open."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, NotAModelError
from scopecli.formats.hdf5 import reader as hdf5
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.structure import attribute, strings
from tests.models import data_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scopecli.model.model import Model

    Build = Callable[[Callable[[h5py.File], None]], Model]


def test_a_part_of_a_file_is_read_in_place(tmp_path: Path) -> None:
    inner = tmp_path / "inner.h5"
    with h5py.File(inner, "w") as file:
        file["x"] = np.arange(3, dtype="<i2")
    data = inner.read_bytes()
    outer = tmp_path / "outer.bin"
    outer.write_bytes(b"before" + data + b"after")
    with Source(str(outer)) as source:
        window = source.window(6, len(data), "inner")
        assert hdf5_structure.identify(window) == "hdf5"
        cut = hdf5_structure.content_of(source.window(6, len(data) - 9, "cut"))
        with hdf5_structure.opened(hdf5_structure.content_of(window)) as file:
            assert file.place == ("outer.bin", 6)
        with (
            hdf5_structure.opened(cut) as file,
            pytest.raises(DamagedFileError, match="truncated"),
        ):
            file.group("")


def test_a_truncated_file_says_so_with_sizes(build: Build, tmp_path: Path) -> None:
    size = build(lambda file: file.update({"x": np.zeros(1000)})).files[0].size
    assert size is not None
    data = (tmp_path / "x.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(data[: size // 2])
    with pytest.raises(DamagedFileError, match=f"truncated: has {size // 2} bytes of {size}"):
        hdf5.read(str(tmp_path / "cut.h5"))


def test_a_file_left_open_for_writing_gets_a_hint(tmp_path: Path) -> None:
    path = str(tmp_path / "open.h5")
    script = (
        "import h5py, os, sys\n"
        "f = h5py.File(sys.argv[1], 'w', libver='latest')\n"
        "f['x'] = 1.0\n"
        "f.swmr_mode = True\n"
        "f.flush()\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script, path], check=True)
    with pytest.raises(DamagedFileError, match="h5clear -s"):
        hdf5.read(path)


def test_a_file_can_be_open_in_h5py_at_the_same_time(build: Build) -> None:
    model = build(lambda file: file.update({"x": np.arange(3, dtype="<i4")}))
    expected = data_of(model, "x")
    with h5py.File(model.path) as file:  # while our reader has it open
        assert file["x"][()].tobytes() == expected
        again = hdf5.read(model.path)
        assert data_of(again, "x") == expected


def test_what_is_no_hdf5_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"x" * 3000):
        (tmp_path / "x.h5").write_bytes(content)
        with pytest.raises(NotAModelError, match="not an HDF5 file"):
            hdf5.read(str(tmp_path / "x.h5"))


def test_an_attribute_larger_than_the_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.zeros(77, "S100")
    data = bytearray(path.read_bytes())
    at = data.index(b"layer_names\0")
    extent = data.index((77).to_bytes(8, "little"), at)
    data[extent : extent + 8] = (1 << 40).to_bytes(8, "little")
    path.write_bytes(data)
    with (
        hdf5_structure.opened_path(str(path)) as file,
        pytest.raises(DamagedFileError, match="attribute layer_names"),
    ):
        attribute(file, file.group(""), "layer_names")


def test_a_heap_without_end_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["a", "b"]
        file.create_dataset("x", data=["c", "d"], dtype=h5py.string_dtype())
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    data[heap + 16 : heap + 32] = bytes(16)  # the first object: number 0, no size
    path.write_bytes(data)
    model = hdf5.read(str(path))
    assert model.tensors is not None
    with pytest.raises(DamagedFileError, match="never ends"):
        model.tensors.strings(model.variables[0])
    with (
        hdf5_structure.opened_path(str(path)) as opened,
        pytest.raises(DamagedFileError, match="never ends"),
    ):
        attribute(opened, opened.group(""), "layer_names")


def test_attributes_split_in_parts_are_put_together(tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        file.attrs["names0"] = [b"a", b"b"]
        file.attrs["names1"] = ["c"]
        file.attrs["names3"] = ["lost"]
        file.attrs["number"] = 3
        file.attrs["null"] = h5py.Empty("f4")
        file.attrs["none"] = np.zeros(0, "S1")
    with hdf5_structure.opened_path(path) as file:
        root = file.group("")
        assert strings(file, root, "names") == ["a", "b", "c"]
        assert attribute(file, root, "number") == 3
        assert strings(file, root, "number") == []
        assert attribute(file, root, "null") is None
        assert attribute(file, root, "none") == []
        assert attribute(file, root, "absent") is None


def test_groups_are_not_reached_through_soft_links(tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    with h5py.File(path, "w") as file:
        file.create_group("real/inner")
        file["soft"] = h5py.SoftLink("/real")
        file["data"] = 1.0
    with hdf5_structure.opened_path(path) as opened:
        assert opened.group("real/inner") is not None
        assert opened.group("soft/inner") is None
        assert opened.group("data") is None


def test_plugins_are_off_before_the_library_is_loaded() -> None:
    script = "import os, scopecli.formats.hdf5.file\nprint(os.environ['HDF5_PLUGIN_PRELOAD'])\n"
    environment = {k: v for k, v in os.environ.items() if k != "HDF5_PLUGIN_PRELOAD"}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout == "::\n"
