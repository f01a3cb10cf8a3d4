"""`NamedTuple`, which defines a class in a third of the time that `typing.NamedTuple` takes.

`typing` compiles the text of every annotation. A small listing defines forty classes, which took a
tenth of the time that it may take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["NamedTuple"]

if TYPE_CHECKING:
    from typing import NamedTuple  # noqa: TID251
else:
    from collections import namedtuple

    class _Making(type):
        """Turns a class statement into a plain named tuple."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body.get("__annotations__", {})
            defaults = [body.pop(field) for field in fields if field in body]
            module = body.pop("__module__")
            made = namedtuple(name, fields, defaults=defaults, module=module)  # noqa: PYI024
            for attribute, value in body.items():
                setattr(made, attribute, value)
            return made

    class NamedTuple(metaclass=_Making):
        """The base with which a named tuple is declared."""
