"""A truncated, an empty, a mangled and a wrongly named copy of every sample."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from scopecli.formats.opening import load
from tests.commands import Run, assert_one_line
from tests.samples import ALL, GOOD, REFUSED, SAMPLES, SINGLE, V2, files_of, prefix_of

if TYPE_CHECKING:
    from pathlib import Path


def main_file(sample: str) -> str:
    """The file without which a sample is nothing."""
    if sample in V2:
        return f"{prefix_of(sample)}.index"
    if (SAMPLES / sample).is_file():
        return sample
    names = [path for path in files_of(sample) if not path.endswith(("checkpoint", ".meta"))]
    return next((path for path in names if path.endswith("saved_model.pb")), names[0])


def copied(sample: str, folder: Path) -> Path:
    """A copy of a sample's files; the path of the main one."""
    for path in files_of(sample):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / path, folder / path)
    return folder / main_file(sample)


@pytest.mark.parametrize("percent", [0, 1, 30, 60, 99])
@pytest.mark.parametrize("sample", ALL)
def test_truncated(tmp_path: Path, run: Run, sample: str, percent: int) -> None:
    path = copied(sample, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * percent // 100])
    for command in ("tree", "list", "info"):
        result = run(command, str(path))
        assert_one_line(result, str(path).removesuffix(".index"))
        assert result.out == ""


@pytest.mark.parametrize("sample", ALL)
def test_mangled(tmp_path: Path, run: Run, sample: str) -> None:
    """As by a text editor, or a transfer as text."""
    path = copied(sample, tmp_path)
    data = path.read_bytes()
    changed = data.decode("utf-8", "replace").encode("utf-8")
    if changed == data:
        pytest.skip("it is text")
    path.write_bytes(changed)
    assert_one_line(run("tree", str(path)), str(path).removesuffix(".index"))


@pytest.mark.parametrize("sample", ALL)
def test_line_ends_changed(tmp_path: Path, run: Run, sample: str) -> None:
    path = copied(sample, tmp_path)
    data = path.read_bytes()
    changed = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if changed == data or is_text(data):
        pytest.skip("it has no line ends that matter")
    path.write_bytes(changed)
    result = run("tree", str(path))
    assert_one_line(result, str(path).removesuffix(".index"))


@pytest.mark.parametrize("name", ["model.index", "model.h5", "model.keras", "model.weights.h5"])
@pytest.mark.parametrize(
    "contents", [b"plain text\n", b'{"a": 1}\n', bytes(1000), b"PK\x03\x04" + bytes(100)]
)
def test_other_contents_under_the_name_of_a_model(
    tmp_path: Path, run: Run, name: str, contents: bytes
) -> None:
    (tmp_path / name).write_bytes(contents)
    assert_one_line(run("tree", str(tmp_path / name)), name)


@pytest.mark.parametrize("sample", SINGLE)
def test_under_the_name_of_an_index(tmp_path: Path, run: Run, sample: str) -> None:
    """Contents decide, so a Keras file that is called `model.ckpt.index` is shown as what it is."""
    shutil.copy(SAMPLES / sample, tmp_path / "model.ckpt.index")
    result = run("list", "--format", "plain", str(tmp_path / "model.ckpt.index"))
    assert (result.code, result.err) == (0, "")
    assert result.out == run("list", "--format", "plain", str(SAMPLES / sample)).out
    prefix = run("list", str(tmp_path / "model.ckpt"))
    assert_one_line(prefix, "model.ckpt")


@pytest.mark.parametrize("sample", V2)
@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model"])
def test_an_index_under_another_name(tmp_path: Path, run: Run, sample: str, name: str) -> None:
    shutil.copy(SAMPLES / main_file(sample), tmp_path / name)
    result = run("list", str(tmp_path / name))
    assert (result.code, result.err) == (0, "")
    names = {v.key for v in load(SAMPLES / sample).variables}
    assert {v.key for v in load(tmp_path / name).variables} == names


@pytest.mark.parametrize("sample", V2)
def test_a_data_shard_under_the_name_of_the_index(tmp_path: Path, run: Run, sample: str) -> None:
    path = copied(sample, tmp_path)
    shard = next(p for p in files_of(sample) if ".data-00000" in p)
    shutil.copy(SAMPLES / shard, path)
    assert_one_line(run("tree", str(path)), path.name.removesuffix(".index"))


@pytest.mark.parametrize("sample", V2)
@pytest.mark.parametrize("harm", ["gone", "empty", "half"])
def test_damaged_data_shards(tmp_path: Path, run: Run, sample: str, harm: str) -> None:
    """The structure is shown all the same; the values are said not to be there."""
    path = copied(sample, tmp_path)
    for name in files_of(sample):
        shard = tmp_path / name
        if ".data-" in name:
            data = shard.read_bytes()
            shard.unlink()
            if harm != "gone":
                shard.write_bytes(data[: len(data) // 2] if harm == "half" else b"")
    listed = run("list", "--format", "json", str(path))
    assert (listed.code, listed.err) == (0, "")
    model, whole = load(path), load(SAMPLES / sample)
    assert [v.key for v in model.variables] == [v.key for v in whole.variables]
    shown = run("show", str(path), *(v.key for v in model.variables))
    assert (shown.code, shown.err) == (0, "")
    assert "not shown: " in shown.out


def test_the_samples_are_all_here() -> None:
    assert set(ALL) == {*GOOD, *REFUSED}
    assert {*SINGLE, *V2} <= set(GOOD)
    assert len(V2) >= 5
    assert len(SINGLE) >= 9


def is_text(data: bytes) -> bool:
    """Whether an editor would leave it as it is."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
