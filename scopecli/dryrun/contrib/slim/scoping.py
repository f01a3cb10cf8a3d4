"""`slim.arg_scope`: default arguments of functions, for as long as the scope is open."""

from __future__ import annotations

from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Defaults = dict[str, dict[str, Any]]

_decorated: dict[str, tuple[str, ...]] = {}
_stack: list[Defaults] = [{}]


def key_of(function: Any) -> str:
    """Under which key arg scopes have a function."""
    return str(getattr(function, "_key_op", function))


def _names(func: Callable[..., Any]) -> tuple[str, ...]:
    """The arguments with defaults, as slim finds them: it counts local variables, too."""
    code, count = func.__code__, len(func.__defaults__ or ())
    if func.__module__.startswith("scopecli."):
        return (*code.co_varnames[code.co_argcount - count : code.co_argcount],)
    return code.co_varnames[-count : code.co_argcount]


def add_arg_scope(func: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function take its defaults from arg scopes."""
    key = str(func)
    _decorated[key] = _names(func)

    @wraps(func)
    def with_defaults(*arguments: Any, **given: Any) -> Any:
        defaults = _stack[-1].get(key)
        return func(*arguments, **{**defaults, **given}) if defaults else func(*arguments, **given)

    vars(with_defaults)["_key_op"] = key  # as TensorFlow marks it
    return with_defaults


def has_arg_scope(func: Any) -> bool:
    """Whether a function takes its defaults from arg scopes."""
    return key_of(func) in _decorated


def arg_scoped_arguments(func: Any) -> tuple[str, ...]:
    """The arguments that arg scopes may set."""
    return _decorated[key_of(func)]


def current_arg_scope() -> Defaults:
    """The defaults that count now."""
    return _stack[-1]


@contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[Defaults]:
    """Set default arguments of functions, or those of an earlier scope again.

    Raises:
        ValueError: a function takes no defaults, or a scope is given more.
        TypeError: neither functions nor a scope are given.
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError(
                "When attempting to re-use a scope by suppling adictionary, kwargs must be empty."
            )
        scope = dict(list_ops_or_scope)
    else:
        if not isinstance(list_ops_or_scope, (list, tuple)):
            raise TypeError(
                "list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)"
            )
        scope = dict(_stack[-1])
        for function in list_ops_or_scope:
            if not has_arg_scope(function):
                raise ValueError(
                    "%s is not decorated with @add_arg_scope",
                    (function.__module__, function.__name__),
                )
            scope[key_of(function)] = {**scope.get(key_of(function), {}), **kwargs}
    _stack.append(scope)
    try:
        yield scope
    finally:
        _stack.pop()
