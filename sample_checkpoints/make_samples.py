"""Make the sample files of this folder with the frameworks that people really used.

    python sample_checkpoints/make_samples.py                  make everything again
    python sample_checkpoints/make_samples.py --only tf1_gan   make one sample
    python sample_checkpoints/make_samples.py --check          make it elsewhere and compare

The frameworks are heavy and their versions decide the bytes, so the script makes a virtual
environment of its own with exact pins (``PINS``) and runs itself again inside it.

Every sample is one function below. Its docstring says what the sample shows and is also the
text of the README's table; the ``files`` of its decorator describe the single files and end in
MANIFEST.json. Each sample that needs a framework is made in a fresh process, so that no layer
counter, seed or default graph leaks from one to the next.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MANIFEST = "MANIFEST.json"
README = "README.md"
PYTHON = (3, 11)

# Everything that has a say in the bytes of a file is pinned, not only what is imported here.
PINS = (
    "tensorflow-cpu==2.21.0",
    "keras==3.15.1",
    "h5py==3.14.0",
    "numpy==2.4.6",
    "ml_dtypes==0.6.0",
    "protobuf==7.36.2",
    "safetensors==0.8.0",
    "gguf==0.19.0",
    "torch==2.13.0",  # any build of it: the bytes are the same
    "onnx==1.23.2",
    "jax==0.10.2",
    "flax==0.12.8",
    "msgpack==1.2.4",
    "optax==0.2.8",
    "orbax-checkpoint==0.12.8",
    "tensorstore==0.1.86",
)
# tf_keras asks for the package "tensorflow", which tensorflow-cpu already provides under
# another name; installing it without its dependencies saves a second copy of TensorFlow.
PINS_WITHOUT_DEPENDENCIES = ("tf_keras==2.21.0",)
# A framework that needs an older NumPy than the others has an environment of its own.
PINS_OF_MXNET = ("mxnet==1.9.1", "numpy==1.23.5")

ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "ignore",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_USE_LEGACY_KERAS": "1",
}

SEED = 7
FIXED_DATE = "2020-01-01@00:00:00"
FIXED_TIME = 1_577_836_800  # the same, in seconds since 1970

MakeFunction = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: the function that makes it, the files it writes, the packages it uses."""

    name: str
    make: MakeFunction
    files: Mapping[str, str]
    packages: tuple[str, ...]

    @property
    def shows(self) -> str:
        """Give what the sample shows, as one line."""
        return " ".join((inspect.getdoc(self.make) or "").split())


SAMPLES: dict[str, Sample] = {}


def sample(
    name: str, *packages: str, files: Mapping[str, str]
) -> Callable[[MakeFunction], MakeFunction]:
    """Register a function as the maker of the sample ``name``.

    ``packages`` are those whose versions decide the bytes, as pins where they are not installed
    here; a sample without any is made from the bytes of other samples. ``files`` maps each path
    it writes to one line about it.
    """

    def register(make: MakeFunction) -> MakeFunction:
        SAMPLES[name] = Sample(name, make, files, packages)
        return make

    return register


# --- TensorFlow 1 -----------------------------------------------------------------------------

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


# --- Graphs -----------------------------------------------------------------------------------

GRAPH = "a graph with its collections (MetaGraphDef), without the list of operations"


def write_graph(tf: Any, path: Path, saver: Any = None) -> None:
    """Write the default graph as a Saver writes it, smaller and the same each time."""
    tf.train.export_meta_graph(
        str(path), saver_def=saver and saver.as_saver_def(), strip_default_attrs=True
    )
    leave_out_operations(path)
    sort_contexts(path)


def leave_out_operations(path: Path) -> None:
    """Rewrite a graph without the list of its operations.

    It takes more than half of a small file, and every TensorFlow has it anyway.
    """
    from tensorflow.core.protobuf import meta_graph_pb2

    graph = meta_graph_pb2.MetaGraphDef.FromString(path.read_bytes())
    graph.meta_info_def.ClearField("stripped_op_list")
    path.write_bytes(graph.SerializeToString(deterministic=True))


@sample("graphs/update_ops.meta", "tensorflow-cpu", files={"graphs/update_ops.meta": GRAPH})
def make_update_ops(out: Path) -> None:
    """Update operations that a training step waits for, and penalties on some variables.

    Resource variables; the moving average of a mean is updated by an operation in UPDATE_OPS,
    which the Adam step has as control dependency, and by a second one that nothing runs;
    REGULARIZATION_LOSSES has a penalty that is in the loss and one that is not; the learning
    rate is computed; a local variable counts, and is in no saver.
    """
    tf = tensorflow_1()
    tf.enable_resource_variables()
    features = tf.placeholder(tf.float32, [None, 3], name="features")
    with tf.variable_scope("net", regularizer=lambda weights: 1e-3 * tf.nn.l2_loss(weights)):
        hidden = dense(tf, features, 4, "hidden")
        average = tf.get_variable(
            "moving_mean", [4], initializer=tf.zeros_initializer(), trainable=False
        )
    mean = tf.reduce_mean(hidden, 0)
    for name in ("update", "forgotten"):
        updated = tf.assign(average, 0.9 * average + 0.1 * mean, name=name)
        if name == "update":
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, updated.op)
    with tf.variable_scope("counts"):
        tf.get_variable(
            "seen",
            initializer=tf.constant(0, tf.int64),
            trainable=False,
            collections=[tf.GraphKeys.LOCAL_VARIABLES],
        )
    penalties = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    loss = tf.add(tf.nn.l2_loss(hidden - average), penalties[0], name="loss")
    tf.losses.add_loss(loss)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, 100, 0.5)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.AdamOptimizer(rate, beta1=0.8).minimize(loss, global_step=step)
    write_graph(tf, out / "graphs/update_ops.meta", tf.train.Saver())


def loop_and_branch(tf: Any) -> None:
    """Build a loop and a branch that read variables inside, and a queue."""
    inputs = tf.placeholder(tf.float32, [2, 3], name="inputs")
    weights = tf.get_variable("weights", [3, 3], initializer=tf.ones_initializer())
    bias = tf.get_variable("bias", [3], initializer=tf.zeros_initializer())
    _, looped = tf.while_loop(
        lambda count, _: count < 5,
        lambda count, state: (count + 1, tf.matmul(state, weights)),
        [tf.constant(0), inputs],
        name="loop",
    )
    is_training = tf.placeholder_with_default(input=False, shape=[], name="is_training")
    chosen = tf.cond(is_training, lambda: looped + bias, lambda: tf.identity(looped), name="branch")
    loss = tf.reduce_sum(chosen, name="loss")
    tf.train.GradientDescentOptimizer(0.01).minimize(loss)


@sample("graphs/control_v1.meta", "tensorflow-cpu", files={"graphs/control_v1.meta": GRAPH})
def make_control_v1(out: Path) -> None:
    """A loop and a branch of version 1: Enter, Switch and Merge nodes in the main graph.

    Reference variables are read inside; the contexts are messages in the collections
    `while_context` and `cond_context`; an input queue adds `queue_runners`.
    """
    tf = tensorflow_1()
    tf.disable_control_flow_v2()
    loop_and_branch(tf)
    tf.train.string_input_producer(["a", "b"], shuffle=False, name="files")
    write_graph(tf, out / "graphs/control_v1.meta", tf.train.Saver())


@sample("graphs/control_v2.meta", "tensorflow-cpu", files={"graphs/control_v2.meta": GRAPH})
def make_control_v2(out: Path) -> None:
    """The same loop and branch in version 2: While and If nodes with bodies in the library.

    Resource variables are captured and read inside the functions.
    """
    tf = tensorflow_1()
    tf.enable_resource_variables()
    tf.enable_control_flow_v2()
    loop_and_branch(tf)
    write_graph(tf, out / "graphs/control_v2.meta", tf.train.Saver())


@sample("graphs/import_scope.meta", "tensorflow-cpu", files={"graphs/import_scope.meta": GRAPH})
def make_import_scope(out: Path) -> None:
    """A graph that was imported into a scope: its variables have a prefix that its keys lack.

    Both savers, the imported one in `imported/save` and the new one in `save`, are in the file.
    """
    tf = tensorflow_1()
    with tf.Graph().as_default():
        dense(tf, tf.placeholder(tf.float32, [1, 2], name="x"), 3, "layer")
        inner = tf.train.Saver()
        exported = tf.train.export_meta_graph(saver_def=inner.as_saver_def())
    with tf.Graph().as_default():
        saver = tf.train.import_meta_graph(exported, import_scope="imported")
        dense(tf, tf.placeholder(tf.float32, [1, 3], name="y"), 2, "head")
        tf.train.Saver(name="whole")
        write_graph(tf, out / "graphs/import_scope.meta", saver)


@sample("graphs/no_scope.meta", "tensorflow-cpu", files={"graphs/no_scope.meta": GRAPH})
def make_no_scope(out: Path) -> None:
    """Scopes that names do not show: name_scope(None), a scope entered again, tf.Variable.

    Within `variable_scope("net")` the operations of one layer stand at the top; `net` is entered
    twice with reuse, so its second use is in `net_1/`; `tf.Variable` follows name scopes and
    `get_variable` does not; a name that is taken gets a number, in any case (`Net` gives `Net_2`).
    """
    tf = tensorflow_1()
    inputs = tf.placeholder(tf.float32, [1, 3], name="inputs")
    with tf.variable_scope("net"):
        hidden = dense(tf, inputs, 3, "a")
        with tf.name_scope(None):
            hidden = dense(tf, hidden, 3, "b")
    with tf.variable_scope("net", reuse=True):
        hidden = dense(tf, hidden, 3, "a")
    with tf.name_scope("shown"):
        tf.Variable([1.0], name="plain")
        tf.get_variable("hidden", [1])
    with tf.variable_scope("Net"):
        dense(tf, hidden, 2, "out")
    write_graph(tf, out / "graphs/no_scope.meta", tf.train.Saver())


@sample("graphs/twins.meta", "tensorflow-cpu", files={"graphs/twins.meta": GRAPH})
def make_twins(out: Path) -> None:
    """Two copies of one network: default_name makes `net` and `net_1`, which share nothing."""
    tf = tensorflow_1()
    total = tf.zeros([1, 2], name="total")
    for name in ("left", "right"):
        inputs = tf.placeholder(tf.float32, [1, 3], name=name)
        with tf.variable_scope(None, default_name="net"):
            total += dense(tf, tf.nn.relu(dense(tf, inputs, 3, "hidden")), 2, "out")
    tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.nn.l2_loss(total))
    write_graph(tf, out / "graphs/twins.meta", tf.train.Saver())


