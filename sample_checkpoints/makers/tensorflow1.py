"""Checkpoints of TensorFlow 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makers.sample import SEED, sample

if TYPE_CHECKING:
    from pathlib import Path

V2_INDEX = "the table of names, shapes, dtypes and offsets"
V2_DATA = "the tensor bytes"
V2_META = "the graph with its collections (MetaGraphDef)"
V2_STATE = "the text file that names the latest checkpoint"


def tensorflow_1() -> Any:
    """Give TensorFlow's version 1 interface with version 2 behaviour switched off."""
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.set_random_seed(SEED)
    return tf


def one_thread(tf: Any, cpus: int = 1) -> Any:
    """Give a session configuration whose sums always run in the same order."""
    return tf.ConfigProto(
        device_count={"CPU": cpus},
        intra_op_parallelism_threads=1,
        inter_op_parallelism_threads=1,
    )


def dense(tf: Any, inputs: Any, units: int, scope: str) -> Any:
    """Add a dense layer with the variables ``scope``/w and ``scope``/b."""
    with tf.variable_scope(scope):
        weights = tf.get_variable(
            "w",
            [inputs.shape[-1], units],
            initializer=tf.random_normal_initializer(stddev=0.2),
        )
        bias = tf.get_variable("b", [units], initializer=tf.zeros_initializer())
        return tf.nn.bias_add(tf.matmul(inputs, weights), bias)


def gan_generator(tf: Any, noise: Any, *, reuse: bool = False) -> Any:
    """Build the generator: three identical hidden layers and an output."""
    with tf.variable_scope("generator", reuse=reuse):
        hidden = noise
        for number in range(3):
            hidden = tf.nn.relu(dense(tf, hidden, 6, f"h{number}"))
        return tf.tanh(dense(tf, hidden, 8, "out"))


def gan_discriminator(tf: Any, images: Any, *, reuse: bool = False) -> Any:
    """Build the discriminator: a hidden layer and a score."""
    with tf.variable_scope("discriminator", reuse=reuse):
        hidden = tf.nn.relu(dense(tf, images, 6, "h0"))
        return dense(tf, hidden, 1, "out")


@sample(
    "tf1_gan",
    "tensorflow-cpu",
    files={
        "tf1_gan/checkpoint": V2_STATE,
        "tf1_gan/model.ckpt-200.data-00000-of-00001": V2_DATA,
        "tf1_gan/model.ckpt-200.index": V2_INDEX,
        "tf1_gan/model.ckpt-200.meta": V2_META,
    },
)
def make_tf1_gan(out: Path) -> None:
    """A GAN trained for 200 steps in TensorFlow 1 style with reference variables.

    `generator` and `discriminator` are each built twice, the second time with reuse=True;
    two Adam optimizers share the names of their slots but not the variables; the hidden
    layers are numbered and alike, so a tree can fold them. The graph beside it has
    collections of variables, nodes and plain values.
    """
    import numpy as np

    tf = tensorflow_1()
    noise = tf.placeholder(tf.float32, [4, 6], name="z")
    images = tf.placeholder(tf.float32, [4, 8], name="real_images")
    fakes = gan_generator(tf, noise)
    sampler = gan_generator(tf, noise, reuse=True)
    real_scores = gan_discriminator(tf, images)
    fake_scores = gan_discriminator(tf, fakes, reuse=True)
    d_loss_real = tf.reduce_mean(tf.nn.softplus(-real_scores), name="d_loss_real")
    d_loss_fake = tf.reduce_mean(tf.nn.softplus(fake_scores), name="d_loss_fake")
    d_loss = tf.add(d_loss_real, d_loss_fake, name="d_loss")
    g_loss = tf.reduce_mean(tf.nn.softplus(-fake_scores), name="g_loss")
    tf.summary.scalar("d_loss", d_loss)
    tf.summary.scalar("g_loss", g_loss)
    tf.add_to_collection("sampler", sampler)
    tf.add_to_collection("image_size", 8)
    tf.add_to_collection("learning_rate", 0.0002)

    step = tf.train.get_or_create_global_step()
    d_variables = tf.trainable_variables("discriminator")
    g_variables = tf.trainable_variables("generator")
    d_adam = tf.train.AdamOptimizer(0.0002)
    g_adam = tf.train.AdamOptimizer(0.0002)
    d_train = d_adam.minimize(d_loss, global_step=step, var_list=d_variables)
    g_train = g_adam.minimize(g_loss, var_list=g_variables)

    saver = tf.train.Saver(save_relative_paths=True)
    random = np.random.RandomState(SEED)
    with tf.Session(config=one_thread(tf)) as session:
        session.run(tf.global_variables_initializer())
        for _ in range(200):
            batch = {noise: random.randn(4, 6), images: random.rand(4, 8)}
            # In one call the two would race: each reads what the other one writes.
            session.run(d_train, batch)
            session.run(g_train, batch)
        saver.save(
            session,
            str(out / "tf1_gan" / "model.ckpt"),
            global_step=step,
            strip_default_attrs=True,
        )


