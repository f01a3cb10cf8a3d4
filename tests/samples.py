"""The sample checkpoints, as the tests go through them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "sample_checkpoints"

# Whole, and refused all the same: its values are pickles.
REFUSED = frozenset({"keras3_npz.keras"})


class File(NamedTuple):
    """One row of MANIFEST.json."""

    path: str
    sample: str
    sha256: str
    size: int


def manifest() -> list[File]:
    """All files, in the manifest's order."""
    rows = json.loads((SAMPLES / "MANIFEST.json").read_text("utf-8"))["files"]
    return [File(row["path"], row["sample"], row["sha256"], row["size"]) for row in rows]


FILES = manifest()
# What a user would give: a folder with a checkpoint, or a file.
ALL = tuple(dict.fromkeys(file.sample for file in FILES if not file.sample.startswith("broken/")))
GOOD = tuple(sample for sample in ALL if sample not in REFUSED)
SINGLE = tuple(sample for sample in GOOD if (SAMPLES / sample).is_file())
V2 = tuple(sample for sample in GOOD if any((SAMPLES / sample).glob("*.index")))
BROKEN = tuple(
    dict.fromkeys(
        file.path if Path(file.path).parent == Path("broken") else file.sample
        for file in FILES
        if file.sample.startswith("broken/")
    )
)


def files_of(sample: str) -> list[str]:
    """The files of a sample, relative to the folder of all."""
    return [file.path for file in FILES if file.sample == sample]


def prefix_of(sample: str) -> str:
    """The prefix of a V2 sample's one checkpoint, relative to the folder of all."""
    (index,) = (path for path in files_of(sample) if path.endswith(".index"))
    return index.removesuffix(".index")
