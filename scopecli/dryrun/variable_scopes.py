"""Variable scopes: prefixes, defaults and the reuse mode of `get_variable`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/variable_scope.py
"""

from __future__ import annotations

from contextlib import contextmanager
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from scopecli.dryrun import calls
from scopecli.dryrun.applying import convert_to_tensor
from scopecli.dryrun.dtypes import float32
from scopecli.dryrun.graph import get_default_graph
from scopecli.dryrun.graph_keys import GraphKeys
from scopecli.dryrun.scopes import get_collection, graph_of, name_scope
from scopecli.dryrun.variable_store import VariableStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType


class ReuseMode(Enum):
    """A reuse mode that is neither True nor False."""

    AUTO_REUSE = 1


AUTO_REUSE = ReuseMode.AUTO_REUSE

# Collections whose keys are no texts are the graph's own; no file has them.
_STORE_KEY = ("__variable_store",)
_SCOPES_KEY = ("__varscope",)
# What a scope hands down to the scopes inside, beside its name and reuse mode.
_DEFAULTS = (
    "initializer",
    "regularizer",
    "caching_device",
    "partitioner",
    "dtype",
    "use_resource",
)


class VariableScope:
    """What `get_variable` uses where its arguments say nothing.

    Attributes:
        name: prefix of the variables.
        reuse: the reuse mode.
        original_name_scope: the name scope that was opened with it.
    """

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
        self.name = name
        self.reuse = reuse
        self.initializer = initializer
        self.regularizer = regularizer
        self.caching_device = caching_device
        self.partitioner = partitioner
        self.custom_getter = custom_getter
        self.original_name_scope = name_scope
        self.dtype = dtype
        self.use_resource = use_resource
        self.constraint = constraint

    def reuse_variables(self) -> None:
        """Reuse from here on."""
        self.reuse = True

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
        full_name = f"{self.name}/{name}" if self.name else name
        with name_scope(None):
            if dtype is not None and initializer is not None and not callable(initializer):
                kind = convert_to_tensor(initializer).dtype.base_dtype
                if kind != dtype:
                    raise ValueError(
                        f"Initializer type '{kind}' and explicit dtype '{dtype}' don't match."
                    )
            reuse = self.reuse if reuse is None else reuse
            calls.asking(self.name, reuse)
            try:
                return var_store.get_variable(
                    full_name,
                    shape=shape,
                    dtype=self.dtype if dtype is None else dtype,
                    initializer=self.initializer if initializer is None else initializer,
                    regularizer=self.regularizer if regularizer is None else regularizer,
                    reuse=reuse,
                    trainable=trainable,
                    collections=collections,
                    caching_device=self.caching_device
                    if caching_device is None
                    else caching_device,
                    partitioner=self.partitioner if partitioner is None else partitioner,
                    validate_shape=validate_shape,
                    use_resource=self.use_resource if use_resource is None else use_resource,
                    custom_getter=self.custom_getter if custom_getter is None else custom_getter,
                    constraint=self.constraint if constraint is None else constraint,
                    synchronization=synchronization,
                    aggregation=aggregation,
                )
            finally:
                calls.answered()


