"""`tf.errors`: what TensorFlow raises that Python has no name for."""

from __future__ import annotations


class OperatorNotAllowedInGraphError(TypeError):
    """Python control flow on a tensor."""


class OpError(Exception):
    """An operation failed."""


class InvalidArgumentError(OpError):
    """An operation got what it cannot take."""


class NotFoundError(OpError):
    """A file or key is missing."""


class OutOfRangeError(OpError):
    """The input is at its end."""


class FailedPreconditionError(OpError):
    """A variable is used before it is set."""


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
