"""Running programs: what comes out, and what goes wrong."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from scopecli.analysis.reuse import find_reuse
from scopecli.dryrun.program.running import run, split
from scopecli.errors import ProgramError, UnknownNameError, UnsupportedError
from tests.dryrun.observe import MODELS, model_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scopecli.dryrun.program.running import Run

    Program = Callable[..., Run]


@pytest.mark.parametrize("name", model_names())
def test_models_run(name: str) -> None:
    done = run(f"{MODELS / name}.py:build", {}, ("tensorflow",))
    assert done.refusal is None
    assert done.model.variables
    assert done.model.collections["trainable_variables"].kind == "variables"


def test_the_model_says_what_a_meta_would(program: Program) -> None:
    model = program(
        "with tf.variable_scope('net'):\n"
        "    w = tf.get_variable('w', [3, 2])\n"
        "    p = tf.get_variable('p', [5], partitioner=tf.fixed_size_partitioner(2))\n"
        "loss = tf.reduce_sum(w * w)\n"
        "tf.train.AdamOptimizer().minimize(loss)\n"
    ).model
    by_name = {variable.name: variable for variable in model.variables}
    assert by_name["net/w"].shape == (3, 2)
    assert by_name["net/w"].nbytes == 24
    assert by_name["net/w"].attributes["initializer"] == "net/w/Initializer/random_uniform"
    assert by_name["net/p/part_1"].attributes["slice"] == "5 3,2"
    assert by_name["net/w/Adam"].kind == "slot"
    assert by_name["net/w/Adam"].attributes["slot_of"] == "net/w"
    assert by_name["beta1_power"].kind == "bookkeeping"
    assert model.collections["train_op"].members == ("Adam",)
    assert model.graph is not None
    node = model.graph.node("net/w/Assign")
    assert node is not None
    assert node.inputs == ("net/w", "net/w/Initializer/random_uniform")


def test_reuse_is_found_in_the_graph(program: Program) -> None:
    model = program(
        "x = tf.placeholder(tf.float32, [None, 3])\n"
        "for reuse in (None, True):\n"
        "    with tf.variable_scope('d', reuse=reuse):\n"
        "        tf.matmul(x, tf.get_variable('w', [3, 2]))\n"
    ).model
    (scope,) = find_reuse(model).scopes
    assert (scope.scope, scope.entries) == ("d", ("d/", "d_1/"))


def test_refusal_has_both_places(program: Program) -> None:
    done = program(
        "def net():\n"
        "    with tf.variable_scope('d'):\n"
        "        tf.get_variable('w', [3, 2])\n"
        "net()\n"
        "net()\n"
    )
    assert done.refusal is not None
    assert str(done.refusal.error).startswith("Variable d/w already exists, disallowed.")
    assert "Originally defined at:" in str(done.refusal.error)
    assert [line for _, line, _ in done.refusal.here] == [4, 6]
    assert [line for _, line, _ in done.refusal.first] == [4, 5]
    assert [variable.name for variable in done.model.variables] == ["d/w"]


def test_calls_are_written_down(program: Program) -> None:
    done = program(
        "with tf.variable_scope('d', reuse=tf.AUTO_REUSE):\n"
        "    tf.get_variable('w', [2])\n"
        "    tf.get_variable('w', [2])\n"
        "    tf.Variable(1.0)\n"
    )
    told = [(call.what, call.variable, call.line, call.scope, call.reuse) for call in done.calls]
    assert told == [
        ("created", "d/w", 3, "d", "AUTO_REUSE"),
        ("reused", "d/w", 4, "d", "AUTO_REUSE"),
        ("created", "d/Variable", 5, "d", ""),
    ]


def test_functions_get_arguments(program: Program) -> None:
    lines = "class Net:\n    @staticmethod\n    def build(n, s='w'):\n"
    lines += "        tf.get_variable(s, [n])\n"
    done = program(lines, "Net.build", n=7)
    assert [(v.name, v.shape) for v in done.model.variables] == [("w", (7,))]


def test_the_run_ends_where_values_are_asked_for(program: Program) -> None:
    done = program(
        "w = tf.get_variable('w', [2])\n"
        "with tf.Session() as sess:\n"
        "    sess.run(tf.global_variables_initializer())\n"
        "    tf.get_variable('never', [2])\n"
    )
    assert [variable.name for variable in done.model.variables] == ["w"]
    assert done.model.notes[0].code == "stopped"


def test_a_script_without_a_guard_is_left_where_it_asks_for_values(program: Program) -> None:
    """Its functions are there all the same, and what it made on the way is not theirs."""
    lines = (
        "def build(n):\n"
        "    return tf.get_variable('w', [n])\n"
        "tf.get_variable('main', [1])\n"
        "tf.Session().run(build(3))\n"
        "def later():\n"
        "    pass\n"
    )
    done = program(lines, "build", n=7)
    assert [(v.name, v.shape) for v in done.model.variables] == [("w", (7,))]
    assert [call.variable for call in done.calls] == ["w"]
    (note,) = done.model.notes
    assert note.code == "stopped"
    assert note.message.startswith("asks for a value before the function is called")
    with pytest.raises(UnknownNameError, match="has no function 'later'; it has: build"):
        program(lines, "later")


PACKAGED = """\
{}
import tensorflow as tf
def build():
    return tf.get_variable('w', [net.SIZE])
