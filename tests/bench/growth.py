"""Time and memory of commands on files of growing size: cost may grow no faster than the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.bench import processes
from tests.bench.files import Sample, UnavailableError, path_of
from tests.bench.processes import FailedError
from tests.bench.report import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.bench.tools import Tools

_VARIABLES = (40, 10_000, 100_000, 1_000_000)
_LAYERS = (500, 4_167, 8_334)  # of a generated graph, of 36 nodes each
_TENSORS = (10_000, 100_000)
_FORMATS = ("safetensors", "hdf5", "torch", "gguf", "npz", "onnx")
_NOUNS = {
    "many": "variables",
    "graph": "layers of 36 nodes",
    **{kind: f"tensors of {kind}" for kind in _FORMATS},
}


class Growth(NamedTuple):
    """A command that is measured on every size of a kind of file.

    Attributes:
        arguments: what scopecli gets; `PATH` stands for the file.
        kind: of the file.
        sizes: of the files, in order.
        exit_codes: how it may end; validating and comparing may find something.
    """

    arguments: tuple[str, ...]
    kind: str
    sizes: tuple[int, ...]
    exit_codes: tuple[int, ...] = (0,)


class Measured(NamedTuple):
    """One command on one file; `problem` says why there are no numbers."""

    growth: Growth
    size: int
    seconds: float = 0.0
    peak: int = 0
    problem: str = ""


ROWS = (
    Growth(("list", "PATH"), "many", _VARIABLES),
    Growth(("tree", "PATH"), "many", _VARIABLES),
    Growth(("info", "PATH"), "many", _VARIABLES),
    Growth(("stats", "PATH"), "many", _VARIABLES[:-1]),  # reads all values
    Growth(("validate", "PATH"), "many", _VARIABLES, (0, 1)),
    Growth(("diff", "PATH", "PATH"), "many", _VARIABLES),
    Growth(("rename", "PATH", "encoder/=model/", "--dry-run"), "many", _VARIABLES),
    Growth(("list", "PATH"), "graph", _LAYERS),
    Growth(("tree", "PATH"), "graph", _LAYERS),
    Growth(("info", "PATH"), "graph", _LAYERS),
    Growth(("collections", "PATH"), "graph", _LAYERS),
    Growth(("reuse", "PATH"), "graph", _LAYERS),
    Growth(("validate", "PATH"), "graph", _LAYERS, (0, 1)),
    Growth(("diff", "PATH", "PATH"), "graph", _LAYERS),
    Growth(("rename", "PATH", "tower_0/=first/", "--dry-run"), "graph", _LAYERS),
    *(Growth((name, "PATH"), kind, _TENSORS) for kind in _FORMATS for name in ("list", "stats")),
)


def measure(rows: Iterable[Growth], tools: Tools, cache: str, runs: int) -> Iterator[Measured]:
    """Measure commands on each of their sizes: the quickest of some runs, and its memory."""
    for growth in rows:
        for size in growth.sizes:
            try:
                path = path_of(Sample(growth.kind, size), cache, tools)
                yield _measured(growth, size, _command(growth, path, tools), runs)
            except (UnavailableError, FailedError) as error:
                yield Measured(growth, size, problem=str(error))


def _command(growth: Growth, path: str, tools: Tools) -> list[str]:
    return [tools.scopecli, *(path if word == "PATH" else word for word in growth.arguments)]


def _measured(growth: Growth, size: int, command: Sequence[str], runs: int) -> Measured:
    exit_code = processes.ending(command)
    if exit_code not in growth.exit_codes:
        raise FailedError(f"exit code {exit_code}")
    seconds = min(processes.run(command, exit_code=exit_code).seconds for _ in range(runs))
    return Measured(growth, size, seconds, processes.peak(command, exit_code))


def markdown(measured: Iterable[Measured]) -> str:
    """The table: growth is linear where 1,000 more always cost the same."""
    heading = ("what", "size", "time", "per 1,000 more", "peak memory", "per 1,000 more")
    lines: list[Sequence[str]] = [heading, ("---",) * len(heading)]
    before: Measured | None = None
    for row in measured:
        known = before if before and before.growth == row.growth and not before.problem else None
        lines.append(_cells(row, known))
        before = row
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _cells(row: Measured, before: Measured | None) -> tuple[str, ...]:
    what = f"`scopecli {' '.join(row.growth.arguments)}`"
    size = f"{row.size:,} {_NOUNS[row.growth.kind]}"
    if row.problem:
        return what, size, row.problem, "-", "-", "-"
    time, peak = amount(row.seconds, "s"), amount(row.peak, "bytes")
    if before is None:
        return what, size, time, "-", peak, "-"
    thousands = (row.size - before.size) / 1000
    slower, larger = (
        (row.seconds - before.seconds) / thousands,
        (row.peak - before.peak) / thousands,
    )
    return what, size, time, f"{slower * 1000:.1f} ms", peak, f"{larger / 1000:.0f} kB"
