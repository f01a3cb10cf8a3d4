"""The README shows what the commands print."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from scopecli.cli.group import COMMANDS
from tests.readme import README, SAMPLES, Example, examples, run

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = examples(README.read_text("utf-8"))


def test_the_readme_has_examples_of_every_command() -> None:
    used = {example.command.split()[1] for example in EXAMPLES}
    assert used >= set(COMMANDS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.command)
def test_example(example: Example) -> None:
    assert run(example.command) == example.output


@pytest.mark.parametrize("name", ["tree", "test"])
def test_ci_finds_the_command(name: str) -> None:
    """`.ci/run` takes both commands from below these markers."""
    match = re.search(
        rf"^<!-- ci: {name} -->\n```sh\n(.+)\n```$", README.read_text("utf-8"), re.MULTILINE
    )
    assert match
    assert match[1].startswith("python3 -m venv .venv && .venv/bin/pip install")


def test_the_python_example(tmp_path: Path) -> None:
    match = re.search(
        r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    assert match
    (tmp_path / SAMPLES.name).symlink_to(SAMPLES)
    command = [sys.executable, "-c", match[1]]
    process = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert (tmp_path / "renamed.ckpt.index").exists()
