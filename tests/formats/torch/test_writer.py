"""PyTorch files under new names: the keys of dictionaries, and nothing else."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

import scopecli
from scopecli.analysis.rename.rules import AddPrefix, Drop, DropSlots
from scopecli.errors import PathError, RefusedError, ScopecliError, UnsupportedError
from scopecli.formats.opening import load, locate
from scopecli.formats.staging import Staging
from scopecli.formats.torch import writer as torch_writer
from scopecli.formats.torch.entries import moved_modules
from scopecli.model.renaming import Renaming
from tests.formats.torch.files import FOUR, archive, dictionary, stored, stream, tensor, text
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scopecli.analysis.rename.rules import Rule
    from scopecli.formats.staging import DataMode
    from scopecli.model.model import Model

    Rules = Mapping[str, str] | list[Rule]

CHECKPOINT = SAMPLES / "torch_checkpoint.pt"
ONE = tensor(stored("0", 4, "Int"), 4)


def facts(model: Model) -> dict[str, tuple[object, ...]]:
    """Everything about each tensor, its values too."""
    found: dict[str, tuple[object, ...]] = {}
    for variable in model.variables:
        try:
            assert model.tensors is not None
            data: object = model.tensors.read(variable, 0, variable.params)
        except ScopecliError as error:
            data = error.problem
        attributes = {k: v for k, v in variable.attributes.items() if k != "aliases"}
        found[variable.key] = variable.shape, variable.dtype, variable.kind, attributes, data
    return found


def reasons(path: Path, rules: Rules) -> list[str]:
    """Why a rename is refused; nothing is written."""
    out = path.parent / "refused.pt"
    with pytest.raises(RefusedError) as caught:
        scopecli.rename(path, out, rules)
    assert not out.exists()
    return list(caught.value.reasons)


def test_scopes_of_a_state_dict(tmp_path: Path) -> None:
    new = tmp_path / "new.pt"
    moves = {"state_dict.layers.": "state_dict.encoder.layer."}
    plan = scopecli.rename(CHECKPOINT, new, moves)
    before, after = load(CHECKPOINT), load(new)
    becomes = {move.old: move.new for move in plan.moves}
    assert len(becomes) > 4
    assert list(facts(after).items()) == [
        (becomes.get(key, key), fact) for key, fact in facts(before).items()
    ]
    assert after.metadata == before.metadata
    assert after.notes == before.notes
    back = tmp_path / "back.pt"
    scopecli.rename(new, back, {"state_dict.encoder.layer.": "state_dict.layers."})
    assert back.read_bytes() == CHECKPOINT.read_bytes()


@pytest.mark.parametrize("sample", ["torch_checkpoint.pt", "torch_tensors.pt"])
def test_names_in_turn(tmp_path: Path, sample: str) -> None:
    """The same names, each of another tensor."""
    model = load(SAMPLES / sample)
    names = [v.key for v in model.variables if v.kind == "variable"]
    scope = names[0].rpartition(".")[0].partition(".")[0] + "."
    names = [name for name in names if name.startswith(scope)]
    moves = dict(zip(names, [*names[1:], names[0]], strict=True))
    scopecli.rename(SAMPLES / sample, tmp_path / "new.pt", moves)
    old, new = facts(model), facts(load(tmp_path / "new.pt"))
    assert new == {moves.get(key, key): fact for key, fact in old.items()}
    assert list(new) == [moves.get(key, key) for key in old]


def test_dropped_tensors_take_their_storages_along(tmp_path: Path) -> None:
    new = tmp_path / "new.pt"
    plan = scopecli.rename(CHECKPOINT, new, [DropSlots()])
    before, after = facts(load(CHECKPOINT)), facts(load(new))
    assert len(plan.drops) == 33
    assert after == {key: fact for key, fact in before.items() if fact[2] == "variable"}
    members = [set(zipfile.ZipFile(path).namelist()) for path in (CHECKPOINT, new)]
    assert members[1] < members[0]
    assert len(members[0] - members[1]) == 33
    assert new.stat().st_size < CHECKPOINT.stat().st_size
    assert zipfile.ZipFile(new).testzip() is None


def test_a_storage_that_another_tensor_views_stays(tmp_path: Path) -> None:
    """`head.weight` and `embed.weight` are one tensor, which the file defines only once."""
    old = facts(load(CHECKPOINT))
    tied = ["state_dict.embed.weight", "state_dict.head.weight"]
    for name, other in (tied, tied[::-1]):
        new = tmp_path / f"{name}.pt"
        scopecli.rename(CHECKPOINT, new, [Drop(name)])
        assert facts(load(new)) == {key: fact for key, fact in old.items() if key != name}
        assert other in facts(load(new))
    scopecli.rename(CHECKPOINT, tmp_path / "none.pt", [Drop(name) for name in tied])
    assert len(load(tmp_path / "none.pt").variables) == len(old) - 2


def test_what_has_no_key_of_its_own(tmp_path: Path) -> None:
    pickle = dictionary(
        model=dictionary(w=ONE, v=ONE, epoch=b"K\1"),
        list=b"](" + ONE + dictionary(x=ONE) + b"e",
        number=b"}(K\5" + ONE + b"u",
    )
    path = archive(tmp_path / "m.pt", pickle, s0=FOUR)
    (reason,) = reasons(path, {"model.w": "w"})
    assert reason == (
        "model.w: is in the dictionary 'model', which it cannot leave: its new name must start"
        " with 'model.'"
    )
    assert reasons(path, {"model.w": "model.epoch"}) == [
        "model.w: would become 'model.epoch', which is there and is not a tensor"
    ]
    no_entry = "is not an entry of a dictionary under its own key, so it has no name to change"
    assert reasons(path, {"list.0": "list.9"}) == [f"list.0: {no_entry}"]
    assert reasons(path, [Drop("list.0")]) == [f"list.0: {no_entry}"]
    assert reasons(path, {"number.5": "number.6"}) == [f"number.5: {no_entry}"]
    scopecli.rename(path, tmp_path / "new.pt", {"list.1.x": "list.1.y", "model.v": "model.ü"})
    found = [v.key for v in load(tmp_path / "new.pt").variables]
    assert found == ["model.w", "model.ü", "list.0", "list.1.y", "number.5"]
    scopecli.rename(path, tmp_path / "less.pt", [Drop("number.5")])
    assert len(load(tmp_path / "less.pt").variables) == 4


def test_a_pickled_module_keeps_its_names() -> None:
    path = SAMPLES / "torch_module.pt"
    assert reasons(path, {"0.weight": "0.kernel"}) == [
        "0.weight: is not an entry of a dictionary under its own key, so it has no name to change"
    ]


def test_an_entry_with_two_names(tmp_path: Path) -> None:
    """One dictionary that is in two places: what changes here changes there."""
    pickle = dictionary(a=dictionary(w=ONE)[:1] + b"q\1" + dictionary(w=ONE)[1:], b=b"h\1")
    path = archive(tmp_path / "m.pt", pickle, s0=FOUR)
    assert [v.key for v in load(path).variables] == ["a.w", "b.w"]
    assert reasons(path, {"a.w": "a.v"}) == [
        "a.w: is one entry with b.w: both have to become the same"
    ]
    scopecli.rename(path, tmp_path / "new.pt", {"a.w": "a.v", "b.w": "b.v"})
    assert [v.key for v in load(tmp_path / "new.pt").variables] == ["a.v", "b.v"]


def test_two_entries_with_one_name(tmp_path: Path) -> None:
    pickle = b"}(" + text("a.b") + ONE + text("a") + dictionary(b=ONE) + b"u"
    path = archive(tmp_path / "m.pt", pickle, s0=FOUR)
    assert [v.key for v in load(path).variables] == ["a.b", "a.b (2)"]
    assert reasons(path, {"a.b": "c"}) == ["a.b: is what two entries are called"]
    assert reasons(path, [Drop("a.b (2)")]) == ["a.b (2): is called as another entry is"]


def test_a_key_that_is_written_twice(tmp_path: Path) -> None:
    """Both are renamed, so the last counts still."""
    pickle = b"}(" + text("a") + ONE + text("b") + ONE + text("a") + ONE + b"u"
    path = archive(tmp_path / "m.pt", pickle, s0=FOUR)
    scopecli.rename(path, tmp_path / "new.pt", {"a": "c"})
    assert [v.key for v in load(tmp_path / "new.pt").variables] == ["c", "b"]
    scopecli.rename(path, tmp_path / "less.pt", [Drop("a")])
    assert [v.key for v in load(tmp_path / "less.pt").variables] == ["b"]


def test_the_state_of_an_optimizer() -> None:
    step = "optimizer.state.0.step"
    assert reasons(CHECKPOINT, {step: "optimizer.state.0.steps"}) == [
        f"{step}: belongs to an optimizer, which has names of its own"
    ]
    assert reasons(CHECKPOINT, [Drop(step)]) == [
        f"{step}: goes only with everything that the optimizer keeps for this parameter"
    ]


def test_shards(tmp_path: Path) -> None:
    sample = SAMPLES / "sharded_torch"
    out = tmp_path / "new" / "model.bin.index.json"
    out.parent.mkdir()
    moves = {"model.layers.0.weight": "model.first", "model.layers.3.weight": "last"}
    plan = scopecli.rename(sample, out, moves)
    assert len(plan.moves) == 2
    old, new = load(sample), load(out)
    assert facts(new) == {moves.get(key, key): fact for key, fact in facts(old).items()}
    assert list(new.notes) == list(old.notes)
    index = json.loads(out.read_text("utf-8"))
    assert set(index["weight_map"]) == {v.key for v in new.variables}
    with pytest.raises(PathError, match="is there already"):
        scopecli.rename(sample, out.parent / "other.index.json", moves)


@pytest.mark.parametrize(
    ("sample", "container"),
    [
        ("torch_legacy.pth", "legacy stream"),
        ("torch_script.pt", "TorchScript archive"),
        ("torch_distributed", "distributed checkpoint"),
    ],
)
def test_what_is_not_written(tmp_path: Path, sample: str, container: str) -> None:
    with pytest.raises(UnsupportedError, match=f"is a {container}, and only what torch.save"):
        scopecli.rename(SAMPLES / sample, tmp_path / "new", [AddPrefix("x")])
    assert list(tmp_path.iterdir()) == []


def test_a_shard_that_is_a_stream(tmp_path: Path) -> None:
    """Which of the containers is named is up to the last shard, so each is looked at."""
    pickle = dictionary(w=tensor(stored("0", 4, "Int"), 4))
    stream(tmp_path / "a.bin", pickle, **{"0": (4, FOUR)})
    archive(tmp_path / "b.bin", dictionary(v=ONE), s0=FOUR)
    index = tmp_path / "m.bin.index.json"
    index.write_text(json.dumps({"weight_map": {"w": "a.bin", "v": "b.bin"}}), "utf-8")
    out = tmp_path / "new"
    out.mkdir()
    with pytest.raises(ScopecliError, match=r"a\.bin: is a legacy stream"):
        scopecli.rename(index, out / index.name, {"v": "x"})
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("data", ["link", "reflink"])
def test_data_that_cannot_be_linked(tmp_path: Path, data: DataMode) -> None:
    model = locate(str(CHECKPOINT))
    with (
        Staging(data) as staging,
        pytest.raises(UnsupportedError, match="has names and values in one file"),
    ):
        torch_writer.write(model, Renaming({}, frozenset()), str(tmp_path / "out"), staging)
    assert list(tmp_path.iterdir()) == []


def test_in_place(tmp_path: Path) -> None:
    path = tmp_path / "m.pt"
    shutil.copy(CHECKPOINT, path)
    scopecli.rename(path, None, {"state_dict.": "state_dict.net."}, backup=".old")
    assert (tmp_path / "m.pt.old").read_bytes() == CHECKPOINT.read_bytes()
    assert {v.key.partition(".")[0] for v in load(path).variables} == {"optimizer", "state_dict"}
    scopecli.rename(path, None, {"state_dict.net.": "state_dict."})
    assert path.read_bytes() == CHECKPOINT.read_bytes()


def test_modules_go_with_their_tensors() -> None:
    names = ["", "a", "a.b", "a.relu", "c", "c.d", "e"]
    keys = {"a.b.w": "x.y.b.w", "a.v": "x.y.v", "c.d.w": "c.q.w", "c.w": "c.w", "e.w": "e.w"}
    assert moved_modules(names, keys) == {
        "a": "x.y",
        "a.b": "x.y.b",
        "a.relu": "x.y.relu",
        "c.d": "c.q",
    }
    swapped = {"a.w": "b.w", "b.w": "a.w"}
    assert moved_modules(["a", "b"], swapped) == {"a": "b", "b": "a"}
    assert moved_modules(["a", "b"], {"a.w": "b.w"}) == {}  # where it would be a second one
    assert moved_modules(["a"], {"a.w": "b.w", "a.v": "c.v"}) == {}  # nobody knows
    assert moved_modules([5, "m"], {"m.w": "w"}) == {}
