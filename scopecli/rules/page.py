"""The page of all rules, in Markdown: the README.md of this package."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING

from scopecli.rules import registry
from scopecli.rules.rule import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scopecli.rules.rule import Rule

_HEAD = """\
# Rules of `scopecli validate`

Written by `python -m scopecli.rules` from the modules beside this page: a rule is one module, and
its `RULE` is its manual page. `scopecli rules CODE` shows one of them in the terminal.

To add a rule, write a module that is named after its code and name
(`n101_case_only_siblings.py`), with `RULE` and `check`, and run `python -m scopecli.rules`.
`bad` and `good` are models in the notation of `notation.py`; the tests hold every rule to them.
"""


def text() -> str:
    """The whole page."""
    rules = [registry.rule(code) for code in registry.names()]
    return "\n".join([_HEAD, *_table(rules), *_sections(rules)])


def example(source: str) -> str:
    """An example as it is shown: without the indentation that it has in its module."""
    return dedent(source).strip("\n")


def _table(rules: Iterable[Rule]) -> Iterator[str]:
    yield "| code | name | severity | finds |"
    yield "|---|---|---|---|"
    for rule in rules:
        link = f"[{rule.code}](#{rule.code.lower()}-{rule.name})"
        yield f"| {link} | {rule.name} | {rule.severity} | {_cell(rule.summary)} |"
    yield ""


def _sections(rules: Iterable[Rule]) -> Iterator[str]:
    family = ""
    for rule in sorted(rules, key=lambda rule: (list(FAMILIES).index(rule.code[0]), rule.code)):
        if rule.family != family:
            family = rule.family
            yield f"## {family}\n"
        yield f"### {rule.code} {rule.name}\n"
        yield f"{rule.summary} ({rule.severity}; needs: {rule.needs})\n"
        yield f"{rule.why}\n"
        yield f"What to do: {rule.fix}.\n"
        if rule.false_alarms:
            yield f"{rule.false_alarms}\n"
        yield f"Bad:\n\n{indent(example(rule.bad), '    ')}\n"
        yield f"Good:\n\n{indent(example(rule.good), '    ')}\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")
