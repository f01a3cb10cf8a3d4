"""The graph under construction: its names, nodes, collections and open contexts.

It is one module, because TensorFlow's `Graph` is one class.

https://www.tensorflow.org/api_docs/python/tf/Graph
"""

from __future__ import annotations

import re
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.contexts import Controller, DeviceScope, NameScope
from scopecli.dryrun.graph.later import Later
from scopecli.dryrun.graph.nodes import Operation, Tensor
from scopecli.dryrun.values.dtypes import as_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from scopecli.dryrun.graph.default import AsDefault
    from scopecli.dryrun.values.dtypes import DType
    from scopecli.dryrun.values.shapes import Dims


# TensorFlow's patterns, for its messages. They are not compiled: that takes longer than all the
# names of a small model, and stripping the letters that are allowed leaves what is not.
_ROOT_NAME = r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$"
_SCOPE_NAME = r"^[A-Za-z0-9_.\\/>-]*$"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.\\/>-"
_NOT_FIRST = "_\\/>-"
# What a `with` statement opens where there is nothing to change, as for most variables.
_UNCHANGED = nullcontext()
# Names that were looked at: most are `Initializer`, `read`, `add`, ..., again and again.
_sound: set[str] = set()


def _is_sound(name: str) -> bool:
    """Whether a name that was not looked at yet has only letters that are allowed."""
    if name.strip(_LETTERS):
        return False
    if "/" not in name:  # with a slash it is one node's, with the scopes around it
        _sound.add(name)
    return True


