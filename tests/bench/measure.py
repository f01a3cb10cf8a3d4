"""Times ours and the other in turn, and makes ratios of it."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from scopecli.formats import registry
from tests.bench import processes, rows
from tests.bench.files import UnavailableError, path_of
from tests.bench.processes import FailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.rows import MemoryRow, Row
    from tests.bench.tools import Tools


class Result(NamedTuple):
    """What came out of a row.

    Attributes:
        id: of the row.
        title: what ours did.
        against: what it is held against.
        bar: the most that the ratio may be.
        planned: the bar is a later version's.
        unit: `s` or `bytes`, of the samples.
        ours: one number a run.
        other: one number a run; for memory, the bar in bytes.
        problem: why there are no numbers; empty where there are.
        skipped: the problem is not ours.
    """

    id: str
    title: str
    against: str
    bar: float | None
    planned: bool
    unit: str
    ours: tuple[float, ...] = ()
    other: tuple[float, ...] = ()
    problem: str = ""
    skipped: bool = False

    @property
    def ratio(self) -> float | None:
        """The median of the ratios of neighbouring runs."""
        return paired_ratio(self.ours, self.other) if self.ours else None

    @property
    def best(self) -> float | None:
        """The ratio of the minima, which noise reaches least."""
        return min(self.ours) / min(self.other) if self.ours else None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is no bar or no number."""
        if self.bar is None or self.ratio is None:
            return None
        return self.ratio <= self.bar

    @property
    def is_bad(self) -> bool:
        """Whether ours failed, or missed a bar that this version is held to."""
        failed = bool(self.problem) and not self.skipped
        return failed or (self.met is False and not self.planned)


def paired_ratio(ours: Sequence[float], other: Sequence[float]) -> float:
    """The median of ours / other, run by run: what slows the machine slows both of a pair."""
    return median(a / b for a, b in zip(ours, other, strict=True))


def alternate(
    ours: Callable[[], float], other: Callable[[], float], runs: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """A B A B ...: so many pairs of samples."""
    pairs = [(ours(), other()) for _ in range(runs)]
    return tuple(a for a, _ in pairs), tuple(b for _, b in pairs)


class Bench:
    """Measures rows.

    Attributes:
        tools: what can be called.
        cache: where generated files are.
        runs: how many pairs a row gets after the warm-up.
    """

    def __init__(self, tools: Tools, cache: str, runs: int) -> None:
        self.tools = tools
        self.cache = cache
        self.runs = runs

    def time(self, row: Row) -> Result:
        """Measure a row of times."""
        other = rows.OTHERS[row.other]
        empty = Result(row.id, rows.title(row), other.title, row.bar, row.planned, "s")
        try:
            ours = self._command(row)
            theirs = self._other(row)
            self._warm_up(theirs, row, other.exit_code, lists=other.lists)
        except (UnavailableError, FailedError) as error:
            return empty._replace(problem=str(error), skipped=True)
        try:
            self._warm_up(ours, row, row.exit_code, lists=row.command == ("list",))
            samples = alternate(
                lambda: self._seconds(ours, row, row.exit_code),
                lambda: self._seconds(theirs, row, other.exit_code),
                self.runs,
            )
        except FailedError as error:
            return empty._replace(problem=str(error))
        return empty._replace(ours=samples[0], other=samples[1])

    def memory(self, row: MemoryRow) -> Result:
        """Measure a row of memory. A few runs do: it hardly varies."""
        empty = Result(row.id, rows.title(row), row.against, 1.0, planned=False, unit="bytes")
        try:
            command = self._command(row)
        except UnavailableError as error:
            return empty._replace(problem=str(error), skipped=True)
        try:
            peaks = [processes.peak(command, row.exit_code) for _ in range(min(self.runs, 3))]
        except FailedError as error:
            return empty._replace(problem=str(error))
        return empty._replace(ours=tuple(peaks), other=(row.bar,) * len(peaks))

    def _command(self, row: Row | MemoryRow) -> list[str]:
        if row.needs and row.needs not in registry.BY_ID:
            raise UnavailableError(f"this version does not read {row.needs}")
        return [self.tools.scopecli, *row.command, *self._files(row)]

    def _files(self, row: Row | MemoryRow) -> list[str]:
        """The paths of what the row is about, made where they are not there yet."""
        samples = [sample for sample in (row.sample, row.second) if sample is not None]
        return [path_of(sample, self.cache, self.tools) for sample in samples]

    def _other(self, row: Row) -> list[str]:
        other = rows.OTHERS[row.other]
        programs = {
            "python": lambda: self.tools.python,
            "tensorflow": self.tools.tensorflow,
            "h5ls": self.tools.h5ls,
            "h5diff": self.tools.h5diff,
            "ckptkit": self.tools.ckptkit,
            "gguf-inspect": self.tools.gguf_inspect,
            "shell": self.tools.shell,
        }
        files = [path + other.suffix for path in self._files(row)] if other.takes_file else []
        return [programs[other.program](), *other.arguments, *files]

    @staticmethod
    def _seconds(command: Sequence[str], row: Row, exit_code: int) -> float:
        return processes.run(command, terminal=row.terminal, exit_code=exit_code).seconds

    @staticmethod
    def _warm_up(command: Sequence[str], row: Row, exit_code: int, *, lists: bool) -> None:
        """Fill the caches, and see that what is measured does its work."""
        least = row.sample.size if lists and row.sample else 0
        lines = processes.run(command, terminal=row.terminal, exit_code=exit_code).lines
        if lines < least:
            raise FailedError(f"printed {lines} lines for {least} variables")
