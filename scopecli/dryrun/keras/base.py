"""What every Keras layer does: its variables stand in name scopes, and are resources."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.layers.base import Layer, snake_case
from scopecli.dryrun.layers.checking import initializer_of
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.ops.arrays import placeholder_with_default
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.values.dtypes import as_dtype, float32
from scopecli.dryrun.variables.initializers import glorot_uniform_initializer, zeros_initializer
from scopecli.dryrun.variables.variable import Variable

# How many layers of each kind a graph has, and what tells them whether it is training.
_counts: WeakKeyDictionary[Any, dict[str, int]] = WeakKeyDictionary()
_phases: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def unique_name(kind: str) -> str:
    """`dense`, and then `dense_1`, `dense_2`, ..."""
    counts = _counts.setdefault(get_default_graph(), {})
    number = counts[kind] = counts.get(kind, -1) + 1
    return f"{kind}_{number}" if number else kind


def learning_phase() -> Any:
    """Whether it is training, as a tensor that is fed."""
    graph = get_default_graph()
    found = _phases.get(graph)
    if found is None:
        with graph.name_scope(""):
            default = constant(False, name="keras_learning_phase/input")
            found = placeholder_with_default(default, shape=(), name="keras_learning_phase")
        _phases[graph] = found
    return found


class KerasLayer(Layer):
    """A layer of Keras: the first of the bases of each."""

    asks_for_phase = False  # whether it does something else while training

    def __init__(self, *arguments: Any, name: Any = None, **options: Any) -> None:
        known = ("input_shape", "input_dim", "batch_input_shape", "weights", "input_length")
        given = {key: options.pop(key) for key in known if key in options}
        options.pop("dynamic", None)
        dtype = options.pop("dtype", None)
        options["name"] = name or unique_name(snake_case(self._kind()))
        super().__init__(*arguments, **options)
        self.dtype = None if dtype is None else as_dtype(dtype)
        self._regularized: list[tuple[Any, Any, Any]] = []
        self.batch_input_shape: Any = given.get("batch_input_shape")
        if "input_shape" in given:
            self.batch_input_shape = (None, *given["input_shape"])
        elif "input_dim" in given:
            self.batch_input_shape = (None, given["input_dim"])

    @property
    def losses(self) -> list[Any]:
        """What its variables add to the loss; the nodes are made when that is asked for."""
        found = []
        for name, variable, regularizer in self._regularized:
            with name_scope(f"{self._name}/{name}/Regularizer"):
                found.append(regularizer(variable))
        return found

    @losses.setter
    def losses(self, _: Any) -> None:
        """There are none before there are variables."""

    def _kind(self) -> str:
        return type(self).__name__

    def _set_scope(self, scope: Any = None) -> None:
        """Keras has none."""

    def _own_type(self, kind: Any) -> Any:
        return kind if kind.is_floating else float32

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        many = isinstance(inputs, (list, tuple))
        inputs = [convert_to_tensor(i) for i in inputs] if many else convert_to_tensor(inputs)
        with name_scope(self._name):
            if not self.built:
                first = inputs[0] if many else inputs
                self.dtype = self.dtype or self._own_type(first.dtype.base_dtype)
                self.build([item.shape for item in inputs] if many else first.shape)
                self.built = True
            if self.asks_for_phase and options.get("training") is None and not arguments:
                options["training"] = learning_phase()
            return self.call(inputs, *arguments, **options)

    def add_weight(
        self,
        name: Any = None,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        trainable: bool = True,
        constraint: Any = None,
        **_: Any,
    ) -> Any:
        """Make a variable of the layer."""
        kind = as_dtype(dtype or self.dtype or float32)
        if initializer is None:
            initializer = glorot_uniform_initializer() if kind.is_floating else zeros_initializer()
        make = initializer_of(initializer)
        if isinstance(make, type):
            make = make()
        sizes = [] if shape is None else shape
        variable = Variable(
            lambda: make(sizes, dtype=kind),
            trainable=trainable and self.trainable,
            dtype=kind,
            name=name or "variable",
            use_resource=True,
            constraint=constraint,
        )
        if regularizer is not None:
            self._regularized.append((name, variable, regularizer))
        self.weights.append(variable)
        return variable

    add_variable = add_weight