@sample("graphs/gan_twins.meta", "tensorflow-cpu", files={"graphs/gan_twins.meta": GRAPH})
def make_gan_twins(out: Path) -> None:
    """A GAN whose discriminator was meant to be reused, and was not.

    `default_name` where a name was meant gives the images `discriminator` and the fakes
    `discriminator_1`; only the first one is trained to tell them apart.
    """
    tf = tensorflow_1()
    images = tf.placeholder(tf.float32, [4, 8], name="real_images")
    fakes = gan_generator(tf, tf.placeholder(tf.float32, [4, 6], name="z"))
    scores = []
    for inputs in (images, fakes):
        with tf.variable_scope(None, default_name="discriminator"):
            scores.append(dense(tf, tf.nn.relu(dense(tf, inputs, 6, "h0")), 1, "out"))
    d_loss = tf.reduce_mean(tf.nn.softplus(-scores[0]) + tf.nn.softplus(scores[1]))
    g_loss = tf.reduce_mean(tf.nn.softplus(-scores[1]))
    for loss, scope in ((d_loss, "discriminator/"), (g_loss, "generator/")):
        descend = tf.train.GradientDescentOptimizer(0.001)
        descend.minimize(loss, var_list=tf.trainable_variables(scope))
    write_graph(tf, out / "graphs/gan_twins.meta", tf.train.Saver())


def write_frozen(tf: Any, path: Path, *, as_text: bool) -> None:
    """Freeze a small network, with constants of many types, and write its graph."""
    inputs = tf.placeholder(tf.float32, [None, 3], name="inputs")
    with tf.variable_scope("net"):
        scores = dense(tf, tf.nn.relu(dense(tf, inputs, 4, "hidden")), 2, "out")
    tf.identity(scores, name="scores")
    outputs = ["scores"]
    for dtype in (tf.half, tf.bfloat16, tf.float64, tf.int8, tf.uint16, tf.int64, tf.complex64):
        tf.constant([[1, 2], [3, 0]], dtype, name=f"types/{dtype.name}")
        outputs.append(f"types/{dtype.name}")
    tf.constant([True, False, True], name="types/bool")
    tf.constant(["the", "", "naïve", "cat\n"], name="types/string")
    tf.constant(0.5, shape=[20, 30], name="types/repeated")
    tf.constant([], tf.float32, shape=[0, 5], name="types/empty")
    outputs += [f"types/{name}" for name in ("bool", "string", "repeated", "empty")]
    with tf.Session(config=one_thread(tf)) as session:
        session.run(tf.global_variables_initializer())
        frozen = tf.graph_util.convert_variables_to_constants(
            session, session.graph.as_graph_def(), outputs
        )
    tf.train.write_graph(frozen, str(path.parent), path.name, as_text=as_text)


@sample(
    "graphs/frozen.pb",
    "tensorflow-cpu",
    files={"graphs/frozen.pb": "a graph alone (GraphDef) whose variables became constants"},
)
def make_frozen(out: Path) -> None:
    """A frozen graph: no variables, their values are in Const nodes, beside many other types.

    Values stand as plain bytes, as numbers of the type's own field, or as one number that
    repeats; there is an empty one, and one of strings.
    """
    write_frozen(tensorflow_1(), out / "graphs/frozen.pb", as_text=False)


@sample(
    "graphs/frozen.pbtxt",
    "tensorflow-cpu",
    files={"graphs/frozen.pbtxt": "the same graph as text"},
)
def make_frozen_text(out: Path) -> None:
    """The frozen graph in protobuf's text format."""
    write_frozen(tensorflow_1(), out / "graphs/frozen.pbtxt", as_text=True)


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


def saved_model_files(folder: str) -> dict[str, str]:
    """Describe the files of a SavedModel."""
    return {
        f"{folder}/saved_model.pb": "the graphs (SavedModel)",
        f"{folder}/variables/variables.data-00000-of-00001": V2_DATA,
        f"{folder}/variables/variables.index": V2_INDEX,
    }


