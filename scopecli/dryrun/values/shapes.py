"""Static shapes: `TensorShape` and `Dimension`, as TensorFlow 1 has them.

Inside the engine a shape is a plain tuple of numbers and None, or None for an unknown rank; these
classes are what a program gets to see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Dims = tuple[int | None, ...] | None


class Dimension:
    """The size of one axis, which may be unknown.

    Attributes:
        value: the size, or None.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        if isinstance(value, Dimension):
            value = value.value
        elif value is not None and not isinstance(value, int):
            try:
                value = int(value.__index__())
            except AttributeError:
                raise TypeError(
                    "Dimension value must be integer or None or have an __index__ method, got "
                    f"value '{value!r}' with type '{type(value)!r}'"
                ) from None
        if value is not None and value < 0:
            raise ValueError(f"Dimension {value} must be >= 0")
        self.value: int | None = value

    def _with(self, other: Any, function: Callable[[int, int], int]) -> Any:
        try:
            other = Dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        if self.value is None or other.value is None:
            return Dimension(None)
        return Dimension(function(self.value, other.value))

    def _compared(self, other: Any, function: Callable[[int, int], bool]) -> Any:
        other = Dimension(other)
        if self.value is None or other.value is None:
            return None
        return function(self.value, other.value)

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b)

    def __floordiv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a // b)

    def __mod__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a % b)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b - a)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b // a)

    __div__ = __floordiv__
    __radd__ = __add__
    __rmul__ = __mul__

    def __eq__(self, other: object) -> Any:
        try:
            return self._compared(other, lambda a, b: a == b)
        except (TypeError, ValueError):
            return NotImplemented

    def __lt__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Any:
        return self._compared(other, lambda a, b: a >= b)

    def __hash__(self) -> int:
        return hash(self.value)

    def __int__(self) -> int:
        return self.value  # type: ignore[return-value] # an unknown one raises as TensorFlow's does

    def __index__(self) -> int:
        return self.value  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"Dimension({self.value!r})"

    def __str__(self) -> str:
        return "?" if self.value is None else str(self.value)


def dims_of(shape: Any) -> Dims:
    """A shape in any of its forms as a plain tuple.

    Raises:
        TypeError: it is none.
        ValueError: a dimension is negative.
    """
    if shape is None:
        return None
    if isinstance(shape, TensorShape):
        return shape.plain
    if isinstance(shape, (tuple, list)):
        sizes = [d if type(d) is int and d >= 0 else Dimension(d).value for d in shape]
        return tuple(sizes)  # a list first: twice as quick as a generator, and asked for every node
    try:
        found = list(shape)
    except TypeError:
        return (Dimension(shape).value,)
    try:
        return tuple(Dimension(d).value for d in found)
    except TypeError as error:
        raise TypeError(
            f"Failed to convert '{shape!r}' to a shape: '{found[0]!r}'could not be converted to a "
            "dimension. A shape should either be single dimension (e.g. 10), or an iterable of "
            "dimensions (e.g. [1, 10, None])."
        ) from error


def shape_with(dims: Dims) -> TensorShape:
    """The shape with sizes that are plain already."""
    shape = TensorShape.__new__(TensorShape)
    shape.plain = dims
    return shape