class Graph:
    """A graph that grows.

    Attributes:
        name_stack: the current name scope, without the last slash.
        controllers: the open `control_dependencies`.
        context: the branch of a conditional that is being built.
        devices: the open device scopes, outermost first.
        collections: by key.
        opaque: the calls that are not known, and the node that stands for each.
        roles: kind and attributes of variables that are an optimizer's state, by name.
        variable_scopes: the variable scope that is open, and how often each was.
        variable_store: what `get_variable` made.
        holders: the nodes that hold variables.
        savers: in the order that they were made.
    """

    def __init__(self) -> None:
        self.name_stack = ""
        self.controllers: list[Controller] = []
        self.context: Any = None
        self.collections_: dict[Hashable, list[Any]] = {}
        self.opaque: list[tuple[str, str]] = []
        self.roles: dict[str, tuple[Any, dict[str, object]]] = {}
        self.variable_scopes: Any = None
        self.variable_store: Any = None
        self.holders: list[Operation] = []
        self.savers: list[Any] = []
        self.seed: int | None = None
        self._names: dict[str, int] = {}
        self._nodes: dict[str, Operation | Later] = {}
        self._has_later = False
        self.devices: list[Any] = []
        self._finalized = False

    # Names

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """The name in the current scope, with a number where it is taken in any case of letters."""
        if self.name_stack:
            name = f"{self.name_stack}/{name}"
        key = name.lower()
        names = self._names
        if key in names:
            base, number = key, names[key]
            if mark_as_used:
                names[key] = number + 1
            while key in names:
                key = f"{base}_{number}"
                number += 1
            name = f"{name}_{number - 1}"
        if mark_as_used:
            names[key] = 1
        return name

    def node_name(self, name: str) -> str:
        """The name of a node that is no scope.

        Raises:
            ValueError: no node can be called that.
        """
        full = name[:-1] if name[-1:] == "/" else self.unique_name(name)
        # The scope around was looked at when it was entered.
        sound = name in _sound or _is_sound(name)
        if not sound or not full or full[0] in _NOT_FIRST:
            pattern = re.compile(_ROOT_NAME)
            raise ValueError(
                f"`{full}` is not a valid node name. Accepted names conform to Regex /{pattern}/"
            )
        return full

    def scope_name(self, name: Any) -> str:
        """The stack that entering a name scope makes.

        Raises:
            ValueError: no scope can be called that.
            TypeError: it is no text.
        """
        if name is None or name == "":
            return ""
        if not isinstance(name, str):
            kind = type(name).__name__
            raise TypeError(f"expected string or bytes-like object, got '{kind}'")
        if self.name_stack:
            if name not in _sound and not _is_sound(name):
                raise ValueError(
                    f"'{name}' is not a valid scope name. A scope name has to match the following "
                    f"pattern: {_SCOPE_NAME}"
                )
        elif name[0] in _NOT_FIRST or (name not in _sound and not _is_sound(name)):
            raise ValueError(
                f"'{name}' is not a valid root scope name. A root scope name has to match the "
                f"following pattern: {_ROOT_NAME}"
            )
        if name[-1] != "/":
            return self.unique_name(name)
        if name in self._nodes:  # something is to be added to what is made later
            self._operations()
        return name[:-1]

    def name_scope(self, name: str | None) -> NameScope:
        """Open a name scope; gives its name with a slash at the end."""
        return NameScope(self, name)

    def get_name_scope(self) -> str:
        """The current name scope, without the last slash."""
        return self.name_stack

    # Operations

    def add(
        self,
        type_: str,
        name: str,
        inputs: Sequence[Tensor],
        outputs: Sequence[tuple[DType, Dims]],
        attributes: dict[str, Any],
    ) -> Operation:
        """Make a node whose name is settled, and check that it is new.

        Raises:
            ValueError: the name is taken.
            RuntimeError: the graph is finalized.
        """
        if self._finalized:
            self._check_open()
        if name in self._nodes:
            raise ValueError(f"Duplicate node name in graph: '{name}'")
        op = Operation(self, name, type_, inputs, attributes)
        made = op.outputs
        for dtype, dims in outputs:
            made.append(Tensor(op, len(made), dtype, dims))
        if self.controllers:
            self._control(op)
        if self.devices:
            self._place(op)
        self._nodes[name] = op
        if self.context is not None:
            self.context.add_op(op)
        return op

    def _place(self, op: Operation) -> None:
        """Give a node the device that the open scopes ask for."""
        from scopecli.dryrun.graph.devices import merged_device

        # The innermost scope comes first: a function further out sees what it asked for.
        for device in reversed(self.devices):
            op.device = merged_device(op, device)

    def _control(self, op: Operation) -> None:
        """Give a node the open control dependencies, but for those that its inputs already have."""
        op.control_inputs = self.controls_for({tensor.op for tensor in op.inputs}, op)

    def controls_for(self, sources: set[Operation], op: Operation) -> list[Operation]:
        """The open control dependencies that a node needs whose inputs come from these."""
        waiting = [controller for controller in self.controllers if controller.inputs]
        found: dict[Operation, None] = {}
        for controller in waiting:
            if sources.isdisjoint(controller.seen):
                found.update((c, None) for c in controller.inputs if c not in sources)
            controller.seen.add(op)
        return list(found)

    def get_operations(self) -> list[Operation]:
        """All nodes in the order that they were made."""
        return list(self._operations().values())

    def _operations(self) -> dict[str, Operation]:
        """All nodes by name."""
        if self._has_later:
            self._has_later = False
            found: dict[str, Operation | Later] = {}
            for name, op in self._nodes.items():
                found.update({name: op} if isinstance(op, Operation) else op.nodes())
            self._nodes = found
        return self._nodes  # type: ignore[return-value] # nothing is made later any more

    def add_later(self, place: str, build: Callable[[], Sequence[Tensor]]) -> Later:
        """Keep a place for nodes that are made when somebody looks.

        Args:
            place: a name, or a scope with a slash at the end, that nothing else has.
            build: makes them, and gives the tensors that they are for.
        """
        if self._finalized:
            self._check_open()
        later = self._nodes[place] = Later(self, place, build)
        self._has_later = True
        return later

    def as_graph_element(
        self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Any:
        """The tensor or operation that an object or a name stands for.

        Raises:
            KeyError: nothing has the name.
            ValueError: the name is of the other kind, or the object of another graph.
            TypeError: the object stands for none.
        """
        from scopecli.dryrun.graph.elements import graph_element

        return graph_element(self, obj, allow_tensor, allow_operation)

    def operation(self, name: str) -> Operation | None:
        """The node with the name."""
        found = self._nodes.get(name)
        place = name
        while found is None and place:
            place = place.rpartition("/")[0]
            found = self._nodes.get(place + "/")
        return found.nodes().get(name) if isinstance(found, Later) else found

    def get_operation_by_name(self, name: Any) -> Operation:
        """The node with the name.

        Raises:
            KeyError: there is none.
            TypeError: the name is no text.
        """
        if not isinstance(name, str):
            words = f"Operation names are strings (or similar), not {type(name).__name__}."
            raise TypeError(words)
        found: Operation = self.as_graph_element(name, allow_tensor=False)
        return found

    def get_tensor_by_name(self, name: Any) -> Tensor:
        """The tensor with the name.

        Raises:
            KeyError: there is none.
            TypeError: the name is no text.
        """
        if not isinstance(name, str):
            words = f"Tensor names are strings (or similar), not {type(name).__name__}."
            raise TypeError(words)
        found: Tensor = self.as_graph_element(name, allow_operation=False)
        return found

    def finalize(self) -> None:
        """Let nothing more be added."""
        self._finalized = True

    def _check_open(self) -> None:
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    @property
    def version(self) -> int:
        """How many nodes it has."""
        return len(self._operations())

    @property
    def is_inside(self) -> bool:
        """Whether anything but a name scope is open, on which nodes depend."""
        return bool(self.controllers or self.context or self.devices)

    @property
    def is_empty(self) -> bool:
        """Whether it has no node."""
        return not self._nodes

    building_function = False

    def is_feedable(self, tensor: Any) -> bool:
        """Whether a value can be given in its place: always."""
        return True

    is_fetchable = is_feedable

    @property
    def finalized(self) -> bool:
        """Whether nothing more can be added."""
        return self._finalized

    # Collections

    def add_to_collection(self, name: Hashable, value: Any) -> None:
        """Put a value into a collection."""
        self._check_open()
        self.collections_.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Put a value into several collections, once into each."""
        self._check_open()
        collections = self.collections_
        for name in (names,) if isinstance(names, str) else dict.fromkeys(names):
            if name in collections:
                collections[name].append(value)
            else:
                collections[name] = [value]

    def get_collection_ref(self, name: Hashable) -> list[Any]:
        """The list itself, which may be changed."""
        return self.collections_.setdefault(name, [])

    def get_collection(self, name: Hashable, scope: str | None = None) -> list[Any]:
        """The members; with a scope, those whose name it matches as a regular expression."""
        members = self.collections_.get(name, [])
        if scope is None:
            return list(members)
        pattern = re.compile(scope)
        return [m for m in members if hasattr(m, "name") and pattern.match(m.name)]

    def get_all_collection_keys(self) -> list[str]:
        """The keys that are texts."""
        return [key for key in self.collections_ if isinstance(key, str)]

    @property
    def collections(self) -> list[str]:
        """The keys that are texts."""
        return self.get_all_collection_keys()

    def clear_collection(self, name: Hashable) -> None:
        """Forget a collection."""
        self.collections_.pop(name, None)

    def create_op(
        self,
        op_type: str,
        inputs: Sequence[Tensor],
        dtypes: Sequence[Any] = (),
        input_types: Any = None,
        name: str | None = None,
        **_: Any,
    ) -> Operation:
        """Make a node; the shapes of its outputs are not known."""
        outputs: list[tuple[Any, Any]] = [(as_dtype(dtype), None) for dtype in dtypes]
        return self.add(op_type, self.node_name(name or op_type), list(inputs), outputs, {})

    # Contexts

    def control_dependencies(
        self, control_inputs: Iterable[Any] | None
    ) -> AbstractContextManager[None]:
        """What is made inside runs after these; None lifts what is open."""
        if control_inputs is None:
            is_open = self.controllers or self.context is not None
            return Controller(self, None) if is_open else _UNCHANGED
        known = {op for controller in self.controllers for op in controller.inputs}
        wanted: list[Operation] = []
        for element in control_inputs:
            if type(element) is Operation and element.graph is self:
                found = element
            else:
                is_resource = hasattr(element, "handle")
                found = element.op if is_resource else self.as_graph_element(element).op
            if found not in known:
                known.add(found)
                wanted.append(found)
        return Controller(self, wanted)

    def device(self, device_name_or_function: Any) -> AbstractContextManager[None]:
        """What is made inside runs there."""
        if device_name_or_function is None:
            return DeviceScope(self, []) if self.devices else _UNCHANGED
        if device_name_or_function == "":  # asks for nothing more
            return _UNCHANGED
        return DeviceScope(self, [*self.devices, device_name_or_function])

    def colocate_with(self, op: Any, ignore_existing: bool = False) -> AbstractContextManager[None]:
        """What is made inside runs where the other does."""
        device = "" if op is None else op.device
        if not device and not self.devices:
            return _UNCHANGED
        return DeviceScope(self, [device] if device else [])

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """Where sessions keep the variables; of no consequence for names."""
        yield container_name

    def gradient_override_map(self, op_type_map: Any) -> Any:
        """Which gradients to use; of no consequence for names."""
        return self.container("")

    def as_default(self) -> AsDefault:
        """Make it the graph that is built."""
        from scopecli.dryrun.graph.default import AsDefault

        return AsDefault(self)

    def as_graph_def(self, *_: Any, **__: Any) -> Any:
        """Not to be had.

        Raises:
            UnsupportedError: always.
        """
        from scopecli.errors import UnsupportedError

        raise UnsupportedError("a dry run writes no GraphDef", hint="use the model that it gives")

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, *_: object) -> None:
        return None


# Messages of TensorFlow name the class.
Graph.__module__ = "tensorflow.python.framework.ops"
