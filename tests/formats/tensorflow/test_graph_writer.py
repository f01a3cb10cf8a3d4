"""Graphs under other names: what moves, what stays as it was written, and what is refused."""

from __future__ import annotations

import errno
import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

import scopecli
from scopecli.errors import DamagedFileError, PathError, UnsupportedError
from scopecli.formats.opening import load
from scopecli.formats.tensorflow import graph_writer
from scopecli.formats.tensorflow.checkpoints import v2_writer
from scopecli.model.renaming import Renaming
from tests import graphs
from tests.bundles import message
from tests.graph_moves import moves, write
from tests.graphs import node
from tests.samples import FILES, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scopecli.formats.staging import Staging
    from scopecli.model.renaming import Subject

GRAPHS = [file.path for file in FILES if file.path.endswith((".meta", ".pb", ".pbtxt"))]
NOTHING: frozenset[str] = frozenset()


def renamed(path: Path, names: Mapping[str, str]) -> bytes:
    out = path.with_name("out")
    write(load(path), Renaming(names, NOTHING), str(out))
    return out.read_bytes()


def alone(sample: str, folder: Path) -> Path:
    """A copy of a graph without what stands beside it."""
    return shutil.copyfile(SAMPLES / sample, folder / "graph")


def subjects(path: Path) -> list[Subject]:
    return graph_writer.subjects(load(path))


@pytest.mark.parametrize("sample", GRAPHS)
def test_without_moves_every_byte_stays(sample: str, tmp_path: Path) -> None:
    path = alone(sample, tmp_path)
    assert renamed(path, {}) == path.read_bytes()


@pytest.mark.parametrize("sample", GRAPHS)
def test_there_and_back_every_byte_is_the_same(sample: str, tmp_path: Path) -> None:
    path = alone(sample, tmp_path)
    before = path.read_bytes()
    names = {subject.name: f"a_new_scope/{subject.name}" for subject in subjects(path)}
    path.write_bytes(renamed(path, names))
    assert {subject.name for subject in subjects(path)} == set(names.values())
    assert path.read_bytes() != before
    assert renamed(path, {new: old for old, new in names.items()}) == before


@pytest.mark.parametrize("sample", GRAPHS)
def test_nothing_is_left_of_a_scope(sample: str, tmp_path: Path) -> None:
    """Outside of functions, whose bodies are namespaces of their own."""
    if sample.startswith(("graphs/control_v2", "tf2_")):
        pytest.skip("its functions have scopes that are called the same")
    path = alone(sample, tmp_path)
    found = subjects(path)
    scopes = {subject.name.partition("/")[0] for subject in found if "/" in subject.name}
    for scope in scopes:
        # Names of a variable and those inside it go together.
        names = moves(found, {scope: "Qq", f"{scope}/": "Qq/"})
        tag = b"files/fraction_of_32_full"  # what a summary is called is no name
        data = renamed(path, names).replace(tag, b"")
        assert re.search(rb"(?<![\w/.-])" + re.escape(scope.encode()) + rb"/[a-zA-Z]", data) is None


