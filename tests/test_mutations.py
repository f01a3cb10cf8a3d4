"""Every sample, damaged: a model or a ScopecliError, whatever the bytes.

`SCOPECLI_MUTATIONS=2000 pytest tests/test_mutations.py` tries harder.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import h5py
import pytest

from tests.samples import ALL, ROOT

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = int(os.environ.get("SCOPECLI_MUTATIONS", "40"))


@pytest.mark.parametrize("sample", ALL)
def test_damaged_samples(sample: str, tmp_path: Path) -> None:
    if sample.endswith((".h5", ".keras")) and h5py.version.hdf5_version_tuple < (2, 0, 0):
        pytest.skip("libhdf5 before 2.0 crashes on files whose metadata is damaged")
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutations", sample, str(EXAMPLES), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60 + 2 * EXAMPLES,
        check=False,
    )
    if done.returncode < 0:
        pytest.fail(f"signal {-done.returncode}; the bytes are in {tmp_path}\n{done.stderr}")
    assert done.stdout == "survived\n", f"the bytes are in {tmp_path}\n{done.stderr}"
