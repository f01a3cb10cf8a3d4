"""Which rules are meant: codes and prefixes of codes, the longer one winning, as in ruff."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from scopecli.errors import UnknownNameError
from scopecli.model.names import nearest
from scopecli.model.records import NamedTuple
from scopecli.rules import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ALL = "ALL"


class Selection(NamedTuple):
    """Which rules are wanted.

    Attributes:
        select: codes or prefixes of them; `ALL` for every rule.
        ignore: of those, not these.
        extend_select: these too.
        per_path_ignores: patterns of paths, and what is ignored where one matches.
        folder: where patterns are meant from, that of the settings; empty for the working folder.
    """

    select: tuple[str, ...] = (ALL,)
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_path_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    folder: str = ""

    def changed(
        self, select: Sequence[str], ignore: Sequence[str], extend_select: Sequence[str]
    ) -> Selection:
        """With what the command line says: `select` instead of what is settled, the others too.

        Raises:
            UnknownNameError: no rule has such a code or name.
        """
        return self._replace(
            select=parse(select) or self.select,
            ignore=(*self.ignore, *parse(ignore)),
            extend_select=(*self.extend_select, *parse(extend_select)),
        )

    def codes(self, path: str) -> frozenset[str]:
        """The codes of the rules for a path."""
        wanted = (*self.select, *self.extend_select)
        ignored = [*self.ignore]
        places = {path}
        if self.folder:
            places.add(os.path.abspath(path).removeprefix(os.path.join(self.folder, "")))
        for pattern, prefixes in self.per_path_ignores:
            if any(_matches(place, pattern) for place in places):
                ignored += prefixes
        return frozenset(
            code for code in registry.names() if _length(code, wanted) > _length(code, ignored)
        )


def parse(texts: Iterable[str]) -> tuple[str, ...]:
    """Codes, prefixes and names of rules, separated by commas, as prefixes of codes.

    Raises:
        UnknownNameError: no rule has such a code or name.
    """
    words = [word.strip() for text in texts for word in text.split(",")]
    return tuple(_prefix(word) for word in words if word)


def _prefix(word: str) -> str:
    codes = registry.names()
    prefix = word.upper()
    if prefix == ALL or any(code.startswith(prefix) for code in codes):
        return prefix
    for code, name in codes.items():
        if name == word.lower():
            return code
    near = nearest(prefix, codes) + nearest(word.lower(), codes.values()) if word[1:] else []
    near = near or [code for code in codes if code[0] == prefix[0] and prefix[1:].isdecimal()]
    hint = f"did you mean {' or '.join(near[:3])}?" if near else "see `scopecli rules`"
    raise UnknownNameError(f"no rule has the code {word!r}", hint=hint)


def _length(code: str, prefixes: Sequence[str]) -> int:
    """How much of a code the longest of its prefixes says; nothing is less than `ALL`."""
    lengths = [0 if prefix == ALL else len(prefix) for prefix in prefixes if _covers(prefix, code)]
    return max(lengths, default=-1)


def _covers(prefix: str, code: str) -> bool:
    return prefix == ALL or code.startswith(prefix)


def _matches(path: str, pattern: str) -> bool:
    """Whether a path, or an ending of it at a folder, is what a pattern says."""
    path = path.replace("\\", "/")
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"*/{pattern}")
