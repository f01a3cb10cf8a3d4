"""Whether layers that are matched by position are likely the same ones, judged by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.dataflow import without_number

if TYPE_CHECKING:
    from collections.abc import Sequence


def drifted(pairs: Sequence[tuple[str, str]]) -> set[int]:
    """Numbers of the pairs (name in the model, name in the file) that do not look like one layer.

    Keras numbers layers without a name through the whole process: `dense` and `dense_1` of a model
    are `dense_7` and `dense_8` of the next. So numbers that all differ by the same are no drift.
    """
    shifts: dict[str, set[int]] = {}
    for own, saved in pairs:
        if without_number(own) == without_number(saved):
            shift = _number(saved) - _number(own)
            shifts.setdefault(without_number(own), set()).add(shift)
    return {
        number
        for number, (own, saved) in enumerate(pairs)
        if own != saved
        and (without_number(own) != without_number(saved) or len(shifts[without_number(own)]) > 1)
    }


def _number(name: str) -> int:
    """The number at the end of a name; 0 for `dense`, which has none."""
    rest = name[len(without_number(name)) + 1 :]
    return int(rest[:18]) if rest else 0
