"""The rules are linted: complete pages, unique codes, examples that work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import scopecli.rules
from scopecli.model.finding import SEVERITIES
from scopecli.rules import engine, page, registry
from scopecli.rules.notation import parse
from scopecli.rules.rule import FAMILIES, Need, Rule

CODES = list(registry.names())
FOLDER = Path(scopecli.rules.__path__[0])
ORACLES = Path(__file__).parent.parent / "oracle"


@pytest.fixture(params=CODES)
def rule(request: pytest.FixtureRequest) -> Rule:
    return registry.rule(request.param)


def test_every_module_that_is_named_like_a_rule_is_one() -> None:
    files = {path.stem for path in FOLDER.glob("[a-z][0-9]*_*.py")}
    assert files == {registry.module_name(code).rpartition(".")[2] for code in CODES}
    assert len(files) == len(CODES) > 1


def test_codes_and_names_are_unique() -> None:
    rules = [registry.rule(code) for code in CODES]
    assert len({rule.code for rule in rules}) == len({rule.name for rule in rules}) == len(CODES)


def test_the_module_is_named_after_the_rule(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z][0-9]{3}", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert registry.names()[rule.code] == rule.name
    doc = registry.module(rule.code).__doc__
    assert doc is not None
    assert doc.startswith(f"{rule.code}: ")


def test_the_page_is_complete(rule: Rule) -> None:
    assert rule.code[0] in FAMILIES
    assert rule.severity in SEVERITIES
    assert rule.needs in get_args(Need)
    for sentence in (rule.summary, rule.why, rule.false_alarms):
        assert sentence == "" or re.fullmatch(r"[A-Z`].*\.", sentence, re.DOTALL), sentence
    assert rule.summary
    assert rule.why
    assert re.fullmatch(r"[a-z].*[^.]", rule.fix), rule.fix  # it follows a message
    assert "  " not in rule.summary + rule.why + rule.fix + rule.false_alarms


def test_the_bad_example_is_found(rule: Rule) -> None:
    """With the subjects that the page names, and through the engine as `validate` runs it."""
    found = engine.findings(parse(rule.bad).context(), {rule.code})
    assert [finding.subject for finding in found] == list(rule.subjects)
    for finding in found:
        assert finding.code == rule.code
        assert finding.severity == rule.severity
        assert finding.message
        assert not finding.message.endswith(".")


def test_the_good_example_is_not(rule: Rule) -> None:
    """And that not for want of what the rule needs."""
    context = parse(rule.good).context()
    assert engine.findings(context, {rule.code}) == []
    if rule.needs != "damage":
        assert engine.NEEDS[rule.needs](context)


def test_the_page_of_all_rules_is_as_written() -> None:
    """`python -m scopecli.rules` writes it."""
    assert (FOLDER / "README.md").read_text("utf-8") == page.text()


def test_every_rule_is_held_against_a_framework() -> None:
    """By a test that makes files with the fault and without, and says so by its mark."""
    written = "".join(path.read_text("utf-8") for path in ORACLES.glob("test_rules*.py"))
    marked = re.findall(r"(?:mark\.rules|\bCase)\(\s*((?:\"[A-Z]\d{3}\"(?:, )?)+)", written)
    assert {code for codes in marked for code in re.findall(r"\w+", codes)} == set(CODES)


def test_every_need_is_known() -> None:
    assert set(engine.NEEDS) == set(get_args(Need))
