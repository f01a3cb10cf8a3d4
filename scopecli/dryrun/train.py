"""`tf.train`: the global step, optimizers, averages and what else a training program touches."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scopecli.dryrun.opaque import opaque_attributes

_MODULES = {
    "variable_collections": "create_global_step get_global_step get_or_create_global_step",
    "optimizers": "Optimizer GradientDescentOptimizer MomentumOptimizer AdagradOptimizer"
    " RMSPropOptimizer AdadeltaOptimizer FtrlOptimizer AdamOptimizer exponential_decay",
    "averages": "ExponentialMovingAverage",
    "inert": "Saver Coordinator start_queue_runners replica_device_setter",
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names.split()}
_opaque = opaque_attributes("train")


def __getattr__(name: str) -> Any:
    """Find a name when it is first used."""
    if name in _PLACES:
        return getattr(import_module(f"scopecli.dryrun.{_PLACES[name]}"), name)
    return _opaque(name)


def get_checkpoint_state(*_: Any, **__: Any) -> None:
    """There is none: nothing is restored."""
    return


def latest_checkpoint(*_: Any, **__: Any) -> None:
    """There is none: nothing is restored."""
    return


def global_step(sess: Any, global_step_tensor: Any) -> Any:
    """End the run: a graph that is built for its names alone computes nothing."""
    return sess.run(global_step_tensor)