def shrink_saved_model(path: Path) -> None:
    """Rewrite a SavedModel without the lists of operations, and the same each time."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for graph in model.meta_graphs:
        graph.meta_info_def.ClearField("stripped_op_list")
        graph.graph_def.ClearField("debug_info")
    path.write_bytes(model.SerializeToString(deterministic=True))


@sample("tf1_saved_model", "tensorflow-cpu", files=saved_model_files("tf1_saved_model"))
def make_tf1_saved_model(out: Path) -> None:
    """A SavedModel of TensorFlow 1 with two graphs: one tagged `train`, one `serve`."""
    tf = tensorflow_1()
    folder = out / "tf1_saved_model"
    shutil.rmtree(folder)
    builder = tf.saved_model.Builder(str(folder))
    for tag in ("train", "serve"):
        with tf.Graph().as_default(), tf.Session(config=one_thread(tf)) as session:
            tf.set_random_seed(SEED)
            inputs = tf.placeholder(tf.float32, [None, 3], name="inputs")
            scores = dense(tf, inputs, 2, "net")
            if tag == "train":
                tf.train.MomentumOptimizer(0.1, 0.9).minimize(tf.nn.l2_loss(scores))
                session.run(tf.global_variables_initializer())
                builder.add_meta_graph_and_variables(session, [tag], strip_default_attrs=True)
                continue
            signature = tf.saved_model.predict_signature_def({"x": inputs}, {"scores": scores})
            signatures = {"serving_default": signature}
            builder.add_meta_graph([tag], signatures, strip_default_attrs=True)
    builder.save()
    shrink_saved_model(folder / "saved_model.pb")


def tf2_module(tf: Any) -> Any:
    """Give a module with layers in a list and a function; two variables have one name."""

    class Layer(tf.Module):  # type: ignore[misc]
        """A dense layer, whose variables are called `w` and `b`."""

        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__(name="layer")
            self.w = tf.Variable(tf.ones([inputs, outputs]), name="w")
            self.b = tf.Variable(tf.zeros([outputs]), name="b")

    class Net(tf.Module):  # type: ignore[misc]
        """Two layers, and a count of the calls that is not trained."""

        def __init__(self) -> None:
            super().__init__(name="net")
            self.layers = [Layer(3, 4), Layer(4, 2)]
            self.calls = tf.Variable(0, trainable=False, name="calls", dtype=tf.int64)

        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            """Run both layers."""
            self.calls.assign_add(1)
            for layer in self.layers:
                x = tf.nn.relu(tf.matmul(x, layer.w) + layer.b)
            return x

    return Net()


@sample("tf2_saved_model", "tensorflow-cpu", files=saved_model_files("tf2_saved_model"))
def make_tf2_saved_model(out: Path) -> None:
    """A SavedModel of TensorFlow 2: objects, functions with bodies, and a signature.

    Both layers of a list call their variables `w` and `b`, so the graph has `w` and `w_1`.
    """
    import tensorflow as tf

    net = tf2_module(tf)
    folder = out / "tf2_saved_model"
    options = tf.saved_model.SaveOptions(save_debug_info=False)
    tf.saved_model.save(net, str(folder), signatures=net.__call__, options=options)
    (folder / "fingerprint.pb").unlink()
    (folder / "assets").rmdir()
    shrink_saved_model(folder / "saved_model.pb")


# --- TensorFlow 2 and Keras -------------------------------------------------------------------


def keras_2() -> Any:
    """Give Keras 2 (tf_keras), seeded."""
    import tf_keras

    tf_keras.utils.set_random_seed(SEED)
    return tf_keras


def keras_3() -> Any:
    """Give Keras 3 on TensorFlow, seeded."""
    import keras

    keras.utils.set_random_seed(SEED)
    return keras


def tower(keras: Any) -> Any:
    """Give a subclassed model: a list, a dictionary and one layer with two names."""

    class Tower(keras.Model):  # type: ignore[misc]
        """A stem, numbered blocks and named heads."""

        def __init__(self) -> None:
            super().__init__(name="tower")
            self.stem = keras.layers.Dense(4, name="stem")
            self.same_stem = self.stem
            self.blocks = [keras.layers.Dense(4, name=f"block_{n}") for n in range(3)]
            self.heads = {"left/right": keras.layers.Dense(1, name="head")}

        def call(self, inputs: Any) -> Any:
            """Run the stem, the blocks and the head."""
            hidden = self.stem(inputs)
            for block in self.blocks:
                hidden = block(hidden)
            return self.heads["left/right"](hidden)

    return Tower()


def train_one_step(model: Any, optimizer: Any, input_shape: tuple[int, ...]) -> None:
    """Compile the model, which has one output, and train it on one small fixed batch."""
    import numpy as np

    random = np.random.RandomState(SEED)
    inputs = random.rand(4, *input_shape).astype("float32")
    targets = random.rand(4, 1).astype("float32")
    # Keras 3 cannot load its own .h5 where the loss is given as "mse".
    model.compile(optimizer=optimizer, loss="mean_squared_error", jit_compile=False)
    model.fit(inputs, targets, batch_size=4, epochs=1, shuffle=False, verbose=0)


def save_object_checkpoint(folder: Path, model: Any, optimizer: Any) -> None:
    """Train a step and save model and optimizer as an object-based checkpoint."""
    import tensorflow as tf

    train_one_step(model, optimizer, (3,))
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer)
    checkpoint.save(str(folder / "ckpt"))


@sample(
    "tf2_object",
    "tensorflow-cpu",
    "tf_keras",
    files={
        "tf2_object/checkpoint": V2_STATE,
        "tf2_object/ckpt-1.data-00000-of-00001": V2_DATA,
        "tf2_object/ckpt-1.index": f"{V2_INDEX}, keyed by object path",
    },
)
def make_tf2_object(out: Path) -> None:
    """tf.train.Checkpoint of a Keras 2 model and the Adam that most TF2 files were made with.

    A subclassed model with a list (`blocks/0`), a dictionary key that needs escaping
    (`heads/left.Sright`), and one layer under two attributes (stored once); the optimizer is
    legacy.Adam, whose moments are `.OPTIMIZER_SLOT` keys below their variable.
    """
    keras = keras_2()
    save_object_checkpoint(out / "tf2_object", tower(keras), keras.optimizers.legacy.Adam(0.01))


@sample(
    "tf2_object_keras3",
    "tensorflow-cpu",
    "keras",
    files={
        "tf2_object_keras3/checkpoint": V2_STATE,
        "tf2_object_keras3/ckpt-1.data-00000-of-00001": V2_DATA,
        "tf2_object_keras3/ckpt-1.index": f"{V2_INDEX}, keyed by object path",
    },
)
def make_tf2_object_keras3(out: Path) -> None:
    """tf.train.Checkpoint of the same model and Adam in Keras 3.

    The optimizer's variables are numbered (`optimizer/_variables/N`, learning rate and
    iterations also by name), and layers in a list or dictionary are reached only through it
    (`optimizer/_trainable_variables/N`). The full names in the object graph are not unique:
    every kernel is `tower/kernel`.
    """
    keras = keras_3()
    save_object_checkpoint(out / "tf2_object_keras3", tower(keras), keras.optimizers.Adam(0.01))


def functional_model(keras: Any, *, recurrent: bool = False) -> Any:
    """Give a functional model with every kind of nesting that changes names in a file.

    ``recurrent`` adds a Bidirectional wrapper, which doubles the size of the file.
    """
    layers = keras.layers
    codes = keras.Input((4,), name="codes")
    hidden = layers.Dense(4, activation="relu", name="encoder_dense")(codes)
    hidden = layers.BatchNormalization(momentum=0.9, name="encoder_norm")(hidden)
    encoder = keras.Model(codes, hidden, name="encoder")

    sequence = keras.Input((3, 2), name="sequence")
    steps = layers.TimeDistributed(layers.Dense(4, name="step_dense"), name="per_step")(sequence)
    if recurrent:
        # The default initializer needs a QR decomposition: its last bits vary by machine.
        cell = layers.LSTM(2, recurrent_initializer="glorot_uniform", name="lstm")
        summary = layers.Bidirectional(cell, name="both_ways")(steps)
    else:
        summary = layers.GlobalAveragePooling1D(name="average")(steps)
    shared = layers.Dense(4, activation="tanh", name="shared")
    twice = shared(shared(encoder(summary)))
    frozen = layers.Dense(4, name="frozen", trainable=False)(twice)
    penalty = keras.regularizers.L2(0.001)
    score = layers.Dense(1, kernel_regularizer=penalty, name="score")(frozen)
    return keras.Model(sequence, score, name="functional")


@sample(
    "keras2_functional.h5",
    "tf_keras",
    "h5py",
    files={"keras2_functional.h5": "whole model: configuration, weights, optimizer"},
)
def make_keras2_functional(out: Path) -> None:
    """model.save() of a Keras 2 functional model, compiled with Adam and trained one step.

    A nested model used as a layer (`encoder`), a layer called twice (`shared`), batch
    normalization, a frozen layer, a kernel regularizer, TimeDistributed and Bidirectional
    wrappers; `optimizer_weights` of the newer Adam (`Adam/m/...`, `Adam/v/...`).
    """
    keras = keras_2()
    model = functional_model(keras, recurrent=True)
    train_one_step(model, keras.optimizers.Adam(0.01), (3, 2))
    model.save(out / "keras2_functional.h5")


@sample(
    "keras2_legacy_adam.h5",
    "tf_keras",
    "h5py",
    files={"keras2_legacy_adam.h5": "whole model: configuration, weights, optimizer"},
)
def make_keras2_legacy_adam(out: Path) -> None:
    """A small Keras 2 model saved with legacy.Adam, as files from before 2023 are.

    The optimizer's names turn the other way round (`Adam/hidden/kernel/m:0`) and all the
    first moments come before all the second ones.
    """
    keras = keras_2()
    model = keras.Sequential(
        [
            keras.layers.Dense(4, activation="relu", input_shape=(3,), name="hidden"),
            keras.layers.Dense(1, name="score"),
        ],
        name="small",
    )
    train_one_step(model, keras.optimizers.legacy.Adam(0.01), (3,))
    model.save(out / "keras2_legacy_adam.h5")


@sample(
    "keras2_weights.h5",
    "tf_keras",
    "h5py",
    files={"keras2_weights.h5": "weights only: layer_names and weight_names at the root"},
)
def make_keras2_weights(out: Path) -> None:
    """save_weights() of a Keras 2 Sequential with six identical Dense blocks.

    No configuration: layers and their order are only in the attributes. The blocks can be
    folded to one line.
    """
    keras = keras_2()
    model = keras.Sequential(name="stack")
    model.add(keras.Input((4,)))
    for number in range(6):
        model.add(keras.layers.Dense(4, activation="relu", name=f"block_{number}"))
    model.add(keras.layers.Dense(1, name="score"))
    model.save_weights(out / "keras2_weights.h5")


@sample(
    "keras2_split_attributes.h5",
    "tf_keras",
    "h5py",
    files={"keras2_split_attributes.h5": "weights only, with attributes in several pieces"},
)
def make_keras2_split_attributes(out: Path) -> None:
    """Weights whose name lists are too big for one HDF5 attribute, so Keras splits them.

    `layer_names0`, `layer_names1` at the root and `weight_names0`, `weight_names1` in
    `tower`. Keras counts fixed-width strings, so one very long name per list is enough; the
    pieces are fixed-width strings where a whole list is of variable width.
    """
    keras = keras_2()
    long_name = "conv_" + "x".join(str(1000 + n) for n in range(560))
    inner = keras.Sequential([keras.Input((1,))], name="tower")
    for name in [f"fc_{n:02d}" for n in range(11)] + [long_name]:
        inner.add(keras.layers.Dense(1, name=name))
    model = keras.Sequential([keras.Input((1,)), inner], name="outer")
    for name in [f"act_{n:02d}" for n in range(22)] + [long_name]:
        model.add(keras.layers.Activation("linear", name=name))
    model.save_weights(out / "keras2_split_attributes.h5")


def keras3_trained() -> Any:
    """Give the functional model in Keras 3, trained one step with Adam."""
    keras = keras_3()
    model = functional_model(keras)
    train_one_step(model, keras.optimizers.Adam(0.01), (3, 2))
    return model


def normalize_keras_zip(path: Path) -> None:
    """Rewrite a .keras so that it does not depend on when and where it was saved.

    Keras writes the time of saving into the zip directory and metadata.json, and memory
    addresses as ``shared_object_id`` into config.json. The members, their order and how they
    are stored stay as Keras wrote them.
    """
    with zipfile.ZipFile(path) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for old, content in members:
            info = zipfile.ZipInfo(old.filename)
            info.compress_type = old.compress_type
            info.external_attr = old.external_attr
            # Keras opens the .npz member so that it may outgrow 4 GiB, which shows in its header.
            with archive.open(info, "w", force_zip64=old.filename.endswith(".npz")) as member:
                member.write(normalize_member(old.filename, content))


def normalize_member(name: str, content: bytes) -> bytes:
    """Replace the date in metadata.json and the memory addresses in config.json."""
    if name == "metadata.json":
        document = json.loads(content) | {"date_saved": FIXED_DATE}
        return json.dumps(document).encode()
    if name == "config.json":
        return renumber_shared_objects(content.decode()).encode()
    return content


def renumber_shared_objects(config: str) -> str:
    """Replace the memory addresses in a Keras 3 configuration by 1, 2, 3, ..."""
    numbers: dict[str, int] = {}

    def renumber(match: re.Match[str]) -> str:
        number = numbers.setdefault(match[2], len(numbers) + 1)
        return f"{match[1]}{number}"

    return re.sub(r'("shared_object_id": )(\d+)', renumber, config)


@sample(
    "keras3_functional.keras",
    "keras",
    "h5py",
    files={"keras3_functional.keras": "zip of metadata.json, config.json, model.weights.h5"},
)
def make_keras3_functional(out: Path) -> None:
    """model.save() of the functional model in Keras 3, trained one step with Adam.

    Weights lie at class name and index (`layers/dense_1/vars/0`); the layer's own name is the
    attribute `name` of `vars`. Dates and memory addresses are normalised after saving.
    """
    path = out / "keras3_functional.keras"
    keras3_trained().save(path)
    normalize_keras_zip(path)


@sample(
    "keras3_npz.keras",
    "keras",
    "numpy",
    files={"keras3_npz.keras": "zip of metadata.json, config.json, model.weights.npz"},
)
def make_keras3_npz(out: Path) -> None:
    """The same model in a .keras whose weights are an .npz.

    Keras 3 has this only as an internal option. Each member of the .npz is a pickled
    dictionary in an object array, so it must be refused or read without unpickling; the
    Keras that wrote it does not load it either.
    """
    from keras.src.saving import saving_lib

    path = out / "keras3_npz.keras"
    model = keras3_trained()
    with path.open("wb") as file:
        saving_lib._save_model_to_fileobj(model, file, weights_format="npz")  # noqa: SLF001
    normalize_keras_zip(path)


@sample(
    "keras3_model.weights.h5",
    "keras",
    "h5py",
    files={"keras3_model.weights.h5": "weights and optimizer state, no configuration"},
)
def make_keras3_weights(out: Path) -> None:
    """save_weights() of the same model in Keras 3: the file that a .keras holds inside."""
    keras3_trained().save_weights(out / "keras3_model.weights.h5")


@sample(
    "keras3_legacy.h5",
    "keras",
    "h5py",
    files={"keras3_legacy.h5": "whole model in the old layout: configuration, weights, optimizer"},
)
def make_keras3_legacy(out: Path) -> None:
    """model.save('x.h5') of the same model in Keras 3: the Keras 2 layout with other names.

    Weight names have no `:0`, a wrapped layer keeps its own name below the wrapper's
    (`per_step/step_dense/kernel`), and the optimizer flattens `/` to `_`
    (`adam/per_step_step_dense_kernel_momentum`).
    """
    keras3_trained().save(out / "keras3_legacy.h5")


# --- HDF5 that is not Keras -------------------------------------------------------------------


def write_plain_values(file: Any) -> None:
    """Write one dataset for each kind of value that a reader has to name."""
    import h5py
    import numpy as np

    values = file.create_group("values")
    values["big_endian"] = np.arange(6, dtype=">f8").reshape(2, 3)
    values["half"] = np.array([0.5, -1.0, 65504.0], dtype="<f2")
    values["unsigned"] = np.arange(4, dtype="<u2")
    values["complex"] = np.array([1 + 2j, 3 - 4j], dtype="<c8")
    values["scalar"] = np.float64(3.25)
    values["flags"] = np.array([True, False, True])
    colours = h5py.enum_dtype({"red": 0, "green": 1, "blue": 7}, basetype="u1")
    values.create_dataset("colours", data=np.array([7, 0, 1], dtype="u1"), dtype=colours)
    values["fixed_text"] = np.array([b"one", b"three"], dtype="S5")
    values.create_dataset("text", data=["one", "naïve", ""], dtype=h5py.string_dtype())
    ragged = values.create_dataset("ragged", (2,), dtype=h5py.vlen_dtype(np.dtype("<i4")))
    ragged[0] = np.arange(3, dtype="<i4")
    ragged[1] = np.arange(1, dtype="<i4")
    point = np.dtype([("x", "<f4"), ("y", "<f4"), ("label", "S8")])
    values["points"] = np.array([(0.0, 1.0, b"a"), (2.0, 3.0, b"b")], dtype=point)
    values["point_type"] = point
    values["empty"] = h5py.Empty("f4")
    values["no_rows"] = np.zeros((0, 3), dtype="<f4")
    values.create_dataset(
        "zipped",
        data=np.arange(400, dtype="<i4").reshape(20, 20),
        chunks=(10, 10),
        compression="gzip",
        shuffle=True,
        maxshape=(None, 20),
    )
    values["zipped"].attrs["unit"] = "metre"


def write_plain_links(file: Any) -> None:
    """Write each kind of link, and references to objects and regions."""
    import h5py
    import numpy as np

    file["nested/deeper/deepest/value"] = np.arange(3, dtype="<i8")
    links = file.create_group("links")
    links["same_value"] = file["nested/deeper/deepest/value"]
    links["soft"] = h5py.SoftLink("/nested/deeper")
    links["broken_soft"] = h5py.SoftLink("/nested/missing")
    links["external"] = h5py.ExternalLink("not_here.h5", "/weights")
    file["nested/deeper/up_again"] = file["nested"]
    target = file["values/big_endian"]
    references = file.create_group("references")
    objects = references.create_dataset("objects", (2,), dtype=h5py.ref_dtype)
    objects[0] = target.ref
    objects[1] = file["nested"].ref
    regions = references.create_dataset("regions", (1,), dtype=h5py.regionref_dtype)
    regions[0] = target.regionref[0:1, 1:3]
    references.attrs["main"] = target.ref


@sample(
    "plain.h5",
    "h5py",
    "numpy",
    files={"plain.h5": "superblock 0, symbol tables, version 1 headers"},
)
def make_plain(out: Path) -> None:
    """HDF5 that Keras did not write: every kind of type and link that occurs in the wild.

    Compound, enum, bool, big-endian, half, complex, fixed and variable strings, ragged rows,
    a named type, a scalar, an empty dataspace, no rows, chunks with shuffle and gzip; a hard
    link, soft links (one broken), an external link to a file that is not there, a group that
    contains its own ancestor, object and region references.
    """
    import h5py

    with h5py.File(out / "plain.h5", "w") as file:
        write_plain_values(file)
        write_plain_links(file)


@sample(
    "plain_latest.h5",
    "h5py",
    "numpy",
    files={"plain_latest.h5": "superblock 3, version 2 headers with checksums"},
)
def make_plain_latest(out: Path) -> None:
    """The contents of plain.h5 written with libver='latest', which changes every structure.

    In addition a group with 40 links and 12 attributes, enough to move both to fractal heaps
    and version 2 B-trees.
    """
    import h5py

    path = out / "plain_latest.h5"
    with h5py.File(path, "w", libver="latest") as file:
        write_plain_values(file)
        write_plain_links(file)
        dense_group = file.create_group("dense")
        for number in range(40):
            dense_group[f"link_{number:02d}"] = number
        for number in range(12):
            dense_group.attrs[f"attribute_{number:02d}"] = number
    fix_object_times(path)


def fix_object_times(path: Path) -> None:
    """Replace the times in the object headers of an HDF5 file, and their checksums.

    HDF5 offers no way to set them. Leaving them out would be easier, but real files have them
    and they move what follows in the header.
    """
    content = bytearray(path.read_bytes())
    start = content.find(b"OHDR")
    while start >= 0:
        flags = content[start + 5]
        times = 16 if flags & 0x20 else 0
        phases = 4 if flags & 0x10 else 0
        size_width = 1 << (flags & 0x03)
        size_at = start + 6 + times + phases
        end = size_at + size_width
        end += int.from_bytes(content[size_at:end], "little")
        if times:
            old = int.from_bytes(content[end : end + 4], "little")
            if old != lookup3(content[start:end]):
                raise SystemExit(f"{path}: the object header at {start} has another checksum")
            content[start + 6 : start + 22] = FIXED_TIME.to_bytes(4, "little") * 4
            content[end : end + 4] = lookup3(content[start:end]).to_bytes(4, "little")
        start = content.find(b"OHDR", end)
    path.write_bytes(content)


def lookup3(content: bytes | bytearray) -> int:
    """Give Bob Jenkins's lookup3 hash, the checksum of HDF5 metadata."""
    padded = bytes(content) + bytes(-len(content) % 12)
    words = [int.from_bytes(padded[at : at + 4], "little") for at in range(0, len(padded), 4)]
    mask = 0xFFFFFFFF

    def turn(value: int, bits: int) -> int:
        return (value << bits | value >> (32 - bits)) & mask

    a = b = c = (0xDEADBEEF + len(content)) & mask
    for at in range(0, len(words), 3):
        a, b, c = (a + words[at]) & mask, (b + words[at + 1]) & mask, (c + words[at + 2]) & mask
        if at + 3 < len(words):
            for bits in (4, 6, 8, 16, 19, 4):
                a = (a - c & mask) ^ turn(c, bits)
                c = c + b & mask
                a, b, c = b, c, a
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - turn(b, bits) & mask
        a, b, c = b, c, a
    return b


