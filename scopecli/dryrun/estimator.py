"""`tf.estimator`: training builds the model's graph, and the run ends there."""

from __future__ import annotations

import inspect
from typing import Any

from scopecli.dryrun.data.datasets import Dataset
from scopecli.dryrun.graph.default import forget_graphs
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.program.session import Session
from scopecli.model.records import NamedTuple

__getattr__ = attributes(__name__, {})


class ModeKeys:
    """What a model is built for."""

    TRAIN, EVAL, PREDICT = "train", "eval", "infer"


class EstimatorSpec(NamedTuple):
    """What a model function gives.

    Attributes:
        mode: what the model is built for.
        predictions: what it says.
        loss: how wrong that is.
        train_op: the training step.
        eval_metric_ops: how it is measured.
    """

    mode: Any
    predictions: Any = None
    loss: Any = None
    train_op: Any = None
    eval_metric_ops: Any = None
    export_outputs: Any = None
    training_chief_hooks: Any = None
    training_hooks: Any = None
    scaffold: Any = None
    evaluation_hooks: Any = None
    prediction_hooks: Any = None


class TrainSpec(NamedTuple):
    """How to train.

    Attributes:
        input_fn: gives features and labels.
        max_steps: how long.
    """

    input_fn: Any
    max_steps: Any = None
    hooks: Any = None


class EvalSpec(NamedTuple):
    """How to evaluate.

    Attributes:
        input_fn: gives features and labels.
        steps: how long.
    """

    input_fn: Any
    steps: Any = 100
    name: Any = None
    hooks: Any = None
    exporters: Any = None
    start_delay_secs: Any = 120
    throttle_secs: Any = 600


class Estimator:
    """Builds a model out of a function.

    Attributes:
        params: what the function gets.
        config: what it gets, too.
        model_dir: where the model would be kept.
    """

    def __init__(
        self,
        model_fn: Any,
        model_dir: Any = None,
        config: Any = None,
        params: Any = None,
        warm_start_from: Any = None,
    ) -> None:
        self._model_fn = model_fn
        self.model_dir, self.config, self.params = model_dir, config, params or {}

    def _build(self, input_fn: Any, mode: str) -> Any:
        from scopecli.dryrun.variables.collections import get_or_create_global_step

        forget_graphs()
        get_or_create_global_step()
        given = input_fn(**self._chosen(input_fn, {"mode": mode}))
        if isinstance(given, Dataset):
            given = given.make_one_shot_iterator().get_next()
        features, labels = given if isinstance(given, (tuple, list)) else (given, None)
        arguments = {"labels": labels, "mode": mode}
        self._model_fn(features, **self._chosen(self._model_fn, arguments))
        return Session().run(None)

    def _chosen(self, function: Any, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments that a function takes."""
        known = inspect.signature(function).parameters
        offered = {**arguments, "params": self.params, "config": self.config}
        return {name: value for name, value in offered.items() if name in known}

    def train(self, input_fn: Any, *_: Any, **__: Any) -> Any:
        """Build the model for training, and end the run."""
        return self._build(input_fn, ModeKeys.TRAIN)

    def evaluate(self, input_fn: Any, *_: Any, **__: Any) -> Any:
        """Build the model for evaluation, and end the run."""
        return self._build(input_fn, ModeKeys.EVAL)

    def predict(self, input_fn: Any, *_: Any, **__: Any) -> Any:
        """Build the model for its predictions, and end the run."""
        return self._build(input_fn, ModeKeys.PREDICT)


def train_and_evaluate(estimator: Any, train_spec: Any, eval_spec: Any) -> Any:
    """Build the model for training, and end the run."""
    return estimator.train(train_spec.input_fn)
