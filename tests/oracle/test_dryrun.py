"""Programs run on the engine and on TensorFlow, compared line by line.

TensorFlow, tf_keras and tf_slim are needed: `pip install scopecli[oracle]`. They run in a process
of their own, because `disable_v2_behavior` is for good.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest

import scopecli.dryrun
from scopecli.dryrun.program.running import run
from scopecli.formats.opening import load
from tests.dryrun.observe import MODELS, all_programs, graph_lines, model_names, observe
from tests.dryrun.random_programs import random_program

pytest.importorskip("tensorflow", reason="the oracle extra is not installed")
pytest.importorskip("tf_keras", reason="the oracle extra is not installed")
pytest.importorskip("tf_slim", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.variable import Variable

PROGRAMS = all_programs()
RANDOM = range(int(os.environ.get("SCOPECLI_RANDOM_PROGRAMS", "2000")))
BATCH = 500


@cache
def expected() -> dict[str, list[str]]:
    """What TensorFlow makes of every program."""
    programs = {**PROGRAMS, **{f"random/{seed}": random_program(seed) for seed in RANDOM}}
    items = [{"id": name, "source": source} for name, source in programs.items()]
    found: dict[str, list[str]] = {}
    for start in range(0, len(items), BATCH):
        done = subprocess.run(
            [sys.executable, "-m", "tests.dryrun.observe", "tensorflow"],
            input=json.dumps(items[start : start + BATCH]),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        found.update(json.loads(done.stdout))
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    assert observe(scopecli.dryrun, name, PROGRAMS[name]) == expected()[name]


def test_random_programs() -> None:
    different = [
        seed
        for seed in RANDOM
        if observe(scopecli.dryrun, f"random/{seed}", random_program(seed))
        != expected()[f"random/{seed}"]
    ]
    assert different == []


@pytest.fixture(scope="module")
def metas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The graphs that TensorFlow builds of the models."""
    folder = tmp_path_factory.mktemp("metas")
    done = subprocess.run(
        [sys.executable, "-m", "tests.dryrun.observe", "metas", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def told(variable: Variable) -> Variable:
    """All of a variable but how its owner is known: a file's reader may have to guess."""
    hidden = {"slot_name", "evidence"}
    kept = {key: value for key, value in variable.attributes.items() if key not in hidden}
    return variable._replace(attributes=kept)


@pytest.mark.parametrize("name", model_names())
def test_model_has_the_variables_and_collections_of_its_meta(name: str, metas: Path) -> None:
    ours = run(f"{MODELS / name}.py:build", {}, ("tensorflow",)).model
    real = load(str(metas / f"{name}.meta"))
    assert list(map(told, ours.variables)) == list(map(told, real.variables))
    assert dict(ours.collections) == dict(real.collections)
    assert ours.notes == []


@pytest.mark.parametrize("name", model_names())
def test_model_has_the_nodes_of_its_meta(name: str, metas: Path) -> None:
    run(f"{MODELS / name}.py:build", {}, ("tensorflow",))
    real = json.loads((metas / f"{name}.json").read_text("utf-8"))
    assert graph_lines(scopecli.dryrun.get_default_graph()) == real


def test_there_are_enough_programs() -> None:
    assert len(PROGRAMS) >= 1500
