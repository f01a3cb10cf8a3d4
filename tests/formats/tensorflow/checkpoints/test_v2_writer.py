"""V2 checkpoints under new names."""

from __future__ import annotations

import builtins
import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scopecli
from scopecli.analysis.rename.rules import (
    AddPrefix,
    Drop,
    DropSlots,
    Replace,
    Rule,
    StripPrefix,
    Substitute,
)
from scopecli.binary import sstable
from scopecli.binary.source import Source
from scopecli.errors import RefusedError, ScopecliError
from tests import bundles
from tests.bundles import Tensor
from tests.renames import NAMES, contents, files, sample, two_shards

if TYPE_CHECKING:
    from scopecli.formats.staging import DataMode


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is flushed when is for the tests of `Staging`; here it would only take time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def suffixes(prefix: str | Path) -> dict[str, bytes]:
    """The files of a checkpoint, by what they have behind the prefix."""
    base = Path(prefix).name
    return {
        name[len(base) :]: data
        for name, data in files(Path(prefix).parent).items()
        if name.startswith(base + ".")
    }


def test_a_scope_moves_and_the_data_stay(tmp_path: Path) -> None:
    old = two_shards(tmp_path)
    plan = scopecli.rename(old, tmp_path / "new.ckpt", {"enc/": "bert/enc/"})
    before, after = contents(old), contents(tmp_path / "new.ckpt")
    assert after == {k.replace("enc/", "bert/enc/"): v for k, v in before.items()}
    assert [move.old for move in plan.moves] == [name for name in before if name[:4] == "enc/"]
    shards = [name for name in suffixes(old) if name != ".index"]
    assert all(suffixes(old)[name] == suffixes(tmp_path / "new.ckpt")[name] for name in shards)


def test_fields_that_are_not_known_stay(tmp_path: Path) -> None:
    old = two_shards(tmp_path)
    scopecli.rename(old, tmp_path / "new", {"enc/table": "t"})
    with Source(str(tmp_path / "new.index")) as source:
        assert bundles.message((99, b"kept")) in dict(sstable.entries(source))[b"t"]


@pytest.mark.parametrize("name", ["tf1_gan/model.ckpt-200", "tf1_partitioned/model.ckpt"])
@pytest.mark.parametrize("data", ["copy", "link"])
def test_there_and_back_gives_tensorflows_own_bytes(
    tmp_path: Path, name: str, data: DataMode
) -> None:
    old = sample(tmp_path, name)
    scopecli.rename(old, tmp_path / "new", [AddPrefix("zz/")], data=data)
    assert suffixes(tmp_path / "new")[".index"] != suffixes(old)[".index"]
    scopecli.rename(tmp_path / "new", tmp_path / "back", [StripPrefix("zz/")], data=data)
    assert suffixes(tmp_path / "back") == suffixes(old)


PARTS = st.text("abAB01_.-", min_size=1, max_size=3).map(lambda part: f"x{part}")
KEYS = st.lists(PARTS, min_size=1, max_size=3).map("/".join)


