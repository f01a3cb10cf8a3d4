"""What loading a checkpoint into a graph would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.restore.predict import predict
from scopecli.formats.opening import load
from tests import rename_searches

if TYPE_CHECKING:
    from scopecli.analysis.restore.prediction import FindRenames, Prediction


def predicted(
    graph: object, checkpoint: object, find: FindRenames = rename_searches.nothing
) -> Prediction:
    return predict(load(str(graph)), load(str(checkpoint)), find)
