"""Two arrays, compared as two models."""

from __future__ import annotations

from typing import Any

from scopecli.analysis.compare.tensors import ValueDifference, compare
from tests.analysis.models import kept


def difference(
    x: Any, y: Any, dtypes: str | tuple[str, str] = "float32", **more: Any
) -> ValueDifference:
    left, right = (dtypes, dtypes) if isinstance(dtypes, str) else dtypes
    a, b = kept(x, left), kept(y, right)
    return compare(a.model, a.variable, b.model, b.variable, **more)
