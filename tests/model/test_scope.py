"""Scopes as views over sorted names."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopecli.model.names import MAX_DEPTH
from scopecli.model.scope import Scope, ScopeTree, Totals
from scopecli.model.variable import Variable


def var(name: str, size: int = 1, **more: object) -> Variable:
    return Variable(name, name, (size,), "float32", 4 * size, **more)  # type: ignore[arg-type]


def shape_of(scope: Scope) -> dict[str, object]:
    """A scope as nested dictionaries."""
    return {
        member.name: (len(member.variables), shape_of(member.scope) if member.scope else None)
        for member in scope.members()
    }


def test_members_scopes_and_variables() -> None:
    tree = ScopeTree(map(var, ["a/w", "a/b", "c", "a/in/w"]), "/")
    assert shape_of(tree.root) == {
        "a": (0, {"b": (1, None), "in": (0, {"w": (1, None)}), "w": (1, None)}),
        "c": (1, None),
    }


def test_a_name_can_be_variable_and_scope() -> None:
    tree = ScopeTree(map(var, ["a/w", "a/w/Adam", "a/w_2"]), "/")
    (a,) = tree.root.members()
    assert a.scope is not None
    assert shape_of(a.scope) == {"w": (1, {"Adam": (1, None)}), "w_2": (1, None)}


def test_names_that_sort_between_a_scope_and_its_contents() -> None:
    """`-` and `.` come before `/`: a scope's names are next to one another all the same."""
    tree = ScopeTree(map(var, ["a", "a-b", "a.b", "a/b", "a0", "a/b/c", "a-b/x"]), "/")
    members = {m.name: m for m in tree.root.members()}
    assert set(members) == {"a", "a-b", "a.b", "a0"}
    assert members["a"].scope is not None
    assert members["a"].scope.relative_paths() == ["b", "b/c"]


def test_two_variables_under_one_path() -> None:
    first, second = var("w"), Variable("other", "w", (), "int64", 8)
    (member,) = ScopeTree([first, second], "/").root.members()
    assert list(member.variables) == [first, second]


def test_totals_count_parameters_of_the_model_only() -> None:
    tree = ScopeTree(
        [
            var("a/w", 10),
            var("a/w/Adam", 10, kind="slot"),
            var("a/step", 1, kind="bookkeeping"),
            var("a/w/EMA", 10, attributes={"average_of": "a/w"}),
            var("b/c", 7, kind="constant"),
        ],
        "/",
    )
    a, b = tree.find("a"), tree.find("b")
    assert a is not None
    assert b is not None
    assert a.totals == Totals(entries=4, params=10, bytes=4 * 31)
    assert b.totals == Totals(entries=1, params=7, bytes=28)
    assert tree.root.totals == Totals(entries=5, params=17, bytes=4 * 38)
    assert b.totals.times(3) == Totals(3, 21, 84)


def test_unknown_sizes_count_as_nothing() -> None:
    tree = ScopeTree([Variable("a", "a", None, "string", None), var("b", 2)], "/")
    assert tree.root.totals == Totals(2, 2, 8)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", "a"),
        ("a/", "a"),
        ("a/in", "a/in"),
        ("a/w", None),
        ("a/i", None),
        ("z", None),
        ("", ""),
        ("/", ""),
    ],
)
def test_find(path: str, found: str | None) -> None:
    tree = ScopeTree(map(var, ["a/w", "a/in/w"]), "/")
    scope = tree.find(path)
    assert (scope.path if scope else None) == found


def test_another_separator() -> None:
    tree = ScopeTree(map(var, ["layers.0.weight", "layers.1.weight", "a/b.c"]), ".")
    assert set(shape_of(tree.root)) == {"layers", "a/b"}


def test_empty_parts_of_a_name_are_scopes_too() -> None:
    tree = ScopeTree(map(var, ["/w", "a//w"]), "/")
    assert shape_of(tree.root) == {
        "": (0, {"w": (1, None)}),
        "a": (0, {"": (0, {"w": (1, None)})}),
    }


def test_members_are_ordered_as_people_count() -> None:
    tree = ScopeTree(map(var, ["l_10/w", "l_9/w", "l_1/w"]), "/")
    assert [m.name for m in tree.root.members()] == ["l_1", "l_9", "l_10"]


def test_deeper_than_the_limit_the_rest_of_a_name_is_one_leaf() -> None:
    parts = ["x"] * (MAX_DEPTH + 50)
    scope: Scope | None = ScopeTree([var("/".join(parts))], "/").root
    depth = 0
    while scope is not None:
        (member,) = scope.members()
        depth += scope.depth == depth
        scope = member.scope
    assert depth == MAX_DEPTH + 1
    assert member.name == "/".join(parts[MAX_DEPTH:])


paths = st.lists(st.sampled_from(["a", "b", "a-", "a0", "", "é", "a.b"]), min_size=1, max_size=4)


@given(st.lists(paths.map("/".join), max_size=30))
def test_every_variable_is_in_exactly_its_scopes(names: list[str]) -> None:
    tree = ScopeTree([var(name, i + 1) for i, name in enumerate(names)], "/")
    direct: defaultdict[str, list[str]] = defaultdict(list)
    waiting = [tree.root]
    while waiting:
        scope = waiting.pop()
        inside = [v.name for v in scope.variables]
        assert inside == sorted(n for n in names if n.startswith(scope.prefix))
        assert scope.totals.bytes == sum(v.nbytes or 0 for v in scope.variables)
        for member in scope.members():
            direct[scope.prefix + member.name] += [v.name for v in member.variables]
            waiting += [member.scope] if member.scope else []
    listed = [name for found in direct.values() for name in found]
    assert sorted(listed) == sorted(names)
    assert all(set(found) <= {path} for path, found in direct.items())