class _Scopes:
    """The current scope of a graph, and how often each name was opened.

    Attributes:
        current: the scope that is open.
        counts: by full name.
    """

    def __init__(self) -> None:
        self.current = VariableScope(False)
        self.counts: dict[str, int] = {}

    def open(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def close_inside(self, name: str) -> None:
        """Let the names inside a scope begin anew."""
        prefix = name + "/"
        for key in [key for key in self.counts if key.startswith(prefix)]:
            del self.counts[key]


def _scopes() -> _Scopes:
    members = get_default_graph().get_collection_ref(_SCOPES_KEY)
    if not members:
        members.append(_Scopes())
    found: _Scopes = members[0]
    return found


def _store() -> VariableStore:
    members = get_default_graph().get_collection_ref(_STORE_KEY)
    if not members:
        members.append(VariableStore())
    found: VariableStore = members[0]
    return found


def get_variable_scope() -> VariableScope:
    """The current variable scope."""
    return _scopes().current


def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
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
    """Get or make a variable of the current scope.

    Raises:
        ValueError: the rules of reuse or the arguments forbid it.
    """
    return get_variable_scope().get_variable(
        _store(),
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=trainable,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )


def get_local_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: Any = False,
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
    """Get or make a variable that belongs to this process alone, and is not trained.

    Raises:
        ValueError: the rules of reuse or the arguments forbid it.
    """
    collections = [*(collections or ()), GraphKeys.LOCAL_VARIABLES]
    return get_variable(
        name,
        shape=shape,
        dtype=dtype,
        initializer=initializer,
        regularizer=regularizer,
        trainable=False,
        collections=collections,
        caching_device=caching_device,
        partitioner=partitioner,
        validate_shape=validate_shape,
        use_resource=use_resource,
        custom_getter=custom_getter,
        constraint=constraint,
        synchronization=synchronization,
        aggregation=aggregation,
    )


class PureVariableScope:
    """A variable scope without a name scope."""

    def __init__(
        self,
        name_or_scope: Any,
        reuse: Any = None,
        old_name_scope: str | None = None,
        custom_getter: Any = None,
        constraint: Any = None,
        **defaults: Any,
    ) -> None:
        self._name_or_scope = name_or_scope
        self._reuse = reuse
        self._old_name_scope = old_name_scope
        self._custom_getter = custom_getter
        self._constraint = constraint
        self._defaults = defaults
        self._scopes = _scopes()
        self._opened: VariableScope | None = None
        self._old = self._scopes.current
        self._counts: dict[str, int] = {}
        self._cached: VariableScope | None = None
        if isinstance(name_or_scope, VariableScope):
            scope = name_or_scope
            self._cached = self._extended(
                scope, scope.name, reuse or scope.reuse, scope.original_name_scope
            )

    def _extended(
        self, parent: VariableScope, name: str, reuse: Any, original: str
    ) -> VariableScope:
        """A scope with what the parent has, and what was given on top."""
        found = VariableScope(
            reuse,
            name=name,
            custom_getter=parent.custom_getter,
            name_scope=original,
            constraint=self._constraint,
        )
        for key in _DEFAULTS:
            given = self._defaults.get(key)
            setattr(found, key, getattr(parent, key) if given is None else given)
        if self._custom_getter is not None:
            found.custom_getter = _wrapped(self._custom_getter, parent.custom_getter)
        return found

    def __enter__(self) -> VariableScope:
        scopes = self._scopes
        self._old = scopes.current
        if self._cached is not None:
            scopes.open(self._cached.name)
            self._counts = dict(scopes.counts)
            found = self._cached
        else:
            given = self._name_or_scope
            name = f"{self._old.name}/{given}" if self._old.name else given
            # Reuse is inherited, and cannot be switched off inside.
            self._reuse = self._reuse or self._old.reuse
            original = given if self._old_name_scope is None else self._old_name_scope
            found = self._extended(self._old, name, self._reuse, original)
            scopes.open(name)
        scopes.current = self._opened = found
        return found

    def __exit__(self, *_: object) -> None:
        scopes = self._scopes
        if scopes.current is not self._opened:
            raise RuntimeError("Improper nesting of variable_scope.")
        if self._cached is not None:
            scopes.counts = self._counts
        else:
            scopes.close_inside(self._opened.name if self._opened else "")
        scopes.current = self._old


def _wrapped(new: Any, old: Any) -> Any:
    """A getter that calls the outer one, which calls the true one."""
    if old is None:
        return new
    return lambda getter, *arguments, **options: new(partial(old, getter), *arguments, **options)


def unique_scope(prefix: str) -> str:
    """A name that was not opened yet in the current scope."""
    scopes = _scopes()
    current = scopes.current.name
    name = f"{current}/{prefix}" if current else prefix
    if not scopes.counts.get(name):
        return prefix
    number = 1
    while scopes.counts.get(f"{name}_{number}"):
        number += 1
    return f"{prefix}_{number}"


class variable_scope:
    """`with tf.variable_scope(name):` opens a variable scope and a name scope."""

    def __init__(
        self,
        name_or_scope: Any,
        default_name: Any = None,
        values: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        reuse: Any = None,
        dtype: Any = None,
        use_resource: Any = None,
        constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if reuse is False:
            reuse = None
        if reuse not in {True, None, AUTO_REUSE}:
            raise ValueError("The reuse parameter must be True or False or None.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                "The auxiliary_name_scope must be `True` or `False`, while get "
                f"{auxiliary_name_scope}"
            )
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._reuse = reuse
        self._auxiliary = auxiliary_name_scope
        self._graph = graph_of(values or ())
        self._options = {
            "initializer": initializer,
            "regularizer": regularizer,
            "caching_device": caching_device,
            "partitioner": partitioner,
            "custom_getter": custom_getter,
            "dtype": dtype,
            "use_resource": use_resource,
            "constraint": constraint,
        }
        self._names: name_scope | None = None
        self._pure: PureVariableScope | None = None

    def __enter__(self) -> VariableScope:
        opened = self._graph.as_default()
        opened.__enter__()
        self._opened = opened
        try:
            if self._pure is not None:
                if self._names is not None:
                    self._names.__enter__()
                return self._pure.__enter__()
            return self._enter()
        except BaseException:
            opened.__exit__(None, None, None)
            raise

    def _enter(self) -> VariableScope:
        names = None
        if not self._auxiliary:
            current = get_default_graph().name_stack
            names = name_scope(current + "/" if current else current)
        given = self._name_or_scope
        if given is None:
            if self._reuse:
                raise ValueError("reuse=True cannot be used without a name_or_scope")
            names = names or name_scope(self._default_name)
            original = names.__enter__()
            self._names = names
            return self._pure_entered(unique_scope(self._default_name), None, original)
        if not isinstance(given, (VariableScope, str)):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        name = given if isinstance(given, str) else given.name.rpartition("/")[2]
        if not name and names is None:  # somebody enters the root scope
            return self._pure_entered(given, self._reuse, None)
        names = names or name_scope(name)
        entered = names.__enter__()
        self._names = names
        original = entered if isinstance(given, str) else given.original_name_scope
        return self._pure_entered(given, self._reuse, original)

    def _pure_entered(self, given: Any, reuse: Any, original: str | None) -> VariableScope:
        pure = PureVariableScope(given, reuse, old_name_scope=original, **self._options)
        found = pure.__enter__()
        self._pure = pure
        return found

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._pure is not None:
                self._pure.__exit__(kind, error, traceback)
        finally:
            if self._names is not None:
                self._names.__exit__(kind, error, traceback)
            self._opened.__exit__(kind, error, traceback)


@contextmanager
def variable_op_scope(
    values: Any, name_or_scope: Any, default_name: Any = None, **options: Any
) -> Iterator[VariableScope]:
    """The older form of `variable_scope`, with the values first."""
    with variable_scope(name_or_scope, default_name, values, **options) as scope:
        yield scope
