"""Paths that stay in a folder, and those that do not."""

from __future__ import annotations

import pytest

from scopecli.binary.inner_paths import is_inside


@pytest.mark.parametrize("path", ["a", "a/b", "./a", "a..b", "a.b/..c", "a\\b", "c", "é"])
def test_inside(path: str) -> None:
    assert is_inside(path)


@pytest.mark.parametrize(
    "path", ["", "/a", "\\a", "..", "../a", "a/../b", "a\\..\\b", "C:a", "C:\\a", "a\0"]
)
def test_outside(path: str) -> None:
    assert not is_inside(path)
