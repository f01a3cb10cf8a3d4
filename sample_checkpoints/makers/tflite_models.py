"""TensorFlow Lite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makers.sample import SEED, sample

if TYPE_CHECKING:
    from pathlib import Path


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
