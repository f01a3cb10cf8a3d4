"""`tf.keras.models`: layers one after the other, and models of a program's own."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.keras.base import KerasLayer, unique_name
from scopecli.dryrun.layers.base import Layer, snake_case
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.ops.arrays import placeholder
from scopecli.dryrun.values.dtypes import float32

__getattr__: Any = attributes(__name__, {})


class Model:
    """A model, mostly the base of a program's own.

    Attributes:
        inputs: what it is fed, where that is given.
        outputs: what it gives, where that is given.
    """

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: Any = None,
        **_: Any,
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self._name = name or unique_name(snake_case(type(self).__name__))

    @property
    def name(self) -> str:
        """As it was asked for, or its kind and a number."""
        return str(self._name)

    @property
    def layers(self) -> list[Any]:
        """The layers that it holds."""
        values = vars(self).values()
        every = [v if isinstance(v, (list, tuple)) else [v] for v in values]
        return [item for several in every for item in several if isinstance(item, (Layer, Model))]

    @property
    def weights(self) -> list[Any]:
        """The variables of its layers."""
        return [variable for layer in self.layers for variable in layer.weights]

    variables = weights

    @property
    def trainable_weights(self) -> list[Any]:
        """Those that are trained."""
        return [variable for variable in self.weights if variable.trainable]

    trainable_variables = trainable_weights

    @property
    def losses(self) -> list[Any]:
        """What its layers add to the loss."""
        return [loss for layer in self.layers for loss in layer.losses]

    def call(self, inputs: Any, *_: Any, **__: Any) -> Any:
        """Make the nodes."""
        from scopecli.dryrun.ops.opaque import call

        return call("tf.keras.Model", self._name, inputs)

    def __call__(self, inputs: Any, *arguments: Any, **options: Any) -> Any:
        with name_scope(self._name):
            return self.call(inputs, *arguments, **options)

    def compile(self, *_: Any, **__: Any) -> None:
        """Nothing is trained."""

    summary = load_weights = save = save_weights = compile

    def fit(self, *_: Any, **__: Any) -> Any:
        """End the run: a graph that is built for its names alone computes nothing."""
        from scopecli.dryrun.program.session import Session

        return Session().run(None)

    predict = evaluate = fit_generator = train_on_batch = predict_on_batch = fit


class Sequential(Model):
    """Layers one after the other."""

    def __init__(self, layers: Any = None, name: Any = None) -> None:
        super().__init__(name=name)
        self._stack: list[Any] = []
        for layer in layers or ():
            self.add(layer)

    @property
    def layers(self) -> list[Any]:
        """In their order."""
        return self._stack

    def add(self, layer: Any) -> None:
        """One layer more; where the shape of the input is known, it is built."""
        if not isinstance(layer, (Layer, Model)):  # an input
            self.outputs = layer
            return
        sizes = getattr(layer, "batch_input_shape", None)
        if not self._stack and sizes is not None:
            self.inputs = self.outputs = placeholder(float32, sizes, f"{layer.name}_input")
        self._stack.append(layer)
        if self.outputs is not None:
            self.outputs = layer(self.outputs)

    def call(self, inputs: Any, *_: Any, **options: Any) -> Any:
        found = inputs
        for layer in self._stack:
            training = getattr(layer, "asks_for_phase", False) and "training" in options
            found = layer(found, **options) if training else layer(found)
        return found


__all__ = ["KerasLayer"]
