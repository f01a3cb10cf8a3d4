"""The hook for pre-commit and the action for GitHub: what they run, and on which files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from scopecli.formats.registry import FORMATS
from tests.readme import COMMANDS, blocks
from tests.samples import ROOT, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

# Suffixes of too many other files, or of what is opened for itself and not with its checkpoint.
NOT_HOOKED = {
    *(".bin", ".pkl", ".json", ".mat", ".he5", ".npy", ".pb", ".pbtxt", ".ckpt"),
    "manifest.ocdbt",  # of a folder, which is what is to be named
}


def test_the_hook_is_for_the_files_of_all_formats() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert hook["id"] == "scopecli-validate"
    suffixes = {suffix for row in FORMATS for suffix in row.suffixes} - NOT_HOOKED
    for suffix in suffixes:
        assert re.search(hook["files"], f"models/{suffix.removeprefix('.')}") or re.search(
            hook["files"], f"models/m{suffix}"
        ), suffix
    for name in ("a.json", "b.py", "model.ckpt-2.data-00000-of-00001", "graph.pb"):
        assert not re.search(hook["files"], name)


def test_the_page_says_how_they_are_used() -> None:
    """The action by its folder in a submodule, the hook by its id."""
    github, gitlab, hooks = (yaml.safe_load(text) for text in blocks(COMMANDS, "yaml"))
    (used,) = [step for step in github["jobs"]["models"]["steps"] if "scopecli" in step["uses"]]
    folder = ROOT / used["uses"].removeprefix("./tools/scopecli/")
    assert set(used["with"]) <= set(yaml.safe_load((folder / "action.yml").read_text())["inputs"])
    assert gitlab["models"]["artifacts"]["when"] == "always"
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert hooks["repos"][0]["hooks"] == [{"id": hook["id"]}]


@pytest.fixture
def action(tmp_path: Path) -> Path:
    """A folder in which the action installed this scopecli."""
    program = tmp_path / "scopecli/bin/scopecli"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m scopecli "$@"\n', "utf-8")
    program.chmod(0o755)
    return tmp_path


def run_action(folder: Path, paths: str, args: str = "", sarif: str = "") -> tuple[int, str]:
    document = yaml.safe_load((ROOT / ".github/actions/validate/action.yml").read_text("utf-8"))
    assert set(document["inputs"]) == {"paths", "args", "sarif"}
    script = document["runs"]["steps"][-1]["run"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(folder),
        "INPUT_PATHS": paths,
        "INPUT_ARGS": args,
        "INPUT_SARIF": sarif,
    }
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_the_action_annotates_and_writes_sarif(action: Path) -> None:
    code, out = run_action(action, f"\n{SAMPLES}/graphs/*twins.meta\n", sarif="out.sarif")
    assert code == 1
    assert out.startswith("::error file=")
    (run,) = json.loads((action / "out.sarif").read_text("utf-8"))["runs"]
    assert run["results"][0]["ruleId"] == "S202"


def test_the_action_takes_options(action: Path) -> None:
    path = f"{SAMPLES}/graphs/gan_twins.meta"
    assert run_action(action, path, "--ignore=S202\n")[0] == 0
    assert run_action(action, path, "--ignore=S202\n--fail-on=warning")[0] == 1
