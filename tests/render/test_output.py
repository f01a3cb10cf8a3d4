"""What standard output is taken for, and how it is written to."""

from __future__ import annotations

import sys

import pytest

from scopecli.render import output
from scopecli.render.output import Output
from scopecli.render.style import ASCII, UNICODE, Role, sgr
from tests.commands import Stream


@pytest.mark.parametrize(
    ("color", "tty", "environment", "colored"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", False, {"FORCE_COLOR": ""}, False),
        ("auto", True, {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ("auto", True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("never", True, {"FORCE_COLOR": "1"}, False),
        ("always", False, {}, True),
        ("always", True, {"NO_COLOR": "1"}, True),
        ("never", True, {}, False),
    ],
)
def test_colours(
    monkeypatch: pytest.MonkeyPatch,
    color: str,
    tty: bool,
    environment: dict[str, str],
    colored: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with Stream("utf-8", tty=tty) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        found = output.detect(color)
    assert (found.terminal, found.color) == (tty, colored)


@pytest.mark.parametrize(
    ("encoding", "glyphs"),
    [
        ("utf-8", UNICODE),
        ("UTF8", UNICODE),
        ("ascii", ASCII),
        ("latin-1", ASCII),
        ("cp1252", ASCII),
    ],
)
def test_glyphs(monkeypatch: pytest.MonkeyPatch, encoding: str, glyphs: object) -> None:
    with Stream(encoding, tty=False) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert output.detect("auto").glyphs is glyphs


def test_plain_has_nothing_beyond_ascii() -> None:
    assert output.chosen("plain", "always") == (False, False, ASCII)
    assert all(glyph.isascii() for glyph in ASCII)
    assert [len(glyph) for glyph in ASCII[:4]] == [len(glyph) for glyph in UNICODE[:4]]


def test_rich_draws_small_things_on_a_terminal() -> None:
    terminal = Output(terminal=True, color=True, glyphs=UNICODE)
    assert terminal.rich_draws(output.RICH_ROWS)
    assert not terminal.rich_draws(output.RICH_ROWS + 1)
    assert not terminal._replace(terminal=False).rich_draws(1)
    assert not terminal._replace(color=False).rich_draws(1)


@pytest.mark.parametrize("lines", [0, 1, 511, 512, 513, 5000])
def test_everything_is_written_once(capsys: pytest.CaptureFixture[str], lines: int) -> None:
    output.write(f"{i}\n" for i in range(lines))
    assert capsys.readouterr().out.split() == [str(i) for i in range(lines)]


def test_lines_have_no_spaces_at_their_end(capsys: pytest.CaptureFixture[str]) -> None:
    spans: list[tuple[str, Role]] = [("a", "title"), ("  ", "plain"), ("", "dim")]
    output.write_lines([spans], Output(terminal=False, color=False, glyphs=ASCII))
    output.write_lines([spans], Output(terminal=False, color=True, glyphs=ASCII))
    assert capsys.readouterr().out == "a\n\x1b[1ma\x1b[0m\n"


@pytest.mark.parametrize(
    ("text", "role", "expected"),
    [
        ("a", "plain", "a"),
        ("a", "scope", "\x1b[1;34ma\x1b[0m"),
        ("  ", "scope", "  "),
        ("", "scope", ""),
    ],
)
def test_sgr(text: str, role: Role, expected: str) -> None:
    assert sgr((text, role)) == expected
