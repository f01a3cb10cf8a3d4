"""Comparing saved models, as a call: the models of `formats` and the comparison of `analysis`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis import diff as comparing
from scopecli.analysis.diff import Diff, DiffOptions
from scopecli.formats.opening import load
from scopecli.model.model import Model

if TYPE_CHECKING:
    import os

_PLAIN = DiffOptions()


def diff(
    a: Model | str | os.PathLike[str],
    b: Model | str | os.PathLike[str],
    options: DiffOptions = _PLAIN,
) -> Diff:
    """Compare two saved models: their structure, and their values if stored checksums tell.

    Args:
        a: a model that `load` returned, or a path as `load` takes it.
        b: the other one.
        options: what to look at.

    Returns:
        What changed from a to b.

    Raises:
        ScopecliError: a path has no model, or neither model has the scope that `options` names.
    """
    return comparing.diff(_opened(a), _opened(b), options)


def _opened(model: Model | str | os.PathLike[str]) -> Model:
    return model if isinstance(model, Model) else load(model)