"""


@pytest.mark.parametrize(
    "line",
    ["from . import net", "from .. import up as net", "from top.sub import net", "import net"],
)
def test_a_file_in_a_package(tmp_path: Path, line: str) -> None:
    """As pytest and `python -m` have it, and as `python FILE.py`, too."""
    folder = tmp_path / "top" / "sub"
    folder.mkdir(parents=True)
    for name in ("top/__init__.py", "top/sub/__init__.py"):
        (tmp_path / name).write_text("", "utf-8")
    (tmp_path / "top/up.py").write_text("SIZE = 3", "utf-8")
    (folder / "net.py").write_text("SIZE = 3", "utf-8")
    (folder / "train.py").write_text(PACKAGED.format(line), "utf-8")
    done = run(f"{folder}/train.py:build", {}, ("tensorflow",))
    assert [variable.shape for variable in done.model.variables] == [(3,)]
    assert not {"top", "top.sub", "top.sub.net", "net", "top.sub.train"} & set(sys.modules)


def test_a_module_in_the_folder_that_one_is_in(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "nets").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ProgramError, match=r"No module named 'nets'.*put that on PYTHONPATH"):
        program("import nets\n")


def test_main_is_called_as_a_script(program: Program) -> None:
    done = program(
        "tf.app.flags.DEFINE_integer('size', 5, 'help')\n"
        "FLAGS = tf.app.flags.FLAGS\n"
        "def main(_):\n"
        "    tf.get_variable('w', [FLAGS.size])\n"
        "if __name__ == '__main__':\n"
        "    tf.app.run()\n"
    )
    assert [variable.shape for variable in done.model.variables] == [(5,)]


@pytest.mark.parametrize(
    ("argv", "shape"),
    [
        ((), (5,)),
        (("--size=9",), (9,)),
        (("--size", "9", "-wide"), (9, 2)),
        (("--wide=false", "--name", "x", "--nowide", "--", "--size=7"), (5,)),
    ],
)
def test_flags_on_the_command_line(
    tmp_path: Path, argv: tuple[str, ...], shape: tuple[int, ...]
) -> None:
    file = tmp_path / "train.py"
    file.write_text(
        "import tensorflow as tf\n"
        "flags = tf.app.flags\n"
        "flags.DEFINE_integer('size', 5, 'help')\n"
        "flags.DEFINE_bool('wide', False, 'help')\n"
        "flags.DEFINE_string('name', 'w', 'help')\n"
        "tf.get_variable(flags.FLAGS.name, [flags.FLAGS.size] + [2] * flags.FLAGS.wide)\n",
        "utf-8",
    )
    done = run(str(file), {}, ("tensorflow",), argv)
    (variable,) = done.model.variables
    assert (variable.name, variable.shape) == ("x" if "x" in argv else "w", shape)


def test_errors_of_the_program(program: Program) -> None:
    with pytest.raises(ProgramError, match=r"KeyError: 'x' \(.*train\.py:2\)"):
        program("{}['x']\n")
    with pytest.raises(ProgramError, match=r"SyntaxError: .*train\.py:2"):
        program("def :\n")
    unknown = r"depends on tf\.mystery, which is not known \(node Mystery\) \(.*train\.py:2\)"
    with pytest.raises(UnsupportedError, match=unknown):
        program("tf.layers.dense(tf.mystery(tf.zeros([1])), 4)\n")
    with pytest.raises(ProgramError, match="initial_value must have a shape specified"):
        program("tf.Variable(tf.placeholder(tf.float32))\n")
    with pytest.raises(UnknownNameError, match="has no function 'buidl'; it has: build"):
        program("def build():\n    pass\n", "buidl")


def test_a_program_of_functions_is_told_to_name_one(program: Program) -> None:
    functions = "def build(n=3):\n    return tf.get_variable('w', [n])\ndef _helper():\n    pass\n"
    (note,) = program(functions).model.notes
    assert note.code == "nothing-made"
    assert note.message.endswith("train.py:build (it has build)")
    assert not program(functions, "build").model.notes
    assert not program(functions + "build()\n").model.notes


def test_what_is_a_program(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text("", "utf-8")
    assert split(str(file)) == (str(file), "")
    assert split(f"{file}:build") == (str(file), "build")
    assert split("train.py.index") is None
    assert split(str(tmp_path / "none.py")) is None


@pytest.mark.parametrize(
    "lines",
    [
        (
            "with tf.train.MonitoredTrainingSession() as s:\n    while not s.should_stop():\n"
            "        s.run(w)\n"
        ),
        "with tf.train.Supervisor(logdir='x').managed_session() as s:\n    s.run(w)\n",
        "with tf.Session(graph=w.graph) as s:\n    s.run(w)\n",
    ],
)
def test_every_kind_of_session_ends_the_run(program: Program, lines: str) -> None:
    done = program("w = tf.get_variable('w', [2])\n" + lines)
    assert [variable.name for variable in done.model.variables] == ["w"]
    assert [note.code for note in done.model.notes] == ["stopped"]


@pytest.mark.parametrize(
    "lines",
    [
        "with tf.Graph().as_default():\n    tf.get_variable('w', [2])\n",
        (
            "with tf.Graph().as_default():\n    tf.get_variable('w', [2])\n"
            "    with tf.Session() as s:\n        s.run(tf.global_variables_initializer())\n"
        ),
        (
            "g = tf.Graph()\nwith g.as_default():\n    w = tf.get_variable('w', [2])\n"
            "with tf.Session(graph=g) as s:\n    s.run(w)\n"
        ),
        (
            "with tf.Graph().as_default():\n    tf.get_variable('w', [2])\n"
            "    tf.get_variable('w', [2])\n"
        ),
    ],
)
def test_the_graph_that_was_built_is_shown(program: Program, lines: str) -> None:
    done = program(lines)
    assert [variable.name for variable in done.model.variables] == ["w"]
    assert done.calls[0].variable == "w"


def test_programs_have_their_own_modules(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "helper.py").write_text(f"NAME = {name!r}\n", "utf-8")
        (folder / "train.py").write_text(
            "import sys, helper\nimport tensorflow as tf\n"
            "assert sys.modules[__name__].helper is helper\n"
            "tf.get_variable(helper.NAME, [1])\n",
            "utf-8",
        )
        done = run(str(folder / "train.py"), {}, ("tensorflow",))
        found += [variable.name for variable in done.model.variables]
    assert found == ["a", "b"]
    assert "helper" not in sys.modules


def test_a_session_opens_its_graph(program: Program) -> None:
    done = program(
        "g = tf.Graph()\n"
        "with tf.Session(graph=g):\n"
        "    tf.get_variable('w', [2])\n"
        "tf.get_variable('w', [3])\n"
    )
    assert [variable.shape for variable in done.model.variables] == [(3,)]


def test_data_sets_have_shapes(program: Program) -> None:
    done = program(
        "data = tf.data.Dataset.from_tensor_slices(([[1.0, 2.0], [3.0, 4.0]], [0, 1]))\n"
        "data = data.map(lambda x, y: (tf.concat([x, x], 0), y)).shuffle(9).repeat().batch(2)\n"
        "x, y = data.make_one_shot_iterator().get_next()\n"
        "assert y.dtype == tf.int32 and y.shape.as_list() == [None]\n"
        "tf.layers.dense(x, 3)\n"
    )
    assert [variable.shape for variable in done.model.variables] == [(4, 3), (3,)]


def test_estimators_build_their_model(program: Program) -> None:
    done = program(
        "def model(features, labels, mode, params):\n"
        "    y = tf.layers.dense(features['x'], params['n'])\n"
        "    loss = tf.losses.mean_squared_error(labels, y)\n"
        "    step = tf.train.get_global_step()\n"
        "    train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, step)\n"
        "    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train)\n"
        "def inputs():\n"
        "    return {'x': tf.ones([4, 2])}, tf.ones([4, 3])\n"
        "tf.estimator.Estimator(model, params={'n': 3}).train(inputs, steps=5)\n"
    )
    names = [variable.name for variable in done.model.variables]
    assert names == ["global_step", "dense/kernel", "dense/bias"]


def test_no_file_is_changed(program: Program, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("text", "utf-8")
    done = program(
        f"folder = {str(tmp_path)!r}\n"
        "assert tf.gfile.Exists(folder)\n"
        "tf.gfile.DeleteRecursively(folder)\n"
        "tf.gfile.MakeDirs(folder + '/made')\n"
        "with tf.gfile.GFile(folder + '/kept.txt', 'w') as f:\n"
        "    f.write('other')\n"
        "with tf.gfile.GFile(folder + '/kept.txt') as f:\n"
        "    tf.get_variable(f.read(), [1])\n"
    )
    assert [variable.name for variable in done.model.variables] == ["text"]
    assert kept.read_text("utf-8") == "text"
    assert not (tmp_path / "made").exists()


def test_where_a_program_leaves_itself(program: Program) -> None:
    done = program(
        "import argparse\n"
        "tf.get_variable('w', [2])\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--data', required=True)\n"
        "parser.parse_args()\n"
    )
    assert [variable.name for variable in done.model.variables] == ["w"]
    (note,) = done.model.notes
    assert note.message.startswith("the program left with 2; the run ended there; if it wants")
    assert note.subject.rpartition(":")[2].isdigit()


def test_an_error_is_placed_in_the_program_and_not_in_a_library(program: Program) -> None:
    with pytest.raises(ProgramError) as caught:
        program("import json\njson.loads('{')\n")
    assert caught.value.where is not None
    assert "json" not in caught.value.where.rpartition("/")[2]
