"""The engine by itself: a few rules in plain sight. The oracle tests hold it to TensorFlow."""

from __future__ import annotations

import subprocess
import sys

import pytest

import scopecli.dryrun as tf
from scopecli.dryrun.graph.default import forget_graphs
from tests.dryrun.observe import all_programs, observe
from tests.dryrun.random_programs import random_program


@pytest.fixture(autouse=True)
def _empty_graph() -> None:
    forget_graphs()
    tf.disable_resource_variables()


def names() -> list[str]:
    return [op.name for op in tf.get_default_graph().get_operations()]


def test_get_variable_makes_these_nodes() -> None:
    with tf.variable_scope("a"):
        tf.get_variable("w", [2], initializer=tf.zeros_initializer())
        tf.get_variable("r", [2], initializer=tf.zeros_initializer(), use_resource=True)
    assert names() == [
        "a/w/Initializer/zeros",
        "a/w",
        "a/w/Assign",
        "a/w/read",
        "a/r/Initializer/zeros",
        "a/r",
        "a/r/IsInitialized/VarIsInitializedOp",
        "a/r/Assign",
        "a/r/Read/ReadVariableOp",
    ]


def test_a_scope_that_is_entered_again_has_another_name_scope() -> None:
    for _ in range(2):
        with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
            tf.get_variable("w", [2], initializer=tf.zeros_initializer()) + 1.0
    assert names()[4:] == ["a/add/y", "a/add", "a_1/add/y", "a_1/add"]


def test_names_are_unique_whatever_their_case() -> None:
    made = [tf.constant(1, name=name).op.name for name in ("c", "C", "c_1")]
    assert made == ["c", "C_1", "c_1_1"]


def test_reuse_is_refused_with_the_place_of_the_first() -> None:
    tf.get_variable("w", [2])
    with pytest.raises(ValueError, match="Variable w already exists") as caught:
        tf.get_variable("w", [2])
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("Originally defined at:")
    assert __file__ in lines[2]


def test_ids_of_programs_and_random_programs_are_stable() -> None:
    assert len(all_programs()) >= 300
    assert random_program(7) == random_program(7)
    assert random_program(7) != random_program(8)
    observed = observe(tf, "random/7", random_program(7))
    assert observed == observe(tf, "random/7", random_program(7))


def test_importing_it_costs_nothing() -> None:
    code = "import sys, scopecli.dryrun; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "numpy" not in loaded
    own = [name for name in loaded if name.startswith("scopecli.dryrun.")]
    assert own == ["scopecli.dryrun.namespaces"]
