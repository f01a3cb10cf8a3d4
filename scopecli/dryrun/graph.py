"""The graph under construction: operations, names, collections, control dependencies, devices.

https://www.tensorflow.org/api_docs/python/tf/Graph
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.shapes import TensorShape, compatible, dims_of, merged, mismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from types import TracebackType

    from scopecli.dryrun.dtypes import DType
    from scopecli.dryrun.shapes import Dims

# TensorFlow's patterns, for its messages. They are not compiled: that takes longer than all the
# names of a small model, and stripping the letters that are allowed leaves what is not.
_ROOT_NAME = r"^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$"
_SCOPE_NAME = r"^[A-Za-z0-9_.\\/>-]*$"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.\\/>-"
_NOT_FIRST = "_\\/>-"


class Tensor:
    """One output of an operation.

    Attributes:
        op: what computes it.
        value_index: which output it is.
        dtype: type of its elements.
        dims: its static shape, plain.
    """

    __slots__ = ("__weakref__", "_keras_mask", "dims", "dtype", "op", "value_index")

    def __init__(self, op: Operation, value_index: int, dtype: DType, dims: Dims) -> None:
        self.op = op
        self.value_index = value_index
        self.dtype = dtype
        self.dims = dims

    @property
    def name(self) -> str:
        """`op:0`."""
        return f"{self.op.name}:{self.value_index}"

    @property
    def graph(self) -> Graph:
        """The graph that it is in."""
        return self.op.graph

    @property
    def device(self) -> str:
        """Where its operation is to run."""
        return self.op.device

    @property
    def shape(self) -> TensorShape:
        """The static shape."""
        shape = TensorShape(None)
        shape.plain = self.dims
        return shape

    def get_shape(self) -> TensorShape:
        """The static shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Say what more is known of the shape.

        Raises:
            ValueError: it contradicts what is known.
        """
        wanted = dims_of(shape)
        if not compatible(self.dims, wanted):
            raise ValueError(mismatch(self.dims, wanted))
        self.dims = merged(self.dims, wanted)

    def consumers(self) -> list[Operation]:
        """The operations that read it."""
        return [op for op in self.graph.get_operations() if any(t is self for t in op.inputs)]

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """End the run: a graph that is built for its names alone computes nothing."""
        from scopecli.dryrun.session import Session

        return Session().run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} shape={self.shape} dtype={self.dtype.name}>"

    def __str__(self) -> str:
        shape = "" if self.dims is None else f", shape={self.shape}"
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name})'

    def __iter__(self) -> Iterator[Tensor]:
        from scopecli.dryrun.errors import not_allowed

        raise not_allowed("Iterating over a symbolic `tf.Tensor`")

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for a symbolic Tensor ({self.name}). Please call "
            "`x.shape` rather than `len(x)` for shape information."
        )

    def __bool__(self) -> bool:
        from scopecli.dryrun.errors import not_allowed

        raise not_allowed("Using a symbolic `tf.Tensor` as a Python `bool`")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __getitem__(self, key: Any) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...


class Operation:
    """One node of the graph.

    Attributes:
        graph: the graph that it is in.
        name: unique in it.
        type: `MatMul`, `VariableV2`, ...
        inputs: the tensors that it reads.
        control_inputs: what runs before it.
        outputs: the tensors that it gives.
        attributes: by name.
        device: where it is to run.
        context: the branch of a conditional that it is in.
        stack: where in the program it was made, innermost first; kept for variables only.
    """

    __slots__ = (
        "__weakref__",
        "attributes",
        "context",
        "control_inputs",
        "device",
        "graph",
        "inputs",
        "name",
        "outputs",
        "stack",
        "type",
        "value",
    )

    def __init__(
        self,
        graph: Graph,
        name: str,
        type_: str,
        inputs: list[Tensor],
        attributes: dict[str, Any],
    ) -> None:
        self.graph = graph
        self.name = name
        self.type = type_
        self.inputs = inputs
        self.attributes = attributes
        self.control_inputs: list[Operation] = []
        self.outputs: list[Tensor] = []
        self.device = ""
        self.context: Any = None
        self.stack: Sequence[tuple[str, int, str]] = ()
        self.value: Any = None

    def get_attr(self, name: str) -> Any:
        """The value of an attribute.

        Raises:
            ValueError: it has none of that name.
        """
        if name not in self.attributes:
            raise ValueError(f"Operation '{self.name}' has no attr named '{name}'.")
        return self.attributes[name]

    @property
    def op(self) -> Operation:
        """Itself, as a tensor has its operation."""
        return self

    @property
    def values(self) -> Callable[[], tuple[Tensor, ...]]:
        """A function that gives the outputs."""
        return lambda: tuple(self.outputs)

    def run(self, feed_dict: Any = None, session: Any = None) -> Any:
        """End the run: a graph that is built for its names alone computes nothing."""
        from scopecli.dryrun.session import Session

        return Session().run(self, feed_dict)

    def __repr__(self) -> str:
        return f"<tf.Operation '{self.name}' type={self.type}>"


class _Controller:
    """One `with tf.control_dependencies(...)`: what to wait for, and what was made inside."""

    __slots__ = ("_graph", "_old", "_old_context", "inputs", "replaces", "seen")

    def __init__(self, graph: Graph, inputs: list[Operation] | None) -> None:
        self._graph = graph
        self.inputs = inputs or []
        self.replaces = inputs is None
        self.seen: set[Operation] = set()
        self._old: list[_Controller] = []
        self._old_context: Any = None

    def __enter__(self) -> None:
        graph = self._graph
        if self.replaces:
            self._old, graph.controllers = graph.controllers, []
            self._old_context, graph.context = graph.context, None
        else:
            graph.controllers.append(self)

    def __exit__(self, *_: object) -> None:
        graph = self._graph
        if self.replaces:
            graph.controllers = self._old
            graph.context = self._old_context
        else:
            graph.controllers.pop()


class _NameScope:
    """`with graph.name_scope(name):`. A class, because it is entered for every node."""

    __slots__ = ("_graph", "_name", "_old")

    def __init__(self, graph: Graph, name: str | None) -> None:
        self._graph = graph
        self._name = name
        self._old = ""

    def __enter__(self) -> str:
        graph, name = self._graph, self._name
        stack = graph.scope_name(name)
        self._old, graph.name_stack = graph.name_stack, stack
        if not name:
            return ""
        return name if name[-1] == "/" else stack + "/"

    def __exit__(self, *_: object) -> None:
        self._graph.name_stack = self._old


class _Devices:
    """`with graph.device(...):`."""

    __slots__ = ("_devices", "_graph", "_old")

    def __init__(self, graph: Graph, devices: list[Any]) -> None:
        self._graph = graph
        self._devices = devices
        self._old: list[Any] = []

    def __enter__(self) -> None:
        graph = self._graph
        self._old, graph.devices = graph.devices, self._devices

    def __exit__(self, *_: object) -> None:
        self._graph.devices = self._old


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
    """

    def __init__(self) -> None:
        self.name_stack = ""
        self.controllers: list[_Controller] = []
        self.context: Any = None
        self.collections_: dict[Hashable, list[Any]] = {}
        self.opaque: list[tuple[str, str]] = []
        self.roles: dict[str, tuple[Any, dict[str, object]]] = {}
        self.seed: int | None = None
        self._names: dict[str, int] = {}
        self._operations: dict[str, Operation] = {}
        self.devices: list[Any] = []
        self._finalized = False

    # Names

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """The name in the current scope, with a number where it is taken in any case of letters."""
        if self.name_stack:
            name = f"{self.name_stack}/{name}"
        key = name.lower()
        names = self._names
        number = names.get(key, 0)
        if mark_as_used:
            names[key] = number + 1
        if number:
            base = key
            while key in names:
                key = f"{base}_{number}"
                number += 1
            if mark_as_used:
                names[key] = 1
            name = f"{name}_{number - 1}"
        return name

    def node_name(self, name: str) -> str:
        """The name of a node that is no scope.

        Raises:
            ValueError: no node can be called that.
        """
        full = name[:-1] if name[-1:] == "/" else self.unique_name(name)
        if not full or full[0] in _NOT_FIRST or full.strip(_LETTERS):
            pattern = re.compile(_ROOT_NAME)
            raise ValueError(
                f"`{full}` is not a valid node name. Accepted names conform to Regex /{pattern}/"
            )
        return full

    def scope_name(self, name: str | None) -> str:
        """The stack that entering a name scope makes.

        Raises:
            ValueError: no scope can be called that.
        """
        if not name:
            return ""
        if self.name_stack:
            if name.strip(_LETTERS):
                raise ValueError(
                    f"'{name}' is not a valid scope name. A scope name has to match the following "
                    f"pattern: {_SCOPE_NAME}"
                )
        elif name[0] in _NOT_FIRST or name.strip(_LETTERS):
            raise ValueError(
                f"'{name}' is not a valid root scope name. A root scope name has to match the "
                f"following pattern: {_ROOT_NAME}"
            )
        return name[:-1] if name[-1] == "/" else self.unique_name(name)

    def name_scope(self, name: str | None) -> _NameScope:
        """Open a name scope; gives its name with a slash at the end."""
        return _NameScope(self, name)

    def get_name_scope(self) -> str:
        """The current name scope, without the last slash."""
        return self.name_stack

    # Operations

    def add(
        self,
        type_: str,
        name: str,
        inputs: list[Tensor],
        outputs: Sequence[tuple[DType, Dims]],
        attributes: dict[str, Any],
    ) -> Operation:
        """Make a node whose name is settled, and check that it is new.

        Raises:
            ValueError: the name is taken.
            RuntimeError: the graph is finalized.
        """
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        if name in self._operations:
            raise ValueError(f"Duplicate node name in graph: '{name}'")
        op = Operation(self, name, type_, inputs, attributes)
        op.outputs = [Tensor(op, i, dtype, dims) for i, (dtype, dims) in enumerate(outputs)]
        if self.controllers:
            self._control(op)
        if self.devices:
            self._place(op)
        self._operations[name] = op
        if self.context is not None:
            self.context.add_op(op)
        return op

    def _place(self, op: Operation) -> None:
        """Give a node the device that the open scopes ask for."""
        from scopecli.dryrun.devices import merged_device

        for device in self.devices:
            op.device = merged_device(op, device)

    def _control(self, op: Operation) -> None:
        """Give a node the open control dependencies, but for those that its inputs already have."""
        waiting = [controller for controller in self.controllers if controller.inputs]
        if not waiting:
            return
        sources = {tensor.op for tensor in op.inputs}
        found: dict[Operation, None] = {}
        for controller in waiting:
            if sources.isdisjoint(controller.seen):
                found.update((c, None) for c in controller.inputs if c not in sources)
            controller.seen.add(op)
        op.control_inputs = list(found)

    def get_operations(self) -> list[Operation]:
        """All nodes in the order that they were made."""
        return list(self._operations.values())

    def as_graph_element(
        self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Any:
        """The tensor or operation that an object or a name stands for.

        Raises:
            KeyError: nothing has the name.
            ValueError: the name is of the other kind, or the object of another graph.
            TypeError: the object stands for none.
        """
        from scopecli.dryrun.graph_elements import graph_element

        return graph_element(self, obj, allow_tensor, allow_operation)

    def operation(self, name: str) -> Operation | None:
        """The node with the name."""
        return self._operations.get(name)

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

    @property
    def finalized(self) -> bool:
        """Whether nothing more can be added."""
        return self._finalized

    # Collections

    def add_to_collection(self, name: Hashable, value: Any) -> None:
        """Put a value into a collection."""
        if self._finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        self.collections_.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Put a value into several collections, once into each."""
        for name in (names,) if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

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

    # Contexts

    def control_dependencies(self, control_inputs: Iterable[Any] | None) -> _Controller:
        """What is made inside runs after these; None lifts what is open."""
        if control_inputs is None:
            return _Controller(self, None)
        known = {op for controller in self.controllers for op in controller.inputs}
        wanted: list[Operation] = []
        for element in control_inputs:
            found = element.op if hasattr(element, "handle") else self.as_graph_element(element).op
            if found not in known:
                known.add(found)
                wanted.append(found)
        return _Controller(self, wanted)

    def device(self, device_name_or_function: Any) -> _Devices:
        """What is made inside runs there."""
        if device_name_or_function is None:
            return _Devices(self, [])
        return _Devices(self, [*self.devices, device_name_or_function])

    def colocate_with(self, op: Any, ignore_existing: bool = False) -> _Devices:
        """What is made inside runs where the other does."""
        device = "" if op is None else op.device
        return _Devices(self, [device] if device else [])

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """Where sessions keep the variables; of no consequence for names."""
        yield container_name

    def gradient_override_map(self, op_type_map: Any) -> Any:
        """Which gradients to use; of no consequence for names."""
        return self.container("")

    def as_default(self) -> _AsDefault:
        """Make it the graph that is built."""
        return _AsDefault(self)

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


class _AsDefault:
    """`with graph.as_default():`."""

    __slots__ = ("_graph",)

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __enter__(self) -> Graph:
        _stack.append(self._graph)
        return self._graph

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _stack.remove(self._graph)


_stack: list[Graph] = []
_default: list[Graph] = []


def get_default_graph() -> Graph:
    """The graph that is being built."""
    if _stack:
        return _stack[-1]
    if not _default:
        _default.append(Graph())
    return _default[0]


def reset_default_graph() -> None:
    """Start with an empty graph.

    Raises:
        AssertionError: another graph is open.
    """
    if _stack:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared "
            "graph, exit the nesting and create a new graph."
        )
    _default.clear()


def forget_graphs() -> None:
    """Drop every graph, also those that a failed program left open."""
    _stack.clear()
    _default.clear()


_PACKAGE = __name__.rpartition(".")[0]


# Whose a module is: every variable asks for the whole stack, and the same modules come again.
_owners: dict[str, str] = {"contextlib": "engine", f"{_PACKAGE}.running": "runner"}


def _owner(module: str) -> str:
    owner = _owners[module] = "engine" if module.startswith(_PACKAGE) else "program"
    return owner


def user_stack(depth: int) -> list[tuple[str, int, str]]:
    """File, line and function of the innermost frames that are not the engine's own."""
    found: list[tuple[str, int, str]] = []
    frame = sys._getframe(1)  # noqa: SLF001 - the cheap way to walk the stack
    while frame is not None and len(found) < depth:
        module = frame.f_globals.get("__name__", "")
        owner = _owners.get(module) or _owner(module)
        if owner == "runner":  # outside is what runs the program
            break
        if owner == "program":
            found.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back  # type: ignore[assignment]
    return found
