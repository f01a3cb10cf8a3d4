"""`tf.errors`: what TensorFlow raises that Python has no name for."""

from __future__ import annotations

from typing import Any

# The codes of errors, and the classes for all but the first.
_CODES = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]


class OperatorNotAllowedInGraphError(TypeError):
    """Python control flow on a tensor."""


class OpError(Exception):
    """An operation failed; each code has a class of its own beneath this one.

    Attributes:
        node_def: the operation's definition, where it is known.
        op: the operation, where it is known.
        message: what went wrong.
        error_code: the number of its kind.
    """

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int) -> None:
        super().__init__(message)
        self.node_def = node_def
        self.op = op
        self.message = message
        self.error_code = error_code


def __getattr__(name: str) -> Any:
    """A code, or the class of one, made when it is first asked for."""
    if name in _CODES:
        return _CODES.index(name)
    by_class = {f"{code.title().replace('_', '')}Error": n for n, code in enumerate(_CODES) if n}
    if name not in by_class:
        raise AttributeError(f"module 'tensorflow.errors' has no attribute {name!r}")
    code = by_class[name]

    def __init__(self: OpError, node_def: Any, op: Any, message: str, *_: Any) -> None:  # noqa: N807
        OpError.__init__(self, node_def, op, message, code)

    found = globals()[name] = type(name, (OpError,), {"__init__": __init__, "__module__": __name__})
    return found


def not_allowed(what: str) -> OperatorNotAllowedInGraphError:
    """The error for Python control flow on a tensor."""
    return OperatorNotAllowedInGraphError(
        f"{what} is not allowed. You can attempt the following resolutions to the problem: If you "
        "are running in Graph mode, use Eager execution mode or decorate this function with "
        "@tf.function. If you are using AutoGraph, you can try decorating this function with "
        "@tf.function. If that does not work, then you may be using an unsupported feature or your "
        "source code may not be visible to AutoGraph. See "
        "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/autograph/"
        "g3doc/reference/limitations.md#access-to-source-code for more information."
    )
