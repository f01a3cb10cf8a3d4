"""Writes a report in one of its formats, to standard output or a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.errors import PathError
from scopecli.render import output, reports
from scopecli.render.style import ASCII

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from scopecli.render.reports import Report

_TERMINAL = "terminal"


def write(
    report: Report, output_format: str, color: str, path: str | None, inputs: Collection[str]
) -> None:
    """Write a report; to a file, without colours, where a path is given.

    Raises:
        PathError: the file cannot be written, or is one of those that were checked.
    """
    target = output.detect(color)
    if path is None and output_format == _TERMINAL:
        from scopecli.render import findings

        output.write_lines(findings.lines(report, target.glyphs), target)
    elif path is None:
        output.write(_FORMATS[output_format](report))
    else:
        write_file(path, _FORMATS[output_format](report), inputs)


def write_file(path: str, pieces: Iterable[str], inputs: Collection[str]) -> None:
    """Write text to a file, unless it is one of those that were checked.

    Raises:
        PathError: it is one of these, or it cannot be written.
    """
    if os.path.realpath(path) in inputs:
        raise PathError("is one of the checked files, and is not overwritten", path=path)
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(pieces)
    except OSError as error:
        raise PathError(f"cannot be written: {error.strerror}", path=path) from error


def _as_text(report: Report) -> Iterator[str]:
    from scopecli.render import findings

    for line in findings.lines(report, ASCII):
        yield "".join(text for text, _ in line).rstrip() + "\n"


def _as_sarif(report: Report) -> Iterator[str]:
    from scopecli.render.sarif import as_sarif

    return as_sarif(report)


_FORMATS: Mapping[str, Callable[[Report], Iterator[str]]] = {
    _TERMINAL: _as_text,
    "concise": reports.as_concise,
    "json": reports.as_json,
    "sarif": _as_sarif,
    "github": reports.as_github,
    "gitlab": reports.as_gitlab,
    "junit": reports.as_junit,
}
