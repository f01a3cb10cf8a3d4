"""The command reference and the manual page are those of the commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import scopecli.cli
from scopecli.cli import man_page, reference
from scopecli.cli.group import COMMANDS
from tests.commands import run_in_process

FOLDER = Path(scopecli.cli.__path__[0])
PAGE = (FOLDER / "README.md").read_text("utf-8")


def test_they_are_as_written() -> None:
    """`python -m scopecli.cli` writes them."""
    assert reference.written(PAGE) == PAGE
    assert man_page.text() == (FOLDER / "scopecli.1").read_text("utf-8")


def test_every_command_has_its_place() -> None:
    assert re.findall(r"^<!-- reference: (\S+) -->$", PAGE, re.MULTILINE) == list(COMMANDS)
    assert re.findall(r"^## (\S+)$", PAGE, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_it_says_what_help_says(name: str) -> None:
    page = reference.commands()[name]
    shown = " ".join(run_in_process(name, "-h").out.split())
    for words in (page.usage, *page.paragraphs, *(f"{a} {b}" for a, b in page.options)):
        assert " ".join(words.split()) in shown
    titles = [title for title, _ in page.listings]
    assert titles[0] == "Examples:"
    for example in page.listings[0][1]:
        assert example.startswith("scopecli "), example
