"""What a program finds in place of TensorFlow."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from scopecli.dryrun.program.running import run
from scopecli.errors import PathError, ProgramError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scopecli.dryrun.program.running import Run

    Program = Callable[..., Run]


def test_unknown_operations_are_opaque_and_listed(program: Program) -> None:
    done = program(
        "x = tf.placeholder(tf.float32, [None, 4])\n"
        "y = tf.image.adjust_gamma(x)\n"
        "z = tf.some_new_thing(y, name='thing')\n"
        "tf.get_variable('w', [2])\n"
    )
    assert done.model.graph is not None
    assert done.model.graph.node("AdjustGamma") is not None
    notes = [(note.code, note.subject) for note in done.model.notes]
    assert notes == [("unknown-operation", "AdjustGamma"), ("unknown-operation", "thing")]


def test_a_context_that_is_not_known_is_entered(program: Program) -> None:
    done = program("with tf.some_new_scope(lambda make, **kw: make(**kw)):\n    tf.Variable(1.0)\n")
    assert [variable.name for variable in done.model.variables] == ["Variable"]


@pytest.mark.parametrize(
    "lines",
    ["tf.layers.dense(y, 3)\n", "tf.layers.conv2d(y, 3, 3)\n", "tf.Variable(y)\n"],
)
def test_an_unknown_shape_that_is_needed_names_the_operation(program: Program, lines: str) -> None:
    with pytest.raises(UnsupportedError, match=r"tf\.some_new_thing.*node SomeNewThing"):
        program("y = tf.some_new_thing(tf.ones([2, 4]))\n" + lines)


@pytest.mark.parametrize(
    "lines",
    [
        "from tensorflow.contrib import slim\nslim.fully_connected(tf.ones([2, 3]), 2)\n",
        "import tensorflow.contrib.slim as slim\nslim.fully_connected(tf.ones([2, 3]), 2)\n",
        "import tf_slim as slim\nslim.fully_connected(tf.ones([2, 3]), 2)\n",
        (
            "import tensorflow.compat.v1 as tf1\ntf1.disable_v2_behavior()\n"
            "tf1.contrib.layers.fully_connected(tf1.ones([2, 3]), 2)\n"
        ),
        (
            "from tensorflow.python.ops import variable_scope as vs\n"
            "with vs.variable_scope('fully_connected'):\n    vs.get_variable('weights', [3, 2])\n"
        ),
    ],
)
def test_every_way_to_import_it(program: Program, lines: str) -> None:
    before = set(sys.modules)  # another test may have imported the real one
    done = program(lines)
    assert done.model.variables[0].name == "fully_connected/weights"
    left = set(sys.modules) - before
    assert not [name for name in left if name.startswith(("tensorflow", "tf_slim"))]


def test_without_standing_in_there_is_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # as if it were not installed
    file = tmp_path / "train.py"
    file.write_text("import tensorflow\n", "utf-8")
    with pytest.raises(ProgramError, match=r"ModuleNotFoundError.*`--as tensorflow`"):
        run(str(file), {}, ())
    file.write_text("import tensorflow_that_is_not_there\n", "utf-8")
    with pytest.raises(ProgramError, match=r"ModuleNotFoundError.*install it where"):
        run(str(file), {}, ())
    with pytest.raises(PathError, match="No such file"):
        run(str(tmp_path / "none.py"), {}, ())


def test_namespaces_of_a_program(program: Program) -> None:
    done = program(
        "he = tf.keras.initializers.he_normal()\n"
        "with tf.device(tf.train.replica_device_setter(2)):\n"
        "    tf.get_variable('a', [2, 3], initializer=he)\n"
        "    b = tf.get_variable('b', [2], initializer=tf.initializers.constant(0.1))\n"
        "    tf.contrib.layers.fully_connected(tf.ones([1, 2]), 3, \n"
        "        weights_initializer=tf.contrib.layers.xavier_initializer())\n"
        "    cell = tf.contrib.rnn.LSTMCell(4)\n"
        "    cell(tf.ones([1, 2]), cell.zero_state(1, tf.float32))\n"
        "assert b.device == '/job:ps/task:1', b.device\n"
    )
    assert done.model.notes == []
    assert [variable.name for variable in done.model.variables] == [
        "a",
        "b",
        "fully_connected/weights",
        "fully_connected/biases",
        "lstm_cell/kernel",
        "lstm_cell/bias",
    ]


def test_what_is_not_known_may_be_called_and_unpacked(program: Program) -> None:
    done = program(
        "class Hook(tf.train.SessionRunHook):\n"
        "    pass\n"
        "hooks = [tf.train.StopAtStepHook(last_step=10), Hook()]\n"
        "a, b = tf.train.guess_batch([tf.ones([2]), tf.ones([3])], 4)\n"
        "m = tf.contrib.crf.CrfForwardRnnCell(a).output_size\n"
        "a.set_shape([4, 2])\n"
        "tf.layers.dense(a, 3)\n"
    )
    assert [variable.shape for variable in done.model.variables] == [(2, 3), (3,)]
    assert [note.subject for note in done.model.notes] == [
        "GuessBatch",
        "tf.contrib.crf.CrfForwardRnnCell",
    ]
