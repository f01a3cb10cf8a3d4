"""Reading the values of a model that may be damaged in any way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.stats import measure
from scopecli.analysis.values import preview, strings
from scopecli.errors import ScopecliError

if TYPE_CHECKING:
    from scopecli.model.model import Model

_VARIABLES = 5
_MEASURED_BYTES = 1 << 16  # a damaged shape may claim any size, and chunks of one element


def read_some(model: Model) -> None:
    """Read the values of the first variables."""
    for variable in model.variables[:_VARIABLES]:
        try:
            if variable.dtype == "string":
                strings(model, variable)
                continue
            preview(model, variable)
            if (variable.nbytes or 0) <= _MEASURED_BYTES:
                measure(model, variable)
        except ScopecliError:
            pass
