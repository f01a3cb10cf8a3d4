"""What a lint rule found."""

from __future__ import annotations

from typing import Literal

from scopecli.model.records import NamedTuple

Severity = Literal["error", "warning", "info"]

# The worst first.
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


class Hit(NamedTuple):
    """What a rule says of one subject; the engine makes a `Finding` of it.

    Attributes:
        subject: the variable, scope, node, layer or collection; empty for the whole file.
        message: what is wrong, with the evidence; reads on from the subject.
    """

    subject: str
    message: str


class Finding(NamedTuple):
    """One thing that is wrong, or may be, in one file.

    Attributes:
        code: of the rule: `N101`.
        name: of the rule, for people: `case-only-siblings`.
        severity: how bad it is.
        path: the file, as it was given.
        scope: the scope that the subject is in; empty at the top.
        subject: the variable, scope, node, layer or collection; empty for the whole file.
        message: what is wrong, with the evidence; reads on from the subject.
        fix: what to do.
    """

    code: str
    name: str
    severity: Severity
    path: str
    scope: str
    subject: str
    message: str
    fix: str

    @property
    def text(self) -> str:
        """Subject and message in one line."""
        return f"{self.subject}: {self.message}" if self.subject else self.message


def is_as_bad_as(severity: Severity, threshold: Severity) -> bool:
    """Whether a severity is the threshold or worse."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(threshold)
