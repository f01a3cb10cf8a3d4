"""Names that would drive a terminal, or end what they stand in, wherever a command writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests import bundles, graphs
from tests.bundles import Tensor
from tests.command_lines import formats

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Run

#: Clear the screen, set the title, end the line, go right to left, a byte that is not UTF-8.
NAMES = (
    "a\x1b[2Jw",
    "a\x1b]0;t\x07/w",
    "line\nend/w\r",
    "\u202etxt/w",
    "\udc9b31m/w",
    "::error::x/w",
)
CASES = (
    ("validate", ("--select", "ALL", "--values", "{a}")),
    ("diff", ("{a}", "{b}")),
    ("stats", ("{a}",)),
    ("tree", ("{a}",)),
    ("list", ("{a}",)),
    ("rename", ("{a}", "--dry-run", "--add-prefix", "x/")),
    ("show", ("{a}", *NAMES)),
)


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, str]:
    """Two checkpoints of hostile names, each with a twin that only differs in case."""
    first = {name: Tensor() for name in NAMES} | {name.upper(): Tensor() for name in NAMES}
    second = {f"b/{name}": Tensor(shape=(2,), data=bytes(8)) for name in NAMES}
    return {
        "a": bundles.write(tmp_path / "m\x1b[31m", first),
        "b": bundles.write(tmp_path / "n\x9b31m", second),
    }


@pytest.mark.parametrize(
    ("command", "arguments", "output_format"),
    [(command, arguments, each) for command, arguments in CASES for each in formats(command)],
)
def test_names_reach_nothing(
    command: str, arguments: tuple[str, ...], output_format: str, paths: dict[str, str], run: Run
) -> None:
    line = [argument.format(**paths) if "{" in argument else argument for argument in arguments]
    for tty in (False, True):
        result = run(command, *line, "--format", output_format, "--color", "never", tty=tty)
        assert result.code in {0, 1}, result.err
        assert "Traceback" not in result.err
        for text in (result.out, result.err):
            shown = re.sub(r"\x1b\[[0-9;]*m", "", text) if tty else text
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]", shown)
            assert "\x1b[31m" not in text
        if output_format == "github":
            assert not re.search(r"^::error::", result.out, re.MULTILINE)


@pytest.mark.parametrize("command", ["collections", "reuse", "info", "validate", "tree"])
def test_names_in_graphs(command: str, tmp_path: Path, run: Run) -> None:
    nodes = [graphs.variable(name) for name in NAMES if "\udc9b" not in name]
    keys = [graphs.collection(name, 1, b"x") for name in NAMES if "\udc9b" not in name]
    path = tmp_path / "m.meta"
    path.write_bytes(graphs.meta_graph(graphs.graph(*nodes), *keys))
    for each in formats(command):
        result = run(command, str(path), "--input-format", "tf-metagraph", "--format", each)
        assert result.code in {0, 1}, result.err
        text = result.out + result.err
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", text), each
