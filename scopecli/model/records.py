"""`NamedTuple`, whose classes are made in a fifth of the time that those of `typing` take.

`typing` compiles the text of each annotation to see whether it is one, and `collections` compiles
`__new__` of each class. A small listing makes forty classes, and a tenth of the time that it may
take went into that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["NamedTuple"]

if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251
else:
    from collections import _tuplegetter as _field  # what `namedtuple` has, too
    from functools import cache
    from types import FunctionType

    _NAMES = {"_new": tuple.__new__, "__builtins__": {}}

    @cache
    def _constructor(count):
        """The code of a `__new__` with so many fields, whatever they are called."""
        arguments = "".join(f"_{number}, " for number in range(count))
        return eval(f"lambda _cls, {arguments}: _new(_cls, ({arguments}))", _NAMES).__code__  # noqa: S307

    class _Record(tuple):
        """What all records can do, as `namedtuple` has it."""

        __slots__ = ()

        def _replace(self, /, **changes):
            made = type(self)(*map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"Got unexpected field names: {list(changes)!r}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            pairs = zip(self._fields, self, strict=True)
            inside = ", ".join(f"{field}={value!r}" for field, value in pairs)
            return f"{type(self).__name__}({inside})"

        def __getnewargs__(self):
            return tuple(self)

    class _Making(type):
        """Makes a plain class of tuples of a class statement."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = tuple(body.pop(field) for field in fields if field in body)
            code = _constructor(len(fields)).replace(co_varnames=("_cls", *fields))
            new = FunctionType(code, _NAMES, "__new__", defaults)
            new.__qualname__ = f"{body['__qualname__']}.__new__"
            own = {field: _field(number, None) for number, field in enumerate(fields)}
            own |= {"__slots__": (), "__match_args__": fields, "_fields": fields, "__new__": new}
            return type(name, (_Record,), {**body, **own})

    class NamedTuple(metaclass=_Making):
        """What named tuples are declared as."""
