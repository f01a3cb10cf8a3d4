"""A variable scope: what `get_variable` uses where its arguments say nothing.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/variable_scope.py
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import get_collection
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.values.dtypes import float32
from scopecli.dryrun.variables import calls


class ReuseMode(Enum):
    """A reuse mode that is neither True nor False."""

    AUTO_REUSE = 1


AUTO_REUSE = ReuseMode.AUTO_REUSE


class VariableScope:
    """What `get_variable` uses where its arguments say nothing."""

    def __init__(
        self,
        reuse: Any,
        name: str = "",
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        name_scope: str = "",
        dtype: Any = float32,
        use_resource: Any = None,
        constraint: Any = None,
    ) -> None:
        self._name = name
        self._reuse = reuse
        self.initializer = initializer
        self.regularizer = regularizer
        self.caching_device = caching_device
        self.partitioner = partitioner
        self.custom_getter = custom_getter
        self._name_scope = name_scope
        self.dtype = dtype
        self.use_resource = use_resource
        self.constraint = constraint

    @property
    def name(self) -> str:
        """Prefix of the variables."""
        return self._name

    @property
    def original_name_scope(self) -> str:
        """The name scope that was opened with it."""
        return self._name_scope

    @property
    def reuse(self) -> Any:
        """The reuse mode."""
        return self._reuse

    def renamed(self, name: str, reuse: Any, name_scope: str) -> VariableScope:
        """Another one with the same defaults."""
        found = VariableScope.__new__(VariableScope)
        vars(found).update(vars(self), _name=name, _reuse=reuse, _name_scope=name_scope)
        return found

    def reuse_variables(self) -> None:
        """Reuse from here on."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Set the default initializer."""
        self.initializer = initializer

    def set_dtype(self, dtype: Any) -> None:
        """Set the default type."""
        self.dtype = dtype

    def set_use_resource(self, use_resource: Any) -> None:
        """Set whether variables are resources."""
        self.use_resource = use_resource

    def set_regularizer(self, regularizer: Any) -> None:
        """Set the default regularizer."""
        self.regularizer = regularizer

    def set_caching_device(self, caching_device: Any) -> None:
        """Set where variables are cached."""
        self.caching_device = caching_device

    def set_partitioner(self, partitioner: Any) -> None:
        """Set the default partitioner."""
        self.partitioner = partitioner

    def set_custom_getter(self, custom_getter: Any) -> None:
        """Set what is called in place of the getter."""
        self.custom_getter = custom_getter

    def get_collection(self, name: Any) -> list[Any]:
        """The members of a collection whose names begin with the scope's."""
        return get_collection(name, self.name + "/" if self.name else "")

    def trainable_variables(self) -> list[Any]:
        """The trainable variables of the scope."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self) -> list[Any]:
        """The global variables of the scope."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        """The local variables of the scope."""
        return self.get_collection(GraphKeys.LOCAL_VARIABLES)

    def get_variable(
        self,
        var_store: Any,
        name: str,
        shape: Any = None,
        dtype: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        reuse: Any = None,
        trainable: Any = None,
        collections: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        validate_shape: bool = True,
        use_resource: Any = None,
        custom_getter: Any = None,
        constraint: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
    ) -> Any:
        """Get or make a variable of the scope.

        Raises:
            ValueError: the rules of reuse or the arguments forbid it.
        """
        full_name = f"{self._name}/{name}" if self._name else name
        graph = get_default_graph()
        # As in `name_scope(None)`: the name says all.
        stack, graph.name_stack = graph.name_stack, ""
        try:
            if dtype is not None and initializer is not None and not callable(initializer):
                kind = convert_to_tensor(initializer).dtype.base_dtype
                if kind != dtype:
                    raise ValueError(
                        f"Initializer type '{kind}' and explicit dtype '{dtype}' don't match."
                    )
            reuse = self._reuse if reuse is None else reuse
            calls.asking(self._name, reuse)
            try:
                options = {
                    "shape": shape,
                    "dtype": self.dtype if dtype is None else dtype,
                    "initializer": self.initializer if initializer is None else initializer,
                    "regularizer": self.regularizer if regularizer is None else regularizer,
                    "reuse": reuse,
                    "trainable": trainable,
                    "collections": collections,
                    "caching_device": self.caching_device
                    if caching_device is None
                    else caching_device,
                    "partitioner": self.partitioner if partitioner is None else partitioner,
                    "validate_shape": validate_shape,
                    "use_resource": self.use_resource if use_resource is None else use_resource,
                    "constraint": self.constraint if constraint is None else constraint,
                    "synchronization": synchronization,
                    "aggregation": aggregation,
                }
                getter = self.custom_getter if custom_getter is None else custom_getter
                return var_store.get_variable(full_name, getter, options)
            finally:
                calls.answered()
        finally:
            graph.name_stack = stack


class OpenScopes:
    """The current scope of a graph, and how often each name was opened.

    Attributes:
        current: the scope that is open.
        counts: by full name.
    """

    def __init__(self) -> None:
        self.current = VariableScope(False)
        self.counts: dict[str, int] = {}
        self._around: set[str] = set()  # the scopes that counted names are in

    def open(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        outer = name.rpartition("/")[0]
        while outer and outer not in self._around:
            self._around.add(outer)
            outer = outer.rpartition("/")[0]

    def close_inside(self, name: str) -> None:
        """Let the names inside a scope begin anew."""
        if name not in self._around:
            return
        prefix = name + "/"
        for key in [key for key in self.counts if key.startswith(prefix)]:
            del self.counts[key]


def open_scopes() -> OpenScopes:
    """The scopes of the graph that is being built."""
    graph = get_default_graph()
    found: OpenScopes | None = graph.variable_scopes
    if found is None:
        found = graph.variable_scopes = OpenScopes()
    return found


def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return open_scopes().current
