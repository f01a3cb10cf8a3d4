"""Which files are written together."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scopecli
from scopecli.analysis.rename.plan import Request, plan
from scopecli.analysis.rename.rules import DropSlots, Replace
from scopecli.errors import PathError, RefusedError, UnsupportedError
from scopecli.formats import registry, rewriting
from scopecli.formats.staging import Staging
from scopecli.model.renaming import Renaming, Subject
from scopecli.renames import carry_out, prepare, refuse_conflicts
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.model.model import Model

META = "tf-metagraph"


class Nodes:
    """Writes a graph as the names that its nodes would have."""

    def subjects(self, model: Model) -> Sequence[Subject]:
        return [Subject(v.key, "node", "", "nodes") for v in model.variables]

    def complaints(self, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        return ((name, "is not for graphs") for name in names if name.startswith("bad"))

    def write(self, model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
        names = [renaming.of(variable.key) for variable in model.variables]
        Path(staging.create(out)).write_text("\n".join(names), "utf-8")


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    """A checkpoint with its graph beside it."""
    for path in (SAMPLES / "tf1_gan").iterdir():
        shutil.copy(path, tmp_path)
    return str(tmp_path / "model.ckpt-200")


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Graphs can be written."""
    writer = rewriting._writer

    def chosen(model: Model) -> object:
        return Nodes() if model.format == META else writer(model)

    monkeypatch.setattr(rewriting, "_writer", chosen)


def request_for(*rules: str) -> Request:
    return Request([Replace(*rule.split("=")) for rule in rules])


@pytest.mark.usefixtures("nodes")
def test_checkpoint_and_graph_go_together(tmp_path: Path, prefix: str) -> None:
    prepared = prepare(prefix, request_for("generator/=g/"))
    assert prepared.plan.conflicts == ()
    with Staging() as staging:
        written = carry_out(prepared, str(tmp_path / "new"), staging)
    assert [Path(path).name for path in written] == [
        "new.meta",
        "new.data-00000-of-00001",
        "new.index",
    ]
    assert "g/h1/w" in (tmp_path / "new.meta").read_text("utf-8").splitlines()


@pytest.mark.usefixtures("nodes")
def test_names_of_both_files_are_checked(prefix: str) -> None:
    prepared = prepare(prefix, request_for("generator/=bad/"))
    assert any("is not for graphs" in str(conflict) for conflict in prepared.plan.conflicts)
    with pytest.raises(RefusedError):
        refuse_conflicts(prepared)


@pytest.mark.usefixtures("nodes")
def test_a_graph_cannot_restore_what_is_dropped(prefix: str) -> None:
    prepared = prepare(prefix, Request([DropSlots()]))
    (conflict,) = prepared.plan.conflicts
    assert str(conflict) == (
        f"{prefix}.meta: saves and restores what is dropped: leave the graph out with --no-graph"
    )
    assert prepare(prefix, Request([DropSlots()]), with_graph=False).plan.conflicts == ()


@pytest.mark.usefixtures("nodes")
def test_the_same_again_ends_what_was_cut_off(prefix: str) -> None:
    """Killed between two renames in place, the graph is new and the checkpoint is not."""
    request = request_for("generator/=g/")
    first = prepare(prefix, request)

    class Renamed(Nodes):
        def subjects(self, model: Model) -> Sequence[Subject]:
            renaming = first.plan.renaming
            return [s._replace(name=renaming.of(s.name)) for s in super().subjects(model)]

    assert first.parts.graph is not None
    parts = first.parts._replace(graph=first.parts.graph._replace(writer=Renamed()))
    again = plan(rewriting.subjects(parts), "/", request, lambda _: ())
    assert again.conflicts == ()
    keys = {subject.name for subject in rewriting.subjects(parts) if subject.space[:1] != "."}
    assert {move.old for move in again.moves} == {key for key in keys if key[:10] == "generator/"}


def test_a_graph_that_cannot_be_written_can_be_left_out(
    prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = registry.BY_ID[META]._replace(writer="")
    monkeypatch.setitem(registry.BY_ID, META, row)
    with pytest.raises(UnsupportedError, match="leave the graph out with --no-graph"):
        rewriting.open_parts(prefix)
    assert rewriting.open_parts(prefix, with_graph=False).graph is None


def test_every_writer_has_what_a_writer_has() -> None:
    from importlib import import_module

    for row in registry.FORMATS:
        if row.writer:
            module = import_module(row.writer)
            for name in ("subjects", "complaints", "write"):
                assert callable(getattr(module, name)), (row.id, name)


def test_a_folder_that_is_missing(tmp_path: Path, prefix: str) -> None:
    parts = rewriting.open_parts(prefix, with_graph=False)
    with pytest.raises(PathError, match="no such folder; make it first"):
        rewriting.destination(parts, str(tmp_path / "none" / "new"))


@pytest.mark.parametrize("base", ["fold-3-of-7", "fold-00003-of-00007"])
def test_a_prefix_that_ends_as_a_shard_of_the_first_version(prefix: str, base: str) -> None:
    folder = Path(prefix).parent
    for path in list(folder.iterdir()):
        path.rename(folder / path.name.replace("model.ckpt-200", base))
    before = sorted(path.name for path in folder.iterdir())
    parts = rewriting.open_parts(str(folder / base))
    assert parts.graph is not None
    assert parts.path == str(folder / base)
    scopecli.rename(folder / base, None, {"generator/": "g/"})
    assert sorted(path.name for path in folder.iterdir()) == before
    assert any(v.name == "g/h0/w" for v in scopecli.load(folder / base).variables)


@pytest.mark.parametrize("suffix", ["", ".index", ".meta", ".data-00000-of-00001"])
def test_a_checkpoint_may_be_called_by_any_of_its_files(prefix: str, suffix: str) -> None:
    parts = rewriting.open_parts(prefix)
    new = str(Path(prefix).with_name("new"))
    assert rewriting.destination(parts, new + suffix) == new
    with pytest.raises(PathError, match="is the input"):
        rewriting.destination(parts, prefix + suffix)
