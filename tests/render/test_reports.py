"""Findings in the formats of other programs, each read back by a program of its kind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from scopecli.model.finding import Finding
from scopecli.render import findings as people
from scopecli.render import reports
from scopecli.render.reports import Report
from scopecli.render.sarif import as_sarif
from scopecli.render.style import ASCII
from scopecli.rules import registry
from tests.schemas import check

ODD = '50%, a:b\nsecond \x1b[31m<line> & "quotes" \ud800 \uffff \u202e'


def finding(
    code: str = "N101",
    subject: str = "net/w",
    *,
    path: str = "runs/model.ckpt-1",
    message: str = "is odd",
) -> Finding:
    rule = registry.rule(code)
    scope = subject.rpartition("/")[0]
    return Finding(code, rule.name, rule.severity, path, scope, subject, message, rule.fix)


ALL = [
    finding("N107"),
    finding("N101", "net/v"),
    finding("N104", "net/Variable"),
    finding("S202", "", message=ODD),
    finding("N101", ODD, path="b:\\odd, name.h5"),
]
REPORT = Report(["runs/model.ckpt-1", "b:\\odd, name.h5", "clean.h5"], ALL, 2, "error")
EMPTY = Report(["clean.h5"], [], 0, "error")


def text(pieces: object) -> str:
    assert hasattr(pieces, "__iter__")
    return "".join(pieces)


class TestJson:
    def test_the_document(self) -> None:
        document = check("findings", text(reports.as_json(REPORT)))
        assert [row["code"] for row in document["findings"]] == [f.code for f in ALL]
        assert document["findings"][0]["subject"] == "net/w"
        assert document["summary"] == {
            "files": 3,
            "findings": 5,
            "error": 2,
            "warning": 2,
            "info": 1,
            "known": 2,
            "fail_on": "error",
            "failed": True,
        }

    def test_nothing_found(self) -> None:
        document = check("findings", text(reports.as_json(EMPTY)))
        assert document["findings"] == []
        assert not document["summary"]["failed"]


def test_concise_is_a_line_each() -> None:
    lines = text(reports.as_concise(REPORT)).splitlines()
    assert len(lines) == len(ALL)
    assert lines[0] == "runs/model.ckpt-1: N107 net/w: is odd"
    assert not set("\x1b\u202e\ud800").intersection("".join(lines))


class TestGithub:
    def test_annotations(self) -> None:
        lines = text(reports.as_github(REPORT)).splitlines()
        assert [line.split(" ")[0] for line in lines] == [
            "::error",
            "::warning",
            "::notice",
            "::error",
            "::warning",
        ]
        assert lines[0] == (
            "::error file=runs/model.ckpt-1,title=N107 path-prefix-clash"
            f"::net/w: is odd; {ALL[0].fix}"
        )

    def test_nothing_escapes_its_place(self) -> None:
        """As the runner takes a line apart: properties to the second `::`, then the message."""
        line = text(reports.as_github(REPORT)).splitlines()[-1]
        command, properties, message = re.fullmatch(r"::(\w+) (.*?)::(.*)", line).groups()  # type: ignore[union-attr]
        assert command == "warning"
        assert properties == "file=b%3A/odd%2C name.h5,title=N101 case-only-siblings"
        assert message.startswith("50%25, a:b\\x0asecond \\x1b[31m<line>")


def test_gitlab() -> None:
    rows = json.loads(text(reports.as_gitlab(REPORT)))
    assert [row["severity"] for row in rows] == ["major", "minor", "info", "major", "minor"]
    assert rows[0]["location"] == {"path": "runs/model.ckpt-1", "lines": {"begin": 1}}
    assert rows[0]["description"] == "N107 net/w: is odd"
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    assert json.loads(text(reports.as_gitlab(EMPTY))) == []


class TestJunit:
    def test_suites_and_cases(self) -> None:
        root = ET.fromstring(text(reports.as_junit(REPORT)))
        assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "6", "2")
        suites = root.findall("testsuite")
        assert [suite.get("name") for suite in suites] == list(REPORT.paths)
        assert [len(suite.findall("testcase")) for suite in suites] == [4, 1, 1]
        assert [len(suite.findall("testcase/failure")) for suite in suites] == [2, 0, 0]
        for suite in suites:
            assert suite.get("tests") == str(len(suite.findall("testcase")))
            assert suite.get("failures") == str(len(suite.findall("testcase/failure")))

    def test_what_does_not_fail_the_run_is_output(self) -> None:
        root = ET.fromstring(text(reports.as_junit(REPORT)))
        outputs = [case.text or "" for case in root.iter("system-out")]
        assert [output.partition(":")[0] for output in outputs] == ["warning", "info", "warning"]
        strict = ET.fromstring(text(reports.as_junit(REPORT._replace(fail_on="info"))))
        assert strict.get("failures") == "5"
        assert not list(strict.iter("system-out"))

    def test_what_xml_cannot_hold_is_escaped(self) -> None:
        failures = ET.fromstring(text(reports.as_junit(REPORT))).iter("failure")
        message = [failure.get("message") or "" for failure in failures][-1]
        assert message.startswith("50%, a:b")
        for part in ('\\x1b[31m<line> & "quotes"', "\\ud800", "\\uffff", "\\u202e"):
            assert part in message


SARIF = json.loads((Path(__file__).parent / "data/sarif-schema-2.1.0.json").read_text("utf-8"))


class TestSarif:
    @pytest.mark.parametrize("report", [REPORT, EMPTY], ids=["findings", "clean"])
    def test_the_document_is_what_the_standard_says(self, report: Report) -> None:
        assert SARIF["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
        Draft202012Validator.check_schema(SARIF)
        validator = Draft202012Validator(SARIF, format_checker=Draft202012Validator.FORMAT_CHECKER)
        document = json.loads(text(as_sarif(report)), parse_constant=pytest.fail)
        assert [error.message for error in validator.iter_errors(document)] == []
        document["runs"][0]["results"] = [{"ruleId": "N101"}]  # no message
        assert not validator.is_valid(document)

    def run_of(self, report: Report) -> Any:
        (run,) = json.loads(text(as_sarif(report)))["runs"]
        return run

    def test_results_point_at_their_rules(self) -> None:
        run = self.run_of(REPORT)
        rules = run["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == list(registry.names())
        for result, found in zip(run["results"], ALL, strict=True):
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == found.code
        assert [result["level"] for result in run["results"]] == [
            "error",
            "warning",
            "note",
            "error",
            "warning",
        ]

    def test_places(self) -> None:
        run = self.run_of(REPORT)
        (place,) = run["results"][0]["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "runs/model.ckpt-1"
        assert place["physicalLocation"]["region"] == {"startLine": 1}  # GitHub wants one
        assert place["logicalLocations"] == [{"fullyQualifiedName": "net/w"}]
        (place,) = run["results"][-1]["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"] == "b%3A/odd%2C%20name.h5"

    def test_fingerprints_differ(self) -> None:
        run = self.run_of(REPORT)
        marks = [result["partialFingerprints"]["scopecli/v1"] for result in run["results"]]
        assert len(set(marks)) == len(marks)


class TestPeople:
    def lines(self, report: Report) -> list[str]:
        lines = ("".join(text for text, _ in line) for line in people.lines(report, ASCII))
        return [line.rstrip() for line in lines]

    def test_by_file_and_rule(self) -> None:
        lines = self.lines(REPORT)
        assert lines[:4] == [
            "runs/model.ckpt-1",
            "  error   N107 path-prefix-clash",
            "    net/w: is odd",
            f"    fix: {ALL[0].fix}",
        ]
        assert lines[-1] == "3 files: 2 errors, 2 warnings, 1 info, 2 known findings"
        assert not set("\x1b\u202e\ud800").intersection("".join(lines))

    def test_nothing_found(self) -> None:
        assert self.lines(EMPTY) == ["1 file: nothing found"]

    @pytest.mark.parametrize(("count", "grouped"), [(3, False), (4, True), (40, True)])
    def test_many_in_one_scope_are_one_line(self, count: int, grouped: bool) -> None:
        many = [finding("N104", f"net/Variable_{number}") for number in range(count)]
        lines = self.lines(Report(["m"], many, 0, "error"))
        about = [line for line in lines if "Variable_" in line]
        assert len(about) == (1 if grouped else count)
        if grouped:
            more = f" and {count - 3} more"
            names = "Variable_0, Variable_1, Variable_2"
            assert about == [f"    net  {count}x  {names}{more}: is odd"]

    def test_nothing_where_no_file_could_be_checked(self) -> None:
        assert self.lines(Report([], [], 0, "error")) == []
