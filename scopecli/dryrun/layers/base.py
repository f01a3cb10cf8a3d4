"""The base of `tf.layers`: a layer has a variable scope, makes its variables once and reuses them.

The scope is opened for its name alone when the layer is made or first called; calls enter it again
without a new name scope. https://github.com/tensorflow/tensorflow/tree/v1.15.5/tensorflow/python/layers
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.nodes import Operation, Tensor
from scopecli.dryrun.graph.scopes import get_collection, get_collection_ref, name_scope
from scopecli.dryrun.layers.checking import check_input, initializer_of
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import shape
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.variables.getting import get_variable
from scopecli.dryrun.variables.opening import captured, entered_again, variable_scope
from scopecli.dryrun.variables.scope import VariableScope, get_variable_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.dryrun.graph.graph import Graph

# How many layers of each kind without a name of their own a graph has.
_counts: WeakKeyDictionary[Graph, dict[str, int]] = WeakKeyDictionary()


def _numbered(kind: str) -> str:
    counts = _counts.setdefault(get_default_graph(), {})
    counts[kind] = counts.get(kind, 0) + 1
    return f"{kind}_{counts[kind]}"


class Layer:
    """One layer.

    Attributes:
        built: whether it has its variables.
        trainable: whether optimizers change them by default.
        dtype: of its variables; that of its first input where nothing is said.
        weights: its variables.
        input_spec: what the shape of an input must be.
        activity_regularizer: what its outputs add to the losses.
    """

    def __init__(
        self,
        trainable: bool = True,
        name: Any = None,
        dtype: Any = None,
        _scope: Any = None,
        _reuse: Any = None,
        activity_regularizer: Any = None,
        **_: Any,
    ) -> None:
        self.activity_regularizer = activity_regularizer
        self.input_spec: Mapping[str, Any] = {}
        self.trainable = trainable
        self.dtype = dtype
        self.built = False
        self.weights: list[Any] = []
        self.losses: list[Any] = []
        self.updates: list[Any] = []
        self._base_name = name or snake_case(type(self).__name__)
        self._name = name or _numbered(self._base_name)
        self._reuse = _reuse
        self._scope: Any = None
        self._current: Any = None
        self._given_scope: Any = None
        if isinstance(_scope, VariableScope):
            self._scope = captured(_scope)
        elif _scope:
            with variable_scope(_scope) as opened:
                self._scope = opened

    @property
    def name(self) -> str:
        """As it was asked for, or its kind and a number."""
        return str(self._name)

    @property
    def scope_name(self) -> str:
        """Name of its variable scope."""
        return str(self._scope.name)

    @property
    def variables(self) -> list[Any]:
        """Its variables."""
        return self.weights

    @property
    def trainable_variables(self) -> list[Any]:
        """Those that are trained."""
        return [w for w in self.weights if getattr(w, "trainable", True)]

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Those that are not trained."""
        return [w for w in self.weights if not getattr(w, "trainable", True)]

    non_trainable_weights = non_trainable_variables

    def count_params(self) -> int:
        """How many numbers its variables hold."""
        return sum(weight.shape.num_elements() for weight in self.weights)

    def _own_type(self, kind: Any) -> Any:
        """The type of its variables, from that of its first input."""
        return kind if kind.is_floating else float32

    def build(self, input_shape: Any) -> None:
        """Make the variables."""

    def call(self, inputs: Any, **options: Any) -> Any:
        """Make the nodes."""
        raise NotImplementedError

    def _set_scope(self, scope: Any = None) -> None:
        if self._scope is not None:
            return
        if self._reuse:
            opened = variable_scope(self._base_name if scope is None else scope)
        else:
            opened = variable_scope(scope, default_name=self._base_name)
        with opened as scope_:
            self._scope = scope_

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        self._set_scope(options.pop("scope", None) or self._given_scope)
        reuse = True if self.built else self._reuse
        with entered_again(self._scope, reuse) as scope:
            self._current = scope
            with get_default_graph().name_scope(scope.original_name_scope):
                if inputs is None:
                    raise TypeError(
                        f"Inputs to a layer should be tensors. Got '{inputs}' (of type "
                        f"{type(inputs)}) as input for layer '{self.name}'."
                    )
                inputs = _tensors(inputs)
                for number, tensor in enumerate(inputs if isinstance(inputs, list) else [inputs]):
                    if self.input_spec:
                        check_input(tensor, number, self.name, self.input_spec)
                if not self.built:
                    first = inputs[0] if isinstance(inputs, list) else inputs
                    kind = first.dtype.base_dtype
                    self.dtype = self.dtype or self._own_type(kind)
                    self.build(first.shape)
                    self.built = True
                outputs = self.call(inputs, *arguments, **options)
                if self.activity_regularizer is not None:
                    self._regularize_outputs(outputs)
        if self.trainable:
            _collect(self.updates, GraphKeys.UPDATE_OPS)
        return outputs

    apply = __call__

    def add_weight(
        self,
        name: str,
        shape: Any,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
    ) -> Any:
        """Get or make a variable of the layer."""
        self._set_scope()
        existing: set[Any] = set()
        if regularizer is not None:
            existing = set(get_collection(GraphKeys.GLOBAL_VARIABLES))
        # TensorFlow enters the scope again for each variable; while the layer is called it is open.
        if get_variable_scope() is self._current:
            variable = self._variable(name, shape, dtype, initializer, trainable, constraint)
            if regularizer is not None:
                self._regularize(name, variable, regularizer, existing)
        else:
            reuse = self.built or self._reuse
            with entered_again(self._scope, reuse) as scope:
                self._current = scope
                with name_scope(scope.original_name_scope):
                    variable = self._variable(
                        name, shape, dtype, initializer, trainable, constraint
                    )
                    if regularizer is not None:
                        self._regularize(name, variable, regularizer, existing)
        self.weights.append(variable)
        return variable

    add_variable = add_weight

    def _variable(
        self,
        name: str,
        shape: Any,
        dtype: Any,
        initializer: Any,
        trainable: bool,
        constraint: Any,
    ) -> Any:
        return get_variable(
            name,
            shape,
            dtype=dtype or self.dtype or float32,
            initializer=(
                self._current.initializer if initializer is None else initializer_of(initializer)
            ),
            trainable=trainable and self.trainable,
            constraint=constraint,
        )

    def _regularize(self, name: str, variable: Any, regularizer: Any, existing: set[Any]) -> None:
        parts = list(variable) if hasattr(variable, "_get_variable_list") else [variable]
        if any(part in existing for part in parts):
            return
        for part in parts:
            with name_scope(name + "/Regularizer"):
                loss = regularizer(part)
            if loss is not None:
                self.losses.append(loss)
                _collect([loss], GraphKeys.REGULARIZATION_LOSSES)

    def _regularize_outputs(self, outputs: Any) -> None:
        with name_scope("ActivityRegularizer"):
            loss = convert_to_tensor(self.activity_regularizer(outputs))
            loss = loss / cast(shape(outputs)[0], loss.dtype)
        self.losses.append(loss)
        _collect([loss], GraphKeys.REGULARIZATION_LOSSES)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Something that is to run with each training step."""
        for update in updates if isinstance(updates, (list, tuple)) else [updates]:
            self.updates.append(update if isinstance(update, Operation) else update.op)

    def get_updates_for(self, inputs: Any) -> list[Any]:
        """What is to run with each training step."""
        return self.updates

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Something that is to be added to what is minimized."""
        several = list(losses) if isinstance(losses, (list, tuple)) else [losses]
        found = [loss() if callable(loss) else loss for loss in several]
        self.losses += found
        _collect(found, GraphKeys.REGULARIZATION_LOSSES)


