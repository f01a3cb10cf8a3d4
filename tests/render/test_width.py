"""Widths of texts, which Rich knows, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.cells import cell_len

from scopecli.render.width import padded, width_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Run

TEXTS = [
    "net/w",
    "",
    "größe",
    "重み層",
    "gro\u0308ße",
    "🎉",
    "\uff8a\uff9d\uff76\uff78",
    "\uff37",
    "עברית",
]


@pytest.mark.parametrize("text", TEXTS)
def test_widths(text: str) -> None:
    assert width_of(text) == cell_len(text)
    assert cell_len(padded(text, 12)) == 12
    assert padded(text, 1) in {text, f"{text} "}


@pytest.mark.parametrize("color", ["always", "never"])
@pytest.mark.parametrize(
    ("command", "column"), [("list", "(2,)"), ("tree", "8 B"), ("stats", "8 B")]
)
def test_columns_are_aligned(
    run: Run, tmp_path: Path, command: str, column: str, color: str
) -> None:
    names = [text.replace("/", "_") for text in TEXTS if text]
    arrays: dict[str, Any] = dict.fromkeys(names, np.array([2, 3], "f4"))
    np.savez(tmp_path / "m.npz", **arrays)
    lines = run(command, str(tmp_path / "m.npz"), "--color", color).out.splitlines()
    rows = [line for line in lines if any(name in line for name in names)]
    assert len({cell_len(row.partition(column)[0]) for row in rows}) == 1
    assert len(rows) == len(names)
