"""What other Savers wrote: averages under their variables' names, the V1 format, its shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from makers.graphs import GRAPH, write_graph
from makers.sample import sample
from makers.tensorflow1 import V2_DATA, V2_INDEX, V2_STATE, one_thread, tensorflow_1


@sample(
    "tf1_averages",
    "tensorflow-cpu",
    files={
        "tf1_averages/model.ckpt.data-00000-of-00001": V2_DATA,
        "tf1_averages/model.ckpt.index": V2_INDEX,
        "tf1_averages/model.ckpt.meta": GRAPH,
    },
)
def make_tf1_averages(out: Path) -> None:
    """A checkpoint that a Saver with a dictionary wrote: averages under the variables' names.

    The key `net/w` holds `net/w/ExponentialMovingAverage`, the variable itself is under
    `raw/w`, the step under another name, and one variable of the graph is not saved at all.
    """
    tf = tensorflow_1()
    weights = tf.get_variable("net/w", [2, 3], initializer=tf.ones_initializer())
    tf.get_variable("net/scratch", [7], initializer=tf.zeros_initializer(), trainable=False)
    step = tf.train.get_or_create_global_step()
    average = tf.train.ExponentialMovingAverage(0.5)
    descend = tf.train.GradientDescentOptimizer(0.1).minimize(tf.nn.l2_loss(weights), step)
    with tf.control_dependencies([descend]):
        train = average.apply([weights])
    saver = tf.train.Saver(
        {"net/w": average.average(weights), "raw/w": weights, "training/step": step}
    )
    prefix = out / "tf1_averages" / "model.ckpt"
    with tf.Session(config=one_thread(tf)) as session:
        session.run(tf.global_variables_initializer())
        session.run(train)
        saver.save(session, str(prefix), write_meta_graph=False, write_state=False)
    write_graph(tf, Path(f"{prefix}.meta"), saver)


def v1_variables(tf: Any) -> None:
    """Make a partitioned variable and whole ones of many types."""
    tf.get_variable(
        "embedding/table",
        [10, 4],
        initializer=tf.random_normal_initializer(),
        partitioner=tf.fixed_size_partitioner(3),
    )
    tf.get_variable("steps", initializer=tf.constant(2**40, tf.int64))
    tf.get_variable("enabled", initializer=tf.constant([True, False, True]))
    tf.get_variable("small", initializer=tf.constant([-1, 2], tf.int16))
    tf.get_variable("half", initializer=tf.constant([[0.5], [65504.0]], tf.half))
    tf.get_variable("wide", initializer=tf.constant([1.5, -2.5], tf.float64))
    tf.get_variable("words", initializer=tf.constant(["the", "", "naïve"]))
    tf.get_variable("zeros", initializer=tf.zeros([600]))


@sample(
    "tf1_v1",
    "tensorflow-cpu",
    files={
        "tf1_v1/checkpoint": V2_STATE,
        "tf1_v1/model.ckpt": "a V1 checkpoint: one table with names and values",
        "tf1_v1/model.ckpt.meta": GRAPH,
    },
)
def make_tf1_v1(out: Path) -> None:
    """A checkpoint of version 1 in one file, as TensorFlow wrote them until 2016.

    A partitioned variable in three slices and whole variables of many types.
    """
    tf = tensorflow_1()
    v1_variables(tf)
    saver = tf.train.Saver(write_version=tf.train.SaverDef.V1, save_relative_paths=True)
    with tf.Session(config=one_thread(tf)) as session:
        session.run(tf.global_variables_initializer())
        saver.save(session, str(out / "tf1_v1" / "model.ckpt"), write_meta_graph=False)
    write_graph(tf, out / "tf1_v1" / "model.ckpt.meta", saver)


@sample(
    "tf1_v1_sharded",
    "tensorflow-cpu",
    files={
        "tf1_v1_sharded/model.ckpt-00000-of-00002": "the shard of device CPU:0",
        "tf1_v1_sharded/model.ckpt-00001-of-00002": "the shard of device CPU:1",
    },
)
def make_tf1_v1_sharded(out: Path) -> None:
    """The same variables in two shards of version 1, with slices of one variable in both."""
    tf = tensorflow_1()

    def place(operation: Any) -> str:
        """Put the second slice and the words on the other device."""
        other = "/part_1" in operation.name or operation.name.startswith("words")
        return "/device:CPU:1" if other else "/device:CPU:0"

    with tf.device(place):
        v1_variables(tf)
        saver = tf.train.Saver(sharded=True, write_version=tf.train.SaverDef.V1)
        initialize = tf.global_variables_initializer()
    with tf.Session(config=one_thread(tf, cpus=2)) as session:
        session.run(initialize)
        prefix = str(out / "tf1_v1_sharded" / "model.ckpt")
        saver.save(session, prefix, write_meta_graph=False, write_state=False)
