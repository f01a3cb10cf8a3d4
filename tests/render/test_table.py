"""The list of variables as rows."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from scopecli.model.model import Model
from scopecli.render import table
from scopecli.render.several import Turn
from tests.analysis.models import var

if TYPE_CHECKING:
    import pytest


def test_csv_has_a_sign_for_what_is_unknown_of_a_shape(capsys: pytest.CaptureFixture[str]) -> None:
    variables = [var("batch", (None, 2)), var("rank", None), var("step", ())]
    table.draw_csv(Model("m", "tf-metagraph", variables), variables, Turn(0, is_only=True))
    rows = csv.DictReader(capsys.readouterr().out.splitlines())
    assert [row["shape"] for row in rows] == ["?x2", "?", ""]
