"""Shapes that operations of all kinds have, and those of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.ops.constant_values import number, vector
from scopecli.dryrun.values.shapes import brackets, compatible, merged, mismatch

if TYPE_CHECKING:
    from scopecli.dryrun.ops.shape_functions import Attributes, Inputs
    from scopecli.dryrun.values.shapes import Dims


def same(inputs: Inputs, _: Attributes) -> Dims:
    """Of the first input."""
    return inputs[0].dims  # type: ignore[no-any-return]


def switched(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Of the first input, on either side of one condition."""
    if inputs[1].dims:
        raise ValueError(f"Shape must be rank 0 but is rank {len(inputs[1].dims)}")
    return [inputs[0].dims, inputs[0].dims]


def second(inputs: Inputs, _: Attributes) -> Dims:
    """Of the second input."""
    return inputs[1].dims  # type: ignore[no-any-return]


def scalar(_: Inputs, __: Attributes) -> Dims:
    """No axes."""
    return ()


def unknown(_: Inputs, __: Attributes) -> Dims:
    """Nothing is known."""
    return None


def attribute(_: Inputs, attributes: Attributes) -> Dims:
    """As an attribute says."""
    return attributes["shape"]  # type: ignore[no-any-return]


def assign(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of the variable, which must have the shape of the value."""
    a, b = inputs[0].dims, inputs[1].dims
    if a == b or attributes.get("validate_shape") is False:
        return b  # type: ignore[no-any-return]
    if not compatible(a, b):
        raise ValueError(mismatch(a, b))
    return merged(a, b)


def resource_assign(inputs: Inputs, attributes: Attributes) -> list[Dims]:
    """Nothing; the value must have the shape of the variable.

    Raises:
        ValueError: it has another.
    """
    held, value = handle(inputs, attributes), inputs[1].dims
    if not compatible(held, value):
        raise ValueError(mismatch(held, value))
    return []


def each(inputs: Inputs, _: Attributes) -> list[Dims]:
    """Of each of a list."""
    return [tensor.dims for tensor in inputs[0]]


def handle(inputs: Inputs, _: Attributes) -> Dims:
    """Of the variable that a handle is for."""
    return inputs[0].op.attributes.get("shape")  # type: ignore[no-any-return]


def broadcast(inputs: Inputs, _: Attributes) -> Dims:
    """Of all inputs, stretched to each other."""
    found: Dims = ()
    for tensor in inputs:
        found = stretched(found, tensor.dims)
    return found


def stretched(a: Dims, b: Dims) -> Dims:
    """Two shapes stretched to each other."""
    if a is None or b is None:
        return None
    if a == b or not b:
        return a
    if not a:
        return b
    long, short = (a, b) if len(a) >= len(b) else (b, a)
    short = (1,) * (len(long) - len(short)) + short
    sizes: list[int | None] = []
    for x, y in zip(long, short, strict=True):
        if x == 1 or y == 1:
            sizes.append(y if x == 1 else x)
        elif x is None or y is None:
            sizes.append(y if x is None else x)
        elif x != y:
            raise ValueError(
                f"Dimensions must be equal, but are {_of(a, b, x, y)} with input shapes: "
                f"{brackets(a)}, {brackets(b)}."
            )
        else:
            sizes.append(x)
    return tuple(sizes)


def _of(a: Dims, b: Dims, x: int, y: int) -> str:
    first, last = (x, y) if a is not None and b is not None and len(a) >= len(b) else (y, x)
    return f"{first} and {last}"


def together(inputs: Inputs, _: Attributes) -> Dims:
    """What a list of equal shapes says together."""
    found: Dims = None
    for tensor in inputs[0]:
        if not compatible(found, tensor.dims):
            raise ValueError(mismatch(found, tensor.dims))
        found = merged(found, tensor.dims)
    return found


def together_but_first(inputs: Inputs, _: Attributes) -> Dims:
    """What the second and third say together; a condition of their rank has their shape."""
    condition, both = inputs[0].dims, _merge(inputs[1].dims, inputs[2].dims)
    if condition and both is not None and len(condition) == len(both):
        _merge(condition, both)
    return both


def _merge(a: Dims, b: Dims) -> Dims:
    if not compatible(a, b):
        raise ValueError(mismatch(a, b))
    return merged(a, b)


def of_rank(dims: Dims, rank: int, inputs: Inputs) -> tuple[int | None, ...]:
    """A shape that must have so many axes."""
    if dims is None:
        return (None,) * rank
    if len(dims) != rank:
        shapes = ", ".join(brackets(tensor.dims) for tensor in inputs)
        raise ValueError(
            f"Shape must be rank {rank} but is rank {len(dims)} with input shapes: {shapes}."
        )
    return dims


def from_shape_input(inputs: Inputs, _: Attributes) -> Dims:
    """As the values of the first input say."""
    return from_values(inputs[0])


def twice(inputs: Inputs, _: Attributes) -> Dims:
    """The axes twice over."""
    dims = inputs[0].dims
    return None if dims is None else dims + dims


def from_second_input(inputs: Inputs, _: Attributes) -> Dims:
    """As the values of the second input say."""
    return from_values(inputs[1])


def from_values(tensor: Any) -> Dims:
    """The shape that a vector holds, as far as it is known."""
    sizes = vector(tensor)
    if sizes is None:
        return None
    return tuple(None if size is None or size < 0 else size for size in sizes)


def merge(inputs: Inputs, _: Attributes) -> list[Dims]:
    """What the branches agree in, and the number of the one that was taken."""
    found = inputs[0][0].dims
    for tensor in inputs[0][1:]:
        dims = tensor.dims
        if found is None or dims is None or len(found) != len(dims):
            found = None
        else:
            found = tuple(a if a == b else None for a, b in zip(found, dims, strict=True))
    return [found, ()]


def where(inputs: Inputs, _: Attributes) -> Dims:
    """A row of coordinates for each that is true."""
    dims = inputs[0].dims
    return (None, None if dims is None else len(dims))


def from_third_input(inputs: Inputs, _: Attributes) -> Dims:
    """As the values of the third input say."""
    return from_values(inputs[2])


def broadcast_list(inputs: Inputs, attributes: Attributes) -> Dims:
    """Of a list, stretched to each other."""
    return broadcast(inputs[0], attributes)


def vector_of_second(inputs: Inputs, _: Attributes) -> Dims:
    """As long as the second input says."""
    return (number(inputs[1]),)


def vector_of_third(inputs: Inputs, _: Attributes) -> Dims:
    """As long as the third input says."""
    return (number(inputs[2]),)


def some(_: Inputs, __: Attributes) -> Dims:
    """A vector; nobody knows how long."""
    return (None,)