@cache
def snake_case(name: str) -> str:
    """`Conv2DTranspose` as `conv2d_transpose`: a word begins where a small letter follows."""
    found = name[:1]
    for before, letter, behind in zip(name, name[1:], f"{name[2:]}.", strict=False):
        begins = letter.isupper() and (before.islower() or behind.islower() or behind.isdigit())
        found += f"_{letter}" if begins else letter
    return found.lower()


def _tensors(inputs: Any) -> Any:
    if isinstance(inputs, (list, tuple)) and any(isinstance(item, Tensor) for item in inputs):
        return [convert_to_tensor(item) for item in inputs]
    return convert_to_tensor(inputs)


def _collect(elements: list[Any], key: str) -> None:
    if elements:
        members = get_collection_ref(key)
        members += [element for element in elements if element not in members]


def static_flag(training: Any) -> bool | None:
    """Whether it is training, where that is known while the graph is built."""
    if isinstance(training, Tensor):
        from scopecli.dryrun.ops.constant_values import constant_value

        value = constant_value(training)
        return None if value is None else bool(value)
    return bool(training)


def when(training: Any, yes: Any, no: Any) -> Any:
    """One or the other: at once where it is known, as a conditional where it is fed."""
    known = static_flag(training)
    if known is None:
        from scopecli.dryrun.ops.control_flow.conditionals import cond

        return cond(training, yes, no)
    return yes() if known else no()
