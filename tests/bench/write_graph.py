"""Write a MetaGraph with TensorFlow: `python -m tests.bench.write_graph FILE COUNT`."""

from __future__ import annotations

import sys

import tensorflow as tf

from tests.bench.tensors import NODES_OF_A_LAYER, graph_tensors

v1 = tf.compat.v1


def main(path: str, number: int) -> None:
    """Build a chain of so many layers, each with one variable, and export it."""
    v1.disable_v2_behavior()
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 8], name="x")
        for tensor in graph_tensors(number):
            scope = tensor.name.rpartition("/")[0]
            with v1.variable_scope(scope):
                w = v1.get_variable(
                    "w", tensor.shape, tf.float32, initializer=v1.zeros_initializer()
                )
                # Const, VariableV2, Assign and Identity are there now; MatMul comes, and the rest.
                x = tf.matmul(x, w)
                for _ in range((NODES_OF_A_LAYER - 5) // 4):
                    x = tf.identity(tf.nn.relu(x + tf.constant(1.0)))
                for _ in range((NODES_OF_A_LAYER - 5) % 4):
                    x = tf.tanh(x)
        nodes = len(graph.as_graph_def().node)
        if nodes != 1 + number * NODES_OF_A_LAYER:
            raise ValueError(f"{nodes} nodes where {number * NODES_OF_A_LAYER} and one are meant")
        v1.train.export_meta_graph(path)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
