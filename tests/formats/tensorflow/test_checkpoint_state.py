"""The `checkpoint` file that a Saver writes beside its checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.errors import NotAModelError, PathError
from scopecli.formats.opening import load
from scopecli.formats.tensorflow import checkpoint_state
from scopecli.model.model import Note
from tests import bundles
from tests.bundles import Tensor

if TYPE_CHECKING:
    from pathlib import Path


def folder(tmp_path: Path, state: str, *names: str) -> Path:
    """A folder with a state file and these checkpoints."""
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        bundles.write(tmp_path / name, {f"v/{name}": Tensor()})
    (tmp_path / "checkpoint").write_text(state, "utf-8")
    return tmp_path


def opened(path: Path) -> tuple[str, list[str]]:
    """Which checkpoint was opened, and the notes' subjects."""
    model = load(path)
    (variable,) = model.variables
    return variable.key.removeprefix("v/"), [note.subject for note in model.notes]


@pytest.mark.parametrize(
    "state",
    [
        'model_checkpoint_path: "b"',
        (
            'model_checkpoint_path: "b"\nall_model_checkpoint_paths: "a"\n'
            'all_model_checkpoint_paths: "b"\n'
        ),
        'all_model_checkpoint_paths: "b"\nmodel_checkpoint_path: "b"\n',
        'all_model_checkpoint_paths: "a"\nall_model_checkpoint_paths: "b"\n',
        '  model_checkpoint_path  :"b"',
        r'model_checkpoint_path: "\142"',
    ],
)
def test_the_newest_is_opened(tmp_path: Path, state: str) -> None:
    assert opened(folder(tmp_path, state, "a", "b")) == ("b", [])
    assert opened(tmp_path / "checkpoint") == ("b", [])


@pytest.mark.parametrize(
    "path",
    [
        "/home/somebody/run/b",
        "C:\\\\Users\\\\Somebody\\\\run\\\\b",
        "../elsewhere/b",
        "\\\\\\\\server\\\\share\\\\b",
    ],
)
def test_a_path_of_another_machine(tmp_path: Path, path: str) -> None:
    state = f'model_checkpoint_path: "{path}"\nall_model_checkpoint_paths: "{path}"\n'
    name, (subject,) = opened(folder(tmp_path, state, "a", "b"))
    assert name == "b"
    assert subject == path.replace("\\\\", "\\")


@pytest.mark.parametrize("written", ["", "/of/another/machine/"])
def test_a_prefix_that_ends_with_its_folder(tmp_path: Path, written: str) -> None:
    """What `saver.save(session, "model/")` leaves: `model/.index`, and a state that says so."""
    bundles.write(tmp_path / "m", {"w": Tensor()})
    for file in tmp_path.iterdir():
        file.rename(file.with_name(file.name.removeprefix("m")))
    (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{written}"\n')
    assert [v.key for v in load(tmp_path).variables] == ["w"]


def test_the_newest_is_gone(tmp_path: Path) -> None:
    state = 'model_checkpoint_path: "c"\n' + "".join(
        f'all_model_checkpoint_paths: "{name}"\n' for name in "abc"
    )
    model = load(folder(tmp_path, state, "a", "b"))
    assert [v.key for v in model.variables] == ["v/b"]
    assert model.notes == (Note("stale-state", "is the newest and is not there: b is shown", "c"),)


def test_an_absolute_path(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    bundles.write(other / "b", {"v/b": Tensor()})
    assert opened(folder(tmp_path, f'model_checkpoint_path: "{other}/b"')) == ("b", [])


def test_a_path_with_a_folder_and_letters(tmp_path: Path) -> None:
    state = 'model_checkpoint_path: "run/mod\\303\\250le \\"x\\""'
    assert opened(folder(tmp_path, state, 'run/modèle "x"')) == ('run/modèle "x"', [])


@pytest.mark.parametrize(
    "state",
    [
        'model_checkpoint_path: "gone"',
        'model_checkpoint_path: "x\\000y"',
        "model_checkpoint_path: ",
    ],
)
def test_nothing_that_it_names_is_there(tmp_path: Path, state: str) -> None:
    with pytest.raises(PathError, match="which is not there and not beside it either") as caught:
        load(folder(tmp_path, state, "a"))
    assert caught.value.path == str(tmp_path / "checkpoint")


def test_a_state_file_of_gigabytes(tmp_path: Path) -> None:
    path = folder(tmp_path, 'model_checkpoint_path: "b"', "b") / "checkpoint"
    with path.open("r+b") as file:
        file.truncate(1 << 30)
    with pytest.raises(NotAModelError, match="at most"):
        load(path)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'model_checkpoint_path: "x"', True),
        (b'\n all_model_checkpoint_paths: "x"', True),
        (b"# model_checkpoint_path", False),
        (b"", False),
    ],
)
def test_is_state(head: bytes, expected: bool) -> None:
    assert checkpoint_state.is_state(head) is expected
