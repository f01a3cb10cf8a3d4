"""What goes through the elements of a data set."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.data.elements import changed, leaves, specs_of
from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.scopes import add_to_collection, name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.values.structures import flattened, repacked


class Iterator:
    """Goes through the elements of a data set.

    Attributes:
        element: what each looks like.
        initializer: the node that sets it up, where a data set is its own.
    """

    def __init__(self, resource: Any, element: Any, initializer: Any = None) -> None:
        self._resource, self.element, self.initializer = resource, element, initializer
        self._handle = apply("IteratorToStringHandle", resource)
        add_to_collection("iterators", resource)

    @property
    def output_types(self) -> Any:
        """The types of an element."""
        return changed(self.element, lambda spec: spec.dtype)

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element."""
        return changed(self.element, lambda spec: TensorShape(spec.dims))

    @staticmethod
    def from_structure(
        output_types: Any, output_shapes: Any = None, shared_name: Any = None, *_: Any
    ) -> Iterator:
        """Of any data set with such elements."""
        return Iterator(apply("IteratorV2"), specs_of(output_types, output_shapes))

    @staticmethod
    def from_string_handle(
        string_handle: Any, output_types: Any, output_shapes: Any = None, *_: Any
    ) -> Iterator:
        """Whichever is fed."""
        handle = convert_to_tensor(string_handle, "string")
        resource = apply("IteratorFromStringHandleV2", handle)
        return Iterator(resource, specs_of(output_types, output_shapes))

    def make_initializer(self, dataset: Any, name: str | None = None) -> Any:
        """The node that sets it up for a data set."""
        with name_scope(name, "make_initializer") as scope:
            return self.set_up(dataset.variant, scope[:-1])

    def set_up(self, variant: Any, name: str) -> Any:
        """The node that sets it up."""
        return get_default_graph().add("MakeIterator", name, [variant, self._resource], [], {})

    def string_handle(self, name: str | None = None) -> Any:
        """What is fed for it."""
        return (
            self._handle
            if name is None
            else apply("IteratorToStringHandle", self._resource, name=name)
        )

    def get_next(self, name: str | None = None) -> Any:
        """The next element."""
        graph = get_default_graph()
        outputs = [(spec.dtype, spec.dims) for spec in leaves(self.element)]
        full = graph.scope_name(name or "IteratorGetNext")
        op = graph.add("IteratorGetNext", full, [self._resource], outputs, {})
        tensors = iter(op.outputs)
        marked = changed(self.element, lambda _: next(tensors))
        return repacked(marked, flattened(marked))
