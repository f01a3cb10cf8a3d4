"""Functions on the default graph: name scopes, collections, control dependencies, devices."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph, graph_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from types import TracebackType

    from scopecli.dryrun.graph.graph import Graph


class name_scope:
    """`with tf.name_scope(name):`.

    Attributes:
        name: as it was asked for.
    """

    def __init__(self, name: Any, default_name: Any = None, values: Any = None) -> None:
        if default_name is not None and not isinstance(default_name, str):
            raise TypeError(
                f"`default_name` type ({type(default_name)}) is not a string type. You likely "
                "meant to pass this into the `values` kwarg."
            )
        self.name: Any = default_name if name is None else name
        self._values = values
        self._default_name = default_name
        self._open: list[tuple[Graph, str, Any]] = []  # it can be entered again while it is open

    def __enter__(self) -> str:
        name, values = self.name, self._values
        if name is None and values is not None:
            raise ValueError(
                f"At least one of name ({self.name}) and default_name ({self._default_name}) must "
                "be provided."
            )
        graph, switch = get_default_graph(), None
        if values and (other := graph_of(values)) is not graph:
            graph, switch = other, other.as_default()
        old = graph.name_stack
        stack = graph.name_stack = graph.scope_name(name)
        if switch is not None:
            switch.__enter__()
        self._open.append((graph, old, switch))
        if not name:
            return ""
        return name if name[-1] == "/" else stack + "/"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        graph, name_stack, switch = self._open.pop()
        if switch is not None:
            switch.__exit__(kind, error, traceback)
        graph.name_stack = name_stack


# Messages of Python name the class.
name_scope.__name__ = name_scope.__qualname__ = "name_scope_v1"


@contextmanager
def op_scope(values: Any, name: Any, default_name: Any = None) -> Iterator[str]:
    """The older form of `name_scope`, with the values first."""
    with name_scope(name, default_name, values) as scope:
        yield scope


class init_scope:
    """Lift control dependencies and conditionals; the name scope stays."""

    __slots__ = ("_controls",)

    def __enter__(self) -> None:
        # The name scope would be entered again under its own name, which changes nothing.
        self._controls = get_default_graph().control_dependencies(None)
        self._controls.__enter__()

    def __exit__(self, *_: object) -> None:
        self._controls.__exit__(None, None, None)


def control_dependencies(control_inputs: Any) -> Any:
    """What is made inside runs after these."""
    return get_default_graph().control_dependencies(control_inputs)


def device(device_name_or_function: Any) -> Any:
    """What is made inside runs there."""
    return get_default_graph().device(device_name_or_function)


def colocate_with(op: Any, ignore_existing: bool = False) -> Any:
    """What is made inside runs where the other does."""
    return get_default_graph().colocate_with(op, ignore_existing)


def container(container_name: str) -> Any:
    """Where sessions keep the variables; of no consequence for names."""
    return nullcontext(container_name)


def get_name_scope() -> str:
    """The current name scope, without the last slash."""
    return get_default_graph().name_stack


def add_to_collection(name: Hashable, value: Any) -> None:
    """Put a value into a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Put a value into several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Hashable, scope: str | None = None) -> list[Any]:
    """The members of a collection; with a scope, those whose name it matches."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Hashable) -> list[Any]:
    """The list itself, which may be changed."""
    return get_default_graph().get_collection_ref(key)


def get_seed(_: Any) -> tuple[None, None]:
    """Seeds change no name."""
    return None, None


def set_random_seed(seed: Any) -> None:
    """Seeds change no name."""
    get_default_graph().seed = seed
