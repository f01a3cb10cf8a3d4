"""What reaches a terminal: Rich, colours, and never what a name would do to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import bundles
from tests.bundles import Tensor
from tests.cli.terminals import HOSTILE, harmless, on_a_terminal, without_colours
from tests.samples import GOOD, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Run, Spawn


COMMANDS = ("tree", "list", "info")


@pytest.mark.parametrize("command", ["tree", "list"])
def test_rich_draws_on_a_terminal(command: str, run: Run) -> None:
    engine, _, shown = on_a_terminal(command, "tf1_gan").partition("\n")
    assert engine == "rich"
    assert "\x1b[" in shown
    piped = run(command, str(SAMPLES / "tf1_gan"))
    assert without_colours(shown) == piped.out.replace(str(SAMPLES) + "/", "")


def test_a_narrow_terminal_cuts_nothing_off() -> None:
    """It wraps long lines itself; what scopecli cut off could not be copied."""
    wide, narrow = (on_a_terminal("tree", "tf1_gan", COLUMNS=width) for width in ("200", "20"))
    assert narrow == wide


def test_no_color_on_a_terminal() -> None:
    """Nor anything else that is no text, and so no Rich."""
    engine, _, shown = on_a_terminal("tree", "tf1_gan", NO_COLOR="1").partition("\n")
    assert engine == "no rich"
    assert "\x1b" not in shown


def test_colours_that_are_asked_for_are_there() -> None:
    shown = on_a_terminal("tree", "tf1_gan", "--color", "always", TERM="dumb", NO_COLOR="1")
    assert shown == on_a_terminal("tree", "tf1_gan")


def test_large_trees_are_streamed(tmp_path: Path) -> None:
    path = bundles.write(tmp_path / "m", {f"odd_{i}_{i * i}/w": Tensor() for i in range(600)})
    engine, _, shown = on_a_terminal("tree", "--no-fold", path).partition("\n")
    assert engine == "no rich"
    assert "\x1b[1;34m" in shown


@pytest.mark.parametrize("command", COMMANDS)
class TestColours:
    def test_always(self, run: Run, command: str) -> None:
        plain = run(command, str(SAMPLES / "tf1_gan"))
        colored = run(command, "--color", "always", str(SAMPLES / "tf1_gan"))
        assert "\x1b[" in colored.out
        assert without_colours(colored.out) == plain.out

    def test_never(self, run: Run, command: str) -> None:
        shown = run(command, "--color", "never", str(SAMPLES / "tf1_gan"), tty=True)
        assert "\x1b" not in shown.out

    def test_a_pipe_has_none(self, spawn: Spawn, command: str) -> None:
        assert "\x1b" not in spawn(command, "tf1_gan").out

    def test_always_beats_no_color(
        self, run: Run, command: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        path = str(SAMPLES / "tf1_gan")
        assert "\x1b" in run(command, "--color", "always", path).out
        assert "\x1b" not in run(command, path).out


class TestEncodings:
    @pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
    @pytest.mark.parametrize("command", COMMANDS)
    def test_guides_in_ascii(self, run: Run, command: str, encoding: str) -> None:
        text = run(command, str(SAMPLES / "tf1_gan"), encoding=encoding).out
        assert text.isascii()
        assert command != "tree" or "|-- " in text

    def test_from_the_environment(self, spawn: Spawn) -> None:
        for environment in (
            {"PYTHONIOENCODING": "ascii"},
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        ):
            result = spawn("tree", "tf1_gan", env=environment)
            assert (result.code, result.err) == (0, "")
            assert result.out.isascii()
            assert "|-- " in result.out

    @pytest.mark.parametrize(
        "arguments",
        ["tree", "list", "info", "list --format csv", "list --format plain", "list --format json"],
    )
    def test_letters_that_the_encoding_does_not_have(
        self, tmp_path: Path, run: Run, spawn: Spawn, arguments: str
    ) -> None:
        path = bundles.write(tmp_path / "m", {"größe/核": Tensor(shape=(2,), data=bytes(8))})
        for result in (
            run(*arguments.split(), path, encoding="ascii"),
            spawn(*arguments.split(), path, env={"PYTHONIOENCODING": "ascii"}),
        ):
            assert (result.code, result.err) == (0, "")
            assert "\\u6838" in result.out

    def test_errors_too(self, spawn: Spawn) -> None:
        result = spawn("tree", "größe", env={"PYTHONIOENCODING": "ascii"})
        assert result.code == 2
        assert result.err == "scopecli: gr\\xf6\\xdfe: no such file or checkpoint\n"


class TestHostileNames:
    @pytest.mark.parametrize("tty", [False, True])
    @pytest.mark.parametrize(
        "arguments",
        [
            "tree",
            "tree --color always",
            "tree --format json",
            "list",
            "list --format plain",
            "list --format csv",
            "list --format json",
            "list --format jsonl",
            "info",
            "info --format json",
        ],
    )
    def test_they_never_reach_the_terminal(
        self, tmp_path: Path, run: Run, arguments: str, tty: bool
    ) -> None:
        path = bundles.write(tmp_path / "m", HOSTILE)
        result = run(*arguments.split(), path, tty=tty)
        assert (result.code, result.err) == (0, "")
        harmless(result.out)
        if "info" not in arguments:
            text = without_colours(result.out)
            assert "[red]bold[" in text
            assert ":smile:" in text
            assert "%s{0}" in text
            assert "\\u001b[2J" in text if "json" in arguments else "\\x1b[2J" in text

    @pytest.mark.parametrize("name", HOSTILE)
    def test_show_and_errors(self, tmp_path: Path, run: Run, name: str) -> None:
        path = bundles.write(tmp_path / "m", HOSTILE)
        scope = name.rpartition("/")[0]
        for tty in (False, True):
            result = run("show", path, name, *([scope] if scope else []), tty=tty)
            assert (result.code, result.err) == (0, "")
            harmless(result.out)
        wrong = run("show", path, f"{name}x")
        assert wrong.code == 2
        harmless(wrong.err)

    def test_string_values(self, tmp_path: Path, run: Run) -> None:
        data = bundles.strings(b"\x1b[2J", b"a\nb", b"\xff", "\u202e".encode(), b"x" * 1000)
        path = bundles.write(tmp_path / "m", {"w": Tensor(bundles.STRING, (5,), data)})
        result = run("show", path, "w")
        harmless(result.out)
        assert "'\\x1b[2J'" in result.out
        assert "and 940 bytes more" in result.out

    def test_paths(self, tmp_path: Path, run: Run) -> None:
        path = bundles.write(tmp_path / "m\x1b[31m\n", {"w": Tensor()})
        for command in COMMANDS:
            harmless(run(command, path).out)

    @pytest.mark.parametrize("command", ["tree", "list", "info", "tree --format json"])
    def test_a_name_of_a_megabyte(self, tmp_path: Path, run: Run, command: str) -> None:
        name = "n" * (1 << 20)
        path = bundles.write(tmp_path / "m", {name: Tensor(), "b/w": Tensor()})
        for tty in (False, True):
            result = run(*command.split(), path, tty=tty)
            assert result.code == 0
            assert name in result.out
            lines = without_colours(result.out).splitlines()
            assert all(len(line) < 300 for line in lines if name not in line)

    @pytest.mark.parametrize(
        "command",
        ["tree", "list", "info", "tree --format json", "tree --depth 3", "tree --sort file"],
    )
    def test_a_name_of_100_000_levels(self, tmp_path: Path, run: Run, command: str) -> None:
        path = bundles.write(tmp_path / "m", {"/".join(["d"] * 100_000): Tensor(), "w": Tensor()})
        for tty in (False, True):
            assert run(*command.split(), path, tty=tty).code == 0
        assert run("show", path, "d/d/d").code == 0
        assert run("show", path, "d/d/e").code == 2


@pytest.mark.parametrize("sample", GOOD)
def test_no_line_of_a_sample_ends_in_spaces(run: Run, sample: str) -> None:
    for command in COMMANDS:
        for line in run(command, str(SAMPLES / sample)).out.splitlines():
            assert line == line.rstrip()
