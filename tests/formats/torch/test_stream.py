"""The files of PyTorch before 1.6, put together by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.binary.pickle.imports import HOSTILE
from scopecli.errors import DamagedFileError
from scopecli.formats.opening import load
from tests.formats.torch.files import (
    FOUR,
    VERSION,
    dictionary,
    listed,
    number,
    stored,
    stream,
    tensor,
    text,
)
from tests.models import codes, get

if TYPE_CHECKING:
    from pathlib import Path


class TestStreams:
    def test_storages_in_their_order(self, tmp_path: Path) -> None:
        pickle = dictionary(
            a=tensor(stored("x", 4, "Int"), 4), b=tensor(stored("y", 2, "Short"), 2)
        )
        path = stream(tmp_path / "m.pth", pickle, y=(2, b"\7\0\5\0"), x=(4, FOUR))
        model = load(path)
        assert listed(model, "a") == [0, 1, 2, 3]
        assert listed(model, "b") == [7, 5]
        assert model.metadata["container"] == "legacy stream"
        assert get(model, "a").storage
        assert path.read_bytes().index(FOUR) == get(model, "a").storage.offset  # type: ignore[union-attr]

    def test_a_view_of_a_part(self, tmp_path: Path) -> None:
        """Files of the first versions have storages that are parts of others."""
        whole = stored("x", 4, "Int").removesuffix(b"tQ")
        part = whole + b"(" + text("v") + number(1) + number(2) + b"ttQ"
        path = stream(tmp_path / "m.pth", dictionary(w=tensor(part, 2)), x=(4, FOUR))
        assert listed(load(path), "w") == [1, 2]

    def test_pickles_longer_than_what_is_read_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from scopecli.formats.torch import stream as torch_stream

        pickle = dictionary(**{f"w{n}": tensor(stored("x", 4, "Int"), 4) for n in range(50)})
        path = stream(tmp_path / "m.pth", pickle, x=(4, FOUR))
        monkeypatch.setattr(torch_stream, "_FIRST_READ", 64)
        model = load(path)
        assert len(model.variables) == 50
        assert listed(model, "w49") == [0, 1, 2, 3]

    @pytest.mark.parametrize("cut", [1, 12, 20, 60])
    def test_cut_short(self, tmp_path: Path, cut: int) -> None:
        pickle = dictionary(w=tensor(stored("x", 4, "Int"), 4))
        path = stream(tmp_path / "m.pth", pickle, x=(4, FOUR))
        path.write_bytes(path.read_bytes()[:-cut])
        with pytest.raises(DamagedFileError):
            load(path)

    def test_every_pickle_counts(self, tmp_path: Path) -> None:
        path = stream(tmp_path / "m.pth", b"}")
        machine = b"\x80\x02}."
        path.write_bytes(path.read_bytes().replace(machine, b"\x80\x02cos\nsystem\n0}.", 1))
        assert codes(load(path)) == [(HOSTILE, "os.system")]

    def test_another_protocol(self, tmp_path: Path) -> None:
        path = stream(tmp_path / "m.pth", b"}")
        path.write_bytes(path.read_bytes().replace(VERSION, b"\x80\x02M\xea\x03."))
        with pytest.raises(DamagedFileError, match="does not have the pickles"):
            load(path)
