"""Findings for people, by file and rule; many of one scope are put on one line."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from scopecli.model.finding import SEVERITIES
from scopecli.model.names import listed, printable
from scopecli.render import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.model.finding import Finding, Severity
    from scopecli.render.reports import Report
    from scopecli.render.style import Glyphs, Role, Span

Line = list["Span"]

_ROLES: Mapping[Severity, Role] = {"error": "error", "warning": "mark", "info": "dim"}
# More findings of one rule in one scope than these are put on one line.
_MOST_APART = 3


def lines(report: Report, glyphs: Glyphs) -> Iterator[Line]:
    """The report, and a summary as its last line."""
    if not report.paths:
        return  # nothing could be checked, and the errors are on standard error
    for path, found in groupby(report.findings, key=lambda finding: finding.path):
        yield [(printable(path), "title")]
        for _, of_rule in groupby(found, key=lambda finding: finding.code):
            yield from _rule_lines(list(of_rule), glyphs)
        yield []
    yield _summary(report, glyphs)


def _rule_lines(found: Sequence[Finding], glyphs: Glyphs) -> Iterator[Line]:
    first = found[0]
    yield [
        ("  ", "plain"),
        (f"{first.severity:<8}", _ROLES[first.severity]),
        (f"{first.code} {first.name}", "scope"),
    ]
    for scope, of_scope in groupby(found, key=lambda finding: finding.scope):
        group = list(of_scope)
        if len(group) > _MOST_APART:
            yield _scope_line(scope, group, glyphs)
        else:
            yield from ([("    ", "plain"), *_spans(finding)] for finding in group)
    yield [(f"    fix: {printable(first.fix)}", "dim")]


def _spans(finding: Finding) -> Iterator[Span]:
    if finding.subject:
        yield printable(finding.subject), "variable"
        yield ": ", "dim"
    yield printable(finding.message), "plain"


def _scope_line(scope: str, group: Sequence[Finding], glyphs: Glyphs) -> Line:
    """Several findings of one scope: their number, names of subjects, and the first message."""
    leaves = [finding.subject.removeprefix(scope)[1:] for finding in group] if scope else []
    names = leaves or [finding.subject for finding in group]
    return [
        ("    ", "plain"),
        (printable(scope) or "(no scope)", "scope"),
        (f"  {len(group)}{glyphs.times}  ", "mark"),
        (printable(listed(names, _MOST_APART)), "variable"),
        (": ", "dim"),
        (printable(group[0].message), "plain"),
    ]


def _summary(report: Report, glyphs: Glyphs) -> Line:
    files = words.plural(len(report.paths), "file")
    counts = [
        words.plural(number, severity) if severity != "info" else f"{number} info"
        for severity in SEVERITIES
        if (number := report.count(severity))
    ]
    known = f"{glyphs.dot}{words.plural(report.known, 'known finding')}" if report.known else ""
    found = glyphs.dot.join(counts) or "nothing found"
    return [(f"{files}: {found}{known}", "error" if report.failed else "plain")]
