"""What the project says of itself; `.ci/run package` builds it and looks inside."""

from __future__ import annotations

import re
import tarfile
import zipfile
from typing import TYPE_CHECKING

from scopecli import __version__
from tests import package
from tests.project import PROJECT
from tests.samples import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_the_changelog_is_of_this_version() -> None:
    """https://keepachangelog.com"""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert sections[0] == "Unreleased"
    released = [re.fullmatch(r"(\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d", row) for row in sections[1:]]
    assert [match[1] for match in released if match][:1] == [__version__]
    assert len([match for match in released if match]) == len(sections) - 1
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_what_it_is_found_by() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    assert all((ROOT / name).exists() for name in [*PROJECT["license-files"], PROJECT["readme"]])
    assert {"tensorflow", "keras", "pytorch", "safetensors"} <= set(PROJECT["keywords"])


def test_contents_are_held_against_the_folders(tmp_path: Path) -> None:
    """A wheel with one module and a sample in it, and an empty sdist."""
    with zipfile.ZipFile(tmp_path / "scopecli.whl", "w") as wheel:
        for name in ("scopecli/errors.py", "sample_checkpoints/README.md"):
            wheel.write(ROOT / name, name)
    tarfile.open(tmp_path / "scopecli.tar.gz", "w:gz").close()
    said = package.complaints(tmp_path)
    assert "the wheel has sample_checkpoints/README.md" in said
    assert "the wheel has no scopecli/py.typed" in said
    assert f"the wheel has no {package.MANUAL}" in said
    assert "the wheel has no scopecli/errors.py" not in said
    assert "the wheel has no scopecli/cli/README.md" not in said
    assert "the sdist has no sample_checkpoints/MANIFEST.json" in said
