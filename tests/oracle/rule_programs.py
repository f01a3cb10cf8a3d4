"""Programs of TensorFlow 1 with a fault that a rule finds, and the same done right."""

from __future__ import annotations

from typing import Any

import pytest

tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1


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


def misspelt_scope(*names: str) -> None:
    for name in names or ("discriminator", "discriminater"):
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


def var_list_misses_a_scope() -> None:
    """A head on layers that are frozen by what the optimizer is given alone."""
    x = image()
    for name in ("base/a", "base/b", "head/c"):
        with tf.variable_scope(name):
            x = dense(x)
    minimize(x, var_list=tf.trainable_variables("head/"))


def scope_is_frozen() -> None:
    """As the finding says it should be: with `trainable=False`."""
    x = image()
    for name in ("base/a", "base/b", "head/c"):
        with tf.variable_scope(name):
            x = dense(x, trainable=name.startswith("head/"))
    minimize(x)


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


def regularizers_forgotten() -> None:
    for name in ("a", "b"):
        with tf.variable_scope(name):
            minimize(dense(image(), regularizer=l2))


def collection_added(*, again: bool) -> None:
    """`get_total_loss` has the penalties already; a summary looks at them, without a gradient."""
    x = image()
    for name in ("a", "b"):
        with tf.variable_scope(name):
            x = dense(x, regularizer=l2)
    tf.losses.add_loss(tf.reduce_mean(x))
    loss, penalties = tf.losses.get_total_loss(), tf.losses.get_regularization_loss()
    minimize(loss + penalties if again else loss)
    tf.summary.scalar("penalties", penalties)


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


def several_updates_forgotten() -> None:
    x = image()
    for name in ("a", "b"):
        with tf.variable_scope(name):
            x = normalized(x, training=True)
    minimize(x)


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
