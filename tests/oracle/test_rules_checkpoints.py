"""The rules about checkpoints and their graphs, on files of TensorFlow with each fault and without.

Where TensorFlow has an error for it, the finding is held against its words.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import scopecli
from tests.oracle.rule_checkpoints import checked, saved

if TYPE_CHECKING:
    from collections.abc import Callable


tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def _reference_variables() -> Any:
    """Resources take other shapes and say nothing; that is in the oracle of `restore`."""
    tf.disable_resource_variables()
    yield
    tf.enable_resource_variables()


def exported(path: Path, build: Callable[[], Any]) -> str:
    """Export the graph that a program builds with the saver that it gives back."""
    with tf.Graph().as_default():
        saver = build() or tf.train.Saver()
        tf.train.export_meta_graph(str(path), saver_def=saver.as_saver_def())
    return str(path)


def variables(**shapes: list[int]) -> Callable[[], None]:
    def build() -> None:
        for name, shape in shapes.items():
            tf.get_variable(name.replace("__", "/"), shape)

    return build


def restore_error(graph: str, checkpoint: str) -> str:
    """What TensorFlow says when it restores."""
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(graph)
        try:
            saver.restore(session, checkpoint)
        except (tf.errors.OpError, ValueError) as error:
            return str(error)
    return ""


# Graph and checkpoint


@pytest.mark.rules("G401", "G403")
@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("G401", variables(net__w=[4, 3], net__v=[3])),
        ("G403", variables(net__w=[4, 3], net__b=[5])),
    ],
)
def test_what_cannot_be_restored(code: str, wanted: Callable[[], None], tmp_path: Path) -> None:
    checkpoint = saved(tmp_path / "a", variables(net__w=[4, 3], net__b=[3]))
    graph = exported(tmp_path / "other.meta", wanted)
    (finding,) = scopecli.validate(checkpoint, against=graph, select=["G4"], ignore=["G402"])
    assert finding.code == code
    said = finding.message.removeprefix("TensorFlow says: ").partition(";")[0]
    assert said in restore_error(graph, checkpoint)
    assert checked(graph, code, against=checkpoint) == [finding.subject]
    assert checked(checkpoint, "G4") == []
    assert restore_error(f"{checkpoint}.meta", checkpoint) == ""


@pytest.mark.rules("G402")
def test_what_is_not_restored(tmp_path: Path) -> None:
    def trained() -> None:
        w = tf.get_variable("net/w", [4, 3])
        tf.train.AdamOptimizer().minimize(tf.reduce_sum(w))
        tf.get_variable("net/b", [3])

    checkpoint = saved(tmp_path / "a", trained)
    graph = exported(tmp_path / "other.meta", variables(net__w=[4, 3]))
    assert checked(checkpoint, "G402", against=graph) == ["net/b"]
    assert checked(checkpoint, "G402") == []
    assert restore_error(graph, checkpoint) == ""


@pytest.mark.rules("G404")
def test_two_savers(tmp_path: Path) -> None:
    def build(*, of_a_part: bool) -> Any:
        w, v = (tf.get_variable(name, [3]) for name in "wv")
        whole, part = tf.train.Saver([w, v], name="whole"), tf.train.Saver([w], name="part")
        return part if of_a_part else whole

    bad = exported(tmp_path / "bad.meta", lambda: build(of_a_part=True))
    good = exported(tmp_path / "good.meta", lambda: build(of_a_part=False))
    assert checked(bad, "G404") == ["whole"]
    assert checked(good, "G404") == []

    def with_weights_from_elsewhere() -> Any:
        w, v = (tf.get_variable(name, [3]) for name in "wv")
        tf.train.Saver({"vgg_16/w": w}, name="pretrained")
        return tf.train.Saver([w, v])

    assert checked(exported(tmp_path / "c.meta", with_weights_from_elsewhere), "G404") == []


@pytest.mark.rules("G405")
def test_averages_as_keys(tmp_path: Path) -> None:
    def build(*, averages: bool) -> Any:
        w = tf.get_variable("w", [3])
        average = tf.train.ExponentialMovingAverage(0.9)
        average.apply([w])
        return tf.train.Saver(average.variables_to_restore() if averages else None)

    assert checked(exported(tmp_path / "a.meta", lambda: build(averages=True)), "G405") == ["w"]
    assert checked(exported(tmp_path / "b.meta", lambda: build(averages=False)), "G405") == []


@pytest.mark.rules("G406")
def test_a_graph_that_was_imported_into_a_scope(tmp_path: Path) -> None:
    checkpoint = saved(tmp_path / "a", variables(net__w=[4, 3], net__b=[3]))

    def imported() -> Any:
        return tf.train.import_meta_graph(f"{checkpoint}.meta", import_scope="tower")

    graph = exported(tmp_path / "tower.meta", imported)
    assert checked(graph, "G406") == ["tower"]
    assert checked(graph, "G405") == []
    assert checked(f"{checkpoint}.meta", "G406") == []


# Sharing


def message_of(first: Callable[[], object], second: Callable[[], object], reuse: object) -> str:
    """What `get_variable` says when two programs are one."""
    with tf.Graph().as_default(), tf.variable_scope(tf.get_variable_scope()) as scope:
        first()
        with tf.variable_scope(scope, reuse=reuse):
            try:
                second()
            except ValueError as error:
                return str(error)
    return ""


@pytest.mark.rules("S206", "S207", "S208")
@pytest.mark.parametrize(
    ("code", "second", "reuses"),
    [
        ("S206", variables(d__w=[8, 3]), [True, tf.AUTO_REUSE]),
        ("S207", variables(d__w=[4, 3]), [None]),
        ("S208", variables(d__kernel=[4, 3], d__w=[4, 3]), [True]),
        ("S208", variables(d__w=[4, 3], d__kernel=[4, 3]), [None]),
    ],
)
def test_sharing(
    code: str, second: Callable[[], None], reuses: list[object], tmp_path: Path
) -> None:
    first = variables(d__w=[4, 3], e__w=[3])
    there = exported(tmp_path / "there.meta", first)
    (finding,) = scopecli.validate(
        exported(tmp_path / "here.meta", second), against=there, select=[code]
    )
    for reuse in reuses:
        said = message_of(first, second, reuse)
        assert said
        assert said.partition(" Originally")[0].strip().removesuffix(".") in finding.message
    other = exported(tmp_path / "good.meta", variables(f__w=[8, 3]))
    assert scopecli.validate(other, against=there, select=["S206", "S207", "S208"]) == []


# Numbers


def normalization(*, updated: bool) -> Callable[[], list[Any]]:
    def build() -> list[Any]:
        mean = tf.get_variable("bn/moving_mean", [4], initializer=tf.zeros_initializer())
        variance = tf.get_variable("bn/moving_variance", [4], initializer=tf.ones_initializer())
        step = tf.train.get_or_create_global_step()
        updates = [tf.assign_add(mean, tf.ones([4])), tf.assign_add(variance, tf.ones([4]))]
        return [tf.assign_add(step, 5), *(updates if updated else [])]

    return build


def with_a_dead_weight(*, dead: bool) -> Callable[[], list[Any]]:
    def build() -> list[Any]:
        w, v = tf.get_variable("net/w", [4, 3]), tf.get_variable("net/v", [3])
        loss = tf.reduce_sum(tf.square(w)) + tf.reduce_sum(v) * (0.0 if dead else 1.0)
        step = tf.train.get_or_create_global_step()
        return [tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss, global_step=step)]

    return build


@pytest.mark.rules("H801", "H802")
@pytest.mark.parametrize(
    ("code", "subject", "bad", "good"),
    [
        ("H801", "bn", normalization(updated=False), normalization(updated=True)),
        ("H802", "net/v", with_a_dead_weight(dead=True), with_a_dead_weight(dead=False)),
    ],
)
def test_health_from_the_index(
    code: str,
    subject: str,
    bad: Callable[[], list[Any]],
    good: Callable[[], list[Any]],
    tmp_path: Path,
) -> None:
    prefix = saved(tmp_path / "bad", bad)
    Path(f"{prefix}.data-00000-of-00001").unlink()
    assert checked(prefix, code) == [subject]
    assert checked(saved(tmp_path / "good", good), code) == []
    assert checked(saved(tmp_path / "new", lambda: bad()[:0]), code) == []  # before a step


@pytest.mark.rules("H803")
def test_what_is_no_number(tmp_path: Path) -> None:
    def build(value: float) -> Callable[[], None]:
        return lambda: tf.get_variable("w", initializer=np.array([1.0, value], "f4"))

    bad, good = saved(tmp_path / "bad", build(np.nan)), saved(tmp_path / "good", build(2.0))
    (finding,) = scopecli.validate(bad, select=["H803"], values=True)
    assert finding.text == "w: holds 1 NaN of 2 elements"
    assert checked(bad, "H803") == []  # without leave to read
    assert checked(good, "H803", values=True) == []
