"""Distributed checkpoints: tensors in parts, each an archive in one of the ranks' files."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from scopecli.errors import DamagedFileError, PathError, ScopecliError, UnsupportedError
from scopecli.formats.opening import load
from tests.formats.torch.files import archive, stored, tensor
from tests.models import data_of, get
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model

METADATA = "torch.distributed.checkpoint.metadata"
FILES = "torch.distributed.checkpoint.filesystem"


class Said:
    """An object of one of PyTorch's classes, as a pickle has it: what is said of it."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


@pytest.fixture
def classes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Classes that are called as PyTorch's own, for `pickle` to find."""
    named = {
        METADATA: (
            "Metadata",
            "TensorStorageMetadata",
            "TensorProperties",
            "ChunkStorageMetadata",
            "MetadataIndex",
        ),
        FILES: ("_StorageInfo",),
    }
    found: dict[str, Any] = {}
    for path, names in named.items():
        module = ModuleType(path)
        for name in names:
            found[name] = type(name, (Said,), {"__module__": path})
            setattr(module, name, found[name])
        for parent in ("torch", "torch.distributed", "torch.distributed.checkpoint"):
            monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
        monkeypatch.setitem(sys.modules, path, module)
    kind = type("int32", (), {"__module__": "torch", "__reduce__": lambda _: "int32"})()
    sys.modules["torch"].int32 = kind  # type: ignore[attr-defined]
    found["int32"] = kind
    return found


def part(folder: Path, first: int, count: int) -> bytes:
    """The archive of a part, with numbers from the first on."""
    numbers = b"".join(n.to_bytes(4, "little") for n in range(first, first + count))
    path = archive(folder / "part.pt", tensor(stored("0", count, "Int"), count), s0=numbers)
    return path.read_bytes()


def checkpoint(
    classes: dict[str, Any], folder: Path, parts: dict[str, tuple[tuple[int, int], tuple[int, int]]]
) -> None:
    """A tensor of 4 x 6 in parts, each with its first index and its extents, in a file each."""
    places = {}
    chunks = []
    for number, (file, (starts, extents)) in enumerate(parts.items()):
        count = extents[0] * extents[1]
        begin = 7 * number
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(bytes(begin) + part(folder, 100 * number, count))
        length = (folder / file).stat().st_size - begin
        index = classes["MetadataIndex"](fqn="w", offset=starts, index=number)
        info = {"relative_path": file, "offset": begin, "length": length}
        places[index] = classes["_StorageInfo"](**info)
        chunks.append(classes["ChunkStorageMetadata"](offsets=starts, sizes=extents))
    entry = classes["TensorStorageMetadata"](
        properties=classes["TensorProperties"](dtype=classes["int32"]),
        size=(4, 6),
        chunks=chunks,
    )
    document = classes["Metadata"](state_dict_metadata={"w": entry}, storage_data=places)
    (folder / ".metadata").write_bytes(pickle.dumps(document, 4))


def numbers(model: Model, start: int = 0, count: int = 24) -> list[int]:
    assert model.tensors
    data = model.tensors.read(get(model, "w"), start, count)
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


ROWS = {"a.distcp": ((0, 0), (3, 6)), "b.distcp": ((3, 0), (1, 6))}
COLUMNS = {"a.distcp": ((0, 0), (4, 2)), "b.distcp": ((0, 2), (4, 4))}


def test_rows(tmp_path: Path, classes: dict[str, Any]) -> None:
    checkpoint(classes, tmp_path, ROWS)
    model = load(tmp_path)
    assert [s.spec for s in get(model, "w").attributes["slices"]] == ["0,3:0,6", "3,1:0,6"]  # type: ignore[attr-defined]
    assert numbers(model) == [*range(18), *range(100, 106)]
    assert numbers(model, 16, 4) == [16, 17, 100, 101]


def test_columns(tmp_path: Path, classes: dict[str, Any]) -> None:
    checkpoint(classes, tmp_path, COLUMNS)
    rows = [[2 * n, 2 * n + 1, *range(100 + 4 * n, 104 + 4 * n)] for n in range(4)]
    assert numbers(load(tmp_path)) == [number for row in rows for number in row]


def test_one_part(tmp_path: Path, classes: dict[str, Any]) -> None:
    checkpoint(classes, tmp_path, {"__0_0.distcp": ((0, 0), (4, 6))})
    variable = get(load(tmp_path), "w")
    assert variable.storage
    assert (variable.storage.shard, variable.storage.offset) == ("__0_0.distcp", None)
    assert numbers(load(tmp_path)) == list(range(24))


def test_the_sample() -> None:
    model = load(SAMPLES / "torch_distributed")
    values = {v.key: data_of(model, v.key) for v in model.variables}
    assert len(values["model.0.weight"]) == 48
    assert any(values["optimizer.state.0.momentum_buffer"])


class TestDamage:
    def test_files_that_are_gone_or_cut(self, tmp_path: Path, classes: dict[str, Any]) -> None:
        checkpoint(classes, tmp_path, ROWS)
        whole = (tmp_path / "b.distcp").read_bytes()
        (tmp_path / "b.distcp").write_bytes(whole[:-9])
        with pytest.raises(DamagedFileError):
            numbers(load(tmp_path))
        (tmp_path / "b.distcp").unlink()
        with pytest.raises(PathError):
            numbers(load(tmp_path))

    @pytest.mark.parametrize(
        "parts",
        [
            {"a.distcp": ((0, 0), (3, 6))},  # the last row is nowhere
            {"a.distcp": ((0, 0), (3, 6)), "b.distcp": ((3, 3), (1, 6))},  # reaches out
        ],
    )
    def test_parts_that_do_not_fit(
        self, tmp_path: Path, classes: dict[str, Any], parts: dict[str, Any]
    ) -> None:
        checkpoint(classes, tmp_path, parts)
        with pytest.raises(DamagedFileError):
            numbers(load(tmp_path))

    def test_an_archive_of_something_else(self, tmp_path: Path, classes: dict[str, Any]) -> None:
        checkpoint(classes, tmp_path, {"a.distcp": ((0, 0), (4, 6))})
        other = archive(tmp_path / "part.pt", b"}").read_bytes()
        short = part(tmp_path, 0, 20)
        for data in (other, short):
            length = (tmp_path / "a.distcp").stat().st_size
            (tmp_path / "a.distcp").write_bytes(data.ljust(length, b"\0"))
            with pytest.raises(ScopecliError):
                numbers(load(tmp_path))

    def test_files_elsewhere_are_not_opened(self, tmp_path: Path, classes: dict[str, Any]) -> None:
        (tmp_path / "inner").mkdir()
        checkpoint(classes, tmp_path / "inner", {"../a.distcp": ((0, 0), (4, 6))})
        model = load(tmp_path / "inner")
        with pytest.raises(UnsupportedError, match="no values that can be read"):
            numbers(model)
