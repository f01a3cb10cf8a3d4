"""Choosing rules by codes, as in ruff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.errors import UnknownNameError
from scopecli.rules import registry
from scopecli.rules.selection import Selection, parse

if TYPE_CHECKING:
    from pathlib import Path

ALL = frozenset(registry.names())


def family(letter: str) -> set[str]:
    return {code for code in ALL if code.startswith(letter)}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), ALL),
        (Selection(select=("N",)), family("N")),
        (Selection(select=("N101", "S")), family("S") | {"N101"}),
        (Selection(ignore=("N",)), ALL - family("N")),
        (Selection(select=("N101",), ignore=("N",)), {"N101"}),
        (Selection(select=("N",), ignore=("N101",)), family("N") - {"N101"}),
        (Selection(select=("N101",), ignore=("N101",)), set()),
        (Selection(select=("S",), extend_select=("N1",)), family("S") | family("N")),
        (Selection(ignore=("ALL",)), set()),
        (
            Selection(select=("ALL",), ignore=("N",), extend_select=("N102",)),
            ALL - family("N") | {"N102"},
        ),
    ],
)
def test_the_longest_prefix_wins(selection: Selection, expected: set[str]) -> None:
    assert selection.codes("model.h5") == expected


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("exports/a.h5", True),
        ("runs/1/exports/a.h5", True),
        ("runs\\exports\\a.h5", True),
        ("a.h5", False),
        ("myexports/a.h5", False),
    ],
)
def test_per_path_ignores(path: str, ignored: bool) -> None:
    selection = Selection(per_path_ignores=(("exports/*", ("N", "S")),))
    assert selection.codes(path) == (ALL - family("N") - family("S") if ignored else ALL)


@pytest.mark.parametrize(
    ("path", "ignored"), [("a.h5", True), ("../a.h5", False), ("deep/a.h5", True)]
)
def test_patterns_are_meant_from_the_folder_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, ignored: bool
) -> None:
    (tmp_path / "exports").mkdir()
    monkeypatch.chdir(tmp_path / "exports")
    selection = Selection(per_path_ignores=(("exports/*", ("N",)),), folder=str(tmp_path))
    assert selection.codes(path) == (ALL - family("N") if ignored else ALL)


def test_codes_are_parsed() -> None:
    assert parse(["n101, s", "ALL,", "T301"]) == ("N101", "S", "ALL", "T301")
    assert parse(["case-only-siblings"]) == ("N101",)


@pytest.mark.parametrize(
    ("word", "hint"),
    [("N1O1", "N101"), ("case-only-sibling", "case-only-siblings"), ("Q", "rules`")],
)
def test_an_unknown_code_gets_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(UnknownNameError, match=f"no rule has the code '{word}'") as caught:
        parse([word])
    assert hint in (caught.value.hint or "")
