"""`NamedTuple` as `typing` has it, made in a third of the time.

`typing` compiles every annotation when such a class is made, to check it: for the two dozen
classes that a short command needs, that is a tenth of all its time. Here the annotations give the
names of the fields, and the type checker sees `typing.NamedTuple` itself.
"""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

__all__ = ["NamedTuple"]

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    _MADE_BY_NAMEDTUPLE = frozenset({"__module__", "__qualname__", "__slots__"})

    class _Maker(type):
        def __new__(cls, name: str, _: tuple[type, ...], body: dict[str, Any]) -> type:
            fields = body.get("__annotations__", {})
            defaults = [body[field] for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])  # noqa: PYI024 - it is what this is for
            for key, value in body.items():
                if key not in fields and key not in _MADE_BY_NAMEDTUPLE:
                    setattr(made, key, value)
            return made

    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})
