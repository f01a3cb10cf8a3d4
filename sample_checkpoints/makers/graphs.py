"""Graphs of TensorFlow 1: MetaGraphs and frozen GraphDefs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makers.sample import sample
from makers.tensorflow1 import dense, gan_generator, one_thread, sort_contexts, tensorflow_1

if TYPE_CHECKING:
    from pathlib import Path

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
