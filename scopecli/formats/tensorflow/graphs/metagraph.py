"""MetaGraphDef: the `.meta` beside a checkpoint, a graph with its collections and saver.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/meta_graph.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.formats.tensorflow.graphs import graph as tf_graph
from scopecli.formats.tensorflow.graphs import text as tf_text

if TYPE_CHECKING:
    from scopecli.model.model import Model

FORMAT = "tf-metagraph"


def read(path: str) -> Model:
    """Read the structure of a graph with its collections.

    Raises:
        ScopecliError: the file is missing, damaged or something else.
    """
    window = tf_text.opened(path, "MetaGraphDef")
    file = tf_graph.GraphFile(window, tf_graph.parts_of(window, 0, window.size))
    return tf_graph.model(path, FORMAT, file)
