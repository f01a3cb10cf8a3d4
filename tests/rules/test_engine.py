"""Running rules: what they need, damage, several files."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

import scopecli
from scopecli.errors import DamagedFileError, PathError, ScopecliError
from scopecli.model.finding import Finding, is_as_bad_as
from scopecli.rules import damage, engine, registry
from scopecli.rules.notation import parse
from scopecli.rules.run import Run, expanded
from scopecli.rules.selection import Selection
from tests.samples import GOOD, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

EVERY = frozenset(registry.names())


def run(*paths: str, selection: Selection = Selection()) -> Run:  # noqa: B008 - it is frozen
    done = Run(scopecli.load, selection)
    for path in paths:
        done.check(path)
    return done


@pytest.mark.parametrize("order", [1, -1])
def test_a_graph_and_its_checkpoint_say_it_once(tmp_path: Path, order: int) -> None:
    for path in SAMPLES.glob("tf1_gan/model.ckpt-*"):
        shutil.copy(path, tmp_path)
    paths = [
        str(path) for path in sorted(tmp_path.glob("*.index")) + sorted(tmp_path.glob("*.meta"))
    ]
    selection = Selection(select=("S203",))
    assert len(run(*paths[::order], selection=selection).findings) == 2
    assert [len(run(path, selection=selection).findings) for path in paths] == [2, 2]


# The samples that were made to have an error, and what is wrong with them.
TRUE_ERRORS = {
    "graphs/gan_twins.meta": ["S202 discriminator_1"],
    "torch_hostile.pt": ["F711 posix.system"],
}


@pytest.mark.parametrize("sample", GOOD)
def test_no_sample_has_a_false_error(sample: str) -> None:
    found = scopecli.validate(SAMPLES / sample)
    errors = [f"{f.code} {f.subject}" for f in found if f.severity == "error"]
    assert errors == TRUE_ERRORS.get(sample, [])


def test_the_worst_come_first() -> None:
    found = scopecli.validate(SAMPLES / "graphs/gan_twins.meta")
    assert [f.severity for f in found] == sorted((f.severity for f in found), key=str)
    assert {f.severity for f in found} == {"error", "warning"}


def test_a_path_or_a_model() -> None:
    path = SAMPLES / "graphs/twins.meta"
    assert scopecli.validate(path) == scopecli.validate(scopecli.load(path))
    (finding,) = scopecli.validate(path, select=["S201"])
    assert isinstance(finding, scopecli.Finding)
    assert finding.subject == "net_1"
    assert finding.path == str(path)
    assert scopecli.validate(path, ignore=["S"]) == []


def test_a_reference_is_opened() -> None:
    path = SAMPLES / "tf1_gan"
    assert scopecli.validate(path, against=path, select=["N"]) == []
    with pytest.raises(PathError):
        scopecli.validate(path, against="no/such/file")


@pytest.mark.parametrize("sample", ["flipped", "truncated.h5", "truncated.keras", "mangled.h5"])
def test_damage_is_a_finding(sample: str) -> None:
    (finding,) = scopecli.validate(SAMPLES / "broken" / sample)
    assert finding.code[0] == "F"
    assert finding.severity == "error"


def test_damage_that_is_not_asked_for_is_an_error() -> None:
    with pytest.raises(DamagedFileError):
        scopecli.validate(SAMPLES / "broken/flipped", select=["N"])


@pytest.mark.parametrize("sample", ["model.h5", "model.keras"])
def test_what_is_no_model_is_no_finding(sample: str) -> None:
    with pytest.raises(ScopecliError):
        scopecli.validate(SAMPLES / "broken" / sample)


def test_damage_on_the_way_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph is read when a rule asks for it."""

    def broken(_context: object) -> None:
        raise DamagedFileError("is cut off", where="node 3")

    monkeypatch.setattr(registry.module("N101"), "check", broken)
    (finding,) = engine.findings(parse("w: float32[2]").context(), EVERY)
    assert (finding.code, finding.subject) == ("F700", "node 3")


def test_an_error_without_a_row_is_the_general_rules() -> None:
    assert damage.code_of(DamagedFileError("something else")) == damage.OTHER
    assert damage.OTHER in EVERY
    assert set(damage.CODES.values()) <= EVERY


@pytest.mark.parametrize(
    ("sample", "code"), [("flipped", "F702"), ("truncated.h5", "F703"), ("truncated.keras", "F703")]
)
def test_the_kind_of_damage_tells_the_rule(sample: str, code: str) -> None:
    (finding,) = scopecli.validate(SAMPLES / "broken" / sample)
    assert finding.code == code


def test_a_file_under_two_names_is_checked_once() -> None:
    folder = SAMPLES / "tf1_gan"
    prefix = str(folder / "model.ckpt-200")
    names = [str(folder), prefix, f"{prefix}.index", f"{prefix}.data-00000-of-00001"]
    done = run(*names)
    assert done.paths == names[:1]
    assert len(done.files) == 3  # index, data and graph


def test_per_path_ignores() -> None:
    path = str(SAMPLES / "graphs/twins.meta")
    assert run(path).findings
    assert run(path, selection=Selection(per_path_ignores=(("graphs/*", ("S",)),))).findings == []


def test_patterns(tmp_path: Path) -> None:
    for name in ("b.h5", "a.h5", "odd[1].h5"):
        (tmp_path / name).touch()
    found = list(expanded([str(tmp_path / "[ab].h5"), str(tmp_path / "odd[1].h5"), "plain"]))
    assert found == [str(tmp_path / n) for n in ("a.h5", "b.h5", "odd[1].h5")] + ["plain"]
    with pytest.raises(PathError, match="no file matches"):
        list(expanded([str(tmp_path / "*.keras")]))


def test_severities() -> None:
    assert is_as_bad_as("error", "warning")
    assert is_as_bad_as("warning", "warning")
    assert not is_as_bad_as("info", "warning")


def test_the_text_of_a_finding() -> None:
    whole = Finding("N101", "n", "error", "p", "", "", "is odd", "fix")
    assert whole.text == "is odd"
    assert whole._replace(subject="w").text == "w: is odd"


def test_findings_are_of_the_path_that_was_given() -> None:
    """A folder or one file of a checkpoint, not what it leads to."""
    for path in (SAMPLES / "graphs/twins.meta", SAMPLES / "tf1_gan/model.ckpt-200.index"):
        found = run(str(path)).findings
        assert {finding.path for finding in found} == {str(path)}
        assert scopecli.validate(path) == found
    folder = str(SAMPLES / "broken/stale_state")
    assert [(f.code, f.path) for f in run(folder).findings] == [("F706", folder)]
