"""`tf.train.SyncReplicasOptimizer`: gradients of several replicas are added up before a step.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/training/sync_replicas_optimizer.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import colocate_with, control_dependencies, device, name_scope
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.filled import fill
from scopecli.dryrun.ops.grouping import group, no_op
from scopecli.dryrun.ops.indexed_slices import IndexedSlices
from scopecli.dryrun.queues import FIFOQueue, QueueRunner
from scopecli.dryrun.train.optimizer import Optimizer
from scopecli.dryrun.values.dtypes import int64, reference, resource, string
from scopecli.dryrun.variables.assigning import assign
from scopecli.dryrun.variables.collections import global_variables
from scopecli.dryrun.variables.reports import report_uninitialized_variables
from scopecli.dryrun.variables.variable import Variable


class _Accumulator:
    """What gradients of one variable are added up in."""

    def __init__(self, gradient: Any, variable: Any) -> None:
        graph = get_default_graph()
        self.kind = gradient.dtype.base_dtype
        self.shape = variable.shape.plain
        self.sparse = isinstance(gradient, IndexedSlices)
        type_ = "SparseConditionalAccumulator" if self.sparse else "ResourceConditionalAccumulator"
        name = "sparse_conditional_accumulator" if self.sparse else "conditional_accumulator"
        held = (reference(string) if self.sparse else resource, (2,))
        self.handle = graph.add(type_, graph.unique_name(name), [], [held], {}).outputs[0]
        self.prefix = "SparseAccumulator" if self.sparse else "ResourceAccumulator"

    def _node(self, what: str, inputs: dict[str, Any], outputs: list[Any], name: Any = None) -> Any:
        graph = get_default_graph()
        type_ = f"{self.prefix}{what}"
        with graph.name_scope(name or type_) as scope:
            tensors = [convert_to_tensor(value, name=key) for key, value in inputs.items()]
            return graph.add(type_, scope[:-1], [self.handle, *tensors], outputs, {})

    def applied(self, gradient: Any, step: Any) -> Any:
        """The node that adds a gradient."""
        if not self.sparse:
            return self._node("ApplyGradient", {"local_step": step, "gradient": gradient}, [])
        whole = [] if gradient.dense_shape is None else gradient.dense_shape
        inputs = {
            "local_step": step,
            "gradient_indices": cast(gradient.indices, int64),
            "gradient_values": gradient.values,
            "gradient_shape": cast(whole, int64),
        }
        return self._node("ApplyGradient", inputs, [])

    def taken(self, count: int) -> Any:
        """The mean of so many gradients."""
        inputs = {"num_required": count}
        if not self.sparse:
            return self._node("TakeGradient", inputs, [(self.kind, self.shape)]).outputs[0]
        outputs = [(int64, None), (self.kind, None), (int64, None)]
        indices, values, shape = self._node("TakeGradient", inputs, outputs).outputs
        return IndexedSlices(values, indices, shape)

    def at_step(self, step: Any) -> Any:
        """The node that says which step it is."""
        prefix, self.prefix = self.prefix, self.prefix.removeprefix("Sparse")
        try:
            inputs = {"new_global_step": cast(convert_to_tensor(step), int64)}
            return self._node("SetGlobalStep", inputs, [], "SetGlobalStep")
        finally:
            self.prefix = prefix


class SyncReplicasOptimizer(Optimizer):
    """Waits for the gradients of so many replicas before another optimizer makes a step."""

    def __init__(
        self,
        opt: Any,
        replicas_to_aggregate: int,
        total_num_replicas: Any = None,
        variable_averages: Any = None,
        variables_to_average: Any = None,
        use_locking: bool = False,
        name: str = "sync_replicas",
    ) -> None:
        super().__init__(use_locking, name)
        self._opt = opt
        self._wanted = replicas_to_aggregate
        self._total = total_num_replicas or replicas_to_aggregate
        self._averages = variable_averages
        self._averaged = variables_to_average
        self._global_step: Any = None
        self._tokens: Any = None
        self._runner: Any = None
        self.local_step_init_op: Any = None
        self.ready_for_local_init_op: Any = None
        self.chief_init_op: Any = None

    def compute_gradients(self, *arguments: Any, **options: Any) -> Any:
        """The gradient of each variable."""
        return self._opt.compute_gradients(*arguments, **options)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """Make the nodes that gather gradients, and those of a step.

        Raises:
            ValueError: no variable or no global step is given.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise ValueError("Must supply at least one variable")
        if global_step is None:
            raise ValueError("Global step is required to check staleness")
        self._global_step = global_step
        kind = global_step.dtype.base_dtype
        local = [GraphKeys.LOCAL_VARIABLES]
        with colocate_with(no_op()):  # on no parameter server
            local_step = Variable(
                0, trainable=False, collections=local, dtype=kind, name="sync_rep_local_step"
            )
        self.local_step_init_op = assign(local_step, global_step)
        self.ready_for_local_init_op = report_uninitialized_variables(global_variables())
        where = global_step.device
        with name_scope(None, self._name):
            accumulators, applied, gathered = self._gathered(pairs, local_step)
            with device(where), name_scope(""):
                variables = [variable for _, variable in pairs]
                together = list(zip(gathered, variables, strict=True))
                update = self._opt.apply_gradients(together, global_step)
            with device(where), name_scope(""):
                self._tokens = FIFOQueue(-1, kind, shapes=(), name="sync_token_q")
            with device(where), name_scope(""):
                with control_dependencies(applied):
                    token = self._tokens.dequeue()
                train = assign(local_step, token)
                with control_dependencies([update]):
                    tokens = fill([max(self._total, self._wanted)], global_step)
                    synced = self._tokens.enqueue_many((tokens,))
                if self._averages is not None:
                    with control_dependencies([synced]), name_scope(""):
                        synced = self._averages.apply(self._averaged)
                self._runner = QueueRunner(self._tokens, [synced])
            steps = []
            for accumulator, place in accumulators:
                with device(place):
                    steps.append(accumulator.at_step(global_step))
            self.chief_init_op = group(self.local_step_init_op, *steps)
            return train

    def _gathered(self, pairs: list[Any], local_step: Any) -> tuple[list[Any], ...]:
        """The accumulators with their devices, what fills them, and the gradients out of them."""
        accumulators: list[Any] = []
        applied: list[Any] = []
        gathered: list[Any] = []
        for gradient, variable in pairs:
            with device(variable.device):
                if gradient is None:
                    gathered.append(None)
                    continue
                accumulator = _Accumulator(gradient, variable)
                applied.append(accumulator.applied(gradient, local_step))
                gathered.append(accumulator.taken(self._wanted))
                accumulators.append((accumulator, variable.device))
        return accumulators, applied, gathered

    def get_chief_queue_runner(self) -> Any:
        """What hands out tokens.

        Raises:
            ValueError: there are no gradients yet.
        """
        if self._runner is None:
            raise ValueError("Should be called after apply_gradients().")
        return self._runner

    def get_init_tokens_op(self, num_tokens: int = -1) -> Any:
        """The node that puts the first tokens in.

        Raises:
            ValueError: there are no gradients yet, or too few tokens.
        """
        if self._runner is None:
            raise ValueError("get_init_tokens_op() should be called after apply_gradients().")
        needed = self._wanted - self._total
        if num_tokens == -1:
            num_tokens = self._wanted
        elif num_tokens < needed:
            raise ValueError(
                f"Too few tokens to finish the first step: {num_tokens} (given) vs {needed} "
                "(needed)"
            )
        if not num_tokens:
            return no_op(name="no_init_tokens")
        with device(self._global_step.device), name_scope(""):
            return self._tokens.enqueue_many((fill([num_tokens], self._global_step),))

    def make_session_run_hook(self, is_chief: bool, num_tokens: int = -1) -> Any:
        """What a session would run."""
        return self

    def get_slot(self, *arguments: Any, **options: Any) -> Any:
        """One variable's state in the other optimizer."""
        return self._opt.get_slot(*arguments, **options)

    def get_slot_names(self, *arguments: Any, **options: Any) -> Any:
        """The names of the other optimizer's states."""
        return self._opt.get_slot_names(*arguments, **options)

    def variables(self) -> list[Any]:
        """The other optimizer's state."""
        found: list[Any] = self._opt.variables()
        return found
