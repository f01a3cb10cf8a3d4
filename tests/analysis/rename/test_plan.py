"""Rules, plans and conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scopecli.analysis.rename.plan import Request, plan
from scopecli.analysis.rename.rules import (
    AddPrefix,
    Drop,
    DropSlots,
    Replace,
    Rule,
    StripPrefix,
    Substitute,
    replacement,
    substitution,
)
from scopecli.errors import ScopecliError
from scopecli.model.renaming import Renaming, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.analysis.rename.plan import Plan


def subject(text: str) -> Subject:
    """`name`, or `name < owner` for a slot."""
    name, _, owner = text.partition(" < ")
    return Subject(name, "slot" if owner else "variable", owner)


def nothing(_names: Sequence[str]) -> Iterator[tuple[str, str]]:
    return iter(())


def planned(
    names: str,
    *rules: str | Rule,
    separator: str = "/",
    with_slots: bool = True,
    allow_unmatched: bool = False,
) -> Plan:
    """A plan for names that commas separate."""
    given = [replacement(rule) if isinstance(rule, str) else rule for rule in rules]
    subjects = [subject(name.strip()) for name in names.split(",")]
    return plan(subjects, separator, Request(given, with_slots, allow_unmatched), nothing)


def moves(names: str, *rules: str | Rule, **options: Any) -> dict[str, str]:
    """What moves, where nothing speaks against it."""
    found = planned(names, *rules, **options)
    assert found.conflicts == ()
    return dict(found.renaming.moves)


def conflicts(names: str, *rules: str | Rule) -> list[str]:
    return [str(conflict) for conflict in planned(names, *rules).conflicts]


def test_a_name_moves_and_others_stay() -> None:
    assert moves("a, a/b, ab", "a=c") == {"a": "c"}


def test_a_scope_moves_with_the_variable_of_its_name() -> None:
    assert moves("a, a/b, a/c/d, ab", "a/=x/y/") == {
        "a": "x/y",
        "a/b": "x/y/b",
        "a/c/d": "x/y/c/d",
    }


def test_a_variable_that_is_no_scope_is_not_meant() -> None:
    assert conflicts("a, b", "a/=c/") == ["a/=c/: matches nothing"]


def test_an_empty_new_name_moves_a_scope_up() -> None:
    assert moves("a/b, a/c/d, e", "a/=") == {"a/b": "b", "a/c/d": "c/d"}


def test_names_swap() -> None:
    assert moves("a, b, c", "a=b", "b=c", "c=a") == {"a": "b", "b": "c", "c": "a"}
    assert moves("a/x, b/x", "a/=b/", "b/=a/") == {"a/x": "b/x", "b/x": "a/x"}


def test_the_first_rule_that_matches_decides() -> None:
    assert moves("a/b, a/c", "a/b=x", "a/=y/") == {"a/b": "x", "a/c": "y/c"}
    assert moves("a/b/c, a/d", "a/=y/", "a/b/=z/", allow_unmatched=True) == {
        "a/b/c": "y/b/c",
        "a/d": "y/d",
    }
    assert moves("a/b, a/c", Substitute("b", "q"), "a/=y/") == {"a/b": "a/q", "a/c": "y/c"}


def test_a_name_stays_where_a_rule_says_so() -> None:
    assert moves("a/b, a/c", "a/b=a/b", "a/=y/") == {"a/c": "y/c"}


def test_other_separators() -> None:
    assert moves("module.a.b, module.c", "module.=", separator=".") == {
        "module.a.b": "a.b",
        "module.c": "c",
    }


def test_patterns() -> None:
    assert moves("l_1/w, l_12/w, x", Substitute(r"l_(\d+)/", r"block\1/")) == {
        "l_1/w": "block1/w",
        "l_12/w": "block12/w",
    }


def test_prefixes() -> None:
    assert moves("module.w, x", StripPrefix("module.")) == {"module.w": "w"}
    assert moves("a, b/c", AddPrefix("m/")) == {"a": "m/a", "b/c": "m/b/c"}


def test_dropping() -> None:
    found = planned("a/b, a/b/Adam < a/b, c", Drop("a/?"))
    assert found.renaming == Renaming({}, frozenset({"a/b", "a/b/Adam"}))
    assert planned("a, a/m < a, b", DropSlots()).renaming.drops == {"a/m"}
    assert [tuple(drop) for drop in found.drops] == [("a/b", "variable"), ("a/b/Adam", "slot")]


def test_slots_follow_their_variable() -> None:
    names = "net/w, net/w/Adam < net/w, train/net/w/Adam_1 < net/w, Adam/m/net/w < net/w"
    assert moves(names, "net/w=x/k") == {
        "net/w": "x/k",
        "net/w/Adam": "x/k/Adam",
        "train/net/w/Adam_1": "train/x/k/Adam_1",
        "Adam/m/net/w": "Adam/m/x/k",
    }


def test_slots_stay_where_they_are_told_to() -> None:
    assert moves("w, w/Adam < w", "w=x", with_slots=False) == {"w": "x"}


def test_a_slot_goes_with_the_first_rule_of_the_two() -> None:
    names = "net/w, net/w/Adam < net/w, net/v"
    assert moves(names, "net/w=kernel", "net/=enc/") == {
        "net/w": "kernel",
        "net/w/Adam": "kernel/Adam",
        "net/v": "enc/v",
    }


def test_a_rule_that_is_about_the_slot_goes_before() -> None:
    assert moves("w, w/Adam < w", "w=x", "w/Adam=y") == {"w": "x", "w/Adam": "y"}
    assert planned("w, w/Adam < w", "w=x", DropSlots()).renaming == Renaming(
        {"w": "x"}, frozenset({"w/Adam"})
    )
    assert moves("net/w, train/net/w/m < net/w", "train/=t/", "net/=n/") == {
        "net/w": "n/w",
        "train/net/w/m": "t/net/w/m",
    }


def test_what_follows_goes_along_a_chain_and_a_circle_ends() -> None:
    assert moves("w, w/a < w, w/a/b < w/a", "w=x") == {"w": "x", "w/a": "x/a", "w/a/b": "x/a/b"}
    assert moves("a < b, b < a, c", "c=d") == {"c": "d"}


def test_two_sources_for_one_name() -> None:
    assert conflicts("a, b, c", "a=d", "b=d") == ["d: would be the new name of several: a, b"]


def test_a_name_that_exists_and_stays() -> None:
    assert conflicts("a, b", "a=b") == ["b: exists and stays; it would be the new name of a"]
    assert conflicts("a, b", "a=b", "b=c") == []
    assert conflicts("a, b", "a=b", Drop("b")) == []


def test_spaces_are_apart() -> None:
    subjects = [Subject("a", "variable", "", "keys"), Subject("b", "node", "", "nodes")]
    assert plan(subjects, "/", Request([Replace("a", "b")]), nothing).conflicts == ()


def test_all_conflicts_are_listed() -> None:
    found = conflicts("a, b, c, scope/w", "a=b", "c=b", "scop/=x/", Substitute("zz", "y"))
    assert found == [
        "scop/=x/: matches nothing, did you mean scope/?",
        "--regex zz=y: matches nothing",
        "b: exists and stays; it would be the new name of a, c",
    ]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (("net/=enc/", Substitute("w$", "kernel")), "net/w is decided by net/=enc/"),
        (("net/=a/", "net/=b/"), "net/w is decided by net/=a/"),
        (("net/=a/", "net/=a/"), "net/w is decided by net/=a/"),
        (("net/w=kernel", Substitute("Adam", "m")), "net/w/Adam goes with net/w"),
    ],
)
def test_a_rule_that_comes_too_late(rules: tuple[str | Rule, ...], why: str) -> None:
    found = conflicts("net/w, net/w/Adam < net/w", *rules)
    assert found == [f"{rules[1]}: matches nothing that is left: {why}"]


def test_rules_may_match_nothing_where_that_is_allowed() -> None:
    found = planned("a", "b=c", allow_unmatched=True)
    assert found.conflicts == ()
    assert [rule.subject for rule in found.unmatched] == ["b=c"]


def test_a_scope_that_is_named_like_a_variable() -> None:
    found = conflicts("dense/kernel, dense/bias", "dense=x")
    assert found == ["dense=x: matches nothing: dense is a scope, so write dense/=x/"]


def test_names_that_all_become_nothing() -> None:
    (problem,) = conflicts("a, b", Substitute(".*", ""))
    assert problem == '"": would be the new name of several: a, b'


def test_rules_as_other_tools_write_them() -> None:
    (problem,) = conflicts("net/w", "net*=enc*")
    assert problem.startswith("net*=enc*: matches nothing: a star stands for itself")
    (problem,) = map(str, planned("net.w", "net/=enc/", separator=".").conflicts)
    assert problem.endswith(": scopes end in '.' here, so write net.=enc.")


def test_a_prefix_without_its_separator() -> None:
    assert [str(c) for c in planned("m.w", StripPrefix("m"), separator=".").conflicts] == [
        ".w: has an empty part, as the new name of m.w"
    ]


def test_the_nearest_name_is_suggested() -> None:
    (problem,) = conflicts("dense/kernel, other/bias", "dense/kernal=x")
    assert problem == "dense/kernal=x: matches nothing, did you mean dense/kernel?"


def test_what_the_format_says_of_new_names() -> None:
    """What was wrong before is not the rename's doing, and what moves with its fault may."""

    def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
        return ((name, "has a blank") for name in names if " " in name)

    subjects = [Subject(name, "variable") for name in ("a", "b c", "d e")]
    rules = [Replace("a", "x y"), Replace("b c", "b  c")]
    found = plan(subjects, "/", Request(rules), complaints)
    assert [str(conflict) for conflict in found.conflicts] == [
        "x y: has a blank, as the new name of a"
    ]


