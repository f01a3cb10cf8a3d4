"""Commands print what they printed before: `pytest --update-goldens` after a wanted change."""

from __future__ import annotations

import pytest

from tests.golden.transcripts import FOLDER, cases, file_of, transcript
from tests.samples import SAMPLES


@pytest.mark.parametrize(("sample", "command"), cases())
def test_golden(
    sample: str, command: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SAMPLES)
    printed = transcript(sample, command)
    path = file_of(sample, command)
    if request.config.getoption("--update-goldens"):
        path.write_text(printed, "utf-8")
    assert printed == path.read_text("utf-8")


def test_no_transcript_is_left_over() -> None:
    assert {file_of(*case) for case in cases()} == set(FOLDER.glob("*.txt"))
