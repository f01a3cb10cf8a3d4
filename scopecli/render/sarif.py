"""Findings as SARIF 2.1.0, which code scanning reads.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from scopecli import __version__
from scopecli.render.reports import slashed
from scopecli.rules import registry
from scopecli.rules.baseline import fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.model.finding import Finding, Severity
    from scopecli.render.reports import Report
    from scopecli.rules.rule import Rule

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_FINGERPRINT = "scopecli/v1"
# Models have no lines, and GitHub shows nothing that is in none (rule GH1003 of the SARIF SDK).
_REGION = {"startLine": 1}


def as_sarif(report: Report) -> Iterator[str]:
    """`--format sarif`: one run, with the pages of all rules."""
    codes = list(registry.names())
    places = {code: place for place, code in enumerate(codes)}
    driver = {
        "name": "scopecli",
        "version": __version__,
        "rules": [_rule(registry.rule(code)) for code in codes],
    }
    pairs = zip(report.findings, fingerprints(report.findings), strict=True)
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "artifacts": [{"location": {"uri": _uri(path)}} for path in report.paths],
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(finding, places[finding.code], mark) for finding, mark in pairs
                ],
            }
        ],
    }
    yield json.dumps(document, indent=1) + "\n"


def _rule(rule: Rule) -> dict[str, object]:
    words = [rule.why, rule.false_alarms, f"What to do: {rule.fix}."]
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": "\n\n".join(word for word in words if word)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.family]},
    }


def _result(finding: Finding, place: int, fingerprint: str) -> dict[str, object]:
    location: dict[str, object] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(finding.path)}, "region": _REGION}
    }
    if finding.subject:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.subject}]
    return {
        "ruleId": finding.code,
        "ruleIndex": place,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.text}; {finding.fix}"},
        "locations": [location],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
    }


def _uri(path: str) -> str:
    """A path as a URI; a relative one stays relative, so that it is found in the repository."""
    return quote(slashed(path), errors="surrogateescape")
