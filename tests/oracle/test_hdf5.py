"""h5py and our own reader, over hundreds of files of all sorts.

`python -m tests.hdf5_readers FOLDER SEED COUNT` goes through as many more as one likes, and says
what is left to h5py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import hdf5_files
from tests.hdf5_files import LIBVERS
from tests.hdf5_readers import GAVE_UP, differences, ours, theirs

if TYPE_CHECKING:
    from pathlib import Path

_FILES = 60


@pytest.mark.parametrize("first", range(100, 100 + 10 * _FILES, _FILES))
def test_both_say_the_same(first: int, tmp_path: Path) -> None:
    path = str(tmp_path / "x.h5")
    answered = 0
    for seed in range(first, first + _FILES):
        hdf5_files.write(path, seed, LIBVERS[seed % len(LIBVERS)])
        mine = ours(path)
        answered += mine is not None and mine["objects"] != GAVE_UP
        assert differences(mine, theirs(path)) == [], seed
    assert answered > _FILES // 4
