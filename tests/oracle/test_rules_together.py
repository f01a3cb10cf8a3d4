"""The faults of training, each caught from the files alone in one command, in every report.

One program is built with any of them, with all, and with none: then nothing may be found.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.commands import Run

tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1
pytestmark = pytest.mark.filterwarnings("ignore")

FAULTS = {
    "forgotten UPDATE_OPS": "T303",
    "forgotten reuse": "S201",
    "a regularizer that is never added": "T305",
    "a slot that is missing": "O501",
    "a name both variable and scope": "N107",
    "a flipped data byte": "F701",
}
STEPS = 3


def dense(x: Any, name: str, **options: Any) -> Any:
    return tf.tanh(tf.matmul(x, tf.get_variable(name, [4, 4], **options)))


def tower(x: Any, *, reuse: bool) -> Any:
    """A network that is used for two inputs."""
    name = "tower" if reuse else None
    with tf.variable_scope(name, default_name="tower", reuse=tf.AUTO_REUSE if reuse else None):
        return dense(x, "w")


def normalized(x: Any) -> Any:
    """A batch normalization, with its update in UPDATE_OPS."""
    with tf.variable_scope("bn"):
        mean = tf.get_variable("moving_mean", [4], trainable=False)
        gamma = tf.get_variable("gamma", [4], initializer=tf.ones_initializer())
        batch = tf.reduce_mean(x, 0)
        update = tf.group(mean.assign_sub(0.1 * (mean - batch)), name="update")
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
        return (x - batch) * gamma


def losses(faults: Collection[str]) -> list[Any]:
    """The network, and what is minimized."""
    reuse = "forgotten reuse" not in faults
    first, second = (tower(tf.random.normal([8, 4]), reuse=reuse) for _ in range(2))
    with tf.variable_scope("net"):
        clash = "w/scale" if "a name both variable and scope" in faults else "scale"
        x = normalized(dense(first, "w", regularizer=lambda w: 0.1 * tf.reduce_sum(tf.square(w))))
        x *= tf.get_variable(clash, [4])
    found = [tf.reduce_sum(tf.square(x - 1.0)), tf.reduce_sum(second)]
    if "a regularizer that is never added" not in faults:
        found += tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    return found


def written(prefix: str, faults: Collection[str]) -> str:
    """Build, train and save the program."""
    with tf.Graph().as_default(), tf.Session() as session:
        loss = tf.add_n(losses(faults))
        step = tf.train.get_or_create_global_step()
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies([] if "forgotten UPDATE_OPS" in faults else updates):
            train = tf.train.AdamOptimizer().minimize(loss, global_step=step)
        missing = {"net/w/Adam_1"} if "a slot that is missing" in faults else set()
        saver = tf.train.Saver([v for v in tf.global_variables() if v.op.name not in missing])
        session.run(tf.global_variables_initializer())
        for _ in range(STEPS):
            session.run(train)
        saver.save(session, prefix)
    if "a flipped data byte" in faults:
        data = Path(f"{prefix}.data-00000-of-00001")
        changed = bytearray(data.read_bytes())
        changed[len(changed) // 2] ^= 4
        data.write_bytes(changed)
    return prefix


def reports(run: Run, path: str, code: int) -> dict[str, str]:
    """What one command says in each format, and ends with."""
    out = {}
    for name in ("json", "sarif", "github", "junit"):
        result = run("validate", "--values", "--fail-on", "warning", path, "--format", name)
        assert (result.code, result.err) == (code, ""), result.out
        out[name] = result.out
    return out


def carried(out: dict[str, str]) -> set[str]:
    """The codes that all reports carry."""
    codes = {row["code"] for row in json.loads(out["json"])["findings"]}
    (log,) = json.loads(out["sarif"])["runs"]
    assert {result["ruleId"] for result in log["results"]} == codes
    failed = {case.get("name", "")[:4] for case in ET.fromstring(out["junit"]).iter("testcase")}
    annotated = {line.partition("title=")[2][:4] for line in out["github"].splitlines()}
    assert failed - {""} >= codes
    assert annotated - {""} == codes
    return codes


def test_the_program_done_right(run: Run, tmp_path: Path) -> None:
    out = reports(run, written(str(tmp_path / "model.ckpt"), ()), 0)
    found = json.loads(out["json"])["findings"]
    assert {row["code"] for row in found} <= {"S203"}  # the reuse that is meant


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault(run: Run, tmp_path: Path, fault: str) -> None:
    codes = carried(reports(run, written(str(tmp_path / "model.ckpt"), [fault]), 1))
    assert codes - {"S203"} == {FAULTS[fault]}


def test_all_faults_at_once(run: Run, tmp_path: Path) -> None:
    codes = carried(reports(run, written(str(tmp_path / "model.ckpt"), FAULTS), 1))
    assert codes >= set(FAULTS.values())
