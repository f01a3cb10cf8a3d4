"""The three jobs of `rename` in the commands' page, on real files; frameworks load the results."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.readme import COMMANDS

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf: Any = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Result, Run

pytestmark = pytest.mark.filterwarnings("ignore")
v1: Any = tf.compat.v1
JOBS = re.search(r"<!-- jobs -->\n```sh\n(.*?)```", COMMANDS.read_text("utf-8"), re.DOTALL)


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def job(run: Run, path: str) -> Result:
    """Run the page's command for a file."""
    assert JOBS is not None
    (command,) = (line for line in JOBS[1].splitlines() if f" {path} " in line)
    words = shlex.split(command)
    assert words[0] == "scopecli"
    result = run(*words[1:])
    assert (result.code, result.err) == (0, "")
    return result


def encoder() -> Any:
    """Two layers with the names of BERT's, and its embeddings."""
    init = v1.random_normal_initializer(seed=1)
    with v1.variable_scope("bert"):
        with v1.variable_scope("embeddings"):
            output = v1.get_variable("word_embeddings", [11, 4], initializer=init)
        with v1.variable_scope("encoder"):
            for number in range(2):
                with v1.variable_scope(f"layer_{number}/attention/self/query"):
                    kernel = v1.get_variable("kernel", [4, 4], initializer=init)
                    bias = v1.get_variable("bias", [4], initializer=init)
                output = tf.nn.bias_add(output @ kernel, bias)
    return output


def test_a_published_checkpoint_in_another_scope(run: Run) -> None:
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.AdamOptimizer().minimize(tf.reduce_sum(encoder()))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, "bert_model.ckpt")
        expected = dict(
            zip(
                [f"text_model/{v.op.name}" for v in v1.trainable_variables()],
                session.run(v1.trainable_variables()),
                strict=True,
            )
        )
    job(run, "bert_model.ckpt")
    with tf.Graph().as_default(), v1.Session() as session:
        with v1.variable_scope("text_model"):
            encoder()
        v1.train.Saver().restore(session, "./adopted.ckpt")
        restored = {v.op.name: session.run(v) for v in v1.global_variables()}
    assert restored.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(restored[name], value)
    assert not any("Adam" in name for name, _ in tf.train.list_variables("adopted.ckpt"))


def test_a_wrapper_that_is_taken_off(run: Run) -> None:
    numpy_files: Any = pytest.importorskip("safetensors.numpy", reason="needs safetensors")
    tensors = {f"module.layer.{n}.weight": np.full((n + 1, 2), n, np.float32) for n in range(3)}
    numpy_files.save_file(tensors, "wrapped.safetensors", metadata={"format": "pt"})
    job(run, "wrapped.safetensors")
    found = numpy_files.load_file("plain.safetensors")
    assert found.keys() == {name.removeprefix("module.") for name in tensors}
    for name, value in tensors.items():
        np.testing.assert_array_equal(found[name.removeprefix("module.")], value)


def test_a_layer_with_another_name(run: Run) -> None:
    keras: Any = pytest.importorskip("keras", reason="needs keras")
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, name="dense_1"),
            keras.layers.Dense(2, name="head"),
        ]
    )
    model.compile("adam", "mean_squared_error")
    x, y = np.eye(3, dtype="f4"), np.ones((3, 2), "f4")
    model.fit(x, y, verbose=0)
    model.save("model.keras")
    job(run, "model.keras")
    renamed = keras.saving.load_model("renamed.keras")
    assert [layer.name for layer in renamed.layers] == ["encoder", "head"]
    np.testing.assert_array_equal(renamed.predict(x, verbose=0), model.predict(x, verbose=0))
    for one in (model, renamed):
        one.fit(x, y, verbose=0, shuffle=False)
    np.testing.assert_allclose(renamed.predict(x, verbose=0), model.predict(x, verbose=0))


def test_nothing_differs_under_the_map(run: Run, tmp_path: Path) -> None:
    """`diff --values` of before and after finds the renames and nothing else, and says the map."""
    with tf.Graph().as_default(), v1.Session() as session:
        v1.train.AdamOptimizer().minimize(tf.reduce_sum(encoder()))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, "old.ckpt")
    assert run("rename", "old.ckpt", "-o", "new.ckpt", "bert/=roberta/").code == 0
    result = run("diff", "old.ckpt", "new.ckpt", "--values", "--emit-map", "map.json")
    assert "renamed: bert/* → roberta/*" in result.out
    assert run("rename", "old.ckpt", "-o", "mapped.ckpt", "--map", "map.json").code == 0
    result = run("diff", "new.ckpt", "mapped.ckpt", "--values")
    assert (result.code, result.err) == (0, "")


def test_a_checkpoint_and_its_graph_in_one_go(run: Run) -> None:
    """TensorFlow imports the renamed graph, restores the renamed checkpoint and trains on."""
    with tf.Graph().as_default(), v1.Session() as session:
        train = v1.train.AdamOptimizer().minimize(tf.reduce_sum(encoder()), name="train")
        session.run(v1.global_variables_initializer())
        session.run(train)
        v1.train.Saver().save(session, "old.ckpt")
        session.run(train)
        expected = {v.op.name: session.run(v) for v in v1.global_variables()}
    result = run("rename", "old.ckpt", "-o", "new.ckpt", "bert/encoder/=text/", "bert/=words/")
    assert (result.code, result.err) == (0, "")
    with tf.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph("new.ckpt.meta")
        saver.restore(session, "./new.ckpt")
        session.run("train")
        found = {v.op.name: session.run(v) for v in v1.global_variables()}
    moved = {
        name.replace("bert/encoder/", "text/").replace("bert/", "words/"): value
        for name, value in expected.items()
    }
    assert found.keys() == moved.keys()
    for name, value in moved.items():
        np.testing.assert_array_equal(found[name], value)


def test_arrays_that_numpy_saved(run: Run) -> None:
    arrays: dict[str, Any] = {"a/w": np.arange(6.0).reshape(2, 3), "a/b": np.ones(3, "f4")}
    np.savez("old.npz", **arrays)
    assert run("rename", "old.npz", "-o", "new.npz", "a/=b/").code == 0
    with np.load("new.npz") as found:
        assert set(found.files) == {"b/w", "b/b"}
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name.replace("a/", "b/")], array)
