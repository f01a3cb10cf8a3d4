"""What a `with` statement opens on a graph: control dependencies, name scopes, devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scopecli.dryrun.graph.graph import Graph
    from scopecli.dryrun.graph.nodes import Operation


class Controller:
    """One `with tf.control_dependencies(...)`: what to wait for, and what was made inside."""

    __slots__ = ("_graph", "_old", "_old_context", "inputs", "replaces", "seen")

    def __init__(self, graph: Graph, inputs: list[Operation] | None) -> None:
        self._graph = graph
        self.inputs = inputs or []
        self.replaces = inputs is None
        self.seen: set[Operation] = set()
        self._old: list[Controller] = []
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


class NameScope:
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


class DeviceScope:
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
