"""HDF5 files made for a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Fill = Callable[[h5py.File], Any]


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., str]:
    def make(fill: Fill, **how: Any) -> str:
        path = tmp_path / "x.h5"
        with h5py.File(path, "w", **how) as file:
            fill(file)
        return str(path)

    return make
