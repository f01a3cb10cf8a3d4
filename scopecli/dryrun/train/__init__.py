"""`tf.train`: the global step, optimizers, averages and what else a training program touches."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "variables.collections": "create_global_step get_global_step get_or_create_global_step",
    "train.optimizer": "Optimizer",
    "train.optimizers": "GradientDescentOptimizer MomentumOptimizer AdagradOptimizer"
    " RMSPropOptimizer AdadeltaOptimizer FtrlOptimizer AdamOptimizer",
    "train.sync_replicas": "SyncReplicasOptimizer",
    "train.proximal": "ProximalGradientDescentOptimizer ProximalAdagradOptimizer"
    " AdagradDAOptimizer",
    "train.learning_rates": "exponential_decay natural_exp_decay inverse_time_decay"
    " piecewise_constant piecewise_constant_decay polynomial_decay cosine_decay"
    " cosine_decay_restarts linear_cosine_decay noisy_linear_cosine_decay",
    "train.averages": "ExponentialMovingAverage",
    "train.saver": "Saver SaverDef",
    "train.input": "limit_epochs input_producer string_input_producer range_input_producer"
    " slice_input_producer batch batch_join shuffle_batch shuffle_batch_join",
    "queues": "QueueRunner add_queue_runner",
    "program.session": "Supervisor MonitoredTrainingSession MonitoredSession"
    " SingularMonitoredSession",
    "program.inert": "ClusterSpec Server Coordinator start_queue_runners replica_device_setter",
}
__getattr__ = attributes(__name__, _MODULES)


def list_variables(*_: Any, **__: Any) -> list[Any]:
    """None: no checkpoint is read."""
    return []


def init_from_checkpoint(*_: Any, **__: Any) -> None:
    """No checkpoint is read."""


def checkpoint_exists(*_: Any, **__: Any) -> bool:
    """None is looked for."""
    return False


def get_checkpoint_state(*_: Any, **__: Any) -> None:
    """There is none: nothing is restored."""
    return


def latest_checkpoint(*_: Any, **__: Any) -> None:
    """There is none: nothing is restored."""
    return


def global_step(sess: Any, global_step_tensor: Any) -> Any:
    """End the run: a graph that is built for its names alone computes nothing."""
    return sess.run(global_step_tensor)
