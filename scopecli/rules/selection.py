"""Which rules to run: by codes and prefixes of codes, of which the longest wins, as in ruff."""

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
    """Which rules to run.

    Attributes:
        select: codes or prefixes of codes; `ALL` for every rule.
        ignore: codes or prefixes to leave out.
        extend_select: codes or prefixes in addition to `select`.
        per_path_ignores: patterns of paths, and what to leave out for paths that match.
        folder: the folder to which patterns are relative; empty for the working folder.
    """

    select: tuple[str, ...] = (ALL,)
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_path_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    folder: str = ""

    def changed(
        self, select: Sequence[str], ignore: Sequence[str], extend_select: Sequence[str]
    ) -> Selection:
        """The selection with options of the command line: `select` replaces, the others add.

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
    """The length of the longest prefix of a code: 0 for `ALL`, and -1 where there is none."""
    lengths = [0 if prefix == ALL else len(prefix) for prefix in prefixes if _covers(prefix, code)]
    return max(lengths, default=-1)


def _covers(prefix: str, code: str) -> bool:
    return prefix == ALL or code.startswith(prefix)


def _matches(path: str, pattern: str) -> bool:
    """Whether a pattern matches a path, or the end of it from some folder on."""
    path = path.replace("\\", "/")
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"*/{pattern}")
