"""HDF5 files made for a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import pytest

from scopecli.formats.hdf5 import reader as hdf5

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scopecli.model.model import Model

    Build = Callable[[Callable[[h5py.File], None]], Model]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def make(fill: Callable[[h5py.File], None]) -> Model:
        path = tmp_path / "x.h5"
        with h5py.File(path, "w") as file:
            fill(file)
        return hdf5.read(str(path))

    return make
