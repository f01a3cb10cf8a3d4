"""GraphDef: a graph alone, as frozen models and `tf.train.write_graph` have it; also as text.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.formats.tensorflow.graphs import graph as tf_graph
from scopecli.formats.tensorflow.graphs import text as tf_text
from scopecli.formats.tensorflow.graphs.layout import MetaGraph

if TYPE_CHECKING:
    from scopecli.model.model import Model

FORMAT = "tf-graphdef"


def read(path: str) -> Model:
    """Read the structure of a graph.

    Raises:
        ScopecliError: the file is missing, damaged or something else.
    """
    window = tf_text.opened(path, "GraphDef")
    file = tf_graph.GraphFile(window, {MetaGraph.GRAPH: [(0, window.size)]})
    return tf_graph.model(path, FORMAT, file)
