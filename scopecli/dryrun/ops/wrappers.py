"""Functions that do no more than make one node, built from the table when they are asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.ops.applying import apply_op, row
from scopecli.dryrun.ops.table import WRAPPERS

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def wrapper(name: str) -> Callable[..., Any] | None:
    """The function of that name, or None where the table has none."""
    text = WRAPPERS.get(name) or _rare(name)
    if text is None:
        return None
    type_, *words = text.split()
    inputs = [word for word in words if "=" not in word]
    options = dict(word.split("=", 1) for word in words if "=" in word)
    parameters = [*inputs, *options, "name"]
    outputs = row(type_).outputs
    several = len(outputs) > 1
    as_list = bool(outputs) and outputs[0][0] == "*"

    def function(*arguments: Any, **named: Any) -> Any:
        given = dict(zip(parameters, arguments, strict=False))
        given.update(named)
        missing = [word for word in inputs if word not in given]
        if missing:
            raise TypeError(f"{name}() missing required argument: {missing[0]!r}")
        node_name = given.pop("name", None)
        values = [given.pop(word) for word in inputs]
        if as_list:
            return apply_op(type_, *values, name=node_name, **{**options, **given}).outputs
        if several:
            return tuple(apply_op(type_, *values, name=node_name, **{**options, **given}).outputs)
        op = apply_op(type_, *values, name=node_name, **{**options, **given})
        return op.outputs[0] if op.outputs else op

    function.__name__ = name
    return function


def _rare(name: str) -> str | None:
    from scopecli.dryrun.ops.rare_table import WRAPPERS as RARE

    return RARE.get(name)


def wrapper_in(namespace: str, name: str) -> Callable[..., Any] | None:
    """The function that a namespace has under a name, its own or that of `tf`; or None."""
    own = f"{namespace}.{name}"
    if own not in WRAPPERS and name in WRAPPERS:  # `nn.relu`: not worth the table of rare ones
        return wrapper(name)
    return wrapper(own) or wrapper(name)
