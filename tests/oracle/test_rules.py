"""Each rule on files of the real frameworks: a program with the fault, and the same done right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

import scopecli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1
pytestmark = pytest.mark.filterwarnings("ignore")


class Case(NamedTuple):
    """A fault: the rule, what it speaks of, and the two programs."""

    code: str
    subjects: list[str]
    bad: Callable[[], object]
    good: Callable[[], object]
    label: str = ""


def image() -> Any:
    return tf.placeholder(tf.float32, [None, 4])


def dense(x: Any, **options: Any) -> Any:
    return tf.matmul(x, tf.get_variable("w", [4, 4], **options))


def scoped(*names: str) -> None:
    """One layer a scope, one behind the other."""
    x = image()
    for name in names:
        with tf.variable_scope(name):
            x = dense(x)


def minimize(loss: Any, **options: Any) -> Any:
    return tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(loss), **options)


# Names


def two_cases() -> None:
    scoped("encoder", "Encoder")


def one_case() -> None:
    scoped("encoder", "decoder")


def made_twice() -> None:
    tf.Variable(tf.zeros([3]), name="w")
    tf.Variable(tf.zeros([3]), name="w")


def made_once() -> None:
    tf.Variable(tf.zeros([3]), name="w")
    tf.Variable(tf.zeros([3]), name="v")


def shadowed() -> None:
    tf.Variable(tf.zeros([4, 4]), name="w")
    dense(image())


def shadowed_in_other_case() -> None:
    scoped("enc", "Enc")


def shadowed_resource() -> None:
    tf.Variable(tf.zeros([4, 4]), name="w", use_resource=True)
    dense(image(), use_resource=True)


def not_shadowed() -> None:
    tf.Variable(tf.zeros([4, 4]), name="v")
    dense(image())
    with tf.variable_scope("p", partitioner=tf.fixed_size_partitioner(2)):
        dense(image())
    for _ in range(2):
        with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
            dense(image())


def no_name() -> None:
    tf.Variable(tf.zeros([3]))
    tf.Variable(tf.zeros([3]))


def variable_in_its_own_scope() -> None:
    w = tf.get_variable("net/w", [4, 4])
    tf.get_variable("net/w/scale", [4])
    minimize(tf.matmul(image(), w))


def slots_in_its_own_scope() -> None:
    w = tf.get_variable("net/w", [4, 4])
    loss = tf.reduce_sum(tf.matmul(image(), w))
    train = tf.train.AdamOptimizer().minimize(loss)
    with tf.control_dependencies([train]):
        tf.train.ExponentialMovingAverage(0.9).apply([w])


# Scopes and reuse


def tower(x: Any, name: str | None, **options: Any) -> Any:
    with tf.variable_scope(name, default_name="net", **options):
        return tf.tanh(dense(x))


def forgotten_reuse() -> Any:
    return tower(image(), None), tower(image(), None)


def reused() -> Any:
    return tower(image(), "net"), tower(image(), "net", reuse=True)


def two_heads() -> None:
    x = image()
    tower(x, None)
    tower(x, None)


def numbered_towers() -> None:
    tower(image(), "branch_0")
    tower(image(), "branch_1")


def one_twin_trained() -> None:
    real, fake = forgotten_reuse()
    minimize(real + tf.reduce_sum(fake), var_list=tf.trainable_variables("net/"))


def both_twins_trained() -> None:
    first, second = forgotten_reuse()
    minimize(tf.reduce_sum(first) + tf.reduce_sum(second))


def twin_follows() -> None:
    real, _ = forgotten_reuse()
    minimize(real, var_list=tf.trainable_variables("net/"))
    tf.assign(*reversed(tf.trainable_variables()))


def entered_once() -> None:
    tower(image(), "net")


def misspelt() -> None:
    x = image()
    with tf.variable_scope("net"):
        for name in ("kernel", "kernal"):
            x = tf.matmul(x, tf.get_variable(name, [4, 4]))


def misspelt_scope() -> None:
    for name in ("discriminator", "discriminater"):
        tower(image(), name, reuse=tf.AUTO_REUSE)


def spelt() -> None:
    for name in ("discriminator", "generator", "query_a", "query_b"):
        tower(image(), name, reuse=tf.AUTO_REUSE)


def not_connected() -> None:
    w = tf.get_variable("w", [4, 4])
    tf.summary.histogram("w", w)
    scoped("net")
    tf.train.Saver()


def not_connected_resource() -> None:
    tf.get_variable("w", [4, 4], use_resource=True)
    with tf.variable_scope("net", use_resource=True):
        dense(image())
    tf.train.Saver()


def connected() -> None:
    flag = tf.placeholder(tf.bool, [])
    w = tf.get_variable("w", [4, 4], use_resource=True)
    tf.cond(flag, lambda: tf.matmul(w, w), lambda: w)
    tf.while_loop(lambda _: flag, lambda y: tf.matmul(y, tf.get_variable("v", [4, 4])), [w])
    table = tf.get_variable("table", [4, 4], partitioner=tf.fixed_size_partitioner(2))
    tf.nn.embedding_lookup(table, [1, 2])
    tf.train.Saver()


# Collections


def added_twice() -> None:
    w = tf.get_variable("w", [3])
    tf.add_to_collection(tf.GraphKeys.TRAINABLE_VARIABLES, w)


def partitioned() -> None:
    tf.get_variable("w", [4, 4], partitioner=tf.fixed_size_partitioner(2))


def trainable_and_hidden() -> None:
    tf.get_variable("v", [3])
    tf.get_variable("w", [3], collections=["mine"], trainable=True)
    tf.get_variable("local", [3], collections=[tf.GraphKeys.LOCAL_VARIABLES], trainable=True)


def trainable_and_global() -> None:
    tf.get_variable("w", [3])
    tf.get_variable("local", [3], collections=[tf.GraphKeys.LOCAL_VARIABLES], trainable=True)


def pruned() -> Any:
    """A graph that was cut down to what one node needs, with the collections of the whole."""
    w = tf.get_variable("w", [3])
    tf.add_to_collection("losses", tf.nn.l2_loss(w))
    tf.get_variable("v", [3])
    whole = tf.train.export_meta_graph()
    whole.graph_def.CopyFrom(tf.graph_util.extract_sub_graph(whole.graph_def, ["w"]))
    return whole


def all_in_the_graph() -> None:
    w = tf.get_variable("w", [3])
    tf.add_to_collection("losses", tf.nn.l2_loss(w))


def not_collected() -> None:
    tf.get_variable("w", [3])
    tf.Variable(tf.zeros([3]), name="v", collections=[], trainable=False)


def collected() -> None:
    tf.get_variable("w", [3])
    tf.Variable(tf.zeros([3]), name="v", collections=["local_variables"], trainable=False)
    tf.train.get_or_create_global_step()


# Training


def var_list_misses_one() -> None:
    x = image()
    for name in ("a", "b"):
        with tf.variable_scope(name):
            x = dense(x)
    minimize(x, var_list=tf.trainable_variables("a/"))


def var_lists_of_two_optimizers() -> None:
    x = image()
    for name in ("a", "b"):
        with tf.variable_scope(name):
            x = dense(x)
    minimize(x, var_list=tf.trainable_variables("a/"))
    minimize(x, var_list=tf.trainable_variables("b/"))


def l2(w: Any) -> Any:
    return 0.1 * tf.nn.l2_loss(w)


def l1_l2(w: Any) -> Any:
    return 0.1 * tf.nn.l2_loss(w) + 0.1 * tf.reduce_sum(tf.abs(w))


def regularized_and_frozen() -> None:
    with tf.variable_scope("net"):
        x = dense(image(), regularizer=l2, trainable=False)
    minimize(tf.matmul(x, tf.get_variable("v", [4, 4])) + tf.losses.get_regularization_loss())


def regularized() -> None:
    with tf.variable_scope("net"):
        x = dense(image(), regularizer=l1_l2)
    minimize(tf.reduce_sum(x) + tf.losses.get_regularization_loss())


def regularizer_forgotten() -> None:
    with tf.variable_scope("net"):
        minimize(dense(image(), regularizer=l2))


def regularized_twice() -> None:
    with tf.variable_scope("net"):
        x = dense(image(), regularizer=l2)
    by_hand = tf.add_n([tf.nn.l2_loss(w) for w in tf.trainable_variables()])
    minimize(tf.reduce_sum(x) + tf.losses.get_regularization_loss() + by_hand)


def regularized_in_two_losses() -> None:
    with tf.variable_scope("net"):
        x = tf.reduce_sum(dense(image(), regularizer=l2))
    minimize(x + tf.losses.get_regularization_loss())
    minimize(2.0 * x + tf.nn.l2_loss(tf.trainable_variables()[0]))


def normalized(x: Any, *, training: bool) -> Any:
    """A batch normalization as TensorFlow 1 had it, with its updates in UPDATE_OPS."""
    with tf.variable_scope("bn"):
        gamma = tf.get_variable("gamma", [4], initializer=tf.ones_initializer())
        mean = tf.get_variable("moving_mean", [4], trainable=False)
        batch = tf.reduce_mean(x, 0)
        if training:
            update = tf.group(mean.assign_sub(0.1 * (mean - batch)), name="update")
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
            return (x - batch) * gamma
        return (x - mean) * gamma


def updates_forgotten() -> None:
    minimize(normalized(image(), training=True))


def updates_as_dependency() -> None:
    y = normalized(image(), training=True)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        minimize(y)


def updates_grouped_later() -> None:
    train = minimize(normalized(image(), training=True))
    tf.group(train, *tf.get_collection(tf.GraphKeys.UPDATE_OPS))


def never_in_training() -> None:
    minimize(normalized(image(), training=False))


def keras_normalized(*, run_updates: bool) -> None:
    """tf_keras leaves UPDATE_OPS empty in a graph."""
    keras = pytest.importorskip("tf_keras", reason="pip install -e '.[oracle]'")
    layer = keras.layers.BatchNormalization(name="bn")
    y = layer(image(), training=True)
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []
    updates = [
        operation
        for operation in tf.get_default_graph().get_operations()
        if operation.type in {"AssignSubVariableOp", "AssignVariableOp"}
        and not operation.name.endswith("/Assign")
    ]
    assert updates
    train = minimize(y)
    if run_updates:
        tf.group(train, *updates)


def conditional_updates(*, dependency: bool) -> None:
    """The update runs in one branch only, in both versions of control flow."""
    flag = tf.placeholder(tf.bool, [])
    w = tf.get_variable("w", [4, 4], use_resource=True)
    mean = tf.get_variable("bn/moving_mean", [4], use_resource=True, trainable=False)
    batch = tf.reduce_mean(image(), 0)

    def write() -> Any:
        with tf.control_dependencies([mean.assign_sub(0.1 * (mean - batch))]):
            return tf.identity(batch)

    result = tf.cond(flag, write, lambda: mean + 0.0)
    y = tf.matmul(tf.expand_dims(result, 0), w) if dependency else tf.matmul(image(), w)
    minimize(y)


CASES = [
    Case("N101", ["Encoder"], two_cases, one_case),
    Case("N102", ["w_1"], made_twice, made_once),
    Case("N103", ["w_1"], shadowed, not_shadowed),
    Case("N103", ["Enc/w_1"], shadowed_in_other_case, one_case, "case"),
    Case("N103", ["w_1"], shadowed_resource, not_shadowed, "resource"),
    Case("N104", ["Variable", "Variable_1"], no_name, made_once),
    Case("N107", ["net/w"], variable_in_its_own_scope, slots_in_its_own_scope),
    Case("S201", ["net_1"], forgotten_reuse, reused),
    Case("S201", ["net_1"], both_twins_trained, two_heads, "heads"),
    Case("S201", ["net_1"], forgotten_reuse, numbered_towers, "numbered"),
    Case("S202", ["net_1"], one_twin_trained, both_twins_trained),
    Case("S202", ["net_1"], one_twin_trained, twin_follows, "target network"),
    Case("S203", ["net_1"], reused, entered_once),
    Case("S204", ["net/kernel"], misspelt, spelt),
    Case("S204", ["discriminator"], misspelt_scope, spelt, "scope"),
    Case("S205", ["w"], not_connected, connected),
    Case("S205", ["w"], not_connected_resource, connected, "resource"),
    Case("C301", ["w"], added_twice, partitioned),
    Case("C302", ["w"], trainable_and_hidden, trainable_and_global),
    Case("C303", ["L2Loss", "v"], pruned, all_in_the_graph),
    Case("C304", ["v"], not_collected, collected),
    Case("T301", ["b/w"], var_list_misses_one, var_lists_of_two_optimizers),
    Case("T302", ["net/w"], regularized_and_frozen, regularized),
    Case("T303", ["bn/update"], updates_forgotten, updates_as_dependency),
    Case("T303", ["bn/update"], updates_forgotten, updates_grouped_later, "tf.group"),
    Case("T304", ["bn/moving_mean"], never_in_training, updates_as_dependency),
    Case(
        "T304",
        ["bn/moving_mean", "bn/moving_variance"],
        lambda: keras_normalized(run_updates=False),
        lambda: keras_normalized(run_updates=True),
        "tf_keras",
    ),
    Case(
        "T304",
        ["bn/moving_mean"],
        lambda: conditional_updates(dependency=False),
        lambda: conditional_updates(dependency=True),
        "branch",
    ),
    Case("T305", ["net/w"], regularizer_forgotten, regularized),
    Case("T306", ["net/w"], regularized_twice, regularized),
    Case("T306", ["net/w"], regularized_twice, regularized_in_two_losses, "two losses"),
]


def exported(build: Callable[[], object], folder: Path) -> str:
    """Export what a program builds, or the message that it makes itself."""
    path = folder / "graph.meta"
    with tf.Graph().as_default():
        message = build()
        if isinstance(message, tf.MetaGraphDef):
            path.write_bytes(message.SerializeToString())
        else:
            tf.train.export_meta_graph(str(path))
    return str(path)


@pytest.fixture(params=[False, True], ids=["references", "resources"])
def _kind_of_graph(request: pytest.FixtureRequest) -> Iterator[None]:
    """Reference variables with control flow of version 1; resources with version 2."""
    if request.param:
        tf.enable_control_flow_v2()
        tf.enable_resource_variables()
    else:
        tf.disable_control_flow_v2()
        tf.disable_resource_variables()
    yield
    tf.disable_control_flow_v2()
    tf.enable_resource_variables()


@pytest.mark.usefixtures("_kind_of_graph")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.label}".strip())
def test_a_graph(case: Case, tmp_path: Path) -> None:
    found = scopecli.validate(exported(case.bad, tmp_path), select=[case.code])
    assert [finding.subject for finding in found] == case.subjects
    assert scopecli.validate(exported(case.good, tmp_path), select=[case.code]) == []


def test_a_clean_program_has_no_findings(tmp_path: Path) -> None:
    """A layer with everything that training needs, under every rule at once."""

    def build() -> None:
        with tf.variable_scope("net"):
            x = tf.matmul(image(), tf.get_variable("w", [4, 4], regularizer=l1_l2))
            y = normalized(x, training=True)
        loss = tf.reduce_sum(y) + tf.losses.get_regularization_loss()
        step = tf.train.get_or_create_global_step()
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train = tf.train.AdamOptimizer().minimize(loss, global_step=step)
        with tf.control_dependencies([train]):
            tf.train.ExponentialMovingAverage(0.9).apply(tf.trainable_variables())
        tf.train.Saver()

    assert scopecli.validate(exported(build, tmp_path)) == []


def test_what_is_dangling_cannot_be_imported(tmp_path: Path) -> None:
    path = exported(pruned, tmp_path)
    with tf.Graph().as_default(), pytest.raises(KeyError, match="not in the graph"):
        tf.train.import_meta_graph(path)


def test_a_checkpoint_is_checked_with_its_graph(tmp_path: Path) -> None:
    """And under the names of the graph, where the keys are others."""
    prefix = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session:
        one_twin_trained()
        (w, _) = tf.trainable_variables()
        saver = tf.train.Saver({"elsewhere": w})
        session.run(tf.global_variables_initializer())
        saver.save(session, prefix)
    found = scopecli.validate(prefix, select=["S202"])
    assert [(finding.subject, finding.path) for finding in found] == [("net_1", prefix)]


def saved_together(folder: Path, size: int) -> str:
    prefix = str(folder / f"model-{size}")
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("net/w", [size, 3])
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix, write_meta_graph=False, write_state=False)
    return prefix


@pytest.mark.rules("N110")
def test_files_that_are_loaded_together(tmp_path: Path) -> None:
    """N110, and what TensorFlow says of the same."""
    from scopecli.rules.run import Run
    from scopecli.rules.selection import Selection

    first, second = saved_together(tmp_path, 4), saved_together(tmp_path, 5)
    run = Run(scopecli.load, Selection(("N110",)), together=[])
    for path in (first, second):
        run.check(path)
    assert [(found.path, found.subject) for found in run.findings] == [(second, "net/w")]
    with tf.Graph().as_default(), tf.Session() as session:
        # A resource takes the other shape and says nothing.
        w = tf.get_variable("net/w", [4, 3], use_resource=False)
        tf.train.Saver([w]).restore(session, first)
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.train.Saver([w]).restore(session, second)


@pytest.mark.rules("N108")
def test_two_weights_of_one_name_in_a_layer(tmp_path: Path) -> None:
    """N108: an object-based checkpoint takes what HDF5 does not."""
    keras = pytest.importorskip("tf_keras", reason="pip install -e '.[oracle]'")

    def layer_with(second: str) -> Any:
        layer = keras.layers.Layer()
        layer.first = layer.add_weight(name="w", shape=[3])
        layer.second = layer.add_weight(name=second, shape=[3])
        return layer

    def found(layer: Any) -> list[str]:
        prefix = tensorflow.train.Checkpoint(layer=layer).write(str(tmp_path / "model"))
        return [finding.subject for finding in scopecli.validate(prefix, select=["N108"])]

    bad, good = layer_with("w"), layer_with("v")
    assert found(bad) == ["layer/w"]  # Keras tracks it a second time, under its name
    assert found(good) == []
    model = keras.Sequential([bad])
    model.build([None, 3])
    with pytest.raises(ValueError, match="already exists"):
        model.save_weights(str(tmp_path / "model.h5"))


@pytest.fixture
def keras3() -> Any:
    return pytest.importorskip("keras", minversion="3", reason="pip install -e '.[oracle]'")


def functional(keras: Any, *names: str) -> Any:
    x = inputs = keras.Input([4])
    for name in names:
        x = keras.layers.Dense(4, name=name)(x)
    return keras.Model(inputs, x)


@pytest.mark.rules("N106")
def test_two_layers_of_one_name(keras3: Any, tmp_path: Path) -> None:
    """N106: Keras writes the file, and refuses to read it."""
    path = str(tmp_path / "model.keras")
    model = functional(keras3, "a", "b")
    model.save(path)
    assert scopecli.validate(path, select=["N106"]) == []
    model.layers[2].name = "a"
    model.save(path)
    assert [finding.subject for finding in scopecli.validate(path, select=["N106"])] == ["a"]


def trained(keras: Any, *layers: Any) -> Any:
    model = keras.Sequential([keras.Input([2, 4]), *layers])
    model.compile("adam", "mse")
    model.fit(np.ones([1, 2, 4]), np.ones([1, 2, 4]), verbose=0)
    return model


@pytest.mark.rules("N109")
def test_names_that_an_optimizer_flattens_to_one(keras3: Any, tmp_path: Path) -> None:
    """N109: an archive can hold them, HDF5 cannot."""
    wrap, dense_layer = keras3.layers.TimeDistributed, keras3.layers.Dense
    bad = trained(keras3, wrap(dense_layer(4, name="b"), name="a"), dense_layer(4, name="a_b"))
    path = str(tmp_path / "model.keras")
    bad.save(path)
    assert [finding.code for finding in scopecli.validate(path, select=["N"])] == ["N109"] * 2
    with pytest.raises(ValueError, match="already exists"):
        bad.save(str(tmp_path / "model.h5"))


def test_names_that_inner_models_keep_apart(keras3: Any, tmp_path: Path) -> None:
    inner = (keras3.Sequential([keras3.layers.Dense(4, name="b")], name=name) for name in "xy")
    good = trained(keras3, *inner, keras3.layers.Dense(4, name="z_b"))
    path = tmp_path / "model.keras"
    good.save(str(path))
    assert scopecli.validate(path, ignore=["O504"]) == []
    good.save(str(tmp_path / "model.h5"))
    assert scopecli.validate(tmp_path / "model.h5", ignore=["O504"]) == []
