"""`with tf.variable_scope(...)`: opening a scope, under a name, another scope or a default name."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import AsDefault, get_default_graph, graph_of
from scopecli.dryrun.variables.scope import AUTO_REUSE, VariableScope, open_scopes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from scopecli.dryrun.graph.contexts import NameScope

_NOTHING: Mapping[str, Any] = MappingProxyType({})
# What a scope says in place of arguments of `get_variable`.
_DEFAULTS = (
    "initializer",
    "regularizer",
    "caching_device",
    "partitioner",
    "dtype",
)


class PureVariableScope:
    """A variable scope without a name scope."""

    _opened: VariableScope | None = None
    _cached: VariableScope | None = None  # the scope, where one is given and not a name
    _counts: dict[str, int]

    def __init__(
        self,
        name_or_scope: Any,
        reuse: Any = None,
        old_name_scope: str | None = None,
        custom_getter: Any = None,
        constraint: Any = None,
        defaults: Mapping[str, Any] = _NOTHING,
    ) -> None:
        self._name_or_scope = name_or_scope
        self._reuse = reuse
        self._old_name_scope = old_name_scope
        self._custom_getter = custom_getter
        self._constraint = constraint
        self._defaults = defaults
        self._scopes = open_scopes()
        self._old = self._scopes.current
        if isinstance(name_or_scope, VariableScope):
            scope = name_or_scope
            self._cached = self._extended(
                scope, scope.name, reuse or scope.reuse, scope.original_name_scope
            )

    def _extended(
        self, parent: VariableScope, name: str, reuse: Any, original: str
    ) -> VariableScope:
        """A scope with what the parent has, and what was given on top."""
        found = parent.renamed(name, reuse, original)
        found.constraint = self._constraint
        if self._defaults:
            vars(found).update(self._defaults)
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
            old, given = self._old, self._name_or_scope
            outer = old.name
            name = f"{outer}/{given}" if outer else given
            # Reuse is inherited, and cannot be switched off inside.
            self._reuse = self._reuse or old.reuse
            original = given if self._old_name_scope is None else self._old_name_scope
            found = self._extended(old, name, self._reuse, original)
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


def entered_again(scope: VariableScope, reuse: Any) -> PureVariableScope:
    """A scope that was open before, and no name scope with it."""
    return PureVariableScope(scope, _checked_reuse(reuse), scope.original_name_scope)


def captured(scope: VariableScope) -> VariableScope:
    """What `with variable_scope(scope) as captured:` gives, without entering it.

    The name scope that it would open takes its name.
    """
    get_default_graph().scope_name(scope.name.rpartition("/")[2])
    found = scope.renamed(scope.name, scope.reuse, scope.original_name_scope)
    found.constraint = None
    return found


def _checked_reuse(reuse: Any) -> Any:
    if reuse is False:
        return None
    if not (reuse is True or reuse is None or reuse is AUTO_REUSE):
        raise ValueError("The reuse parameter must be True or False or None.")
    return reuse


def _wrapped(new: Any, old: Any) -> Any:
    """A getter that calls the outer one, which calls the true one."""
    if old is None:
        return new
    return lambda getter, *arguments, **options: new(partial(old, getter), *arguments, **options)


def unique_scope(prefix: str) -> str:
    """A name that was not opened yet in the current scope."""
    scopes = open_scopes()
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
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError(
                "The auxiliary_name_scope must be `True` or `False`, while get "
                f"{auxiliary_name_scope}"
            )
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._reuse = _checked_reuse(reuse)
        self._auxiliary = auxiliary_name_scope
        self._graph = graph_of(values or ())
        self._custom_getter = custom_getter
        self._constraint = constraint
        self._defaults: Mapping[str, Any] = _NOTHING
        if not (initializer is regularizer is caching_device is partitioner is dtype is None):
            given = (initializer, regularizer, caching_device, partitioner, dtype)
            pairs = zip(_DEFAULTS, given, strict=True)
            self._defaults = {key: value for key, value in pairs if value is not None}
        if use_resource is not None:
            self._defaults = {**self._defaults, "use_resource": use_resource}
        self._names: NameScope | None = None
        self._pure: PureVariableScope | None = None

    def __enter__(self) -> VariableScope:
        graph = self._graph
        self._switch = None if graph is get_default_graph() else AsDefault(graph)
        if self._switch is not None:
            self._switch.__enter__()
        try:
            if self._pure is not None:
                if self._names is not None:
                    self._names.__enter__()
                return self._pure.__enter__()
            return self._enter()
        except BaseException:
            if self._switch is not None:
                self._switch.__exit__(None, None, None)
            raise

    def _enter(self) -> VariableScope:
        names = None
        graph = get_default_graph()
        if not self._auxiliary:
            current = graph.name_stack
            names = graph.name_scope(current + "/" if current else current)
        given = self._name_or_scope
        if given is None:
            if self._reuse:
                raise ValueError("reuse=True cannot be used without a name_or_scope")
            names = names or graph.name_scope(self._default_name)
            original = names.__enter__()
            self._names = names
            return self._pure_entered(unique_scope(self._default_name), None, original)
        if not isinstance(given, (VariableScope, str)):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        name = given if isinstance(given, str) else given.name.rpartition("/")[2]
        if not name and names is None:  # somebody enters the root scope
            return self._pure_entered(given, self._reuse, None)
        names = names or graph.name_scope(name)
        entered = names.__enter__()
        self._names = names
        original = entered if isinstance(given, str) else given.original_name_scope
        return self._pure_entered(given, self._reuse, original)

    def _pure_entered(self, given: Any, reuse: Any, original: str | None) -> VariableScope:
        pure = PureVariableScope(
            given, reuse, original, self._custom_getter, self._constraint, self._defaults
        )
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
            if self._switch is not None:
                self._switch.__exit__(kind, error, traceback)


@contextmanager
def variable_op_scope(
    values: Any, name_or_scope: Any, default_name: Any = None, *arguments: Any, **options: Any
) -> Iterator[VariableScope]:
    """The older form of `variable_scope`, with the values first."""
    with variable_scope(name_or_scope, default_name, values, *arguments, **options) as scope:
        yield scope
