"""The manual pages of rules, for people and for programs."""

from __future__ import annotations

import json
from textwrap import wrap
from typing import TYPE_CHECKING

from scopecli.rules.page import example

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.model.finding import Severity
    from scopecli.render.style import Role, Span
    from scopecli.rules.rule import Rule

Line = list["Span"]

SCHEMA_RULES = "scopecli/rules/1"
_WIDTH = 88
_ROLES: Mapping[Severity, Role] = {"error": "error", "warning": "mark", "info": "dim"}


def table_lines(rules: Sequence[Rule]) -> Iterator[Line]:
    """One line for each rule."""
    width = max((len(rule.name) for rule in rules), default=0)
    for rule in rules:
        yield [
            (f"{rule.code}  ", "title"),
            (f"{rule.severity:<8}", _ROLES[rule.severity]),
            (f" {rule.name:<{width}}  ", "scope"),
            (rule.summary, "plain"),
        ]


def page_lines(rule: Rule) -> Iterator[Line]:
    """The whole page of a rule."""
    yield [
        (f"{rule.code} {rule.name}", "title"),
        (f"  {rule.severity}", _ROLES[rule.severity]),
        (f"  {rule.family}; needs: {rule.needs}", "dim"),
    ]
    for text in (rule.summary, rule.why, f"What to do: {rule.fix}.", rule.false_alarms):
        if text:
            yield []
            for line in wrap(text, _WIDTH):
                yield [(line, "plain")]
    for title, text in (("Bad:", rule.bad), ("Good:", rule.good)):
        yield []
        yield [(title, "dim")]
        for line in example(text).splitlines():
            yield [(f"    {line}", "variable")]
    yield []


def document(rules: Sequence[Rule]) -> Iterator[str]:
    """`rules --format json`."""
    rows = [
        {
            **rule._asdict(),
            "family": rule.family,
            "bad": example(rule.bad),
            "good": example(rule.good),
        }
        for rule in rules
    ]
    yield json.dumps({"schema": SCHEMA_RULES, "rules": rows}, indent=2) + "\n"
