"""Whether layers that are matched by their place are likely to be the same ones, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.dataflow import without_number

if TYPE_CHECKING:
    from collections.abc import Sequence


def drifted(pairs: Sequence[tuple[str, str]]) -> set[int]:
    """Numbers of the pairs (name in the model, name in the file) that do not look like one layer.

    Keras numbers the layers that nobody named by what was made before in the same process: `dense`
    and `dense_1` of one model are `dense_7` and `dense_8` of its copy. So other numbers are nothing
    odd where they all differ by the same.
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
    """The number at the end of a name: 0 of `dense`."""
    rest = name[len(without_number(name)) + 1 :]
    return int(rest[:18]) if rest else 0