@sample(
    "tf1_partitioned",
    "tensorflow-cpu",
    files={
        "tf1_partitioned/checkpoint": V2_STATE,
        "tf1_partitioned/model.ckpt.data-00000-of-00002": f"{V2_DATA} of device CPU:0",
        "tf1_partitioned/model.ckpt.data-00001-of-00002": f"{V2_DATA} of device CPU:1",
        "tf1_partitioned/model.ckpt.index": V2_INDEX,
        "tf1_partitioned/model.ckpt.meta": V2_META,
    },
)
def make_tf1_partitioned(out: Path) -> None:
    """A checkpoint in two data shards with a partitioned variable and many dtypes.

    `embedding/table` is cut in three slices, the middle one in the other shard and last in the
    list of slices; `embedding/scale` is whole; beside them are string, int64, bool, bfloat16
    and half variables. The shards come from Saver(sharded=True) over two CPU devices.
    """
    tf = tensorflow_1()

    def place(operation: Any) -> str:
        """Put the second slice and everything under `second` on the other device."""
        other = "/part_1" in operation.name or operation.name.startswith("second/")
        return "/device:CPU:1" if other else "/device:CPU:0"

    with tf.device(place):
        with tf.variable_scope("embedding"):
            tf.get_variable(
                "table",
                [10, 4],
                initializer=tf.random_normal_initializer(),
                partitioner=tf.fixed_size_partitioner(3),
            )
            tf.get_variable("scale", [4], initializer=tf.ones_initializer())
        with tf.variable_scope("first"):
            tf.get_variable("words", initializer=tf.constant(["the", "", "naïve", "cat\n"]))
            tf.get_variable("seen", initializer=tf.constant(2**40, tf.int64))
            tf.get_variable("enabled", initializer=tf.constant([True, False, True]))
        with tf.variable_scope("second"):
            tf.get_variable("brain", initializer=tf.constant([1.0, -2.5], tf.bfloat16))
            tf.get_variable("half", initializer=tf.constant([[0.5], [65504.0]], tf.half))
        saver = tf.train.Saver(sharded=True, save_relative_paths=True)
        initialize = tf.global_variables_initializer()
    with tf.Session(config=one_thread(tf, cpus=2)) as session:
        session.run(initialize)
        saver.save(session, str(out / "tf1_partitioned" / "model.ckpt"))


@sample(
    "tf1_batchnorm",
    "tensorflow-cpu",
    "tf_keras",
    files={
        "tf1_batchnorm/checkpoint": V2_STATE,
        "tf1_batchnorm/model.ckpt.data-00000-of-00001": V2_DATA,
        "tf1_batchnorm/model.ckpt.index": V2_INDEX,
        "tf1_batchnorm/model.ckpt.meta": V2_META,
    },
)
def make_tf1_batchnorm(out: Path) -> None:
    """Batch normalization, momentum, an L2 penalty and averaged weights in one graph.

    Resource variables; tf.compat.v1.layers with an `is_training` placeholder, so the graph
    has version 1 conditionals (`cond_context`) and UPDATE_OPS that the training step waits
    for; `Momentum` slots; REGULARIZATION_LOSSES; `ExponentialMovingAverage` copies of the
    trainable variables. 20 steps, so moving statistics differ from their initial values.
    """
    import numpy as np

    tf = tensorflow_1()
    tf.enable_resource_variables()

    def l2_penalty(weights: Any) -> Any:
        """Penalise big weights, under the op name that tf.contrib.layers gave it."""
        return tf.multiply(1e-3, tf.nn.l2_loss(weights), name="l2_regularizer")

    features = tf.placeholder(tf.float32, [None, 2, 2, 3], name="features")
    labels = tf.placeholder(tf.float32, [None, 1], name="labels")
    is_training = tf.placeholder_with_default(input=False, shape=[], name="is_training")
    with tf.variable_scope("net"):
        hidden = tf.layers.conv2d(
            features, 4, 1, use_bias=False, kernel_regularizer=l2_penalty, name="conv"
        )
        hidden = tf.layers.batch_normalization(
            hidden, momentum=0.9, training=is_training, name="bn"
        )
        hidden = tf.reduce_mean(tf.nn.relu(hidden), [1, 2])
        scores = tf.layers.dense(hidden, 1, kernel_regularizer=l2_penalty, name="score")
    tf.losses.add_loss(tf.nn.l2_loss(scores - labels, name="squared_error"))
    loss = tf.losses.get_total_loss()

    step = tf.train.get_or_create_global_step()
    momentum = tf.train.MomentumOptimizer(0.05, 0.9)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        descend = momentum.minimize(loss, global_step=step)
    average = tf.train.ExponentialMovingAverage(0.99)
    with tf.control_dependencies([descend]):
        train = average.apply(tf.trainable_variables())

    saver = tf.train.Saver(save_relative_paths=True)
    random = np.random.RandomState(SEED)
    with tf.Session(config=one_thread(tf)) as session:
        session.run(tf.global_variables_initializer())
        for _ in range(20):
            batch = {features: 2 + random.randn(8, 2, 2, 3), labels: random.rand(8, 1)}
            session.run(train, {**batch, is_training: True})
        prefix = str(out / "tf1_batchnorm" / "model.ckpt")
        saver.save(session, prefix, strip_default_attrs=True)
    sort_contexts(out / "tf1_batchnorm" / "model.ckpt.meta")


def sort_contexts(path: Path) -> None:
    """Rewrite the loops and conditionals of a graph with their maps in the order of the keys.

    TensorFlow sorts the maps of the graph itself, but not of the messages in its collections.
    """
    from tensorflow.core.protobuf import control_flow_pb2, meta_graph_pb2

    graph = meta_graph_pb2.MetaGraphDef.FromString(path.read_bytes())
    kinds = {
        "cond_context": control_flow_pb2.CondContextDef,
        "while_context": control_flow_pb2.WhileContextDef,
    }
    for key, kind in kinds.items():
        if key not in graph.collection_def:
            continue
        contexts = graph.collection_def[key].bytes_list.value
        for number, content in enumerate(contexts):
            contexts[number] = kind.FromString(content).SerializeToString(deterministic=True)
    path.write_bytes(graph.SerializeToString(deterministic=True))
