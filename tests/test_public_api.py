"""What `import scopecli` offers."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import scopecli
from tests.reading import read_some
from tests.samples import GOOD, SAMPLES


@pytest.mark.parametrize("sample", GOOD)
def test_load(sample: str) -> None:
    model = scopecli.load(str(SAMPLES / sample))
    assert isinstance(model, scopecli.Model)
    again = scopecli.load(SAMPLES / sample)
    for field in ("path", "format", "separator", "metadata", "collections", "notes", "files"):
        assert getattr(model, field) == getattr(again, field)
    assert all(isinstance(variable, scopecli.Variable) for variable in model.variables)
    keys = [variable.key for variable in model.variables]
    assert len(keys) == len(set(keys)) > 0


@pytest.mark.parametrize("sample", GOOD)
def test_models_are_consistent(sample: str) -> None:
    """Members of collections and owners of slots are keys of the model; sizes agree with files."""
    model = scopecli.load(SAMPLES / sample)
    keys = {variable.key for variable in model.variables}
    for collection in model.collections.values():
        if model.format.startswith("keras"):  # a graph may have variables that were not saved
            assert set(collection.members) <= keys
    for variable in model.variables:
        for owner in ("slot_of", "average_of"):
            assert variable.attributes.get(owner) in {*keys, None}
        assert variable.kind != "slot" or not variable.is_parameter
        assert not variable.name.endswith(":0")
        if variable.shape is not None and variable.nbytes is not None:
            assert all(size is None or size >= 0 for size in variable.shape)
    for file in model.files:
        assert file.size == Path(file.path).stat().st_size


def test_an_error_is_one_line_with_its_parts() -> None:
    with pytest.raises(scopecli.ScopecliError) as caught:
        scopecli.load(SAMPLES / "broken/flipped.index")
    error = caught.value
    assert error.path == str(SAMPLES / "broken/flipped.index")
    assert error.where == "block at offset 0"
    assert str(error) == f"{error.path}: {error.problem} ({error.where}); {error.hint}"


def test_all_is_everything_that_can_be_imported() -> None:
    expected = (
        "Diff DiffOptions Finding Model ScopecliError Variable __version__"
        " diff load rename validate"
    )
    assert sorted(scopecli.__all__) == expected.split()
    for name in scopecli.__all__:
        assert getattr(scopecli, name) is not None
    unknown = "save"
    with pytest.raises(AttributeError, match="has no attribute 'save'"):
        getattr(scopecli, unknown)


def test_names_are_completed_before_they_are_used() -> None:
    assert dir(scopecli) == sorted(scopecli.__all__)


@pytest.mark.parametrize("sample", GOOD)
def test_models_can_be_pickled(sample: str) -> None:
    """As `multiprocessing` does with what a worker has loaded; values are read there, too."""
    model = scopecli.load(SAMPLES / sample)
    again = pickle.loads(pickle.dumps(model))
    assert repr(again) == repr(model)
    assert again.metadata == model.metadata
    assert again.collections == model.collections
    read_some(again)
    for new, old in zip(again.variables, model.variables, strict=True):
        assert new[:7] == old[:7]
    assert copy.deepcopy(model.variables[0])[:7] == model.variables[0][:7]


def test_a_large_model_is_shown_in_a_line() -> None:
    base = SAMPLES / "pairs/base"
    model = scopecli.load(base)
    assert repr(model) == f"<Model {str(base)!r}: tf-v2-checkpoint, 18 variables>"
    same = scopecli.diff(model, model)
    assert repr(same) == f"<Diff {str(base)!r} to {str(base)!r}: 18 same>"
    plan = scopecli.rename(base, None, {"net/": "enc/"}, dry_run=True)
    assert "conv" not in repr(plan)


def test_a_diff_of_paths() -> None:
    base, grown = SAMPLES / "pairs/base", str(SAMPLES / "pairs/grown")
    models = scopecli.load(base), scopecli.load(grown)
    assert scopecli.diff(base, grown).summary == scopecli.diff(*models).summary
    with pytest.raises(scopecli.ScopecliError, match="no such file"):
        scopecli.diff(models[0], "nowhere")


def test_a_dry_run_is_a_plan(tmp_path: Path) -> None:
    plan = scopecli.rename(SAMPLES / "pairs/base", tmp_path / "new", "net/=enc/", dry_run=True)
    assert plan.moves
    assert list(tmp_path.iterdir()) == []


def test_a_model_cannot_be_changed() -> None:
    model = scopecli.load(SAMPLES / "tf1_gan")
    with pytest.raises(AttributeError):
        model.path = "x"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        model.variables[0].name = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        (
            "import scopecli",
            ["numpy", "click", "scopecli.formats", "scopecli.model", "typing_extensions"],
        ),
        ("import scopecli; scopecli.load", ["numpy", "click", "h5py", "rich"]),
        ("import scopecli; scopecli.rename", ["numpy", "click", "h5py", "rich", "scopecli.cli"]),
        (
            f"import scopecli; scopecli.load({str(SAMPLES / 'tf2_object')!r})",
            ["numpy", "click", "h5py", "rich", "ml_dtypes", "cramjam", "scopecli.render"],
        ),
        (
            f"import scopecli; scopecli.load({str(SAMPLES / 'keras2_weights.h5')!r})",
            [
                "click",
                "rich",
                "tensorflow",
                "keras",
                "scopecli.formats.tensorflow.checkpoints.v2_checkpoint",
            ],
        ),
    ],
)
def test_what_is_imported(code: str, forbidden: list[str]) -> None:
    script = f"{code}\nimport sys\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert set(done.stdout.split()) & set(forbidden) == set()
