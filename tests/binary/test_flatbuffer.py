"""Tables, vectors and texts of a FlatBuffer, and what leads out of it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from scopecli.binary.flatbuffer import FlatBuffer
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError
from tests.flatbuffers import Run, flatbuffer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    path = tmp_path / "f"
    inner: dict[int, object] = {0: "n\u00e4me", 2: Run("q", (-1, 2))}
    root: dict[int, object] = {0: struct.pack("<i", -7), 1: [inner, {}], 3: "n" * 3_000_000}
    path.write_bytes(flatbuffer({**root, 4: inner}))
    with Source(str(path)) as opened:
        yield opened


def test_fields(source: Source) -> None:
    root = FlatBuffer(source).root()
    assert root.number(0, "<i") == -7
    assert root.number(2, "<i", 5) == 5
    assert root.number(99, "<i") == 0
    first, second = root.tables(1)
    assert first.text(0) == "n\u00e4me"
    assert first.numbers(2, "q", 2) == (-1, 2)
    assert first.numbers(2, "q", 1) is None
    assert (second.text(0), second.table(1), second.numbers(2, "q", 9)) == ("", None, ())
    assert list(second.tables(0)) == []
    other = root.table(4)
    assert other is not None
    assert other.vector(2, 8)[1] == 2


def test_all_texts_together_are_bounded(source: Source) -> None:
    """Tables may share one, so a short file could have very long ones."""
    root = FlatBuffer(source).root()
    for _ in range(80):
        root.text(3)
    with pytest.raises(DamagedFileError, match="more names than can be read"):
        [root.text(3) for _ in range(20)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(4),
        struct.pack("<I", 2**32 - 1),
        struct.pack("<Ii", 4, 2**31 - 1),
        struct.pack("<Ii", 4, -(2**31)),
        struct.pack("<IiHH", 4, -4, 3, 4),
        struct.pack("<IiHH", 4, -4, 5, 4),
        struct.pack("<IiHH", 4, -4, 100, 4),
    ],
)
def test_no_root(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    with Source(str(tmp_path / "f")) as opened, pytest.raises(DamagedFileError):
        FlatBuffer(opened).root()


def test_a_vector_that_is_too_long(tmp_path: Path) -> None:
    content = flatbuffer({0: Run("I", (1, 2))})
    (tmp_path / "f").write_bytes(content[:-4])
    with Source(str(tmp_path / "f")) as opened:
        root = FlatBuffer(opened).root()
        with pytest.raises(DamagedFileError, match="vector of 2 elements"):
            root.numbers(0, "I", 9)