class TensorShape:
    """The shape of a tensor as far as it is known while the graph is built.

    Attributes:
        plain: the sizes; None where even the rank is unknown.
    """

    __slots__ = ("plain",)

    def __init__(self, dims: Any) -> None:
        self.plain: Dims = dims_of(dims)

    @property
    def rank(self) -> int | None:
        """Number of axes, or None."""
        return None if self.plain is None else len(self.plain)

    ndims = rank

    @property
    def dims(self) -> list[Dimension] | None:
        """The sizes as objects."""
        return None if self.plain is None else [Dimension(d) for d in self.plain]

    def as_list(self) -> list[int | None]:
        """The sizes as a list."""
        if self.plain is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self.plain)

    def is_fully_defined(self) -> bool:
        """Whether every size is known."""
        return self.plain is not None and None not in self.plain

    def num_elements(self) -> int | None:
        """The product of the sizes."""
        if not self.is_fully_defined():
            return None
        total = 1
        for size in self.plain or ():
            total *= size or 0
        return total

    def is_compatible_with(self, other: Any) -> bool:
        """Whether both can be the shape of one tensor."""
        return compatible(self.plain, dims_of(other))

    def assert_is_compatible_with(self, other: Any) -> None:
        """Raise a ValueError where both cannot be the shape of one tensor."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are incompatible")

    def merge_with(self, other: Any) -> TensorShape:
        """What both say together."""
        other = TensorShape(other)
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        return TensorShape(merged(self.plain, other.plain))

    def concatenate(self, other: Any) -> TensorShape:
        """The axes of both, one after the other."""
        other = dims_of(other)
        return TensorShape(None if self.plain is None or other is None else self.plain + other)

    def with_rank(self, rank: int) -> TensorShape:
        """The same with so many axes.

        Raises:
            ValueError: it has another number.
        """
        try:
            return self.merge_with((None,) * rank)
        except ValueError:
            raise ValueError(f"Shape {self} must have rank {rank}") from None

    def assert_has_rank(self, rank: int) -> None:
        """Raise a ValueError where it cannot have so many axes."""
        if self.rank not in {None, rank}:
            raise ValueError(f"Shape {self} must have rank {rank}")

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """The same, with at least so many axes.

        Raises:
            ValueError: it has fewer.
        """
        if self.plain is not None and len(self.plain) < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def __getitem__(self, key: Any) -> Any:
        if self.plain is None:
            return TensorShape(None) if isinstance(key, slice) else Dimension(None)
        found = self.plain[key]
        return TensorShape(found) if isinstance(found, tuple) else Dimension(found)

    def __iter__(self) -> Iterator[Dimension]:
        if self.plain is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter(self.dims or ())

    def __len__(self) -> int:
        if self.plain is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self.plain)

    def __bool__(self) -> bool:
        return self.plain is not None

    def __eq__(self, other: object) -> bool:
        try:
            return self.plain == dims_of(other)
        except TypeError:
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self.plain)

    def __repr__(self) -> str:
        return f"TensorShape({self.dims})"

    def __str__(self) -> str:
        if self.plain is None:
            return "<unknown>"
        sizes = ", ".join("?" if size is None else str(size) for size in self.plain)
        return f"({sizes},)" if len(self.plain) == 1 else f"({sizes})"


def compatible(a: Dims, b: Dims) -> bool:
    """Whether two shapes can be one."""
    if a is None or b is None:
        return True
    return len(a) == len(b) and all(
        x is None or y is None or x == y for x, y in zip(a, b, strict=True)
    )


def merged(a: Dims, b: Dims) -> Dims:
    """What two compatible shapes say together."""
    if a is None or b is None:
        return b if a is None else a
    return tuple(y if x is None else x for x, y in zip(a, b, strict=True))


def brackets(dims: Dims) -> str:
    """A shape as the shape functions write it: `[?,3]`."""
    if dims is None:
        return "<unknown>"
    return "[{}]".format(",".join("?" if size is None else str(size) for size in dims))


def mismatch(a: Dims, b: Dims) -> str:
    """Why two shapes cannot be one."""
    a, b = a or (), b or ()
    if len(a) != len(b):
        return f"Shapes must be equal rank, but are {len(a)} and {len(b)}"
    pairs = enumerate(zip(a, b, strict=True))
    axis, (x, y) = next((i, pair) for i, pair in pairs if None not in pair and pair[0] != pair[1])
    shapes = f"Shapes are {brackets(a)} and {brackets(b)}."
    return f"Dimension {axis} in both shapes must be equal, but are {x} and {y}. {shapes}"
