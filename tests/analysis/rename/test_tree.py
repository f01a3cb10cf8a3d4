"""Plans, folded."""

from __future__ import annotations

from scopecli.analysis.rename.plan import Dropped, Move, Plan
from scopecli.analysis.rename.tree import DroppedRow, dropped_rows, move_rows


def rows(names: str, moved: dict[str, str]) -> list[str]:
    moves = tuple(Move(old, new, "variable") for old, new in moved.items())
    every = names.split()
    plan = Plan(moves, (), (), (), len(every))
    found = move_rows(plan, sorted(every), "/")
    return [f"{row.old}>{row.new} {row.names}" for row in found]


def moving(names: str, old: str, new: str) -> dict[str, str]:
    return {n: new + n[len(old) :] for n in names.split() if n.startswith(old)}


def test_a_scope_that_moves_whole_is_one_row() -> None:
    names = "enc/a/w enc/a/b enc/w dec/w"
    assert rows(names, moving(names, "enc/", "bert/enc/")) == ["enc/>bert/enc/ 3"]
    assert rows(names, moving(names, "enc/", "")) == ["enc/> 3"]
    assert rows(names, moving(names, "enc/a/", "enc/b/")) == ["enc/a/>enc/b/ 2"]


def test_the_whole_file_is_said_by_its_scope_or_by_the_top() -> None:
    assert rows("enc/a enc/b", moving("enc/a enc/b", "", "x/")) == ["enc/>x/enc/ 2"]
    assert rows("enc/a b", moving("enc/a b", "", "x/")) == [">x/ 2"]


def test_what_is_left_behind_opens_the_scope() -> None:
    names = "a/l_2/w a/l_2/b a/l_10/w a/l_10/b a/v a/stays"
    moved = moving("a/l_2/w a/l_2/b a/l_10/w a/v", "a/", "x/")
    assert rows(names, moved) == ["a/l_2/>x/l_2/ 2", "a/l_10/w>x/l_10/w 1", "a/v>x/v 1"]


def test_a_name_and_its_slots() -> None:
    names = "d/w d/w/Adam d/w/Adam_1 d/b"
    assert rows(names, moving("d/w d/w/Adam d/w/Adam_1", "d/w", "d/k")) == ["d/w/>d/k/ 3"]
    assert rows("d/w d/b", {"d/w": "d/k"}) == ["d/w>d/k 1"]


def test_a_variable_that_moves_out_of_its_scope() -> None:
    assert rows("a a/b", {"a": "c"}) == ["a>c 1"]


def test_what_is_dropped() -> None:
    dropped = [Dropped("w/m", "slot"), Dropped("w/v", "slot"), Dropped("a", "variable")]
    assert dropped_rows(dropped, {"slot": 2, "variable": 5}) == [
        DroppedRow("", "slot", 2),
        DroppedRow("a", "variable", 1),
    ]
    assert [row.name for row in dropped_rows(dropped[:2], {"slot": 3})] == ["w/m", "w/v"]