# --- safetensors, NumPy and GGUF --------------------------------------------------------------


def save_safetensors(path: Path, tensors: Mapping[str, tuple[str, Any]]) -> None:
    """Write arrays under the dtypes that safetensors shall know them by."""
    from safetensors import TensorSpec, serialize

    specs = {
        name: TensorSpec(
            dtype=dtype,
            shape=list(values.shape),
            data_ptr=values.ctypes.data,
            data_len=values.nbytes,
        )
        for name, (dtype, values) in tensors.items()
    }
    # More than one text would be written in another order each time.
    path.write_bytes(serialize(specs, metadata={"format": "pt"}))


@sample(
    "dtypes.safetensors",
    "safetensors",
    "numpy",
    "ml_dtypes",
    files={"dtypes.safetensors": "one tensor of each dtype that the library writes"},
)
def make_dtypes_safetensors(out: Path) -> None:
    """A safetensors file with every dtype, a scalar and an empty tensor.

    The four bits of `float4_e2m1fn` are packed in pairs, so its last dimension is twice the
    stored one.
    """
    import ml_dtypes
    import numpy as np

    numbers = np.arange(-6, 6).reshape(3, 4)
    tensors: dict[str, tuple[str, Any]] = {}
    for bits in (8, 16, 32, 64):
        tensors[f"ints.int{bits}"] = (f"int{bits}", numbers.astype(f"i{bits // 8}"))
        tensors[f"ints.uint{bits}"] = (f"uint{bits}", (numbers + 6).astype(f"u{bits // 8}"))
    for bits in (16, 32, 64):
        tensors[f"floats.float{bits}"] = (f"float{bits}", (numbers / 4).astype(f"f{bits // 8}"))
    for name in (
        "bfloat16",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
        "float8_e8m0fnu",
    ):
        values = (abs(numbers) + 1 if name.endswith("fnu") else numbers).astype("f4")
        tensors[f"floats.{name}"] = (name, values.astype(getattr(ml_dtypes, name)))
    tensors["floats.float4"] = ("float4_e2m1fn_x2", np.arange(6, dtype="u1").reshape(2, 3) * 41)
    tensors["complex64"] = ("complex64", (numbers * (1 + 2j)).astype("c8"))
    tensors["bool"] = ("bool", numbers > 0)
    tensors["scalar"] = ("float32", np.array(2.5, "f4"))
    tensors["empty"] = ("float32", np.zeros((0, 3), "f4"))
    save_safetensors(out / "dtypes.safetensors", tensors)


