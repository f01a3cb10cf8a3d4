"""Settings, and where they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.errors import ScopecliError
from scopecli.rules.selection import Selection
from scopecli.rules.settings import Settings, find

if TYPE_CHECKING:
    from pathlib import Path

FULL = """
select = ["N", "S"]
ignore = ["N104"]
extend-select = ["T301"]
fail-on = "warning"
baseline = "known.json"
per-path-ignores = { "old/*" = ["N"], "x.h5" = "S2" }
"""


def settled(folder: Path) -> Settings:
    return Settings(
        Selection(
            ("N", "S"), ("N104",), ("T301",), (("old/*", ("N",)), ("x.h5", ("S2",))), str(folder)
        ),
        "warning",
        str(folder / "known.json"),
    )


def test_none() -> None:
    assert Settings() == Settings(Selection(("ALL",)), "error", "")


def test_its_own_file_is_found_upward(tmp_path: Path) -> None:
    (tmp_path / "scopecli.toml").write_text(FULL, "utf-8")
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    assert find(str(inner)) == settled(tmp_path)


def test_the_projects_file(tmp_path: Path) -> None:
    text = "[tool.scopecli]" + FULL
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    assert find(str(tmp_path)) == settled(tmp_path)


def test_settings_that_are_no_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nscopecli = 3", "utf-8")
    with pytest.raises(ScopecliError, match=r"pyproject\.toml: tool\.scopecli is not a table"):
        find(str(tmp_path))


def test_a_project_without_settings_is_passed(tmp_path: Path) -> None:
    (tmp_path / "scopecli.toml").write_text('ignore = ["N"]', "utf-8")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100", "utf-8")
    assert find(str(inner)).selection.ignore == ("N",)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('selct = ["N"]', ["has an unknown setting 'selct'", "did you mean select?"]),
        ("zzz = 1", ["the settings are select,"]),
        ('select = ["N1O1"]', ["'N1O1'", "did you mean N1"]),
        ("ignore = [1]", ["ignore is not a list of codes"]),
        ("ignore = 1", ["ignore is not a list of codes"]),
        ('fail-on = "bad"', ["fail-on is not one of error, warning, info"]),
        ("per-path-ignores = 3", ["per-path-ignores is not a table"]),
        ("baseline = 3", ["baseline is not the path of a file"]),
        ("select = [", ["is not valid TOML"]),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, parts: list[str]) -> None:
    (tmp_path / "scopecli.toml").write_text(text, "utf-8")
    with pytest.raises(ScopecliError) as caught:
        find(str(tmp_path))
    for part in ["scopecli.toml: ", *parts]:
        assert part in str(caught.value)
