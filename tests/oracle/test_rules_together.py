"""One checkpoint with many faults, caught from its files alone in one command, in every report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.commands import Run

tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1
pytestmark = pytest.mark.filterwarnings("ignore")

EXPECTED = {
    "F701": "a flipped byte",
    "N107": "a variable that is a scope, too",
    "O501": "a slot that is missing",
    "S201": "a forgotten reuse",
    "T303": "forgotten update ops",
    "T305": "a regularizer that was never added",
}


def dense(x: Any, name: str) -> Any:
    return tf.matmul(x, tf.get_variable(name, [4, 4]))


def faulty(prefix: str) -> None:
    """Build, train for three steps and save a model with a fault of each kind."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, y = tf.ones([2, 4]), tf.zeros([2, 4])
        with tf.variable_scope(None, default_name="tower"):
            first = dense(x, "w")
        with tf.variable_scope(None, default_name="tower"):
            second = dense(y, "w")
        with tf.variable_scope("net"):
            third = tf.matmul(
                first,
                tf.get_variable(
                    "w", [4, 4], regularizer=lambda w: 0.1 * tf.reduce_sum(tf.square(w))
                ),
            )
            mean = tf.get_variable("bn/moving_mean", [4], trainable=False)
            update = tf.assign_sub(mean, 0.1 * (mean - tf.reduce_mean(third, 0)), name="update")
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update.op)
            scale = tf.get_variable("w/scale", [4])
        step = tf.train.get_or_create_global_step()
        loss = tf.reduce_sum(third * scale) + tf.reduce_sum(second)
        train = tf.train.AdamOptimizer().minimize(loss, global_step=step)
        kept = [v for v in tf.global_variables() if v.op.name != "net/w/scale/Adam_1"]
        session.run(tf.global_variables_initializer())
        for _ in range(3):
            session.run(train)
        tf.train.Saver(kept).save(session, prefix)
    data = Path(f"{prefix}.data-00000-of-00001")
    changed = bytearray(data.read_bytes())
    changed[len(changed) // 2] ^= 4
    data.write_bytes(changed)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("faulty") / "model.ckpt")
    faulty(path)
    return path


def test_one_command_finds_all(run: Run, prefix: str) -> None:
    command = ("validate", "--values", "--fail-on", "warning", prefix, "--format")
    out = {}
    for name in ("json", "sarif", "github", "junit"):
        result = run(*command, name)
        assert (result.code, result.err) == (1, "")
        out[name] = result.out
    codes = {row["code"] for row in json.loads(out["json"])["findings"]}
    assert set(EXPECTED) <= codes
    results = json.loads(out["sarif"])["runs"][0]["results"]
    assert {result["ruleId"] for result in results} == codes
    junit = ET.tostring(ET.fromstring(out["junit"]), "unicode")
    for code in codes:
        assert code in out["github"]
        assert code in junit
