"""The flags of a program: what its command line says, or else their defaults."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Flags:
    """All flags that were defined, as attributes."""

    def __getattr__(self, name: str) -> Any:
        if name == "__flags":  # as programs of the first versions print them
            return self.flag_values_dict()
        raise AttributeError(f"Unknown command line flag '{name}'")

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __iter__(self) -> Any:
        return iter(vars(self))

    def __contains__(self, name: str) -> bool:
        return name in vars(self)

    def __call__(self, argv: Any = None, **_: Any) -> list[Any]:
        """Each was parsed when it was defined."""
        return list(argv or [])

    def flag_values_dict(self) -> dict[str, Any]:
        """All flags with their values."""
        return dict(vars(self))

    def _parse_flags(self, *_: Any, **__: Any) -> None:
        """Each was parsed when it was defined."""

    mark_as_parsed = _parse_flags

    def is_parsed(self) -> bool:
        """Always."""
        return True


FLAGS = Flags()

_BOOLEANS = frozenset({"boolean", "bool"})
_FALSE = frozenset({"false", "f", "0", "no"})
_PARSERS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "float": float,
    "list": lambda text: text.split(","),
    **dict.fromkeys(_BOOLEANS, lambda text: text.lower() not in _FALSE),
}


def defining(kind: str) -> Callable[..., None]:
    """The function that defines flags of a kind: `integer` for `DEFINE_integer`."""

    def define(
        name: Any = None,
        default: Any = None,
        *_: Any,
        flag_name: Any = None,
        default_value: Any = None,
        **__: Any,
    ) -> None:
        name = name or flag_name
        said = _said(name, sys.argv[1:], is_boolean=kind in _BOOLEANS)
        value = default_value if default is None else default
        setattr(FLAGS, name, value if said is None else _PARSERS.get(kind, str)(said))

    return define


def _said(name: str, argv: Sequence[str], *, is_boolean: bool) -> str | None:
    """What a command line says of a flag: `--name=value`, `--name value`, `--name`, `--noname`."""
    found = None
    for word, following in zip(argv, [*argv[1:], ""], strict=False):
        if word == "--":
            break
        key, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-"):
            continue
        if key == name:
            found = value if equals else "true" if is_boolean else following
        elif is_boolean and key == f"no{name}":
            found = "false"
    return found
