"""Every target over its seeds, what once broke it, and one changed field after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS
from tests.samples import ROOT, SAMPLES, SINGLE

REGRESSIONS = Path(__file__).parent / "regressions"


@pytest.mark.parametrize("name", TARGETS)
def test_a_target(name: str) -> None:
    """In a process of its own, whose memory is bounded."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.checking", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stderr[-3000:]}"


def test_every_sample_is_a_seed() -> None:
    """So every format that is one file has its target."""
    seeds = {data for target in TARGETS.values() for data in target.seeds()}
    assert [name for name in SINGLE if (SAMPLES / name).read_bytes() not in seeds] == []


def test_regressions_have_a_target_and_a_reason() -> None:
    text = (REGRESSIONS / "README.md").read_text("utf-8")
    rows = [line.split("|")[1].strip(" `") for line in text.splitlines() if line.startswith("| `")]
    files = [path for path in REGRESSIONS.rglob("*") if path.is_file() and path.suffix != ".md"]
    assert sorted(rows) == sorted(str(path.relative_to(REGRESSIONS)) for path in files)
    assert {path.parent.name for path in files} <= set(TARGETS)
