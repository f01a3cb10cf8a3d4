"""What a lint rule is. A rule is one module: `RULE`, which is its manual page, and `check`.

    def check(context: Context) -> Iterator[Hit]

The module is named after the rule, `n101_case_only_siblings.py`; that alone registers it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit, Severity
    from scopecli.rules.context import Context

# What a rule needs to be run at all; `engine.NEEDS` says when that is there.
Need = Literal[
    "file",
    "variables",
    "layers",
    "graph",
    "training",
    "values",
    "together",
    "reference",
    "restore",
    "damage",
]

# The first letter of a code.
FAMILIES = {
    "N": "Names",
    "S": "Scopes and reuse",
    "C": "Collections",
    "T": "Training wiring",
    "G": "Graph and checkpoint",
    "O": "Optimizer slots",
    "K": "Keras",
    "F": "Integrity",
    "H": "Numeric health",
    "L": "Lock: held against a reference",
}


class Rule(NamedTuple):
    """A rule's manual page.

    Attributes:
        code: a letter for the family and three digits.
        name: for people, in kebab case.
        severity: of its findings.
        needs: what must be there for the rule to be run.
        summary: what it finds, as a sentence.
        why: what goes wrong where it is found.
        fix: what to do.
        false_alarms: when a finding is none, or why the severity is what it is; may be empty.
        bad: a model that it speaks of, in the notation of `scopecli.rules.notation`.
        subjects: what it speaks of in `bad`.
        good: the same done right.
    """

    code: str
    name: str
    severity: Severity
    needs: Need
    summary: str
    why: str
    fix: str
    bad: str
    subjects: tuple[str, ...]
    good: str
    false_alarms: str = ""

    @property
    def family(self) -> str:
        """What the rules with the same letter are about."""
        return FAMILIES[self.code[0]]


class RuleModule(Protocol):
    """What the module of a rule has."""

    RULE: Rule

    def check(self, context: Context, /) -> Iterator[Hit]:
        """What is wrong.

        Raises:
            ScopecliError: the file is damaged where the rule looks.
        """