def everything(name: str) -> bytes:
    """A graph where a name stands in every place that it can have, and `w` where no name does."""
    n = name.encode()
    tensor, mark = n + b":0", graphs.map_entry
    texts = [(number, tensor) for number in (1, 2, 3, 6)]
    definition = message(*texts, (4, message((1, n))), (9, b"w"))
    values = message((1, tensor), (2, message((1, tensor), (2, n))))
    loop = message((1, n), *((field, tensor) for field in (5, 6, 7, 8, 10, 11)), (9, values))
    both = [(6, message((1, message((1, n))))), (6, message((2, loop)))]
    condition = message((1, n), (2, tensor), (3, tensor), (5, values), *both)
    runner = message(*((number, n) for number in (1, 2, 3, 4)))
    saver = message((1, tensor), (2, tensor), (3, n))
    sparse = message((4, message((1, tensor), (2, tensor), (3, tensor))))
    info = message((1, tensor))
    composite = message((5, message((2, info), (2, sparse))))
    signature = message((1, mark("w", info)), (2, mark("w", composite)))
    asset = message((1, info), (2, b"w"))
    any_asset = message((1, b"type.googleapis.com/tensorflow.AssetFileDef"), (2, asset))
    packed = graphs.tensor(graphs.STRING, (2,), (4, bytes([len(n), 1]) + n + b"x"))
    attributes = {
        "_class": message((1, message((2, b"loc:@" + n), (2, b"w")))),
        "shared_name": message((2, n)),
        "debug_name": message((2, n + b"/")),
        "frame_name": message((2, n)),
        "T": message((2, b"w")),
    }
    local = {**attributes, "_class": message((1, message((2, b"loc:@w"))))}
    local |= {"frame_name": message((2, b"w"))}
    graph = graphs.graph(
        node(name, "VarHandleOp", [name, f"{name}:1", f"^{name}", "x", "w/x"], attributes),
        graphs.constant("save/keys", packed),
        graphs.strings("save/more", name, "x"),
        graphs.strings("other", "w"),
        node("save/SaveV2", "SaveV2", ["x", "save/keys", "x", name]),
        node("save/RestoreV2", "RestoreV2", ["x", "save/more", "x"]),
        graphs.strings("init/keys", "w"),
        node("init/RestoreV2", "RestoreV2", ["x", "init/keys", "x"]),
        library=message((1, message((3, node("w", "Other", ["w:y:0"], local))))),
    )
    held = message((6, n), (8, message((6, n))))
    objects = message((1, message((7, held), (9, message((1, n))), (11, b"w"))))
    return message(
        (2, graph),
        (3, saver),
        (4, graphs.collection("mine", 2, definition)),
        (4, graphs.collection("variables", 2, definition)),
        (4, graphs.collection("while_context", 2, loop)),
        (4, graphs.collection("cond_context", 2, condition)),
        (4, graphs.collection("queue_runners", 2, runner)),
        (4, graphs.collection("savers", 2, saver)),
        (4, graphs.collection("nodes", 1, n, tensor)),
        (4, graphs.collection("texts", 2, b"w", b"other")),
        (4, mark("any", message((5, message((1, any_asset)))))),
        (5, mark("w", signature)),
        (6, asset),
        (7, objects),
    )


@pytest.mark.parametrize("new", ["v", "long/new", "n" * 100])
def test_every_place_that_a_name_can_have(new: str, tmp_path: Path) -> None:
    path = tmp_path / "all.meta"
    path.write_bytes(everything("w"))
    data = renamed(path, {"w": new})
    assert data == everything(new)
    path.write_bytes(data)
    assert renamed(path, {new: "w"}) == everything("w")


def test_what_follows_what(tmp_path: Path) -> None:
    found = {(s.space, s.name): s for s in subjects(alone("tf1_gan/model.ckpt-200.meta", tmp_path))}
    slots = [subject for subject in found.values() if subject.kind == "slot"]
    assert slots
    assert all(slot.follows and slot.follows in slot.name for slot in slots)
    (first, *_) = (slot for slot in slots if slot.space == "node")
    assert found["node", f"{first.name}/read"].follows == first.name
    assert found["key", first.name].follows == first.follows
    assert found["node", f"{first.follows}/read"].follows == first.follows
    assert found["node", first.follows].follows == ""


def test_parts_follow_their_variable(tmp_path: Path) -> None:
    found = subjects(alone("tf1_partitioned/model.ckpt.meta", tmp_path))
    parts = [s for s in found if s.space == "node" and re.search(r"part_\d+$", s.name)]
    whole = {subject.name for subject in found if subject.space == "partition"}
    assert parts
    assert {part.follows for part in parts} <= whole | {s.name for s in found if s.space == "key"}


def test_frames_are_subjects_of_their_own(tmp_path: Path) -> None:
    found = subjects(alone("graphs/control_v1.meta", tmp_path))
    frames = [subject for subject in found if subject.space == "frame"]
    assert any(frame.name.endswith("while_context") for frame in frames)
    assert {frame.kind for frame in frames} == {"frame"}


