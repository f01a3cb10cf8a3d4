"""Known findings and their fingerprints."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from scopecli.errors import ScopecliError
from scopecli.model.finding import Finding
from scopecli.rules import baseline

if TYPE_CHECKING:
    from pathlib import Path


def finding(
    code: str = "N101", path: str = "m.h5", subject: str = "a/w", message: str = "x"
) -> Finding:
    return Finding(code, "name", "error", path, "a", subject, message, "fix")


def marks(*findings: Finding) -> list[str]:
    return list(baseline.fingerprints(findings))


def test_a_fingerprint_is_of_rule_file_and_subject() -> None:
    mark = marks(finding())
    assert marks(finding(message="other numbers")) == mark
    others = [finding("N102"), finding(path="n.h5"), finding(subject="a/v")]
    assert all(marks(other) != mark for other in others)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("model.ckpt-200", "model.ckpt-3000"),
        ("a/model.ckpt-200.index", "a/model.ckpt-9.index"),
        ("a\\m.h5", "a/m.h5"),
        ("a/m.h5", "./a/b/../m.h5"),
        ("a/m.h5", os.path.abspath("a/m.h5")),
    ],
)
def test_a_later_step_has_the_same(one: str, other: str) -> None:
    assert marks(finding(path=one)) == marks(finding(path=other))


def test_equal_findings_are_told_apart() -> None:
    first, second = marks(finding(), finding())
    assert first != second
    assert marks(finding(), finding(subject="b"), finding())[::2] == [first, second]


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    findings = [finding(subject=name) for name in "zax"]
    path.write_text(baseline.text_of(findings), "utf-8")
    document = json.loads(path.read_text("utf-8"))
    assert document["schema"] == "scopecli/baseline/1"
    assert [row["subject"] for row in document["findings"]] == ["a", "x", "z"]
    known = baseline.read(str(path))
    assert baseline.new(findings[::-1], known) == []
    assert baseline.new([*findings, finding(subject="new")], known) == [finding(subject="new")]


def test_what_is_moved_is_still_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stays.h5").write_text("")
    before = [finding(path=path, subject=s) for path in ("a.h5", "stays.h5") for s in "xy"]
    (tmp_path / "known.json").write_text(baseline.text_of(before), "utf-8")
    known = baseline.read("known.json")

    moved = [finding(path="b.h5", subject=s) for s in "xy"]
    assert baseline.new([*moved, *before[2:]], known) == []
    more = [finding(path="b.h5", subject="z"), finding("N102", "b.h5", "x")]
    assert baseline.new([*moved, *more], known) == more
    copy = [finding(path="c.h5", subject=s) for s in "xy"]
    assert baseline.new([*moved, *copy], known) == copy  # one file cannot be moved to two places

    (tmp_path / "a.h5").write_text("")
    assert baseline.new(moved, known) == moved


def test_files_are_seen_from_the_folder_of_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two models of one name in two folders, and a run in one of these."""
    (tmp_path / "sub").mkdir()
    for name in ("m.h5", "sub/m.h5"):
        (tmp_path / name).write_text("")
    folder = str(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known.json").write_text(baseline.text_of([finding()], folder), "utf-8")
    known = baseline.read("known.json")
    assert known[0].path == "m.h5"
    monkeypatch.chdir(tmp_path / "sub")
    other = finding()
    assert baseline.new([other], known, folder) == [other]
    assert baseline.new([finding(path="../m.h5")], known, folder) == []
    (tmp_path / "m.h5").unlink()
    assert baseline.new([other], known, folder) == []  # moved


def test_a_checkpoint_that_is_still_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.index").write_text("")
    (tmp_path / "known.json").write_text(baseline.text_of([finding(path="m")]), "utf-8")
    other = finding(path="n")
    assert baseline.new([other], baseline.read("known.json")) == [other]
    (tmp_path / "m.index").unlink()
    assert baseline.new([other], baseline.read("known.json")) == []


def test_order_does_not_matter() -> None:
    findings = [finding(subject=name) for name in "zax"]
    assert baseline.text_of(findings) == baseline.text_of(findings[::-1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": "x", "findings": []}',
        '{"schema": "scopecli/baseline/1", "findings": [1]}',
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ScopecliError, match=r"is no scopecli/baseline/1 document"):
        baseline.read(str(path))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ScopecliError, match="cannot be opened"):
        baseline.read(str(tmp_path / "none.json"))
