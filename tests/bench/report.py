"""The results as a table for a terminal, as Markdown in the README, and as JSON."""

from __future__ import annotations

import json
import os
import platform
import re
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.bench.measure import Result

START, END = "<!-- bench -->", "<!-- /bench -->"
_BETWEEN = re.compile(f"{re.escape(START)}.*?{re.escape(END)}", re.DOTALL)
_HEADERS = ("ratio", "best", "bar", "met", "what", "against", "ours", "theirs", "note")
_README_HEADERS = ("what", "against", "ratio", "bar", "met", "ours", "theirs")
_NAMES = {
    "tensorflow": "TensorFlow",
    "torch": "PyTorch",
    "click": "Click",
    "rich": "Rich",
    "numpy": "NumPy",
}


class MarkersError(Exception):
    """The README has no place for the table, or more than one."""


def cells(result: Result) -> dict[str, str]:
    """The texts of a row, by heading."""
    shown = {"what": result.title, "against": result.against, "bar": _bar(result)}
    if result.ratio is None or result.best is None:
        state = "skipped" if result.skipped else "FAILED"
        return {**dict.fromkeys(_HEADERS, "-"), **shown, "met": state, "note": result.problem}
    return {
        **shown,
        "ratio": ratio(result.ratio),
        "best": ratio(result.best),
        "met": _met(result),
        "ours": amount(median(result.ours), result.unit),
        "theirs": amount(median(result.other), result.unit),
        "note": "",
    }


def _bar(result: Result) -> str:
    return "-" if result.bar is None else f"{result.bar:g}"


def _met(result: Result) -> str:
    if result.met is None:
        return "-"
    if result.met:
        return "yes"
    return "not yet" if result.planned else "NO"


def ratio(number: float) -> str:
    """A ratio in two or three figures."""
    return f"{number:.3f}" if number < 0.2 else f"{number:.2f}"


def amount(number: float, unit: str) -> str:
    """A time or a size for people."""
    if unit == "bytes":
        return f"{number / 1e6:.0f} MB"
    return f"{number:.2f} s" if number >= 1 else f"{number * 1000:.0f} ms"


def table(results: Sequence[Result]) -> str:
    """Columns for a terminal, the ratios first."""
    lines = [dict(zip(_HEADERS, _HEADERS, strict=True)), *map(cells, results)]
    wide = {name: max(len(line[name]) for line in lines) for name in _HEADERS}
    return "\n".join(
        "  ".join(f"{line[name]:<{wide[name]}}" for name in _HEADERS).rstrip() for line in lines
    )


def markdown(results: Sequence[Result], facts: str) -> str:
    """The README's table and the line below it."""
    lines = [_README_HEADERS, ("---",) * len(_README_HEADERS)]
    for result in results:
        row = cells(result)
        row["met"] += f": {row['note']}" if row["note"] else ""
        lines.append(tuple(row[name].replace("|", "\\|") for name in _README_HEADERS))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{facts}\n"


def facts(versions: Mapping[str, str], runs: int, command: str) -> str:
    """What the numbers were made with. No date: a table made again changes only where it must."""
    tools = [f"{_NAMES.get(name, name)} {number}" for name, number in versions.items()]
    made_with = [f"Python {platform.python_version()}", f"{os.cpu_count()} CPUs", *tools]
    return (
        f"Whole processes in turn, medians of {runs} pairs of runs: {', '.join(made_with)}."
        f" Made by `{command}`."
    )


def replaced(text: str, block: str) -> str:
    """The README with another table between the markers.

    Raises:
        MarkersError: the markers are not there, or not once and in order.
    """
    new, found = _BETWEEN.subn(lambda _: f"{START}\n\n{block}\n{END}", text)
    if found != 1 or text.count(START) != 1 or text.count(END) != 1:
        raise MarkersError(f"needs one {START} and one {END} behind it")
    return new


def as_json(results: Sequence[Result], versions: Mapping[str, str], command: str) -> str:
    """Everything measured, for programs."""
    document = {
        "schema": "scopecli/bench/1",
        "command": command,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "versions": versions,
        "rows": [
            {**result._asdict(), "ratio": result.ratio, "best": result.best, "met": result.met}
            for result in results
        ],
    }
    return json.dumps(document, indent=2) + "\n"