def test_comments_and_layout_of_a_text_stay(tmp_path: Path) -> None:
    path = tmp_path / "graph.pbtxt"
    text = (
        "# w as it was\nnode { name: 'w' op: \"Const\" }\n"
        "node: < name: \"r\" op: 'Identity'; input: ['w' , \"^\" # w\n 'w'], >\n"
        'node { name: "d" op: "No" attr { key: "_class" value { list { s: "loc:@w" } } } }\n'
    )
    path.write_text(text)
    assert renamed(path, {"w": 'a"\n\té'}).decode() == (
        "# w as it was\nnode { name: \"a\\\"\\n\\t\\303\\251\" op: \"Const\" }\n"
        "node: < name: \"r\" op: 'Identity'; input: [\"a\\\"\\n\\t\\303\\251\" , "
        "\"^a\\\"\\n\\t\\303\\251\"], >\n"
        'node { name: "d" op: "No" attr { key: "_class" value { list { '
        's: "loc:@a\\"\\n\\t\\303\\251" } } } }\n'
    )  # fmt: skip


def test_messages_inside_a_text_are_changed_too(tmp_path: Path) -> None:
    path = tmp_path / "graph.pbtxt"
    path.write_text(
        'graph_def { node { name: "w" op: "VariableV2" } } collection_def { key: "variables" '
        'value { bytes_list { value: "\\n\\003w:0\\022\\010w/Assign" } } }'
    )
    data = renamed(path, {"w": "weights", "w/Assign": "weights/Assign"})
    assert rb'value: "\n\tweights:0\022\016weights/Assign"' in data


def test_swaps(tmp_path: Path) -> None:
    path = tmp_path / "graph.pb"
    path.write_bytes(graphs.graph(node("a", "A", ["b"]), node("b", "B", ["a:1", "^a"])))
    assert renamed(path, {"a": "b", "b": "a"}) == graphs.graph(
        node("b", "A", ["a"]), node("a", "B", ["b:1", "^b"])
    )


def test_a_saved_model_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    shutil.copytree(SAMPLES / "tf1_saved_model", folder)
    (folder / "assets").mkdir()
    (folder / "assets" / "words.txt").write_text("one")
    (folder / "fingerprint.pb").write_bytes(b"\x08\x01")
    written = []

    def note(model: object, renaming: Renaming, out: str, staging: Staging) -> None:
        written.append((out, renaming))

    monkeypatch.setattr(v2_writer, "write", note)
    model = load(folder)
    found = graph_writer.subjects(model)
    names = {subject.name: f"new/{subject.name}" for subject in found}
    renaming = Renaming(names, NOTHING)
    write(model, renaming, str(tmp_path / "out"))
    assert written == [(str(tmp_path / "out/variables/variables"), renaming)]
    files = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")}
    assert files == {"saved_model.pb", "assets/words.txt"}
    again = graph_writer.subjects(load(tmp_path / "out"))
    assert [subject.name for subject in again] == [names[subject.name] for subject in found]
    assert len({subject.space for subject in found if subject.kind == "node"}) == 2

    (tmp_path / "out/fingerprint.pb").write_bytes(b"\x08\x01")
    again_model = load(tmp_path / "out")
    write(again_model, Renaming({}, NOTHING), again_model.path)
    assert not (tmp_path / "out/fingerprint.pb").exists()
    assert (tmp_path / "out/assets/words.txt").read_text() == "one"

    graph_alone = load(folder / "saved_model.pb")
    with pytest.raises(UnsupportedError, match="whose variables must be renamed with it"):
        write(graph_alone, renaming, str(tmp_path / "x.pb"))