@sample(
    "sharded_safetensors",
    "safetensors",
    "numpy",
    "ml_dtypes",
    files={
        "sharded_safetensors/model-00001-of-00002.safetensors": "embedding and the first layers",
        "sharded_safetensors/model-00002-of-00002.safetensors": "the other layers and the head",
        "sharded_safetensors/model.safetensors.index.json": "which tensor is in which of them",
    },
)
def make_sharded_safetensors(out: Path) -> None:
    """A small language model in two safetensors files, as published models are.

    Four equal layers, two in each file, whose names a tree can fold.
    """
    import ml_dtypes
    import numpy as np

    generator = np.random.default_rng(SEED)

    def tensor(*shape: int) -> tuple[str, Any]:
        return "bfloat16", generator.normal(size=shape).astype("f4").astype(ml_dtypes.bfloat16)

    def layer(number: int) -> dict[str, tuple[str, Any]]:
        names = {f"self_attn.{name}_proj": (16, 16) for name in "qkvo"}
        names |= {"mlp.up_proj": (32, 16), "mlp.down_proj": (16, 32), "input_layernorm": (16,)}
        prefix = f"model.layers.{number}"
        return {f"{prefix}.{name}.weight": tensor(*shape) for name, shape in names.items()}

    parts = (
        {"model.embed_tokens.weight": tensor(48, 16), **layer(0), **layer(1)},
        {**layer(2), **layer(3), "model.norm.weight": tensor(16), "lm_head.weight": tensor(48, 16)},
    )
    folder = out / "sharded_safetensors"
    weight_map: dict[str, str] = {}
    total = 0
    for number, tensors in enumerate(parts, 1):
        shard = f"model-{number:05d}-of-00002.safetensors"
        save_safetensors(folder / shard, tensors)
        weight_map |= dict.fromkeys(tensors, shard)
        total += sum(values.nbytes for _, values in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    text = json.dumps(index, indent=2) + "\n"
    (folder / "model.safetensors.index.json").write_bytes(text.encode())


def numpy_arrays() -> dict[str, Any]:
    """Give one array of each kind that NumPy saves."""
    import numpy as np

    numbers = np.arange(24, dtype="<f4").reshape(2, 3, 4)
    point = np.dtype([("x", "<f4"), ("where", [("row", "<i2"), ("column", "<i2")]), ("tags", "S2")])
    return {
        "numbers": numbers,
        "fortran": np.asfortranarray(numbers),
        "big_endian": numbers.astype(">f8"),
        "half": numbers.astype("f2")[0],
        "complex": (numbers[0] * 1j).astype("c16"),
        "flags": numbers[0] > 5,
        "scalar": np.int64(-3),
        "empty": np.zeros((0, 4), "u1"),
        "bytes": np.array([b"one", b"three"]),
        "texts": np.array(["one", "na\u00efve"]),
        "dates": np.array(["2020-01-01", "2020-02-29"], "M8[D]"),
        "points": np.array([(1.0, (2, 3), b"a"), (4.0, (5, 6), b"b")], point),
        "objects": np.array([{"a": 1}, None], object),
    }


@sample(
    "arrays.npz",
    "numpy",
    files={"arrays.npz": "zip of .npy files, stored"},
)
def make_arrays_npz(out: Path) -> None:
    """numpy.savez() of every kind of array, one of them of pickled objects.

    Fortran order, big-endian, structured, strings of bytes and of characters, dates.
    """
    import numpy as np

    np.savez(out / "arrays.npz", **numpy_arrays())


@sample(
    "flax_params.npz",
    "numpy",
    files={"flax_params.npz": "zip of .npy files, deflated"},
)
def make_flax_params_npz(out: Path) -> None:
    """numpy.savez_compressed() of parameters whose names have scopes at `/`."""
    import numpy as np

    generator = np.random.default_rng(SEED)
    params = {}
    for number in range(3):
        params[f"params/Dense_{number}/kernel"] = generator.normal(size=(8, 8)).astype("f4")
        params[f"params/Dense_{number}/bias"] = np.zeros(8, "f4")
    params["params/LayerNorm_0/scale"] = np.asfortranarray(np.ones((4, 6), ">f4"))
    np.savez_compressed(out / "flax_params.npz", **params)


@sample(
    "fortran.npy",
    "numpy",
    files={"fortran.npy": "version 1 of the format"},
)
def make_fortran_npy(out: Path) -> None:
    """numpy.save() of a big-endian array in Fortran order."""
    import numpy as np

    values = np.arange(60, dtype=">f4").reshape(3, 4, 5) / 8
    np.save(out / "fortran.npy", np.asfortranarray(values))


@sample(
    "structured.npy",
    "numpy",
    files={"structured.npy": "version 3 of the format, because a field's name is not ASCII"},
)
def make_structured_npy(out: Path) -> None:
    """numpy.save() of a structured array whose field has a name that is not Latin-1."""
    import numpy as np

    kind = np.dtype([("\u03c9", "<f8"), ("count", "<i4", (2,))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.save(out / "structured.npy", np.array([(0.5, (1, 2)), (1.5, (3, 4))], kind))


MXNET_MODULE = """
import sys
import mxnet as mx

names = "float32 float64 float16 uint8 int32 int8 int64".split()
arrays = {f"arg:{name}": mx.nd.arange(6).reshape((2, 3)).astype(name) for name in names}
arrays["arg:conv0_weight"] = mx.nd.arange(24).reshape((2, 3, 2, 2)) / 10
arrays["arg:rows"] = mx.nd.sparse.row_sparse_array(([[1, 2]], [3]), shape=(5, 2))
arrays["arg:cells"] = mx.nd.sparse.csr_matrix(([1, 2, 3], [0, 2, 1], [0, 2, 3]), shape=(2, 3))
arrays["aux:batchnorm0_moving_mean"] = mx.nd.array([0.5, 1.5])
mx.nd.save(sys.argv[1], arrays)
"""

MXNET_NUMPY = """
import sys
import mxnet as mx

mx.npx.set_np()
arrays = {
    "encoder.0.weight": mx.np.arange(6).reshape(2, 3),
    "encoder.0.mask": mx.np.array([True, False], dtype="bool"),
    "scale": mx.np.array(2.5),
    "none": mx.np.zeros((0, 3)),
}
mx.npx.save(sys.argv[1], arrays)
"""


def run_mxnet(program: str, path: Path) -> None:
    """Run a program of MXNet's in its own environment, to write a file."""
    folder = cache_folder()
    python = pinned_python(folder.with_name(f"{folder.name}-mxnet"), PINS_OF_MXNET, ())
    subprocess.run([str(python), "-c", program, str(path)], check=True)


@sample(
    "module.params",
    *PINS_OF_MXNET,
    files={"module.params": "arguments and auxiliary states, two of them sparse"},
)
def mxnet_module(out: Path) -> None:
    """The parameters of an MXNet Module: arguments (`arg:`), auxiliary states (`aux:`).

    Every type that it had before its NumPy interface; one array is sparse by rows, one by cells.
    """
    run_mxnet(MXNET_MODULE, out / "module.params")


@sample("gluon.params", *PINS_OF_MXNET, files={"gluon.params": "arrays of MXNet's NumPy interface"})
def mxnet_numpy(out: Path) -> None:
    """Parameters of MXNet with NumPy's shapes: a scalar and an empty array are what they seem."""
    run_mxnet(MXNET_NUMPY, out / "gluon.params")


def write_gguf(path: Path, order: str) -> None:
    """Write a tiny model with quantized and plain tensors, and a vocabulary."""
    import gguf
    import numpy as np

    generator = np.random.default_rng(SEED)
    writer = gguf.GGUFWriter(path, "llama", endianess=gguf.GGUFEndian[order])
    writer.add_name("tiny\u2215llama")
    writer.add_block_count(2)
    writer.add_embedding_length(256)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_bool("tiny.tied", True)  # noqa: FBT003 - the writer's own signature
    writer.add_array("tiny.rope_sections", [16, 24, 24])
    writer.add_token_list([f"token_{number}" for number in range(100)])
    writer.add_token_scores([-float(number) for number in range(100)])
    writer.add_array("tiny.stop", ["</s>", "\n\n"])

    def plain(*shape: int) -> Any:
        return generator.normal(size=shape).astype("f4")

    def quantized(name: str, kind: str, *shape: int) -> None:
        raw = gguf.GGMLQuantizationType[kind]
        writer.add_tensor(name, gguf.quants.quantize(plain(*shape), raw), raw_dtype=raw)

    quantized("token_embd.weight", "Q8_0", 100, 32)
    for layer in range(2):
        writer.add_tensor(f"blk.{layer}.attn_norm.weight", plain(32))
        quantized(f"blk.{layer}.attn_q.weight", "Q4_0", 32, 32)
        quantized(f"blk.{layer}.attn_k.weight", "Q5_1", 8, 32)
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", plain(48, 32).astype("f2"))
    kind = gguf.GGMLQuantizationType.Q4_K
    packed = generator.integers(0, 255, (2, gguf.GGML_QUANT_SIZES[kind][1]), "u1")
    writer.add_tensor("output.weight", packed, raw_dtype=kind)
    # As numbers of two bytes, which the writer swaps where it would not swap their bytes.
    kind = gguf.GGMLQuantizationType.BF16
    halves = gguf.quants.quantize(plain(1, 32), kind).view("u2")
    writer.add_tensor("output_norm.weight", halves, raw_dtype=kind)
    for bits in (8, 16, 32, 64):
        writer.add_tensor(f"steps.int{bits}", np.arange(-3, 3).astype(f"i{bits // 8}"))
    writer.add_tensor("steps.float64", np.linspace(0, 1, 6).reshape(2, 3))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@sample(
    "llama.gguf",
    "gguf",
    "numpy",
    files={"llama.gguf": "version 3, little-endian"},
)
def make_llama_gguf(out: Path) -> None:
    """A tiny GGUF model: quantized tensors, plain ones of every type, a vocabulary."""
    write_gguf(out / "llama.gguf", "LITTLE")


@sample(
    "big_endian.gguf",
    "gguf",
    "numpy",
    files={"big_endian.gguf": "version 3, big-endian"},
)
def make_big_endian_gguf(out: Path) -> None:
    """The same model as it is written for a big-endian machine."""
    write_gguf(out / "big_endian.gguf", "BIG")


# --- PyTorch ----------------------------------------------------------------------------------


def pytorch() -> Any:
    """Give PyTorch with a fixed seed, on one thread."""
    import torch

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    return torch


def small_language_model(torch: Any) -> Any:
    """Give a network of two equal layers whose output is tied to its embedding."""
    nn = torch.nn
    layers = [
        nn.ModuleDict({"attention": nn.Linear(8, 8), "norm": nn.LayerNorm(8)}) for _ in range(2)
    ]
    parts = {
        "embed": nn.Embedding(10, 8),
        "layers": nn.ModuleList(layers),
        "norm": nn.BatchNorm1d(8),
        "head": nn.Linear(8, 10, bias=False),
    }
    model = nn.ModuleDict(parts)
    model["head"].weight = model["embed"].weight
    return model


@sample(
    "torch_checkpoint.pt",
    "torch",
    files={"torch_checkpoint.pt": "zip archive with a pickle and a member a storage"},
)
def make_torch_checkpoint(out: Path) -> None:
    """A training checkpoint of PyTorch: state dict, Adam's state, epoch and hyperparameters.

    `head.weight` is `embed.weight`: two names, one storage.
    """
    torch = pytorch()
    model = small_language_model(torch)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    sum((parameter**2).sum() for parameter in model.parameters()).backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3,
        "global_step": 1200,
        "state_dict": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "hyper_parameters": {"lr": 0.01, "name": "small", "layers": [8, 8]},
    }
    torch.save(checkpoint, out / "torch_checkpoint.pt")


def torch_tensors(torch: Any) -> dict[str, Any]:
    """Give a tensor of every dtype and of every kind that is not plain."""
    kinds = (
        "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 float64"
        " complex64 complex128 float8_e4m3fn float8_e5m2"
    )
    numbers = torch.arange(12, dtype=torch.float32).reshape(3, 4) - 4
    found = {
        f"dtypes.{kind}": numbers.to(getattr(torch, kind), copy=True) for kind in kinds.split()
    }
    return found | {
        "views.whole": numbers,
        "views.again": numbers,
        "views.transposed": numbers.t(),
        "views.part": numbers[1:, ::2],
        "views.repeated": numbers[:1].expand(2, 4),
        "views.channels_last": torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "views.conjugate": torch.complex(numbers, numbers + 1).conj(),
        "views.negative": torch.complex(numbers, numbers + 1).conj().imag,
        "others.scalar": torch.tensor(3),
        "others.empty": torch.empty(0, 3),
        "others.parameter": torch.nn.Parameter(torch.ones(2)),
        "others.frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False),
        "others.meta": torch.empty(3, 4, device="meta"),
        "others.sparse": torch.eye(3).to_sparse(),
        "others.rows": torch.eye(3).to_sparse_csr(),
        "others.nested": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "others.quantized": torch.quantize_per_tensor(numbers, 0.1, 3, torch.qint8),
        "others.channels": torch.quantize_per_channel(
            numbers, torch.ones(3), torch.zeros(3), 0, torch.quint8
        ),
    }


@sample(
    "torch_tensors.pt",
    "torch",
    files={"torch_tensors.pt": "zip archive, the pickle of protocol 4"},
)
def make_torch_tensors(out: Path) -> None:
    """torch.save() of every dtype, of views, and of tensors that are sparse, quantized or meta."""
    torch = pytorch()
    torch.save(torch_tensors(torch), out / "torch_tensors.pt", pickle_protocol=4)


@sample(
    "torch_legacy.pth",
    "torch",
    files={"torch_legacy.pth": "pickles and storages one after another"},
)
def make_torch_legacy(out: Path) -> None:
    """A state dict in the stream that torch.save() wrote before PyTorch 1.6, with a tied weight."""
    torch = pytorch()
    state = small_language_model(torch).state_dict()
    addresses: dict[object, str] = {}

    class Numbered(str):
        """A number from 10 on for each address of a storage, which is another in every run."""

        __slots__ = ()

        def __new__(cls, address: object) -> str:  # type: ignore[misc]
            return addresses.setdefault(address, str(len(addresses) + 10))

    torch.serialization.str = Numbered
    with (out / "torch_legacy.pth").open("wb") as file:
        torch.save(state, file, _use_new_zipfile_serialization=False)


@sample(
    "torch_module.pt",
    "torch",
    files={"torch_module.pt": "zip archive whose pickle imports the classes of the layers"},
)
def make_torch_module(out: Path) -> None:
    """A whole module as torch.save() pickles it, with a buffer that no state dict has."""
    torch = pytorch()
    nn = torch.nn
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.BatchNorm1d(3), nn.Linear(3, 2))
    model.register_buffer("cache", torch.zeros(2), persistent=False)
    model[3].bias.requires_grad_(requires_grad=False)
    torch.save(model, out / "torch_module.pt")


@sample(
    "torch_script.pt",
    "torch",
    files={"torch_script.pt": "zip archive with code, constants and a pickle"},
)
def make_torch_script(out: Path) -> None:
    """A module that torch.jit.trace() turned into code, one of whose tensors is a constant.

    Without what is for debugging: it has paths of the machine that it was made on.
    """
    torch = pytorch()
    nn = torch.nn
    path = out / "torch_script.pt"
    offset = torch.arange(3.0)

    class Shifted(nn.Module):  # type: ignore[misc]
        """A layer that adds numbers which are not its own."""

        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Linear(4, 3)

        def forward(self, inputs: Any) -> Any:
            return self.dense(inputs) + offset

    torch.jit.save(torch.jit.trace(Shifted(), torch.ones(1, 4)), str(path))
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            if not name.endswith((".debug_pkl", "serialization_id")):
                archive.writestr(zipfile.ZipInfo(name), content)


TORCH_SHARDS = ("pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")
TORCH_INDEX = "pytorch_model.bin.index.json"


@sample(
    "sharded_torch",
    "torch",
    files={
        f"sharded_torch/{TORCH_SHARDS[0]}": "the first tensors",
        f"sharded_torch/{TORCH_SHARDS[1]}": "the others",
        f"sharded_torch/{TORCH_INDEX}": "which tensor is in which shard",
    },
)
def make_sharded_torch(out: Path) -> None:
    """A state dict in two shards, with the index that Hugging Face's transformers write."""
    torch = pytorch()
    tensors = {f"model.layers.{n}.weight": torch.full((4, 4), n / 2) for n in range(4)}
    weight_map = {}
    for number, shard in enumerate(TORCH_SHARDS):
        part = dict(list(tensors.items())[2 * number : 2 * number + 2])
        torch.save(part, out / "sharded_torch" / shard)
        weight_map |= dict.fromkeys(part, shard)
    index = {"metadata": {"total_size": 256}, "weight_map": weight_map}
    (out / "sharded_torch" / TORCH_INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")


@sample(
    "torch_distributed",
    "torch",
    files={
        "torch_distributed/.metadata": "a pickle with names, shapes, types and places",
        "torch_distributed/__0_0.distcp": "the tensors that rank 0 wrote",
    },
)
def make_torch_distributed(out: Path) -> None:
    """A checkpoint of torch.distributed, by one process: two layers and the state of SGD."""
    torch = pytorch()
    import pickle

    import torch.distributed.checkpoint as distributed

    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Linear(3, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    sum((parameter**2).sum() for parameter in model.parameters()).backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    folder = out / "torch_distributed"
    distributed.save(state, checkpoint_id=str(folder), no_dist=True)
    with (folder / ".metadata").open("rb") as file:
        described = pickle.load(file)
    described.storage_meta = None  # where it was made, and a random number
    with (folder / ".metadata").open("wb") as file:
        pickle.dump(described, file, protocol=4)


@sample(
    "torch_hostile.pt",
    files={"torch_hostile.pt": "zip archive whose pickle would run a shell command"},
)
def make_torch_hostile(out: Path) -> None:
    """A PyTorch file that would run a command where it is loaded the old way.

    The command only writes a file. What the pickle would import is listed, and not imported.
    """
    command = b"echo this must never run > scopecli-was-here"
    call = b"cposix\nsystem\n(S'" + command + b"'\ntR0"
    with zipfile.ZipFile(out / "torch_checkpoint.pt") as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    files["data.pkl"] = files["data.pkl"][:2] + call + files["data.pkl"][2:]
    with zipfile.ZipFile(out / "torch_hostile.pt", "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(f"hostile/{name}"), content)


# --- ONNX -------------------------------------------------------------------------------------


def onnx_types() -> list[Any]:
    """Give an initializer of every element type, raw or as numbers of the type's own field."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    plain = ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "BOOL", "COMPLEX64", "COMPLEX128")
    small = ("FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT8E8M0")
    packed = ("INT4", "UINT4", "FLOAT4E2M1", "INT2", "UINT2")
    integers = tuple(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
    found = []
    for name in (*plain, *small, *packed, *integers):
        number = getattr(TensorProto, name)
        values = np.array([1, 0, 1, 1, 0], helper.tensor_dtype_to_np_dtype(number))
        found.append(helper.make_tensor(f"types/{name.lower()}", number, [5], values))
        found.append(numpy_helper.from_array(values, f"types/{name.lower()}_raw"))
    texts = [b"one", "na\u00efve".encode()]
    return [*found, helper.make_tensor("types/string", TensorProto.STRING, [2], texts)]


def onnx_constant(name: str, **value: Any) -> Any:
    """Give a Constant node whose output has this name."""
    from onnx import helper

    return helper.make_node("Constant", [], [name], name=f"{name}_node", **value)


def onnx_weights(name: str, *shape: int) -> Any:
    """Give a tensor of random floats."""
    import numpy as np
    from onnx import numpy_helper

    generator = np.random.default_rng(len(name))
    return numpy_helper.from_array(generator.normal(size=shape).astype("f4"), name)


def onnx_branch(name: str) -> Any:
    """Give the body of a branch, which has a constant and an initializer of its own."""
    from onnx import TensorProto, helper

    output = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, [1, 4])
    nodes = [
        onnx_constant(f"{name}_shift", value=onnx_weights("", 4)),
        helper.make_node("Mul", ["hidden", f"{name}_scale"], [f"{name}_scaled"]),
        helper.make_node("Add", [f"{name}_scaled", f"{name}_shift"], [f"{name}_out"]),
    ]
    return helper.make_graph(nodes, name, [], [output], [onnx_weights(f"{name}_scale", 4)])


@sample(
    "branches.onnx",
    "onnx",
    "numpy",
    "ml_dtypes",
    files={"branches.onnx": "one ModelProto"},
)
def make_branches_onnx(out: Path) -> None:
    """An ONNX model that holds weights wherever one can.

    Initializers of every type, raw and as numbers; sparse ones; Constant nodes with tensors and
    plain numbers, in the graph, in both branches of an If and in a function of the model's own.
    """
    import onnx
    from onnx import TensorProto, helper

    values = helper.make_tensor("encoder/pruned", TensorProto.FLOAT, [3], [1.0, -2.0, 0.5])
    places = helper.make_tensor("encoder/pruned_places", TensorProto.INT64, [3], [1, 6, 11])
    axes = helper.make_tensor("", TensorProto.INT64, [2, 2], [0, 1, 2, 0])
    pairs = helper.make_tensor("", TensorProto.FLOAT, [2], [3.0, 4.0])
    nodes = [
        helper.make_node("MatMul", ["x", "encoder/kernel"], ["projected"]),
        helper.make_node("Add", ["projected", "encoder/bias"], ["hidden"]),
        onnx_constant("chosen", value=helper.make_tensor("", TensorProto.BOOL, [], [True])),
        onnx_constant("axes", value_ints=[0, 1, -1]),
        onnx_constant("epsilon", value_float=0.5),
        onnx_constant("labels", value_strings=["cat", "dog"]),
        onnx_constant("mask", sparse_value=helper.make_sparse_tensor(pairs, axes, [3, 2])),
        helper.make_node(
            "If",
            ["chosen"],
            ["switched"],
            name="switch",
            then_branch=onnx_branch("left"),
            else_branch=onnx_branch("right"),
        ),
        helper.make_node("Shifted", ["switched"], ["y"], domain="local"),
    ]
    inside = [
        onnx_constant("offset", value=onnx_weights("offset", 4)),
        helper.make_node("Add", ["v", "offset"], ["w"]),
    ]
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)]
    function = helper.make_function("local", "Shifted", ["v"], ["w"], inside, opsets[:1])
    graph = helper.make_graph(
        nodes,
        "branches",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
        [onnx_weights("encoder/kernel", 8, 4), onnx_weights("encoder/bias", 4), *onnx_types()],
        sparse_initializer=[helper.make_sparse_tensor(values, places, [3, 4])],
    )
    model = helper.make_model(
        graph,
        producer_name="scopecli samples",
        opset_imports=opsets,
        functions=[function],
        ir_version=10,
    )
    helper.set_model_props(model, {"task": "toy"})
    (out / "branches.onnx").write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(model)


@sample(
    "onnx_external",
    "onnx",
    "numpy",
    files={
        "onnx_external/model.onnx": "names, shapes, and where the values are",
        "onnx_external/model.onnx.data": "the values",
    },
)
def make_onnx_external(out: Path) -> None:
    """An ONNX model with its weights in a file beside it, as PyTorch exports all of them."""
    import onnx
    from onnx import TensorProto, helper

    names = [f"layers.{number}.{part}" for number in range(3) for part in ("weight", "bias")]
    weights = [onnx_weights(name, *((8, 8) if name.endswith("t") else (8,))) for name in names]
    nodes = [
        helper.make_node("Gemm", [f"h{at}", *names[2 * at : 2 * at + 2]], [f"h{at + 1}"])
        for at in range(3)
    ]
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("h0", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("h3", TensorProto.FLOAT, [1, 8])],
        weights,
    )
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, producer_name="scopecli samples", opset_imports=opsets)
    path = out / "onnx_external" / "model.onnx"
    path.with_name("model.onnx.data").unlink(missing_ok=True)
    onnx.save_model(
        model,
        path,
        save_as_external_data=True,
        location="model.onnx.data",
        size_threshold=64,
    )


# --- TensorFlow Lite --------------------------------------------------------------------------


@sample(
    "mobile.tflite",
    "tensorflow-cpu",
    files={"mobile.tflite": "FlatBuffers, three subgraphs"},
)
def make_mobile_tflite(out: Path) -> None:
    """A converted model: weights quantized to eight bits, a branch in subgraphs, a signature.

    The large kernels have a scale for each output; the others stay as they are.
    """
    import tensorflow as tf

    tf.random.set_seed(SEED)

    class Mobile(tf.Module):
        """Two dense layers, and a shift of the sign that the branch chooses."""

        def __init__(self) -> None:
            self.kernel = tf.Variable(tf.random.normal([40, 32]), name="kernel")
            self.head = tf.Variable(tf.random.normal([32, 40]), name="head")
            self.bias = tf.Variable(tf.random.normal([32]), name="bias")
            self.shift = tf.Variable(tf.random.normal([40]), name="shift")

        @tf.function(input_signature=[tf.TensorSpec([None, 40], tf.float32, name="x")])
        def __call__(self, x: Any) -> Any:
            hidden = tf.nn.relu(x @ self.kernel + self.bias)
            y = hidden @ self.head
            shifted = tf.cond(
                tf.reduce_sum(y) > 0.0, lambda: y + self.shift, lambda: y * 2.0 - self.shift
            )
            return {"scores": shifted}

    module = Mobile()
    function = module.__call__.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], module)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    (out / "mobile.tflite").write_bytes(converter.convert())


# --- Flax -------------------------------------------------------------------------------------


@sample(
    "flax_train_state.msgpack",
    "flax",
    "optax",
    "msgpack",
    "numpy",
    files={"flax_train_state.msgpack": "nested maps with arrays as extensions"},
)
def make_flax_train_state(out: Path) -> None:
    """A Flax TrainState with Adam, as flax.serialization.to_bytes() writes it.

    Parameters in several types, both moments of each, counters, a plain number, a complex one, and
    an array that is cut in chunks, as those of more than a gigabyte are.
    """
    import flax.serialization
    import jax.numpy as jnp
    import numpy as np
    import optax
    from flax.training.train_state import TrainState

    generator = np.random.default_rng(SEED)
    params: dict[str, Any] = {}
    for number in range(3):
        kernel = generator.normal(size=(4, 4)).astype("f4")
        params[f"Dense_{number}"] = {"kernel": kernel, "bias": np.zeros(4, "f4")}
    params["Embed_0"] = {"embedding": jnp.arange(8, dtype=jnp.bfloat16).reshape(4, 2)}
    state = TrainState.create(apply_fn=None, params=params, tx=optax.adam(0.1))
    gradients = {
        layer: {name: np.ones_like(value) for name, value in weights.items()}
        for layer, weights in params.items()
    }
    tree = flax.serialization.to_state_dict(state.apply_gradients(grads=gradients))
    tree["batch_stats"] = {"BatchNorm_0": {"mean": np.float32(0.5), "var": np.ones(4, "f2")}}
    tree["others"] = {
        "epoch": 3,
        "note": "a text",
        "rotation": 1 + 2j,
        "listed": [np.arange(3), np.zeros((0, 2), bool)],
    }
    flax.serialization.MAX_CHUNK_SIZE = 64
    tree["cut"] = np.arange(40, dtype="i4").reshape(5, 8)
    (out / "flax_train_state.msgpack").write_bytes(flax.serialization.msgpack_serialize(tree))


# --- Orbax ------------------------------------------------------------------------------------

ORBAX_ARRAYS = {
    "params.dense.kernel": "0.0",
    "params.dense.bias": "0",
    "opt_state.0.mu.dense.kernel": "0.0",
    "opt_state.0.mu.dense.bias": "0",
    "opt_state.0.count": "0",
    "step": "0",
}


@sample(
    "orbax_zarr",
    "orbax-checkpoint",
    "tensorstore",
    "numpy",
    "ml_dtypes",
    files={
        "orbax_zarr/_CHECKPOINT_METADATA": "how it was saved",
        "orbax_zarr/_METADATA": "the tree",
        "orbax_zarr/_strings.json": "the leaves that are texts",
        **{f"orbax_zarr/{name}/.zarray": "shape and dtype" for name in ORBAX_ARRAYS},
        **{f"orbax_zarr/{name}/{chunk}": "values" for name, chunk in ORBAX_ARRAYS.items()},
    },
)
def make_orbax_zarr(out: Path) -> None:
    """An Orbax checkpoint with a folder for each array, packed with Zstandard.

    Parameters, one moment of each, counters and a text. A database instead of the folders would
    have random names.
    """
    import ml_dtypes
    import numpy as np
    import orbax.checkpoint

    generator = np.random.default_rng(SEED)
    params = {
        "dense": {
            "kernel": generator.normal(size=(6, 4)).astype("f4"),
            "bias": np.arange(4).astype(ml_dtypes.bfloat16),
        }
    }
    moments = {"dense": {name: value * 0 + 1 for name, value in params["dense"].items()}}
    tree = {
        "params": params,
        "opt_state": [{"count": np.int32(3), "mu": moments}],
        "step": 3,
        "note": "a text",
    }
    folder = out / "orbax_zarr"
    shutil.rmtree(folder, ignore_errors=True)
    handler = orbax.checkpoint.PyTreeCheckpointHandler(use_ocdbt=False)
    with orbax.checkpoint.Checkpointer(handler) as checkpointer:
        checkpointer.save(folder.resolve(), tree)
    path = folder / "_CHECKPOINT_METADATA"
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields |= {name: FIXED_TIME * 10**9 for name in fields if name.endswith("_nsecs")}
    path.write_text(json.dumps(fields), encoding="utf-8")
    (folder / "commit_success.txt").unlink(missing_ok=True)
    (folder / "_sharding").unlink(missing_ok=True)
    shutil.rmtree(folder / "array_metadatas", ignore_errors=True)


# --- Pairs that differ in one thing -----------------------------------------------------------

PAIR_FLOATS = {
    "conv/kernel": (3, 3, 2, 4),
    "norm/gamma": (4,),
    "norm/beta": (4,),
    "norm/moving_mean": (4,),
    "norm/moving_variance": (4,),
    "dense/kernel": (8, 4),
    "dense/bias": (4,),
}
PAIR_STATISTICS = ("norm/moving_mean", "norm/moving_variance")


def pair_tensors(units: int = 4) -> dict[str, Any]:
    """Give the tensors of a small network by name, Adam's slots among them."""
    import numpy as np

    tensors: dict[str, Any] = {"global_step": np.int64(1200)}
    for number, (name, shape) in enumerate(PAIR_FLOATS.items()):
        grown = (*shape[:-1], units) if name.startswith("dense/") else shape
        random = np.random.RandomState(SEED + number)
        tensors[f"net/{name}"] = random.standard_normal(grown).astype("float32")
        if name not in PAIR_STATISTICS:
            for slot in ("Adam", "Adam_1"):
                values = random.standard_normal(grown).astype("float32") * 0.01
                tensors[f"net/{name}/{slot}"] = values
    return tensors


def write_pair(out: Path, name: str, tensors: Mapping[str, Any]) -> None:
    """Write the tensors as a checkpoint, with the operation that a Saver runs."""
    import tensorflow as tf

    names = sorted(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(out / "pairs" / name / "ckpt"),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(tensors[key]) for key in names],
    )


def pair_sample(name: str) -> Callable[[MakeFunction], MakeFunction]:
    """Register the maker of one checkpoint of a pair."""
    prefix = f"pairs/{name}/ckpt"
    files = {f"{prefix}.index": V2_INDEX, f"{prefix}.data-00000-of-00001": V2_DATA}
    return sample(f"pairs/{name}", "tensorflow-cpu", "numpy", files=files)


@pair_sample("base")
def make_pair_base(out: Path) -> None:
    """A small network with Adam's slots, to be compared with the others in this folder."""
    write_pair(out, "base", pair_tensors())


@pair_sample("one_element")
def make_pair_one_element(out: Path) -> None:
    """pairs/base with one element of one tensor changed."""
    tensors = pair_tensors()
    tensors["net/dense/kernel"][2, 1] += 0.5
    write_pair(out, "one_element", tensors)


@pair_sample("scope_renamed")
def make_pair_scope_renamed(out: Path) -> None:
    """pairs/base with the scope `net` moved into another, as model/net."""
    tensors = {
        f"model/{name}" if name.startswith("net/") else name: values
        for name, values in pair_tensors().items()
    }
    write_pair(out, "scope_renamed", tensors)


@pair_sample("halved")
def make_pair_halved(out: Path) -> None:
    """pairs/base in half precision."""
    tensors = {
        name: values.astype("float16") if values.dtype == "float32" else values
        for name, values in pair_tensors().items()
    }
    write_pair(out, "halved", tensors)


@pair_sample("grown")
def make_pair_grown(out: Path) -> None:
    """pairs/base with a dense layer of six units instead of four."""
    write_pair(out, "grown", pair_tensors(units=6))


@pair_sample("slot_dropped")
def make_pair_slot_dropped(out: Path) -> None:
    """pairs/base without the second moment of one variable."""
    tensors = pair_tensors()
    del tensors["net/dense/kernel/Adam_1"]
    write_pair(out, "slot_dropped", tensors)


@pair_sample("statistics_only")
def make_pair_statistics_only(out: Path) -> None:
    """pairs/base with other statistics of batch normalization and nothing else changed."""
    tensors = pair_tensors()
    for name in PAIR_STATISTICS:
        tensors[f"net/{name}"] = tensors[f"net/{name}"] * 2 + 1
    write_pair(out, "statistics_only", tensors)


@sample(
    "pairs/converted.npz",
    "numpy",
    files={"pairs/converted.npz": "the same tensors in another format"},
)
def make_pair_converted(out: Path) -> None:
    """pairs/base as numpy writes it: same names, same values, another format."""
    import numpy as np

    np.savez(out / "pairs/converted.npz", **pair_tensors())


@sample(
    "pairs/converted.safetensors",
    "safetensors",
    files={"pairs/converted.safetensors": "the same tensors in another format"},
)
def make_pair_converted_safetensors(out: Path) -> None:
    """pairs/base as safetensors writes it: same names, same values, another format."""
    import numpy as np
    from safetensors.numpy import save_file

    tensors = {name: np.asarray(values) for name, values in pair_tensors().items()}
    save_file(tensors, out / "pairs/converted.safetensors")


@sample(
    "pairs/torch_names.npz",
    "numpy",
    files={"pairs/torch_names.npz": "names and layouts as PyTorch has them"},
)
def make_pair_torch_names(out: Path) -> None:
    """The variables of pairs/base as PyTorch would keep them: `module.conv.weight`, transposed."""
    import numpy as np

    words = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
    words |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
    tensors = pair_tensors()
    converted = {}
    for name in PAIR_FLOATS:
        layer, _, leaf = name.partition("/")
        values = tensors[f"net/{name}"]
        if leaf == "kernel":
            values = values.transpose((3, 2, 0, 1) if values.ndim == 4 else (1, 0))
        converted[f"module.{layer}.{words[leaf]}"] = np.ascontiguousarray(values)
    np.savez(out / "pairs/torch_names.npz", **converted)


# --- Broken files -----------------------------------------------------------------------------


def good(out: Path, path: str) -> bytes:
    """Give the bytes of a good sample that a broken one is derived from."""
    source = out / path
    if not source.exists():
        raise SystemExit(f"{source} is missing: make it first")
    return source.read_bytes()


@sample(
    "broken/flipped",
    files={
        "broken/flipped.index": "tf2_object/ckpt-1.index with one bit flipped",
        "broken/flipped.data-00000-of-00001": "its data, unharmed",
    },
)
def make_flipped(out: Path) -> None:
    """An index with one flipped bit in the middle of its data block.

    The checksum of the block no longer holds. TensorFlow refuses this index, which has one
    block; of a larger one it lists what comes before the damage and says nothing.
    """
    content = bytearray(good(out, "tf2_object/ckpt-1.index"))
    # The data block comes first in the table and is most of it.
    content[len(content) // 2] ^= 0x10
    (out / "broken/flipped.index").write_bytes(content)
    data = good(out, "tf2_object/ckpt-1.data-00000-of-00001")
    (out / "broken/flipped.data-00000-of-00001").write_bytes(data)


@sample(
    "broken/truncated.index",
    files={"broken/truncated.index": "the first 60 % of tf1_gan/model.ckpt-200.index"},
)
def make_truncated_index(out: Path) -> None:
    """An index that was cut off, so its footer is missing."""
    content = good(out, "tf1_gan/model.ckpt-200.index")
    (out / "broken/truncated.index").write_bytes(content[: len(content) * 6 // 10])


@sample(
    "broken/truncated.h5",
    files={"broken/truncated.h5": "the first 60 % of keras2_weights.h5"},
)
def make_truncated_h5(out: Path) -> None:
    """An HDF5 file that was cut off: the superblock promises more bytes than there are."""
    content = good(out, "keras2_weights.h5")
    (out / "broken/truncated.h5").write_bytes(content[: len(content) * 6 // 10])


@sample(
    "broken/truncated.keras",
    files={"broken/truncated.keras": "the first 30 % of keras3_functional.keras"},
)
def make_truncated_keras(out: Path) -> None:
    """A .keras that was cut off: the zip directory, which is at the end, is missing."""
    content = good(out, "keras3_functional.keras")
    (out / "broken/truncated.keras").write_bytes(content[: len(content) * 3 // 10])


@sample("broken/model.h5", files={"broken/model.h5": "a Git LFS pointer, three lines of text"})
def make_lfs_pointer(out: Path) -> None:
    """A Git LFS pointer named like a model: cloned without `git lfs pull`."""
    content = good(out, "keras2_functional.h5")
    digest = hashlib.sha256(content).hexdigest()
    pointer = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    )
    (out / "broken/model.h5").write_bytes(pointer.encode())


@sample("broken/model.index", files={"broken/model.index": "no bytes at all"})
def make_empty_index(out: Path) -> None:
    """An empty file named like an index: the disk was full, or the job was killed."""
    (out / "broken/model.index").write_bytes(b"")


@sample("broken/model.keras", files={"broken/model.keras": "an HTML page"})
def make_html_page(out: Path) -> None:
    """A web page named like a model: the download needed a login."""
    page = (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n'
        "<head><title>Sign in</title></head>\n"
        "<body><p>Please sign in to download model.keras.</p></body>\n"
        "</html>\n"
    )
    (out / "broken/model.keras").write_bytes(page.encode())


@sample(
    "broken/mangled.h5",
    files={"broken/mangled.h5": "keras2_weights.h5 decoded as UTF-8 text and encoded again"},
)
def make_mangled_h5(out: Path) -> None:
    """An HDF5 file that went through a text editor or a text-mode transfer.

    Each byte that is not UTF-8 became the three bytes of U+FFFD, the first of the signature
    among them.
    """
    text = good(out, "keras2_weights.h5").decode("utf-8", errors="replace")
    (out / "broken/mangled.h5").write_bytes(text.encode())


@sample(
    "broken/no_data.index",
    files={"broken/no_data.index": "tf1_batchnorm/model.ckpt.index"},
)
def make_no_data(out: Path) -> None:
    """A whole, valid index without its data shard: names can be read, values cannot."""
    content = good(out, "tf1_batchnorm/model.ckpt.index")
    (out / "broken/no_data.index").write_bytes(content)


@sample(
    "broken/lone.data-00000-of-00001",
    files={"broken/lone.data-00000-of-00001": "tf1_batchnorm/model.ckpt.data-00000-of-00001"},
)
def make_lone_data(out: Path) -> None:
    """A data shard without its index: bytes without names."""
    content = good(out, "tf1_batchnorm/model.ckpt.data-00000-of-00001")
    (out / "broken/lone.data-00000-of-00001").write_bytes(content)


def write_stale_state(folder: Path, source: Path, old_prefix: str) -> None:
    """Copy a checkpoint beside a state file that still names ``old_prefix``."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("index", "data-00000-of-00001"):
        content = good(source, f"tf1_batchnorm/model.ckpt.{suffix}")
        (folder / f"model.ckpt-20.{suffix}").write_bytes(content)
    escaped = old_prefix.replace("\\", "\\\\")
    state = f'model_checkpoint_path: "{escaped}"\nall_model_checkpoint_paths: "{escaped}"\n'
    (folder / "checkpoint").write_bytes(state.encode())


def stale_files(folder: str) -> dict[str, str]:
    """Describe the files of a folder with a stale state file."""
    return {
        f"{folder}/checkpoint": "names an absolute path that is not on this machine",
        f"{folder}/model.ckpt-20.data-00000-of-00001": V2_DATA,
        f"{folder}/model.ckpt-20.index": V2_INDEX,
    }


@sample("broken/stale_state", files=stale_files("broken/stale_state"))
def make_stale_state(out: Path) -> None:
    """A folder copied from another machine: its state file names a path of that machine.

    The checkpoint itself lies beside it and is fine.
    """
    prefix = "/home/maria/experiments/run_3/model.ckpt-20"
    write_stale_state(out / "broken/stale_state", out, prefix)


@sample("broken/stale_state_windows", files=stale_files("broken/stale_state_windows"))
def make_stale_state_windows(out: Path) -> None:
    """The same from a Windows machine, with escaped backslashes in the state file."""
    prefix = "C:\\Users\\Maria\\experiments\\run_3\\model.ckpt-20"
    write_stale_state(out / "broken/stale_state_windows", out, prefix)


@sample(
    "broken/duplicate_member.keras",
    files={"broken/duplicate_member.keras": "keras3_functional.keras with one member twice"},
)
def make_duplicate_member(out: Path) -> None:
    """A .keras with two members named model.weights.h5, the second holding a line of text.

    Readers disagree about which one counts, which is how such files smuggle content past a
    check.
    """
    path = out / "broken/duplicate_member.keras"
    path.write_bytes(good(out, "keras3_functional.keras"))
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(zipfile.ZipInfo("model.weights.h5"), b"not the weights\n")


# --- The manifest and the README --------------------------------------------------------------


def made_by(packages: Iterable[str]) -> str:
    """Name the packages with the versions that are installed here."""
    pins = (name.partition("==") for name in packages)
    names = [f"{name} {pin or metadata.version(name).partition('+')[0]}" for name, _, pin in pins]
    return ", ".join(names) or "make_samples.py, from other samples"


def manifest_entries(one: Sample, out: Path) -> list[dict[str, Any]]:
    """Describe the files of a sample as they are on disk."""
    entries = []
    for path, description in sorted(one.files.items()):
        content = (out / path).read_bytes()
        entries.append(
            {
                "path": path,
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
                "sample": one.name,
                "made_by": made_by(one.packages),
                "description": description,
            }
        )
    return entries


def read_manifest(folder: Path) -> list[dict[str, Any]]:
    """Give the entries of a folder's manifest, none where there is no manifest."""
    path = folder / MANIFEST
    if not path.exists():
        return []
    entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["files"]
    return entries


def write_manifest(out: Path, made: Iterable[Sample]) -> list[dict[str, Any]]:
    """Write MANIFEST.json; the entries of samples that were not made now stay as they are."""
    entries = {
        entry["path"]: entry
        for entry in read_manifest(out)
        if entry["sample"] in SAMPLES and (out / entry["path"]).exists()
    }
    for one in made:
        entries |= {entry["path"]: entry for entry in manifest_entries(one, out)}
    files = [entries[path] for path in sorted(entries)]
    text = json.dumps({"files": files}, indent=2, ensure_ascii=False) + "\n"
    (out / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
    return files


TABLE_START = "<!-- table: written by make_samples.py -->"
TABLE_END = "<!-- end of table -->"


def write_readme_table(out: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Put the table of samples between the two marks of the README, if it is there."""
    path = out / README
    if not path.exists():
        return
    sizes: dict[str, int] = {}
    makers: dict[str, str] = {}
    for entry in entries:
        sizes[entry["sample"]] = sizes.get(entry["sample"], 0) + entry["size"]
        makers[entry["sample"]] = entry["made_by"]
    rows = ["| sample | bytes | made by | shows |", "|---|--:|---|---|"]
    for name, one in SAMPLES.items():
        if name in sizes:
            rows.append(f"| `{name}` | {sizes[name]:,} | {makers[name]} | {one.shows} |")
    before, _, rest = path.read_text(encoding="utf-8").partition(TABLE_START)
    _, _, after = rest.partition(TABLE_END)
    text = "\n".join([before + TABLE_START, *rows, TABLE_END + after])
    path.write_text(text, encoding="utf-8", newline="\n")


# --- Running it -------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Give the folder under the user's cache where the virtual environment lives."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "scopecli-samples"


def base_python() -> str:
    """Find a Python of the pinned version."""
    if sys.version_info[:2] == PYTHON:
        return sys.executable
    name = ".".join(str(part) for part in PYTHON)
    found = shutil.which(f"python{name}")
    if found is None:
        raise SystemExit(f"the samples need Python {name}, which is not on the PATH")
    return found


def pinned_python(
    folder: Path,
    packages: Iterable[str] = PINS,
    without_dependencies: Iterable[str] = PINS_WITHOUT_DEPENDENCIES,
) -> Path:
    """Give the Python of a virtual environment, making it if it is not there or is old."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "pins.txt"
    pins = "\n".join([*packages, *without_dependencies])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == pins:
        return python
    if not stamp.exists() and folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"{folder} holds something else: remove it or choose another --venv")
    subprocess.run([base_python(), "-m", "venv", "--clear", str(folder)], check=True)
    stamp.write_text("unfinished", encoding="utf-8")
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *packages], check=True)
    if without_dependencies:
        subprocess.run([*pip, "--no-deps", *without_dependencies], check=True)
    # The pins are written last, so that an interrupted installation is started again.
    stamp.write_text(pins, encoding="utf-8")
    return python


def warn_about_versions() -> None:
    """Say on stderr which installed packages differ from the pins."""
    for pin in PINS + PINS_WITHOUT_DEPENDENCIES:
        package, _, wanted = pin.partition("==")
        try:
            installed = metadata.version(package)
        except metadata.PackageNotFoundError:
            installed = "not installed"
        if installed.partition("+")[0] != wanted:  # `2.13.0+cpu` is a build of 2.13.0
            print(f"{package} is {installed}, the pin is {wanted}", file=sys.stderr)


def make_by_name(name: str, out: Path) -> None:
    """Make one sample; the entry point of a fresh process."""
    SAMPLES[name].make(out)


def make_sample(one: Sample, out: Path) -> None:
    """Make one sample from nothing and check that it wrote the files it names."""
    print(f"{one.name} ...", file=sys.stderr, flush=True)
    for path in one.files:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).unlink(missing_ok=True)
    if one.packages:
        process = multiprocessing.get_context("spawn").Process(
            target=make_by_name, args=(one.name, out)
        )
        process.start()
        process.join()
        if process.exitcode != 0:
            raise SystemExit(f"{one.name} failed")
    else:
        one.make(out)
    missing = [path for path in one.files if not (out / path).exists()]
    if missing:
        raise SystemExit(f"{one.name} did not write {', '.join(missing)}")


def chosen_samples(only: str | None) -> list[Sample]:
    """Give the samples to make: all, the one of that name, or all below that folder."""
    if only is None:
        return list(SAMPLES.values())
    wanted = only.rstrip("/")
    found = [
        one for one in SAMPLES.values() if one.name == wanted or one.name.startswith(wanted + "/")
    ]
    if not found:
        raise SystemExit(f"there is no sample {only}; there are: {', '.join(SAMPLES)}")
    return found


def make_all(out: Path, samples: Iterable[Sample]) -> None:
    """Make the samples, then rewrite the manifest and the README's table."""
    samples = list(samples)
    for one in samples:
        make_sample(one, out)
    write_readme_table(out, write_manifest(out, samples))


def check() -> int:
    """Make everything in a temporary folder and compare it with this folder's manifest."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        make_all(out, SAMPLES.values())
        fresh = {entry["path"]: entry["sha256"] for entry in read_manifest(out)}
    kept = {entry["path"]: entry["sha256"] for entry in read_manifest(HERE)}
    differing = sorted(path for path in kept | fresh if kept.get(path) != fresh.get(path))
    for path in differing:
        print(f"differs: {path}")
    return 1 if differing else 0


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", metavar="NAME", help="make this sample, or all below this folder")
    parser.add_argument(
        "--check", action="store_true", help="make them elsewhere; exit 1 if a byte differs"
    )
    parser.add_argument(
        "--venv", type=Path, default=cache_folder(), help="where the pinned packages live"
    )
    parser.add_argument(
        "--no-venv", action="store_true", help="use the packages of the current interpreter"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Make the samples, in the pinned virtual environment unless told otherwise."""
    options = parse_arguments(arguments)
    samples = chosen_samples(options.only)
    if not options.no_venv:
        python = pinned_python(options.venv)
        passed = ["--only", options.only] if options.only else []
        passed += ["--check"] if options.check else []
        command = [str(python), str(Path(__file__).resolve()), "--no-venv", *passed]
        return subprocess.run(command, check=False).returncode
    os.environ.update(ENVIRONMENT)
    warn_about_versions()
    if options.check:
        return check()
    make_all(HERE, samples)
    return 0


if __name__ == "__main__":
    sys.exit(main())