@settings(max_examples=15)
@given(st.data())
def test_a_bijection_and_back_gives_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("bijection")
    given = two_shards(folder)
    old = folder / "same"  # the same as TensorFlow would write it
    scopecli.rename(given, old, {"enc/": "enc/"})
    keys = sorted(contents(old))
    new = data.draw(st.lists(KEYS, min_size=len(keys), max_size=len(keys), unique=True))
    new = data.draw(st.permutations([*new[len(keys) // 2 :], *keys[: len(keys) // 2]]))
    there = dict(zip(keys, new, strict=True))
    scopecli.rename(old, folder / "new", there)
    after = contents(folder / "new")
    assert after == {there[key]: value for key, value in contents(old).items()}
    scopecli.rename(folder / "new", folder / "back", {b: a for a, b in there.items()})
    assert suffixes(folder / "back") == suffixes(old)
    shutil.rmtree(folder)


def test_in_place_only_the_index_changes(tmp_path: Path) -> None:
    old = two_shards(tmp_path)
    before = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    values = contents(old)
    scopecli.rename(old, None, {"enc/w": "dec/w", "dec/w": "enc/w"}, backup="~")
    after = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    assert {n for n in before if after[n] != before[n]} == {"old.ckpt.index"}
    assert after["old.ckpt.index~"] == before["old.ckpt.index"]
    assert contents(old)["dec/w"] == values["enc/w"]
    assert contents(old)["enc/w"] == values["dec/w"]
    assert contents(old)["dec/w/Adam"] == values["enc/w/Adam"]


def test_dropping_takes_the_bytes_away(tmp_path: Path) -> None:
    old = two_shards(tmp_path)
    scopecli.rename(old, tmp_path / "new", [DropSlots(), Drop("global*")])
    before, after = contents(old), contents(tmp_path / "new")
    gone = {"enc/w/Adam", "enc/w/Adam_1", "global_step"}
    assert after == {key: value for key, value in before.items() if key not in gone}
    sizes = [sum(map(len, suffixes(prefix).values())) for prefix in (old, tmp_path / "new")]
    data = sum(len(v) for k, v in suffixes(tmp_path / "new").items() if k != ".index")
    assert data == sum(map(len, after.values()))
    assert sizes[1] < sizes[0]


def test_dropping_all_of_a_shard_takes_the_shard_away(tmp_path: Path) -> None:
    old = bundles.write(tmp_path / "old", {"a": Tensor(shard=0), "b": Tensor(shard=1)}, 2)
    scopecli.rename(old, tmp_path / "new", [Drop("a")])
    assert sorted(suffixes(tmp_path / "new")) == [".data-00000-of-00001", ".index"]
    scopecli.rename(old, tmp_path / "none", [Drop("*")])
    assert contents(tmp_path / "none") == {}
    assert suffixes(tmp_path / "none")[".data-00000-of-00001"] == b""


def test_alignment_stays(tmp_path: Path) -> None:
    """Where tensors do not stand one behind the other, offsets keep what they were multiples of."""
    shard = b"".join(bytes([i]) * 5 + bytes(59) for i in (1, 2, 3))
    pairs = [bundles.header()]
    for i, name in enumerate((b"a", b"b", b"c")):
        data = shard[64 * i : 64 * i + 5]
        pairs.append((name, bundles.entry(4, (5,), offset=64 * i, data=data)))
    old = bundles.write_pairs(tmp_path / "old", pairs, [shard])
    scopecli.rename(old, tmp_path / "new", [Drop("a")])
    assert suffixes(tmp_path / "new")[".data-00000-of-00001"] == shard[64:-59]
    assert contents(tmp_path / "new") == {"b": b"\2" * 5, "c": b"\3" * 5}


def test_without_data_the_names_move(tmp_path: Path) -> None:
    old = two_shards(tmp_path)
    for path in tmp_path.glob("*.data-*"):
        path.unlink()
    scopecli.rename(old, tmp_path / "new", [DropSlots(), AddPrefix("x/")])
    model = scopecli.load(tmp_path / "new")
    assert {variable.key for variable in model.variables} == {
        f"x/{name}" for name in (*NAMES, "enc/table") if "Adam" not in name
    }
    assert sorted(suffixes(tmp_path / "new")) == [".index"]


def test_a_short_shard_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    old = two_shards(tmp_path)
    shard = tmp_path / "old.ckpt.data-00000-of-00002"
    shard.write_bytes(shard.read_bytes()[:-10])
    before = files(tmp_path)
    with pytest.raises(ScopecliError, match="cut short or damaged"):
        scopecli.rename(old, tmp_path / "new", [DropSlots()])
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("rules", "name", "problem"),
    [
        ({"enc/w": "a b"}, "a b", "TensorFlow allows"),
        ({"enc/w": "_w"}, "_w", "TensorFlow allows"),
        ({"enc/w": "dec//w"}, "dec//w", "empty part"),
        ({"enc/": ""}, "w", "would be the new name"),
        ({"dec/": "enc/"}, "enc/w", "exists and stays"),
    ],
)
def test_names_that_cannot_be(
    tmp_path: Path, rules: dict[str, str], name: str, problem: str
) -> None:
    old = bundles.write(tmp_path / "old", {n: Tensor() for n in ("enc/w", "dec/w", "w")})
    before = files(tmp_path)
    if rules == {"enc/": ""}:
        rules = {"enc/": "", "dec/": ""}
    with pytest.raises(RefusedError) as caught:
        scopecli.rename(old, tmp_path / "new", rules)
    assert any(r.startswith(f"{name}: ") and problem in r for r in caught.value.reasons)
    assert files(tmp_path) == before


# Object-based checkpoints.


@pytest.mark.parametrize("data", ["copy", "link"])
def test_objects_move_by_their_edges(tmp_path: Path, data: DataMode) -> None:
    old = sample(tmp_path, "tf2_object/ckpt-1")
    rules = {"model/stem/": "model/first/", "model/": "net/", "optimizer/": "opt/"}
    with pytest.raises(RefusedError, match="cannot be renamed like this"):
        scopecli.rename(old, tmp_path / "new", rules, data=data)
    rules = {"model/stem/": "net/first/", "model/": "net/", "optimizer/": "opt/"}
    scopecli.rename(old, tmp_path / "new", rules, data=data)
    graph = "_CHECKPOINTABLE_OBJECT_GRAPH"
    before, after = contents(old), contents(tmp_path / "new")
    expected = {
        key.replace("model/stem", "net/first")
        .replace("model/", "net/")
        .replace("optimizer/", "opt/"): value
        for key, value in before.items()
    }
    assert {**after, graph: b""} == {**expected, graph: b""}
    names = {
        v.attributes.get("object_path", v.name) for v in scopecli.load(tmp_path / "new").variables
    }
    assert {"net/first/kernel", "net/first/kernel/opt/m", "opt/iter"} <= names
    back = {new: old for old, new in rules.items() if old != "model/"} | {"net/": "model/"}
    scopecli.rename(tmp_path / "new", tmp_path / "back", back)
    assert contents(tmp_path / "back") == before
    if data == "copy":
        assert suffixes(tmp_path / "back") == suffixes(old)


def test_the_object_graph_gets_a_shard_where_data_are_linked(tmp_path: Path) -> None:
    old = sample(tmp_path, "tf2_object/ckpt-1")
    scopecli.rename(old, tmp_path / "one", {"model/": "net/"}, data="link")
    assert sorted(suffixes(tmp_path / "one")) == [
        ".data-00000-of-00002",
        ".data-00001-of-00002",
        ".index",
    ]
    linked = tmp_path / "one.data-00000-of-00002"
    assert linked.samefile(tmp_path / "ckpt-1.data-00000-of-00001")
    scopecli.rename(tmp_path / "one", tmp_path / "two", {"net/": "other/"}, data="link")
    assert sorted(suffixes(tmp_path / "two")) == sorted(suffixes(tmp_path / "one"))
    assert contents(tmp_path / "two")["other/stem/bias/.ATTRIBUTES/VARIABLE_VALUE"]


def test_objects_in_place(tmp_path: Path) -> None:
    """The graph is among the data: they get names of another number of shards, again and again."""
    old = sample(tmp_path, "tf2_object/ckpt-1")
    values = sorted(contents(old).values())
    counts = []
    for new in ("a", "b", "c"):
        scope = {"a": "model", "b": "a", "c": "b"}[new]
        scopecli.rename(old, None, {f"{scope}/": f"{new}/"})
        counts.append(sorted(name[-5:] for name in suffixes(old) if name != ".index"))
        assert len(contents(old)) == len(values)
    assert counts == [["00002", "00002"], ["00001"], ["00002", "00002"]]


def test_full_names_move_by_themselves(tmp_path: Path) -> None:
    """They are what name-based code looks for in an object-based checkpoint."""
    old = sample(tmp_path, "tf2_object_keras3/ckpt-1")
    name = next(v.name for v in scopecli.load(old).variables if "object_path" in v.attributes)
    keys = set(contents(old))
    scopecli.rename(old, tmp_path / "new", {name: "another/name"})
    assert set(contents(tmp_path / "new")) == keys
    assert "another/name" in {v.name for v in scopecli.load(tmp_path / "new").variables}


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ([AddPrefix("top/")], "can only be called otherwise"),
        ({"model/blocks/0/kernel": "net/blocks/0/kernel"}, "cannot move without model/"),
        (
            {"model/blocks/0/kernel": "model/blocks/0/bias2", "model/blocks/0/bias": "w"},
            "otherwise",
        ),
        ({"model/stem/": "model/blocks/"}, "has another child called 'blocks'"),
    ],
)
def test_what_edges_cannot_say(tmp_path: Path, rules: dict[str, str], problem: str) -> None:
    old = sample(tmp_path, "tf2_object/ckpt-1")
    before = files(tmp_path)
    with pytest.raises(RefusedError) as caught:
        scopecli.rename(old, tmp_path / "new", rules)
    assert any(problem in reason for reason in caught.value.reasons), caught.value.reasons
    assert files(tmp_path) == before


def test_dropped_objects_are_gone_from_the_graph(tmp_path: Path) -> None:
    old = sample(tmp_path, "tf2_object/ckpt-1")
    scopecli.rename(old, tmp_path / "new", [DropSlots(), Drop("optimizer/*")])
    keys = set(contents(tmp_path / "new"))
    assert keys == {k for k in contents(old) if "optimizer" not in k}
    graph = contents(tmp_path / "new")["_CHECKPOINTABLE_OBJECT_GRAPH"]
    assert b"OPTIMIZER_SLOT" not in graph
    assert b"model/stem/kernel/.ATTRIBUTES" in graph
    # The data stand as TensorFlow would have written them: one behind the other.
    size = sum(v.storage.length for v in scopecli.load(tmp_path / "new").variables if v.storage)
    assert size == len(suffixes(tmp_path / "new")[".data-00000-of-00001"])


def test_objects_without_data_cannot_move(tmp_path: Path) -> None:
    old = sample(tmp_path, "tf2_object/ckpt-1")
    (tmp_path / "ckpt-1.data-00000-of-00001").unlink()
    with pytest.raises(ScopecliError, match="without its object graph"):
        scopecli.rename(old, tmp_path / "new", {"model/": "net/"})


def test_an_object_graph_that_is_none(tmp_path: Path) -> None:
    empty = bundles.strings()
    key = b"_CHECKPOINTABLE_OBJECT_GRAPH"
    pairs = [bundles.header(), (key, bundles.entry(7, (0,), data=empty))]
    old = bundles.write_pairs(tmp_path / "old", pairs, [empty])
    with pytest.raises(ScopecliError, match="has no object graph"):
        scopecli.rename(old, tmp_path / "new", [AddPrefix("x/")])


def test_many_edges_are_checked_in_a_moment(tmp_path: Path) -> None:
    """3,000 objects, each with a child that gets another name: each looks at its own only."""
    count = 3000
    root = bundles.message(
        *((1, bundles.message((1, 2 * i + 1), (2, b"o%d" % i))) for i in range(count))
    )
    nodes = [root]
    shard = b""
    pairs = [bundles.header()]
    for i in range(count):
        key = b"o%d/w/.ATTRIBUTES/VARIABLE_VALUE" % i
        nodes.append(bundles.message((1, bundles.message((1, 2 * i + 2), (2, b"w")))))
        nodes.append(bundles.message((2, bundles.message((1, b"VARIABLE_VALUE"), (3, key)))))
        pairs.append((key, bundles.entry(1, (), offset=len(shard), data=b"1234")))
        shard += b"1234"
    graph = bundles.strings(bundles.object_graph(nodes))
    entry = bundles.entry(7, (), offset=len(shard), data=graph)
    pairs.append((b"_CHECKPOINTABLE_OBJECT_GRAPH", entry))
    old = bundles.write_pairs(tmp_path / "old", pairs, [shard + graph])
    scopecli.rename(old, tmp_path / "new", [Substitute("/w$", "/kernel")])
    assert "o2999/kernel/.ATTRIBUTES/VARIABLE_VALUE" in contents(tmp_path / "new")


def test_no_tensor_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = two_shards(tmp_path)
    opened: list[str] = []
    real, raw = builtins.open, io.FileIO

    def noted(path: Any, *arguments: Any, **options: Any) -> Any:
        opened.append(str(path))
        return real(path, *arguments, **options)

    def noted_raw(path: str) -> io.FileIO:
        opened.append(path)
        return raw(path)

    monkeypatch.setattr(builtins, "open", noted)
    monkeypatch.setattr(io, "FileIO", noted_raw)
    scopecli.rename(old, tmp_path / "new", {"enc/": "x/"}, data="link")
    scopecli.rename(old, None, {"enc/": "x/"})
    assert f"{old}.index" in opened
    assert [path for path in opened if ".data-" in path] == []


HUGE = bundles.message((1, 1), (2, b""), (4, 2**63), (5, 2**63))
GARBAGE = st.binary(max_size=30) | st.just(HUGE)
RULES: list[list[Rule]] = [[Replace("a", "c")], [Drop("a")], [DropSlots(), AddPrefix("x/")]]


@settings(max_examples=25)
@given(GARBAGE, st.lists(st.tuples(st.integers(0, 9), st.binary(max_size=12)), max_size=6))
def test_damaged_entries_and_graphs_give_an_error_or_a_checkpoint(
    tmp_path_factory: pytest.TempPathFactory, value: bytes, nodes: list[tuple[int, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    good = Tensor()
    graph = bundles.strings(bundles.object_graph([bundles.message(*nodes)]) + value)
    key = "a/.ATTRIBUTES/VARIABLE_VALUE"
    kinds: list[dict[bytes, bytes]] = [
        {b"a": bundles.entry(*good[:2], data=good.data), b"b": value},
        {
            b"_CHECKPOINTABLE_OBJECT_GRAPH": bundles.entry(7, (), data=graph),
            key.encode(): bundles.entry(1, (), data=graph[:4]),
        },
    ]
    for number, pairs in enumerate(kinds):
        old = bundles.write_pairs(
            folder / f"old{number}", [bundles.header(), *pairs.items()], [graph]
        )
        for rules in RULES:
            before = files(folder)
            try:
                scopecli.rename(old, folder / "new", rules, force=True)
            except ScopecliError:
                assert files(folder) == before
    shutil.rmtree(folder)
