"""Every seam of a comparison is met in small tensors."""

from __future__ import annotations

import pytest

from scopecli.analysis.compare import numbers, parts


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every seam between blocks, reads and parts is met."""
    monkeypatch.setattr(numbers, "BLOCK", 3)
    monkeypatch.setattr(numbers, "_RUN", 2)
    monkeypatch.setattr(parts, "READ_BYTES", 40)
    monkeypatch.setattr(parts, "PART_BYTES", 96)
