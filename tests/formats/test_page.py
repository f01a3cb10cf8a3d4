"""The page of all formats says what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

import scopecli.formats
from scopecli.formats import page
from scopecli.formats.manual import ENTRIES
from scopecli.formats.registry import FORMATS, Format

FOLDER = Path(scopecli.formats.__file__).parent


def test_the_page_is_as_written() -> None:
    """`python -m scopecli.formats` writes it."""
    assert (FOLDER / "README.md").read_text("utf-8") == page.text()


def test_every_format_has_its_part_and_no_other_does() -> None:
    assert list(ENTRIES) == [row.id for row in FORMATS]


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.id)
def test_a_part_is_complete(row: Format) -> None:
    entry = ENTRIES[row.id]
    assert bool(entry.renamed) == bool(row.writer)
    for line in (*entry[:4], entry.renamed):
        assert not line.endswith("."), line
    for oddity in entry.oddities:
        assert oddity.endswith("."), oddity
    assert entry.link.startswith("https://") or (FOLDER / entry.link).is_dir()
