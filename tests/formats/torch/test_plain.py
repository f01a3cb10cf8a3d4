"""Tensors in plain pickles: each storage is a file of `torch.save` as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.binary.pickle.imports import HOSTILE
from scopecli.errors import DamagedFileError, NotAModelError, ScopecliError
from scopecli.formats.opening import load
from tests.formats.torch.files import FOUR, dictionary, listed, stored, stream, tensor, text
from tests.models import get

if TYPE_CHECKING:
    from pathlib import Path

FROM_BYTES = b"ctorch.storage\n_load_from_bytes\n"


def storage(folder: Path, held: bytes | None = None) -> bytes:
    """What makes a storage of four numbers."""
    pickle = stored("7", 4, "Int") if held is None else held
    data = stream(folder / "storage", pickle, **{"7": (4, FOUR)}).read_bytes()
    return FROM_BYTES + b"B" + len(data).to_bytes(4, "little") + data + b"\x85R"


def pickled(path: Path, value: bytes) -> Path:
    path.write_bytes(b"\x80\x03" + value + b".")
    return path


def test_tensors_of_storages_of_their_own(tmp_path: Path) -> None:
    held = storage(tmp_path)
    value = dictionary(
        w=tensor(held, 2, 2, strides=(2, 1)),
        inner=dictionary(turned=tensor(held, 2, 2, strides=(1, 2)), part=tensor(held, 2, offset=2)),
        epoch=b"K\x05",
    )
    model = load(pickled(tmp_path / "m.pkl", value))
    assert [(v.key, v.shape, v.dtype) for v in model.variables] == [
        ("w", (2, 2), "int32"),
        ("inner.turned", (2, 2), "int32"),
        ("inner.part", (2,), "int32"),
    ]
    assert [listed(model, v.key) for v in model.variables] == [[0, 1, 2, 3], [0, 2, 1, 3], [2, 3]]
    assert (model.format, model.metadata["container"]) == ("torch", "plain pickle")
    assert model.metadata["epoch"] == 5
    found = get(model, "w").storage
    assert found
    assert found.offset is not None
    data = (tmp_path / "m.pkl").read_bytes()
    assert data[found.offset :][: found.length] == FOUR


def test_what_storages_would_import_is_listed(tmp_path: Path) -> None:
    hostile = b"cposix\nsystem\n(S'true'\ntR0" + stored("7", 4, "Int")
    path = pickled(tmp_path / "m.pkl", dictionary(w=tensor(storage(tmp_path, hostile), 4)))
    assert (HOSTILE, "posix.system") in [(n.code, n.subject) for n in load(path).notes]


@pytest.mark.parametrize(
    ("held", "problem"),
    [
        (FROM_BYTES + text("x" * 300) + b"\x85R", "not written as bytes"),
        (FROM_BYTES + b")R", "not written as bytes"),
        (FROM_BYTES + b"B\4\0\0\0abcd\x85R", "pickle"),
        (FROM_BYTES + b"N\x85R", "not written as bytes"),
    ],
)
def test_storages_that_are_none(tmp_path: Path, held: bytes, problem: str) -> None:
    with pytest.raises(DamagedFileError, match=problem):
        load(pickled(tmp_path / "m.pkl", dictionary(w=tensor(held, 4))))


def test_a_stream_that_has_no_storage(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="a storage that is not one"):
        load(pickled(tmp_path / "m.pkl", dictionary(w=tensor(storage(tmp_path, b"K\1"), 4))))


def test_cut_short(tmp_path: Path) -> None:
    whole = pickled(tmp_path / "m.pkl", dictionary(w=tensor(storage(tmp_path), 4))).read_bytes()
    for length in range(60, len(whole), 7):
        (tmp_path / "m.pkl").write_bytes(whole[:length])
        with pytest.raises(ScopecliError):
            load(tmp_path / "m.pkl")


def test_tensors_far_from_the_start(tmp_path: Path) -> None:
    """What begins with something else is known for what it is once its format is named."""
    value = dictionary(text=text("x" * 5000), w=tensor(storage(tmp_path), 4))
    path = pickled(tmp_path / "m.pkl", value)
    with pytest.raises(NotAModelError, match="--input-format torch"):
        load(path)
    assert [v.key for v in load(path, input_format="torch").variables] == ["w"]
