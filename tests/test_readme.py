"""The README shows what the commands print."""

from __future__ import annotations

import re

import pytest

from tests.readme import README, Example, examples, run

EXAMPLES = examples(README.read_text("utf-8"))


def test_the_readme_has_examples_of_every_command() -> None:
    used = {example.command.split()[1] for example in EXAMPLES}
    assert used >= {"tree", "list", "info", "show"}


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
