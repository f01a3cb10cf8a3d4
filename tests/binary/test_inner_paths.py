"""Paths that stay in a folder, and those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.binary.inner_paths import is_inside, joined

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("path", ["a", "a/b", "./a", "a..b", "a.b/..c", "a\\b", "c", "é"])
def test_inside(path: str) -> None:
    assert is_inside(path)


@pytest.mark.parametrize(
    "path", ["", "/a", "\\a", "..", "../a", "a/../b", "a\\..\\b", "C:a", "C:\\a", "a\0"]
)
def test_outside(path: str) -> None:
    assert not is_inside(path)


def test_joined(tmp_path: Path) -> None:
    folder = str(tmp_path)
    (tmp_path / "a\\b").touch()
    assert joined(folder, "a\\b") == f"{folder}/a\\b"
    assert joined(folder, "a\\c") == f"{folder}/a/c"
    assert joined(folder, "a\\/etc/c") == f"{folder}/a//etc/c"
    assert joined(folder, "d/e") == f"{folder}/d/e"
