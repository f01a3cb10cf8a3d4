"""Reuse as real TensorFlow writes it: seven ways to share variables, and the ways not to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import scopecli
from scopecli.analysis.reuse import ReuseReport, find_reuse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1


@pytest.fixture
def report_of(tmp_path: Path) -> Callable[[Callable[[], object]], ReuseReport]:
    """Build a graph, export it, and say what is shared in the file."""

    def report(build: Callable[[], object]) -> ReuseReport:
        with tf.Graph().as_default():
            build()
            path = tmp_path / "graph.meta"
            tf.train.export_meta_graph(str(path))
        return find_reuse(scopecli.load(path))

    return report


def image() -> Any:
    return tf.placeholder(tf.float32, [None, 4])


def dense(x: Any) -> Any:
    w = tf.get_variable("w", [4, 4])
    b = tf.get_variable("b", [4])
    return tf.matmul(x, w) + b


def with_reuse_true() -> None:
    with tf.variable_scope("net"):
        dense(image())
    with tf.variable_scope("net", reuse=True):
        dense(image())


def with_auto_reuse() -> None:
    for _ in range(2):
        with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
            dense(image())


def with_reuse_variables() -> None:
    with tf.variable_scope("net"):
        dense(image())
    with tf.variable_scope("net") as scope:
        scope.reuse_variables()
        dense(image())


def with_a_scope_object() -> None:
    with tf.variable_scope("net") as scope:
        dense(image())
    with tf.variable_scope(scope, reuse=True):
        dense(image())


def with_make_template() -> None:
    template = tf.make_template("net", lambda: dense(image()))
    template()
    template()


@pytest.mark.parametrize(
    "build",
    [
        with_reuse_true,
        with_auto_reuse,
        with_reuse_variables,
        with_a_scope_object,
        with_make_template,
    ],
)
def test_a_scope_that_was_entered_again(
    build: Callable[[], None], report_of: Callable[[Callable[[], object]], ReuseReport]
) -> None:
    (scope,) = report_of(build).scopes
    assert scope.scope == "net"
    assert scope.entries == ("net/", "net_1/")
    assert scope.variables == ("net/b", "net/w")
    assert [(shared.variable, shared.read_by) for shared in scope.shared] == [
        ("net/b", ("net/", "net_1/")),
        ("net/w", ("net/", "net_1/")),
    ]
    assert report_of(build).twins == ()


def test_a_python_object_in_two_scopes(
    report_of: Callable[[Callable[[], object]], ReuseReport],
) -> None:
    def build() -> None:
        with tf.variable_scope("weights"):
            w = tf.get_variable("w", [4, 4])
        for tower in ("left", "right"):
            with tf.name_scope(tower):
                tf.matmul(image(), w)

    (scope,) = report_of(build).scopes
    assert scope.scope == "weights"
    assert [tuple(shared) for shared in scope.shared] == [("weights/w", ("left/", "right/"))]


def test_a_python_object_twice_in_one_scope(
    report_of: Callable[[Callable[[], object]], ReuseReport],
) -> None:
    def build() -> None:
        w = tf.get_variable("w", [4, 4])
        tf.matmul(tf.matmul(image(), w), w)

    (scope,) = report_of(build).scopes
    assert [tuple(shared) for shared in scope.shared] == [("w", ("MatMul", "MatMul_1"))]


def test_a_keras_layer_called_twice(
    report_of: Callable[[Callable[[], object]], ReuseReport],
) -> None:
    keras = pytest.importorskip("tf_keras", reason="pip install -e '.[oracle]'")

    def build() -> None:
        layer = keras.layers.Dense(4, name="shared")
        layer(layer(image()))

    (scope,) = report_of(build).scopes
    assert scope.scope == "shared"
    assert scope.entries == ("shared/", "shared_1/")
    assert [shared.variable for shared in scope.shared] == ["shared/bias", "shared/kernel"]


def test_inside_other_scopes(report_of: Callable[[Callable[[], object]], ReuseReport]) -> None:
    def build() -> None:
        with tf.variable_scope("model"):
            for _ in range(3):
                with tf.variable_scope("cell", reuse=tf.AUTO_REUSE):
                    dense(image())

    (scope,) = report_of(build).scopes
    assert scope.scope == "model/cell"
    assert scope.entries == ("model/cell/", "model/cell_1/", "model/cell_2/")


def test_under_towers(report_of: Callable[[Callable[[], object]], ReuseReport]) -> None:
    def build() -> None:
        for tower in range(2):
            with (
                tf.name_scope(f"tower_{tower}"),
                tf.variable_scope("net", reuse=tf.AUTO_REUSE),
            ):
                dense(image())

    (scope,) = report_of(build).scopes
    assert scope.entries == ("tower_0/net/", "tower_1/net/")


@pytest.mark.parametrize("resource", [False, True])
def test_in_a_training_graph(
    resource: bool, report_of: Callable[[Callable[[], object]], ReuseReport]
) -> None:
    """Gradients, optimizer, averages, regularizers, summaries and savers are no readers."""

    def build() -> None:
        def regularizer(w: Any) -> Any:
            return tf.reduce_sum(tf.square(w)) + tf.nn.l2_loss(w)

        with tf.variable_scope("net", use_resource=resource, regularizer=regularizer):
            loss = tf.reduce_sum(dense(image()))
        for variable in tf.trainable_variables():
            tf.summary.histogram(variable.op.name, variable)
        step = tf.train.get_or_create_global_step()
        train = tf.train.AdamOptimizer().minimize(loss, global_step=step)
        with tf.control_dependencies([train]):
            tf.train.ExponentialMovingAverage(0.9).apply(tf.trainable_variables())
        tf.train.Saver()

    assert report_of(build).scopes == ()


@pytest.mark.parametrize("resource", [False, True])
def test_in_an_optimizer_that_is_written_out(
    resource: bool, report_of: Callable[[Callable[[], object]], ReuseReport]
) -> None:
    """Weight decay and averages without an operation of their own, as BERT trains."""

    def build() -> None:
        with tf.variable_scope("net", use_resource=resource):
            loss = tf.reduce_sum(dense(image()))
        with tf.variable_scope("target", use_resource=resource):
            dense(image())
        ours, theirs = (tf.trainable_variables(scope) for scope in ("net", "target"))
        steps = []
        for w, gradient in zip(ours, tf.gradients(loss, ours), strict=True):
            m = tf.get_variable(f"{w.op.name}/adam_m", w.shape, trainable=False)
            new = 0.9 * m + 0.1 * gradient
            steps += [m.assign(new), w.assign(w - 0.1 * (new / (tf.sqrt(new) + 1e-6) + 0.01 * w))]
        with tf.control_dependencies(steps):
            for w, target in zip(ours, theirs, strict=True):
                target.assign(0.99 * target + 0.01 * w)

    assert report_of(build).scopes == ()


@pytest.mark.parametrize("control_flow_v2", [False, True])
def test_through_while_and_cond(
    control_flow_v2: bool, report_of: Callable[[Callable[[], object]], ReuseReport]
) -> None:
    switch = tf.enable_control_flow_v2 if control_flow_v2 else tf.disable_control_flow_v2

    def repeat_or_not(w: Any, flag: Any) -> None:
        x = tf.while_loop(lambda _: flag, lambda y: tf.matmul(y, w), [tf.ones([4, 4])])
        tf.cond(flag, lambda: tf.matmul(x, w), lambda: x)

    def build() -> None:
        switch()
        for entry in range(2):
            with tf.variable_scope("net", reuse=entry == 1, use_resource=True):
                repeat_or_not(tf.get_variable("w", [4, 4]), tf.placeholder(tf.bool, []))

    try:
        (scope,) = report_of(build).scopes
    finally:
        tf.disable_control_flow_v2()
    assert scope.entries == ("net/", "net_1/")
    assert [shared.variable for shared in scope.shared] == ["net/w"]


def test_twins_by_a_default_name(
    report_of: Callable[[Callable[[], object]], ReuseReport],
) -> None:
    def discriminator(x: Any) -> Any:
        with tf.variable_scope(None, default_name="net"):
            return dense(x)

    def build() -> None:
        discriminator(image())
        discriminator(image())

    report = report_of(build)
    assert report.scopes == ()
    assert [tuple(twins) for twins in report.twins] == [(("net", "net_1"), ("b", "w"))]


def test_layers_in_a_row_are_no_twins(
    report_of: Callable[[Callable[[], object]], ReuseReport],
) -> None:
    def build() -> None:
        x = image()
        for _ in range(3):
            with tf.variable_scope(None, default_name="net"):
                x = dense(x)

    assert report_of(build) == ReuseReport((), ())
