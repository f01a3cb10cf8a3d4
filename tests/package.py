"""What is in the wheel and the sdist: `python -m tests.package dist` after `python -m build`."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

from scopecli import __version__
from tests.samples import ROOT

MANUAL = f"scopecli-{__version__}.data/data/share/man/man1/scopecli.1"
PAGES = {"README.md", "scopecli.1"}
# What the tests read beside themselves.
NEEDED = (
    "LICENSE",
    "pyproject.toml",
    ".ci/run",
    ".github/workflows/ci.yml",
    ".github/actions/validate/action.yml",
    ".pre-commit-hooks.yaml",
)


def sources(folder: str) -> set[str]:
    """The files of a folder, but for what Python and Hypothesis leave there."""
    found = {path for path in (ROOT / folder).rglob("*") if path.is_file()}
    return {str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts}


def of_wheel(path: Path) -> set[str]:
    """What is in a wheel, without its metadata."""
    with zipfile.ZipFile(path) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def of_sdist(path: Path) -> set[str]:
    """What is in an sdist, without the folder that holds it all."""
    with tarfile.open(path) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}


def complaints(dist: Path) -> list[str]:
    """What is missing, and what should not be there."""
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    package = {name for name in sources("scopecli") if Path(name).name not in PAGES}
    there, packed = of_wheel(wheel), of_sdist(sdist)
    needed = sources("scopecli") | sources("tests") | sources("sample_checkpoints") | {*NEEDED}
    return [
        *(f"the wheel has no {name}" for name in sorted({*package, MANUAL} - there)),
        *(f"the wheel has {name}" for name in sorted(there - package - {MANUAL})),
        *(f"the sdist has no {name}" for name in sorted(needed - packed)),
    ]


if __name__ == "__main__":
    wrong = complaints(Path(sys.argv[1]))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(bool(wrong))
