"""What restoring a checkpoint into a graph or a Keras model would do, without doing it.

Every framework matches in its own way: TensorFlow 1's Saver by keys, `tf.train.Checkpoint` by paths
through objects, Keras by the order of layers or by their names. Each is followed as its code does
it, down to which error comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.restore.prediction import Prediction
from scopecli.errors import UnsupportedError

if TYPE_CHECKING:
    from scopecli.analysis.restore.prediction import FindRenames
    from scopecli.model.model import Model

_GRAPHS = frozenset({"tf-metagraph", "tf-graphdef", "tf-saved-model", "program"})
_CHECKPOINTS = frozenset({"tf-v2-checkpoint", "tf-v1-checkpoint"})
_KERAS = frozenset({"keras-h5", "keras-v3"})
_KERAS_WEIGHTS = _KERAS | {"keras-weights-h5"}
# What is restored into what.
_RESTORED = ((_GRAPHS, _CHECKPOINTS), (_KERAS, _KERAS_WEIGHTS))


def predict(graph: Model, checkpoint: Model, find_renames: FindRenames) -> Prediction:
    """Predict what restoring a checkpoint into a graph or model does.

    Args:
        graph: the graph, or a Keras model with its layers.
        checkpoint: what is to be restored.
        find_renames: looks for likely renames of what is not found.

    Raises:
        UnsupportedError: the files do not say enough, or no framework restores one into the other.
    """
    if graph.format in _GRAPHS and checkpoint.format in _CHECKPOINTS:
        from scopecli.analysis.restore import saver

        attempt = saver.attempt(graph, checkpoint, find_renames)
        return Prediction(graph.path, checkpoint.path, (attempt,))
    if graph.format in _KERAS and checkpoint.format in _KERAS_WEIGHTS:
        from scopecli.analysis.restore import keras

        attempts = keras.attempts(graph, checkpoint, find_renames)
        return Prediction(graph.path, checkpoint.path, attempts)
    raise _refusal(graph, checkpoint)


def _refusal(graph: Model, checkpoint: Model) -> UnsupportedError:
    """Why there is nothing to predict."""
    if graph.format in _GRAPHS:
        return UnsupportedError(
            f"is not a TensorFlow checkpoint but {checkpoint.format}, which no graph restores",
            path=checkpoint.path,
            hint="give the prefix of a checkpoint",
        )
    if graph.format in _KERAS:
        return UnsupportedError(
            f"is not a file of Keras weights but {checkpoint.format}",
            path=checkpoint.path,
            hint="which objects Keras tracks is not in a model's file; give an .h5 or a .keras",
        )
    hints = {
        "tf-v2-checkpoint": "give the .meta beside it, or FILE.py:FUNCTION, as the graph",
        "tf-v1-checkpoint": "give the .meta beside it, or FILE.py:FUNCTION, as the graph",
        "keras-weights-h5": "give the whole model, as .keras",
    }
    hint = hints.get(graph.format, "give a .meta, a SavedModel, a .keras or a Keras .h5")
    if any(checkpoint.format in models and graph.format in files for models, files in _RESTORED):
        hint = f"the checkpoint comes last: {checkpoint.path} {graph.path}"
    return UnsupportedError(
        f"has no graph or model to restore into: it is {graph.format}", path=graph.path, hint=hint
    )
