"""What a lint rule is: a module with `RULE`, its manual page, and a function `check`.

    def check(context: Context) -> Iterator[Hit]

The name of the module, `n101_case_only_siblings.py`, registers the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.model.finding import Hit, Severity
    from scopecli.rules.context import Context

# What a rule needs in order to run; `engine.NEEDS` tells whether it is there.
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

# The families of rules, by the first letter of their codes.
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
    "L": "Lock: comparison with a reference",
}


class Rule(NamedTuple):
    """A rule's manual page.

    Attributes:
        code: a letter for the family and three digits.
        name: for people, in kebab case.
        severity: of its findings.
        needs: what must be there for the rule to run.
        summary: what it finds, as a sentence.
        why: what goes wrong because of it.
        fix: what to do.
        false_alarms: when a finding is wrong, what is left out and why; may be empty.
        bad: a model with findings, in the notation of `scopecli.rules.notation`.
        subjects: the subjects of the findings in `bad`.
        good: the same model without the fault.
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
    """The interface of a rule's module."""

    RULE: Rule

    def check(self, context: Context, /) -> Iterator[Hit]:
        """Find what is wrong with a model.

        Raises:
            ScopecliError: the file is damaged where the rule looks.
        """
