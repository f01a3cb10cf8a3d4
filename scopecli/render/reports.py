"""Findings in the formats of other programs, and as our own JSON document.

Each function gives the text in pieces. Paths are written with `/`, as all these formats require.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scopecli.model.finding import SEVERITIES, is_as_bad_as
from scopecli.model.names import printable
from scopecli.model.records import NamedTuple
from scopecli.rules.baseline import fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from scopecli.model.finding import Finding, Severity

SCHEMA_FINDINGS = "scopecli/findings/1"

# The names of severities at GitHub and GitLab.
_GITHUB: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_GITLAB: Mapping[Severity, str] = {"error": "major", "warning": "minor", "info": "info"}
# https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
# Line ends need no row: `printable` has escaped them before.
_IN_MESSAGES = {"%": "%25"}
_IN_PROPERTIES = {**_IN_MESSAGES, ":": "%3A", ",": "%2C"}


class Report(NamedTuple):
    """The result of a run.

    Attributes:
        paths: the files that were checked, as they were given.
        findings: the new findings, file by file.
        known: how many more findings were in the baseline.
        fail_on: the least severity that fails the run.
    """

    paths: Sequence[str]
    findings: Sequence[Finding]
    known: int
    fail_on: Severity

    @property
    def failed(self) -> bool:
        """Whether a finding is bad enough to fail the run."""
        return any(is_as_bad_as(finding.severity, self.fail_on) for finding in self.findings)

    def by_path(self) -> dict[str, list[Finding]]:
        """The findings of each file, also of files without any."""
        found: dict[str, list[Finding]] = {path: [] for path in self.paths}
        for finding in self.findings:
            found.setdefault(finding.path, []).append(finding)
        return found

    def count(self, severity: Severity) -> int:
        """How many findings have a severity."""
        return sum(finding.severity == severity for finding in self.findings)


def as_json(report: Report) -> Iterator[str]:
    """`--format json`: one line for each finding."""
    summary: dict[str, object] = {
        "files": len(report.paths),
        "findings": len(report.findings),
        **{severity: report.count(severity) for severity in SEVERITIES},
        "known": report.known,
        "fail_on": report.fail_on,
        "failed": report.failed,
    }
    yield f'{{"schema": "{SCHEMA_FINDINGS}", "paths": {json.dumps(list(report.paths))},\n'
    yield '"findings": ['
    gap = "\n"
    for finding in report.findings:
        yield gap + json.dumps(finding._asdict())
        gap = ",\n"
    yield f'\n],\n"summary": {json.dumps(summary)}}}\n'


def as_concise(report: Report) -> Iterator[str]:
    """`--format concise`: one line for each finding, for grep."""
    for finding in report.findings:
        yield printable(f"{finding.path}: {finding.code} {finding.text}") + "\n"


def as_github(report: Report) -> Iterator[str]:
    """`--format github`: annotations of a workflow's run."""
    for finding in report.findings:
        title = f"{finding.code} {finding.name}"
        yield (
            f"::{_GITHUB[finding.severity]} file={_escaped(slashed(finding.path), _IN_PROPERTIES)}"
            f",title={_escaped(title, _IN_PROPERTIES)}"
            f"::{_escaped(f'{finding.text}; {finding.fix}', _IN_MESSAGES)}\n"
        )


def as_gitlab(report: Report) -> Iterator[str]:
    """`--format gitlab`: a Code Quality report.

    https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
    """
    prints = fingerprints(report.findings)
    rows = [
        {
            "description": f"{finding.code} {finding.text}",
            "check_name": finding.name,
            "fingerprint": fingerprint,
            "severity": _GITLAB[finding.severity],
            "location": {"path": slashed(finding.path), "lines": {"begin": 1}},
        }
        for finding, fingerprint in zip(report.findings, prints, strict=True)
    ]
    yield json.dumps(rows, indent=2) + "\n"


def as_junit(report: Report) -> Iterator[str]:
    """`--format junit`: a suite for each file, a failed case for each finding.

    A finding that is not bad enough to fail the run is a passed case with the finding as output.
    """
    from xml.etree import ElementTree as ET

    failures = cases = 0
    root = ET.Element("testsuites", name="scopecli")
    for path, found in report.by_path().items():
        failed = sum(is_as_bad_as(finding.severity, report.fail_on) for finding in found)
        failures += failed
        cases += max(1, len(found))
        suite = ET.SubElement(
            root,
            "testsuite",
            name=_xml_text(path),
            tests=str(max(1, len(found))),
            failures=str(failed),
        )
        for finding in found:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=_xml_text(path),
                name=_xml_text(f"{finding.code} {finding.name} {finding.subject}".rstrip()),
            )
            _add_outcome(case, finding, report.fail_on)
        if not found:
            ET.SubElement(suite, "testcase", classname=_xml_text(path), name="no findings")
    root.set("tests", str(cases))
    root.set("failures", str(failures))
    ET.indent(root)
    yield '<?xml version="1.0" encoding="utf-8"?>\n'
    yield ET.tostring(root, encoding="unicode") + "\n"


def slashed(path: str) -> str:
    """A path with `/` as separator."""
    return path.replace("\\", "/")


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return "".join(escapes.get(letter, letter) for letter in printable(text))


def _add_outcome(case: Element, finding: Finding, fail_on: Severity) -> None:
    from xml.etree import ElementTree as ET

    text = _xml_text(f"{finding.text}\n{finding.fix}")
    if is_as_bad_as(finding.severity, fail_on):
        failure = ET.SubElement(
            case, "failure", type=finding.severity, message=_xml_text(finding.text)
        )
        failure.text = text
    else:
        ET.SubElement(case, "system-out").text = f"{finding.severity}: {text}"


def _xml_text(text: str) -> str:
    """Text without characters that XML cannot hold: https://www.w3.org/TR/xml/#charsets."""
    lines = [printable(line) for line in text.split("\n")]
    return "\n".join(lines).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
