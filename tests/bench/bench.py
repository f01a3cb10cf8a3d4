"""Measures scopecli against other programs, as whole processes side by side.

Run it from the folder of the repository: `python -m tests.bench -h`.
"""

from __future__ import annotations

import argparse
import os
import sys
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from tests.bench import files, growth, report, rows
from tests.bench.measure import Bench
from tests.bench.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.measure import Result
    from tests.bench.rows import MemoryRow, Row

EXIT_OK, EXIT_MISSED, EXIT_TROUBLE = 0, 1, 2
README = os.path.join(files.ROOT, "README.md")

_EPILOG = """exit codes: 0 all bars met, 1 a bar is missed or scopecli failed, 2 could not be done

examples:
  python -m tests.bench --runs 5 --only 'list-*'
  python -m tests.bench --tf-python ~/tf/bin/python --write-readme
"""


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for; the exit code."""
    options = _options(arguments)
    if options.growth:
        return _grow(options)
    every: list[Row | MemoryRow] = [
        *(rows.resized(row, options.mebibytes) for row in rows.ROWS),
        *(rows.resized(row, options.mebibytes) for row in rows.MEMORY_ROWS),
    ]
    chosen = [row for row in every if _matches(row.id, options.only)]
    tools = Tools(options.tf_python, options.torch_python)
    problem = _problem(options, chosen, tools)
    if problem:
        print(f"bench: {problem}", file=sys.stderr)
        return EXIT_TROUBLE
    results = _measure(Bench(tools, options.cache, options.runs), chosen)
    print(report.table(results))
    _save(options, results, tools)
    return EXIT_MISSED if any(result.is_bad for result in results) else EXIT_OK


def _grow(options: argparse.Namespace) -> int:
    """Print the table of growing files; the exit code."""
    measured = []
    tools = Tools(options.tf_python, options.torch_python)
    for row in growth.measure(growth.ROWS, tools, options.cache, options.runs):
        print(f"measured {row.growth.arguments[0]} {row.growth.kind} {row.size}", file=sys.stderr)
        measured.append(row)
    print(growth.markdown(measured), end="")
    return EXIT_TROUBLE if any(row.problem for row in measured) else EXIT_OK


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m tests.bench",
        description="Time scopecli against other programs, in turn, and print a table of ratios.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--runs", type=int, default=11, metavar="N", help="pairs a row (%(default)s)"
    )
    parser.add_argument("--only", metavar="PATTERN", help="only rows like this: help, 'list-v2-*'")
    parser.add_argument(
        "--mebibytes",
        type=int,
        default=rows.LARGE_SIZE,
        metavar="N",
        help="size of the large files that are compared (%(default)s)",
    )
    parser.add_argument("--tf-python", metavar="PATH", help="an interpreter that has TensorFlow")
    parser.add_argument("--torch-python", metavar="PATH", help="an interpreter that has PyTorch")
    parser.add_argument(
        "--cache", metavar="FOLDER", default=files.default_cache(), help="where files are kept"
    )
    parser.add_argument(
        "--growth", action="store_true", help="only how cost grows with the file, as Markdown"
    )
    parser.add_argument("--json", metavar="FILE", help="write all samples there")
    parser.add_argument(
        "--write-readme", action="store_true", help="put the table into the README, all rows of it"
    )
    return parser.parse_args(arguments)


def _matches(name: str, pattern: str | None) -> bool:
    return pattern is None or fnmatch(name, pattern) or pattern in name


def _problem(options: argparse.Namespace, chosen: Sequence[object], tools: Tools) -> str:
    """Why it cannot be done, if so; said before minutes are spent."""
    if not chosen:
        return f"no row is like {options.only!r}"
    if options.runs < 1 or options.mebibytes < 1:
        return "--runs and --mebibytes need 1 at least"
    if not os.path.isfile(tools.scopecli):
        return f"no scopecli beside {tools.python}: install it with `pip install -e .`"
    if options.tf_python and not tools.tensorflow_version:
        return f"{options.tf_python} cannot import TensorFlow"
    if options.torch_python and not tools.torch_version:
        return f"{options.torch_python} cannot import PyTorch"
    if options.write_readme:
        if options.only:
            return "--write-readme wants all rows, so it goes without --only"
        try:
            report.replaced(_read(README), "")
        except report.MarkersError as error:
            return f"README.md {error}"
    return ""


def _measure(bench: Bench, chosen: Sequence[Row | MemoryRow]) -> list[Result]:
    results = []
    for row in chosen:
        print(f"measuring {row.id} ...", file=sys.stderr, flush=True)
        results.append(bench.memory(row) if isinstance(row, rows.MemoryRow) else bench.time(row))
    return results


def _save(options: argparse.Namespace, results: Sequence[Result], tools: Tools) -> None:
    command = command_line(options)
    if options.json:
        _write(options.json, report.as_json(results, tools.versions(), command))
    if options.write_readme:
        facts = report.facts(tools.versions(), options.runs, command)
        _write(README, report.replaced(_read(README), report.markdown(results, facts)))


def command_line(options: argparse.Namespace) -> str:
    """The command as anyone can repeat it, without paths of this machine."""
    parts = ["python -m tests.bench", f"--runs {options.runs}"]
    if options.only:
        parts.append(f"--only '{options.only}'")
    if options.mebibytes != rows.LARGE_SIZE:
        parts.append(f"--mebibytes {options.mebibytes}")
    if options.tf_python:
        parts.append("--tf-python PATH")
    if options.torch_python:
        parts.append("--torch-python PATH")
    if options.write_readme:
        parts.append("--write-readme")
    return " ".join(parts)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
