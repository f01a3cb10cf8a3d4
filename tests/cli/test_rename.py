"""`scopecli rename`."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING

import pytest

import scopecli
from scopecli.errors import RefusedError
from tests import bundles
from tests.bundles import Tensor
from tests.commands import assert_one_line
from tests.renames import contents, files, sample, two_shards
from tests.samples import SAMPLES
from tests.schemas import check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Run, Spawn


@pytest.fixture
def old(tmp_path: Path) -> str:
    return two_shards(tmp_path)


def test_the_plan_is_shown_and_the_file_written(run: Run, tmp_path: Path, old: str) -> None:
    result = run("rename", old, "-o", str(tmp_path / "new"), "enc/=bert/enc/", "--format", "plain")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        f"{old} -> {tmp_path / 'new'}",
        "6 tensors move, 2 tensors stay",
        "enc/ -> bert/enc/  6 tensors",
    ]
    assert "bert/enc/w/Adam" in contents(tmp_path / "new")


def test_a_dry_run_writes_nothing(run: Run, tmp_path: Path, old: str) -> None:
    before = files(tmp_path)
    result = run("rename", old, "--dry-run", "enc/w=enc/kernel", "--drop-slots")
    assert result.code == 0
    assert result.out.splitlines()[1:] == [
        "2 tensors move · 2 tensors dropped · 4 tensors stay · nothing written",
        "enc/w                          → enc/kernel",
        "enc/w/ExponentialMovingAverage → enc/kernel/ExponentialMovingAverage",
        "every slot                      dropped  2 tensors",
    ]
    assert files(tmp_path) == before


def test_rules_keep_their_order_across_arguments_and_options(run: Run, old: str) -> None:
    def moves(*rules: str) -> dict[str, str]:
        result = run("rename", old, "--dry-run", "--format", "json", *rules)
        assert result.code == 0, result.err
        return {move["old"]: move["new"] for move in check("rename", result.out)["moves"]}

    first = moves("--allow-unmatched", "dec/w=one", "--regex", "w$=two", "dec/=three/")
    assert (first["dec/w"], first["enc/w"]) == ("one", "enc/two")
    second = moves("--allow-unmatched", "--regex=w$=two", "dec/w=one")
    assert second["dec/w"] == "dec/two"
    third = moves("--allow-unmatched", "dec/=three/", "--regex", "w$=two", "--add-prefix", "p/")
    assert (third["dec/w"], third["enc/w"], third["global_step"]) == (
        "three/w",
        "enc/two",
        "p/global_step",
    )
    assert moves("--", "dec/w=one")["dec/w"] == "one"


def test_a_path_behind_its_options(run: Run, old: str) -> None:
    result = run("rename", "--strip-prefix", "dec/", "--dry-run", "--", old)
    assert result.code == 0
    assert "dec/ → (top)  1 tensor" in result.out


def test_one_moves_and_more_move(run: Run, old: str) -> None:
    counts = run("rename", old, "--dry-run", "dec/w=dec/kernel").out.splitlines()[1]
    assert counts == "1 tensor moves · 7 tensors stay · nothing written"


def test_tensors_and_nodes_are_counted_apart(run: Run) -> None:
    result = run("rename", str(SAMPLES / "tf1_gan"), "--dry-run", "generator/=g/")
    assert result.out.splitlines()[1] == (
        "24 tensors, 104 nodes move · 17 tensors, 322 nodes stay · nothing written"
    )


@pytest.mark.parametrize("name", ["new.safetensors", "new.PT", "new.h5"])
def test_nothing_is_converted(run: Run, tmp_path: Path, old: str, name: str) -> None:
    """A file whose name says another format would be believed, and fail elsewhere."""
    before = files(tmp_path)
    result = run("rename", old, "-o", str(tmp_path / name), "enc/=bert/enc/", "--force")
    assert_one_line(result, name, "has the suffix of", "and would be tf-v2-checkpoint")
    assert files(tmp_path) == before


@pytest.mark.parametrize("out", ["new", "new/", "new/model.safetensors.index.json"])
def test_a_model_of_many_files_gets_a_folder(run: Run, tmp_path: Path, out: str) -> None:
    """As `cp -r` makes one; its files were strewn beside a file of that name."""
    if out.endswith(".json"):
        (tmp_path / "new").mkdir()
    given = SAMPLES / "sharded_safetensors"
    result = run("rename", str(given), "-o", str(tmp_path / out), "--add-prefix", "m.")
    assert (result.code, result.err) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        path.name for path in given.iterdir()
    }
    missing = str(tmp_path / "not" / "there")
    assert_one_line(
        run("rename", str(given), "-o", missing, "--add-prefix", "m."), "no such folder"
    )


@pytest.mark.parametrize(("sample", "name"), [("pb", "new.pbtxt"), ("pbtxt", "new.pb")])
def test_text_stays_text(run: Run, tmp_path: Path, sample: str, name: str) -> None:
    graph = str(SAMPLES / f"graphs/frozen.{sample}")
    result = run("rename", graph, "-o", str(tmp_path / name), "net/=enc/")
    assert_one_line(result, f"and would be what .{sample} stands for")


def test_a_map(run: Run, tmp_path: Path, old: str) -> None:
    (tmp_path / "names.json").write_text('{"enc/": "e/", "dec/w": "d"}', "utf-8")
    result = run("rename", old, "--map", str(tmp_path / "names.json"), "--dry-run")
    assert result.out.splitlines()[2:] == ["dec/w → d", "enc/  → e/  6 tensors"]


def test_the_document(run: Run, tmp_path: Path, old: str) -> None:
    new = str(tmp_path / "new")
    result = run("rename", old, "-o", new, "dec/w=x", "--drop", "*/b", "--format", "json")
    document = check("rename", result.out)
    assert document["moves"] == [{"old": "dec/w", "new": "x", "kind": "variable"}]
    assert document["drops"] == [{"name": "enc/layer_1/b", "kind": "variable"}]
    assert (document["path"], document["out"], document["names"]) == (old, new, 8)
    assert document["written"][-1] == f"{new}.index"
    result = run("rename", old, "--dry-run", "dec/w=x", "--format", "json")
    document = json.loads(result.out)
    assert (document["out"], document["written"]) == (None, [])


def test_every_conflict_has_its_line(run: Run, tmp_path: Path, old: str) -> None:
    before = files(tmp_path)
    result = run(
        "rename", old, "-o", str(tmp_path / "new"), "enc/w=dec/w", "dec/w=a b", "nothing=x"
    )
    assert result.code == 2
    assert result.out == ""
    assert result.err.splitlines() == [
        f"scopecli: {old}: cannot be renamed like this: 2 conflicts; nothing was written",
        "  nothing=x: matches nothing",
        "  a b: is not a name that TensorFlow allows (letters, digits, and _ . - / \\ > inside)",
    ]
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["a=b"], ["say where the result goes with -o OUT, or --in-place"]),
        (["a=b", "-o", "x", "--in-place"], ["cannot be used together"]),
        (["-o", "x"], ["no rule"]),
        (["-o", "x", "ab"], ["rule 'ab' is not OLD=NEW"]),
        (["-o", "x", "--regex", "ab"], ["is not PATTERN=REPL"]),
        (["-o", "x", "--map", "none.json"], ["none.json: cannot be opened"]),
        (["-o", "none/x", "dec/w=b"], ["none: cannot be written: no such folder"]),
    ],
)
def test_usage(
    run: Run,
    tmp_path: Path,
    old: str,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    parts: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_line(run("rename", old, *arguments), *parts)


@pytest.mark.parametrize("out", ["", "-"])
def test_what_is_no_path_is_not_a_target(
    run: Run, tmp_path: Path, old: str, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert_one_line(run("rename", old, "-o", out, "dec/w=b"), "is not a path to write to")
    assert sorted(tmp_path.iterdir()) == before


def test_the_input_is_not_a_target(run: Run, tmp_path: Path, old: str) -> None:
    for out in (old, f"{old}.index", str(tmp_path), f"{tmp_path}/../{tmp_path.name}/old.ckpt"):
        result = run("rename", old, "-o", out, "dec/w=b", "--force")
        assert_one_line(result, "is the input; choose another path, or replace it with --in-place")


def test_what_is_there_needs_force(run: Run, tmp_path: Path, old: str) -> None:
    new = str(tmp_path / "new")
    bundles.write(new, {"other": Tensor()}, 2)
    (tmp_path / "new.meta").write_bytes(b"graph of the other")
    result = run("rename", old, "-o", new, "dec/w=b")
    assert_one_line(result, "new.data-00000-of-00002: is there already; replace it with --force")
    assert run("rename", old, "-o", new, "dec/w=b", "--force").code == 0
    assert "b" in contents(new)
    assert sorted(name for name in files(tmp_path) if name.startswith("new")) == [
        "new.data-00000-of-00003",
        "new.data-00001-of-00003",
        "new.data-00002-of-00003",
        "new.index",
    ]


def test_in_place_with_a_backup(run: Run, tmp_path: Path, old: str) -> None:
    before = files(tmp_path)
    result = run("rename", old, "--in-place", "--backup", ".bak", "dec/w=b")
    assert result.code == 0
    assert result.out.splitlines()[0] == old
    after = files(tmp_path)
    assert after["old.ckpt.index.bak"] == before["old.ckpt.index"]
    assert "b" in contents(old)


def test_a_folder_as_target_and_as_source(run: Run, tmp_path: Path) -> None:
    """The copy is found as the original was: by the `checkpoint` file of its folder."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    prefix = bundles.write(source / "model.ckpt", {"a": Tensor()})
    state = f'model_checkpoint_path: "{prefix}"\nall_model_checkpoint_paths: "{prefix}"\n'
    (source / "checkpoint").write_text(state, "utf-8")
    assert run("rename", str(source), "-o", str(target), "a=b").code == 0
    assert (target / "checkpoint").read_text("utf-8") == (
        'model_checkpoint_path: "model.ckpt"\nall_model_checkpoint_paths: "model.ckpt"\n'
    )
    assert list(contents(target)) == ["b"]
    before = (source / "checkpoint").read_bytes()
    assert run("rename", str(source), "-o", str(source / "other"), "a=b").code == 0
    assert run("rename", str(source), "--in-place", "a=b").code == 0
    assert (source / "checkpoint").read_bytes() == before
    assert list(contents(source)) == ["b"]