def test_nothing_can_be_dropped(tmp_path: Path) -> None:
    path = alone("graphs/twins.meta", tmp_path)
    with pytest.raises(UnsupportedError, match="nodes need each other"):
        write(load(path), Renaming({}, frozenset({"w"})), str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_names_that_tensorflow_refuses() -> None:
    model = load(SAMPLES / "graphs/twins.meta")
    good = ["a", "A.b/c_1-2", "0", ".a", "a>b", "a/w", "A/w"]
    bad = ["_a", "-a", "/a", "a b", "a:0", "^a", "é", "a\n", "a\\b", "a>", "a>_b"]
    names = {f"old{number}": new for number, new in enumerate([*good, *bad])}
    refused = graph_writer.refusals(model, Renaming(names, NOTHING))
    assert [name for name, _ in refused] == bad
    assert list(graph_writer.complaints(["a", "", "_a"])) == [("", "is empty")]


def test_what_was_beyond_the_rule_may_stay_so() -> None:
    model = load(SAMPLES / "graphs/twins.meta")
    assert list(graph_writer.refusals(model, Renaming({"a key": "b key"}, NOTHING))) == []


def test_contexts_may_not_nest_without_end(tmp_path: Path) -> None:
    context = message((1, b"w"))
    for _ in range(120):
        context = message((1, b"w"), (6, message((1, context))))
    path = tmp_path / "deep.meta"
    path.write_bytes(
        graphs.meta_graph(
            graphs.graph(node("w", "Const")), graphs.collection("cond_context", 2, context)
        )
    )
    with pytest.raises(DamagedFileError, match="nested too deep"):
        renamed(path, {"w": "v"})


def test_a_constant_larger_than_a_block(tmp_path: Path) -> None:
    """It is walked where it stands; only the lengths around change."""
    path = tmp_path / "large.pb"
    value = graphs.tensor(graphs.FLOAT, (1 << 16,), (4, bytes(1 << 18)))
    padded = graphs.constant("net/w", value) + message((5, graphs.map_entry("_class", message(
        (1, message((2, b"loc:@net/w")))))))  # fmt: skip
    path.write_bytes(graphs.graph(padded, node("y", "Identity", ["net/w"])))
    data = renamed(path, {"net/w": "a" * 200})
    assert data.count(b"a" * 200) == 3
    assert b"net/w" not in data
    path.write_bytes(data)
    assert load(path).variables[0].nbytes == 1 << 18


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A SavedModel with a file that TensorFlow knows nothing of."""
    folder = tmp_path / "exported"
    shutil.copytree(SAMPLES / "tf1_saved_model", folder)
    (folder / "assets").mkdir()
    (folder / "assets" / "words.txt").write_text("a", "utf-8")
    return folder


NET = {"net/": "x/"}


def test_a_saved_model_that_cannot_be_written_leaves_no_folder(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(graph_writer, "_write_graph", full)
    with pytest.raises(PathError, match="No space left"):
        scopecli.rename(exported, exported.with_name("new"), NET)
    assert [path.name for path in exported.parent.iterdir()] == ["exported"]


def test_the_graph_of_a_saved_model_is_last(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, nothing takes the folder for a SavedModel."""
    moved: list[str] = []
    rename = os.rename

    def noting(old: str, new: str) -> None:
        moved.append(os.path.basename(new))
        rename(old, new)

    monkeypatch.setattr(os, "rename", noting)
    scopecli.rename(exported, exported.with_name("new"), NET)
    assert moved[-2:] == ["variables.index", "saved_model.pb"]


@pytest.mark.parametrize("out", ["sub", "assets/sub"])
def test_a_saved_model_is_not_written_into_itself(exported: Path, out: str) -> None:
    link = exported.with_name("link")
    link.symlink_to(exported, target_is_directory=True)
    for folder in (exported, link):
        with pytest.raises(PathError, match="is inside of the input"):
            scopecli.rename(folder, exported / out, NET)


def test_a_folder_that_is_a_link_is_not_lost(exported: Path) -> None:
    """That of the variables is written anew."""
    for name in ("variables", "assets"):
        (exported / name).rename(exported.with_name(name))
        (exported / name).symlink_to(f"../{name}", target_is_directory=True)
    with pytest.raises(UnsupportedError, match="assets: is a link to a folder"):
        scopecli.rename(exported, exported.with_name("new"), NET)
    (exported / "assets").unlink()
    scopecli.rename(exported, exported.with_name("new"), NET)
    assert {v.name for v in load(exported.with_name("new")).variables} == {"x/b", "x/w"}


def test_a_graph_that_would_be_loaded_instead_goes_away(exported: Path) -> None:
    new = exported.with_name("new")
    new.mkdir()
    (new / "saved_model.pbtxt").write_text("old", "utf-8")
    scopecli.rename(exported, new, NET, force=True)
    assert {path.name for path in new.iterdir()} == {"assets", "saved_model.pb", "variables"}