def test_an_empty_name_is_shown() -> None:
    def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
        return ((name, "is empty") for name in names if not name)

    found = plan([Subject("a", "variable")], "/", Request([StripPrefix("a")]), complaints)
    assert [str(conflict) for conflict in found.conflicts] == ['"": is empty, as the new name of a']


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (Replace("a/", "b"), "turns a scope into a name; for the whole scope write a/=b/"),
        (Replace("a", "b/"), "turns a name into no name; for a whole scope write a/=b/"),
        (Replace("a", ""), "turns a name into no name"),
        (Substitute("(", "x"), "missing \\), unterminated subpattern"),
        (Substitute("a", r"\2"), "invalid group reference 2"),
    ],
)
def test_rules_that_contradict_themselves(rule: Rule, problem: str) -> None:
    with pytest.raises(ScopecliError, match=problem):
        planned("a, a/b", rule)


def test_rules_are_read_from_text() -> None:
    assert replacement("a=b=c") == Replace("a", "b=c")
    assert substitution("(?=a)b=c") == Substitute("(?=a)b", "c")
    for text in ("a", "=b"):
        with pytest.raises(ScopecliError, match="is not OLD=NEW"):
            replacement(text)
        with pytest.raises(ScopecliError, match="is not PATTERN=REPL"):
            substitution(text)


def test_rules_say_themselves_as_they_are_given() -> None:
    rules = [Replace("a", "b"), Substitute("a", "b"), StripPrefix("a"), AddPrefix("a"), Drop("a")]
    assert [str(rule) for rule in (*rules, DropSlots())] == [
        "a=b",
        "--regex a=b",
        "--strip-prefix a",
        "--add-prefix a",
        "--drop a",
        "--drop-slots",
    ]
