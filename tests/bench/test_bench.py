"""The pieces of the benchmark. Nothing here asserts a time."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from scopecli.analysis.compare.tensors import ValueDifference, compare_all
from scopecli.formats.opening import load
from tests.bench import bench, files, growth, processes, report, rows, tensors
from tests.bench.measure import Bench, Result, alternate, paired_ratio
from tests.bench.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RESULT = Result("list", "`scopecli list`", "`h5ls -r`", 0.5, planned=False, unit="s")
GOOD = RESULT._replace(ours=(1.0, 2.0, 9.0), other=(4.0, 4.0, 12.0))
MISSED = RESULT._replace(ours=(3.0,), other=(4.0,))
SKIPPED = RESULT._replace(problem="no h5ls", skipped=True)
FAILED = RESULT._replace(problem="exit code 2")


@pytest.mark.parametrize(
    ("make", "digest"),
    [
        (tensors.checkpoint_tensors, "a866efa6a6"),
        (tensors.hdf5_tensors, "13584bc53f"),
        (tensors.keras_tensors, "fddd959c99"),
        (tensors.large_tensors, "9d8b1bec65"),
        (tensors.torch_tensors, "9742d43eeb"),
    ],
)
def test_tensors_are_the_same_in_every_run(
    make: Callable[[int], Iterator[tensors.Tensor]], digest: str
) -> None:
    made = list(make(500))
    assert len({tensor.name for tensor in made}) == len(made)
    assert tensors.digest(made) == tensors.digest(make(500)) == digest


def test_a_checkpoint_has_layers_slots_shapes_and_dtypes() -> None:
    made = {tensor.name: tensor for tensor in tensors.checkpoint_tensors(3000)}
    assert made["encoder/layer_12/attention/query/kernel"].shape == (6, 6)
    assert "encoder/layer_12/attention/query/kernel/Adam_1" in made
    assert "encoder/layer_11/attention/query/kernel/Adam_1" not in made  # a frozen stage
    assert {tensor.dtype for tensor in made.values()} == {"int64", "float32", "bfloat16", "string"}


def test_a_digest_tells_a_changed_shape() -> None:
    made = list(tensors.keras_tensors(4))
    assert tensors.digest(made) != tensors.digest([made[0]._replace(shape=(8, 9)), *made[1:]])


def test_a_ratio_is_the_median_of_pairs_and_not_the_ratio_of_medians() -> None:
    assert paired_ratio([1, 2, 9], [4, 4, 12]) == 0.5
    assert paired_ratio([1, 10, 3], [1, 5, 30]) == 1  # the medians' would be 3 / 5
    assert GOOD.best == 0.25


def test_runs_alternate() -> None:
    calls: list[str] = []

    def side(name: str) -> Callable[[], float]:
        def run() -> float:
            calls.append(name)
            return len(calls)

        return run

    assert alternate(side("a"), side("b"), 3) == ((1, 3, 5), (2, 4, 6))
    assert calls == ["a", "b", "a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("result", "met", "bad"),
    [
        (GOOD, True, False),
        (MISSED, False, True),
        (MISSED._replace(planned=True), False, False),
        (MISSED._replace(bar=None), None, False),
        (SKIPPED, None, False),
        (FAILED, None, True),
    ],
)
def test_what_counts_as_missed(result: Result, met: bool | None, bad: bool) -> None:
    assert (result.met, result.is_bad) == (met, bad)


def test_the_table_has_the_ratio_first_and_the_reason_last() -> None:
    lines = report.table([GOOD, MISSED, SKIPPED, FAILED]).splitlines()
    assert [line.split()[0] for line in lines] == ["ratio", "0.50", "0.75", "-", "-"]
    assert [line.split()[3] for line in lines] == ["met", "yes", "NO", "skipped", "FAILED"]
    assert lines[3].endswith("no h5ls")


def test_amounts() -> None:
    assert [report.ratio(n) for n in (0.0191, 0.5, 1.316)] == ["0.019", "0.50", "1.32"]
    assert report.amount(0.0642, "s") == "64 ms"
    assert report.amount(3.456, "s") == "3.46 s"
    assert report.amount(87_400_000, "bytes") == "87 MB"


def test_the_readme_keeps_everything_but_the_table() -> None:
    block = report.markdown([GOOD, SKIPPED], "Facts \\1.")
    new = report.replaced("# x\n<!-- bench -->\nold\n<!-- /bench -->\nrest\n", block)
    assert new.startswith("# x\n<!-- bench -->\n\n| what | against | ratio |")
    assert new.endswith("\n\nFacts \\1.\n\n<!-- /bench -->\nrest\n")
    assert "old" not in new
    assert "| skipped: no h5ls |" in new
    assert report.replaced(new, block) == new


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<!-- bench -->",
        "<!-- /bench --> <!-- bench -->",
        "<!-- bench --> <!-- /bench --> <!-- bench --> <!-- /bench -->",
    ],
)
def test_a_readme_without_one_place_for_the_table_is_refused(text: str) -> None:
    with pytest.raises(report.MarkersError):
        report.replaced(text, "table")


def test_a_command_line_has_no_paths() -> None:
    options = Namespace(
        runs=5,
        only=None,
        mebibytes=1024,
        tf_python="/opt/tf/bin/python",
        torch_python="/opt/torch/bin/python",
        write_readme=True,
    )
    assert bench.command_line(options) == (
        "python -m tests.bench --runs 5 --tf-python PATH --torch-python PATH --write-readme"
    )


@pytest.mark.parametrize("terminal", [False, True])
def test_a_process_is_run_to_its_end(terminal: bool) -> None:
    code = f"import os; assert os.isatty(1) is {terminal}; print('x\\n' * 30_000)"
    done = processes.run([sys.executable, "-S", "-c", code], terminal=terminal)
    assert done.lines == 30_001
    assert done.seconds > 0


def test_the_peak_is_that_of_the_process_and_not_of_its_parents() -> None:
    ballast = bytearray(b"x") * 50_000_000
    small, large = (
        processes.peak([sys.executable, "-S", "-c", f"x = b'x' * {size}"])
        for size in (1, 30_000_000)
    )
    assert small < 25_000_000 < small + 30_000_000 - 5_000_000 <= large < len(ballast)


def test_switches_of_this_shell_do_not_reach_the_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "HOME"):
        monkeypatch.setenv(name, "1")
    assert {"PYTHONPATH", "HOME", "TERM"} <= processes.environment().keys()
    assert not {"NO_COLOR", "PYTHONDONTWRITEBYTECODE"} & processes.environment().keys()


def test_a_process_that_fails_says_how() -> None:
    code = "import sys; print('first', file=sys.stderr); sys.exit('no such file')"
    with pytest.raises(processes.FailedError, match=r"exit code 1: no such file$"):
        processes.run([sys.executable, "-S", "-c", code])
    with pytest.raises(processes.FailedError, match="cannot be started"):
        processes.run(["/nowhere/scopecli"])


def test_a_row_without_its_other_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_h5ls(_: Tools) -> str:
        raise files.UnavailableError("no h5ls")

    monkeypatch.setattr(Tools, "h5ls", no_h5ls)
    monkeypatch.setattr(files, "_make", lambda *_: None)
    row = next(row for row in rows.ROWS if row.other == "h5ls")
    result = Bench(Tools(), str(tmp_path), 1).time(row)
    assert (result.problem, result.skipped) == ("no h5ls", True)


def test_rows_are_told_apart_and_name_what_there_is() -> None:
    every: list[rows.Row | rows.MemoryRow] = [*rows.ROWS, *rows.MEMORY_ROWS]
    assert len({row.id for row in every}) == len(every)
    assert {row.other for row in rows.ROWS} == set(rows.OTHERS)
    samples = {sample.kind for row in every for sample in (row.sample, row.second) if sample}
    samples |= {row.kind for row in growth.ROWS}
    assert samples == set(files.KINDS)
    assert len({rows.title(row) + getattr(row, "other", "") for row in every}) == len(every)


@pytest.mark.parametrize("kind", files.SMALL)
def test_small_tensors_are_the_same_in_every_format(kind: str, tmp_path: Path) -> None:
    model = load(files.path_of(files.Sample(kind, 100), str(tmp_path), Tools()))
    found = [
        tensors.Tensor(v.name, tuple(n or 0 for n in v.shape or ()), v.dtype)
        for v in model.variables
    ]
    assert found == list(tensors.torch_tensors(100))
    assert model.format == kind


@pytest.mark.parametrize("layout", files.LARGE)
def test_large_files_differ_everywhere(layout: str, tmp_path: Path) -> None:
    before, after = (
        files.path_of(files.Sample(f"{layout}-{side}", 5), str(tmp_path), Tools())
        for side in ("before", "after")
    )
    if layout == "safetensors":  # a header of 8 bytes and what they say
        first, second = (np.fromfile(path, "u1") for path in (before, after))
        start = int.from_bytes(first[:8].tobytes(), "little") + 8
        assert (first.size, second.size) == (start + 5 * 2**20, first.size)
        assert (first[:start] == second[:start]).all()
        assert (first[start:].view("f4") != second[start:].view("f4")).all()
        return
    a, b = load(before), load(after)
    assert sum(variable.nbytes or 0 for variable in a.variables) == 5 * 2**20
    pairs = [(x, y, None) for x, y in zip(a.variables, b.variables, strict=True)]
    for found in compare_all(a, b, pairs):
        assert isinstance(found, ValueDifference)
        assert found.differing == found.elements


@pytest.mark.parametrize("layout", files.TUNED)
def test_few_tensors_of_tuned_files_differ(layout: str, tmp_path: Path) -> None:
    a, b = (
        load(files.path_of(files.Sample(f"{layout}-{side}", 70), str(tmp_path), Tools()))
        for side in ("before", "tuned")
    )
    pairs = [(x, y, None) for x, y in zip(a.variables, b.variables, strict=True)]
    for number, found in enumerate(compare_all(a, b, pairs)):
        assert isinstance(found, ValueDifference)
        assert found.differing == (0 if number else found.elements)


def test_rows_of_large_files_can_be_made_small() -> None:
    sizes = set()
    for row in rows.ROWS:
        small = rows.resized(row, 8)
        if small.second is None or small.sample is None:
            assert small == row
        else:
            sizes |= {small.sample.size, small.second.size}
    for memory in rows.MEMORY_ROWS:
        assert (rows.resized(memory, 8) == memory) == (memory.second is None)
    assert sizes == {8}


def test_a_row_of_a_format_that_is_not_read_is_skipped(tmp_path: Path) -> None:
    row = rows.resized(rows.ROWS[-1], 1)._replace(needs="none-such", other="click")
    result = Bench(Tools(), str(tmp_path), 1).time(row)
    assert (result.problem, result.skipped) == ("this version does not read none-such", True)


def test_trouble_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--only", "no-such-row"]) == bench.EXIT_TROUBLE
    assert capsys.readouterr().err == "bench: no row is like 'no-such-row'\n"
    assert bench.main(["--write-readme", "--only", "help"]) == bench.EXIT_TROUBLE
    assert "--only" in capsys.readouterr().err


def test_growth_is_told_by_what_a_thousand_more_cost() -> None:
    row = growth.Growth(("list", "PATH"), "many", (40, 1_040, 3_040))
    measured = [
        growth.Measured(row, 40, 0.1, 16_000_000),
        growth.Measured(row, 1_040, 0.12, 17_000_000),
        growth.Measured(row, 3_040, 0.18, 19_000_000),
    ]
    lines = growth.markdown(measured).splitlines()
    assert lines[2:] == [
        "| `scopecli list PATH` | 40 variables | 100 ms | - | 16 MB | - |",
        "| `scopecli list PATH` | 1,040 variables | 120 ms | 20.0 ms | 17 MB | 1000 kB |",
        "| `scopecli list PATH` | 3,040 variables | 180 ms | 30.0 ms | 19 MB | 1000 kB |",
    ]


def test_growth_says_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "path_of", lambda *_: str(tmp_path / "missing"))
    row = growth.Growth(("list", "PATH"), "many", (40,))
    (measured,) = growth.measure([row], Tools(), str(tmp_path), 1)
    assert measured.problem == "exit code 2"
    assert "exit code 2" in growth.markdown([measured])


def test_a_checkpoint_of_many_variables_is_one_that_is_read(tmp_path: Path) -> None:
    prefix = files.path_of(files.Sample("many", 5_100), str(tmp_path), Tools())
    model = load(prefix)
    meant = {tensor.name: tensor for tensor in tensors.checkpoint_tensors(5_100)}
    assert {v.key: (v.shape, v.dtype) for v in model.variables} == {
        name: (tensor.shape, tensor.dtype) for name, tensor in meant.items()
    }
    assert not model.notes
