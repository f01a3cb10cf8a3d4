"""The workflow for GitHub runs what `.ci/run` runs, on every Python that is supported."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.project import PROJECT
from tests.samples import ROOT

SCRIPT = (ROOT / ".ci/run").read_text("utf-8")
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))


def steps() -> list[str]:
    """The steps of the script."""
    found = re.search(r"^steps=\((.*)\)$", SCRIPT, re.MULTILINE)
    assert found
    return found[1].split()


def commands(job: dict[str, Any]) -> list[str]:
    """What a job runs, for each value of its matrix."""
    matrix: dict[str, list[str]] = job.get("strategy", {}).get("matrix", {})
    found = []
    for line in (step["run"] for step in job["steps"] if "run" in step):
        name = re.search(r"\$\{\{ matrix\.(\w+) \}\}", line)
        values = matrix[name[1]] if name else [""]
        found += [line.replace(name[0], value) if name else line for value in values]
    return found


def test_each_step_is_a_function_and_is_run_once() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]
    run = [command.split() for job in jobs.values() for command in commands(job)]
    assert {command[0] for command in run} == {".ci/run"}
    assert [step for command in run for step in command[1:]] == steps()
    for step in steps():
        assert re.search(rf"^{step}\(\) \{{$", SCRIPT, re.MULTILINE), step


def test_it_runs_on_what_is_supported() -> None:
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]
    versions = jobs["tests"]["strategy"]["matrix"]["python"]
    listed = [row.rpartition(" ")[2] for row in PROJECT["classifiers"] if ":: 3." in row]
    assert versions == listed
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert jobs["others"]["steps"][1]["with"]["python-version"] == versions[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned_and_rights_are_few(path: Any) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))


def test_an_unknown_step_is_refused() -> None:
    done = subprocess.run(
        [ROOT / ".ci/run", "deploy"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("no step deploy; there are: tree test")
