"""SavedModels of TensorFlow 1 and 2."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from makers.sample import SEED, sample
from makers.tensorflow1 import V2_DATA, V2_INDEX, dense, one_thread, tensorflow_1

if TYPE_CHECKING:
    from pathlib import Path


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
