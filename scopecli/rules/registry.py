"""The rules: the modules of this package whose names start with a code.

The names of the modules tell which rules exist, so choosing some imports none.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.rules.rule import Rule, RuleModule

_CODE_LENGTH = 4  # a letter and three digits


@cache
def names() -> Mapping[str, str]:
    """The name of each rule by its code, in the order of codes."""
    package = __name__.rpartition(".")[0]
    (folder,) = import_module(package).__path__
    found = {}
    for module in pkgutil.iter_modules([folder]):
        code, _, name = module.name.partition("_")
        if len(code) == _CODE_LENGTH and code[1:].isdecimal():
            found[code.upper()] = name.replace("_", "-")
    return dict(sorted(found.items()))


def module_name(code: str) -> str:
    """The module of a rule."""
    package = __name__.rpartition(".")[0]
    return f"{package}.{code.lower()}_{names()[code].replace('-', '_')}"


def module(code: str) -> RuleModule:
    """Import a rule."""
    return cast("RuleModule", import_module(module_name(code)))


def rule(code: str) -> Rule:
    """A rule's manual page."""
    return module(code).RULE