def test_no_state_file_where_another_checkpoint_is_the_latest(run: Run, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    prefix = bundles.write(source / "model-1", {"a": Tensor()})
    bundles.write(source / "model-2", {"a": Tensor()})
    (source / "checkpoint").write_text('model_checkpoint_path: "model-2"\n', "utf-8")
    assert run("rename", prefix, "-o", str(target / "new"), "a=b").code == 0
    assert not (target / "checkpoint").exists()


def test_a_format_that_cannot_be_written(run: Run, tmp_path: Path, samples: Path) -> None:
    result = run("rename", str(samples / "llama.gguf"), "-o", str(tmp_path / "x"), "a=b")
    assert_one_line(result, "llama.gguf: cannot be renamed: this version does not write", "gguf")


def test_missing_data_is_said(run: Run, tmp_path: Path, old: str) -> None:
    (tmp_path / "old.ckpt.data-00001-of-00002").unlink()
    result = run("rename", old, "-o", str(tmp_path / "new"), "dec/w=b")
    assert result.code == 0
    assert "note: old.ckpt.data-00001-of-00002 is missing" in result.out
    assert not (tmp_path / "new.data-00001-of-00002").exists()
    assert (tmp_path / "new.data-00000-of-00002").exists()


def test_a_graph_can_be_left_out(run: Run, tmp_path: Path, samples: Path) -> None:
    prefix = str(samples / "tf1_gan/model.ckpt-200")
    result = run(
        "rename", prefix, "-o", str(tmp_path / "new"), "generator/=g/", "--no-graph", "--drop-slots"
    )
    assert result.code == 0
    assert sorted(files(tmp_path)) == ["checkpoint", "new.data-00000-of-00001", "new.index"]
    assert (samples / "tf1_gan/model.ckpt-200.meta").exists()


def test_ctrl_c_leaves_nothing(
    run: Run, tmp_path: Path, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scopecli.formats.tensorflow.checkpoints import bundle_layout

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = files(tmp_path)
    monkeypatch.setattr(bundle_layout, "_read", interrupted)
    result = run("rename", old, "-o", str(tmp_path / "new"), "--drop-slots")
    assert result.code == 130
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "arguments", [["-o", "new"], ["--in-place"], ["-o", "new", "--drop", "e*"]]
)
def test_a_full_disk_changes_nothing(
    run: Run, tmp_path: Path, old: str, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    from scopecli.binary import sstable_writer

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = files(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sstable_writer, "write", full)
    result = run("rename", old, "dec/w=b", *arguments)
    assert_one_line(result, "cannot be written: No space left on device; make room and try again")
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("path", "suffix", "rule"),
    [
        ("plain.h5", ".h5", ["--add-prefix", "longer/"]),
        ("keras2_weights.h5", ".h5", ["--add-prefix", "longer/"]),
        ("keras3_functional.keras", ".keras", ["shared/=both/"]),
        ("keras3_model.weights.h5", ".weights.h5", ["shared/=both/"]),
        ("arrays.npz", ".npz", ["--add-prefix", "longer/"]),
        ("dtypes.safetensors", ".safetensors", ["--add-prefix", "longer/"]),
        ("tf1_v1", "", ["--add-prefix", "longer/"]),
    ],
)
def test_data_in_one_file_with_names_is_not_linked(
    run: Run, tmp_path: Path, path: str, suffix: str, rule: list[str]
) -> None:
    new = str(tmp_path / f"new{suffix}")
    result = run("rename", str(SAMPLES / path), "-o", new, "--data", "link", *rule)
    assert_one_line(result, "has names and values in one file, so its data cannot be linked")
    assert files(tmp_path) == {}


def test_another_file_system_is_said(
    run: Run, tmp_path: Path, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    before = files(tmp_path)
    monkeypatch.setattr("os.link", elsewhere)
    result = run("rename", old, "-o", str(tmp_path / "new"), "dec/w=b", "--data", "link")
    assert_one_line(result, "cannot be hard-linked", "copy the data with --data copy")
    assert files(tmp_path) == before


def test_a_progress_bar_only_for_a_person(
    run: Run, tmp_path: Path, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("rename", old, "-o", str(tmp_path / "one"), "dec/w=b").err == ""
    monkeypatch.setattr("tests.commands.Stream.isatty", lambda _: True)
    result = run("rename", old, "-o", str(tmp_path / "two"), "dec/w=b")
    assert result.code == 0
    assert "copying" in result.err


def test_help_lists_all_rules(spawn: Spawn) -> None:
    result = spawn("rename", "-h")
    for word in ("--regex", "--strip-prefix", "--add-prefix", "--map", "--drop", "--drop-slots"):
        assert word in result.out
    assert result.code == 0


def test_the_call(tmp_path: Path, old: str) -> None:
    plan = scopecli.rename(old, tmp_path / "new", ["dec/w=b", "enc/w=c"])
    slots = ["c/Adam", "c/Adam_1", "c/ExponentialMovingAverage"]
    assert [move.new for move in plan.moves] == ["b", "c", *slots]
    with pytest.raises(RefusedError) as caught:
        scopecli.rename(old, tmp_path / "new2", {"none": "b"})
    assert caught.value.reasons == ("none=b: matches nothing",)
    assert str(caught.value).startswith(f"{old}: cannot be renamed like this")


def test_objects_say_their_paths(run: Run, tmp_path: Path) -> None:
    prefix = sample(tmp_path, "tf2_object/ckpt-1")
    result = run("rename", prefix, "--dry-run", "model/=net/")
    assert result.code == 0
    assert "model/ → net/  30 names" in result.out


def test_a_plan_the_other_way_round_takes_the_rename_back(run: Run, tmp_path: Path) -> None:
    gan, there, back = str(SAMPLES / "tf1_gan"), str(tmp_path / "there"), str(tmp_path / "back")
    rules = ("generator/=g/", "--regex", "h([12])/=block_\\1/")
    result = run("rename", gan, "-o", there, *rules, "--allow-unmatched", "--format", "json")
    moves = check("rename", result.out)["moves"]
    (tmp_path / "undo.json").write_text(json.dumps({move["new"]: move["old"] for move in moves}))
    result = run("rename", there, "-o", back, "--map", str(tmp_path / "undo.json"))
    assert (result.code, result.err) == (0, "")
    for name in ("index", "meta"):
        original = SAMPLES / f"tf1_gan/model.ckpt-200.{name}"
        assert (tmp_path / f"back.{name}").read_bytes() == original.read_bytes()
