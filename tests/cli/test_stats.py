"""`scopecli stats`, held against what numpy says of the samples."""

from __future__ import annotations

import csv
import json
from shutil import copy
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from scopecli.formats.opening import load
from tests import bundles
from tests.bundles import Tensor
from tests.cli.terminals import HOSTILE, SGR, harmless, on_a_terminal, without_colours
from tests.commands import assert_one_line
from tests.samples import GOOD, SAMPLES
from tests.schemas import check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Run

GAN = str(SAMPLES / "tf1_gan")
PARTITIONED = str(SAMPLES / "tf1_partitioned")


def document(run: Run, *arguments: str) -> Any:
    result = run("stats", "--format", "json", *arguments)
    assert (result.code, result.err) == (0, "")
    return check("stats", result.out)


def compare(found: dict[str, Any], arrays: list[Any]) -> None:
    """What was printed of some values, with what numpy says."""
    data = np.concatenate([array.reshape(-1).astype(np.float64) for array in arrays])
    finite = data[np.isfinite(data)]
    assert found["elements"] == data.size
    assert found["zeros"] == (data == 0).sum()
    assert found["nans"] == np.isnan(data).sum()
    assert found["infinities"] == np.isinf(data).sum()
    if finite.size:
        assert found["sparsity"] == pytest.approx((data == 0).mean())
        assert found["norm"] == pytest.approx(np.linalg.norm(finite))
        assert (found["minimum"], found["maximum"]) == (finite.min(), finite.max())
        assert found["mean"] == pytest.approx(finite.mean(), rel=1e-7, abs=1e-12)
        assert found["std"] == pytest.approx(finite.std())


def datasets(path: Path) -> dict[str, Any]:
    """The numeric datasets of an HDF5 file."""
    found: dict[str, Any] = {}

    def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "biuf":
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


@pytest.mark.parametrize("sample", ["keras2_weights.h5", "keras2_functional.h5", "arrays.npz"])
def test_variables_against_numpy(run: Run, sample: str) -> None:
    path = SAMPLES / sample
    if sample.endswith(".npz"):
        with np.load(path) as file:
            arrays = {k: file[k] for k in file.files if k != "objects"}
        arrays = {k: v for k, v in arrays.items() if v.dtype.kind in "biuf"}
    else:
        arrays = datasets(path)
    rows = {row["key"]: row for row in document(run, "--all", str(path))["variables"]}
    compared = [key for key in arrays if key in rows]
    assert len(compared) >= 7
    for key in compared:
        compare(rows[key]["values"], [arrays[key]])


def test_scopes_against_numpy(run: Run) -> None:
    path = SAMPLES / "keras2_weights.h5"
    arrays = datasets(path)
    found = document(run, str(path))
    keys = {v.path: v.key for v in load(path).variables}
    assert len(found["scopes"]) == 7
    for scope in found["scopes"]:
        inside = [arrays[key] for name, key in keys.items() if name.startswith(scope["path"] + "/")]
        compare(scope["values"], inside)
    compare(found["total"]["values"], list(arrays.values()))


@pytest.mark.parametrize("sample", GOOD)
def test_every_sample(run: Run, sample: str) -> None:
    """A document of each, or one line that says why there are no values."""
    model = load(SAMPLES / sample)
    result = run("stats", "--all", "--format", "json", str(SAMPLES / sample))
    if result.code:
        assert_one_line(result, "values")
        return
    found = check("stats", result.out)
    assert {row["key"] for row in found["variables"]} == {v.key for v in model.variables}
    parameters = [v for v in model.variables if v.is_parameter]
    elements = sum(v.params for v in parameters)
    assert found["total"]["params"] == elements
    assert found["memory"] == {
        "stored": sum(v.nbytes or 0 for v in parameters),
        "float32": 4 * elements,
        "float16": 2 * elements,
        "int8": elements,
    }


def test_the_table(run: Run) -> None:
    lines = run("stats", PARTITIONED).out.splitlines()
    rows = {line.lstrip("├─└ ").partition(" ")[0]: line for line in lines}
    assert rows["params"].split() == [
        *("params", "bytes", "zeros", "norm"),
        *("min", "max", "mean", "std"),
    ]
    assert rows["first"].endswith("1 not read")
    assert rows["words"].split()[-6:] == ["-"] * 6
    assert lines[-1] == "not read: first/words: values of dtype string are not numbers"
    assert lines[-2].startswith("memory of the parameters: 216 B as stored · 224 B as float32")
    assert all(line == line.rstrip() for line in lines)


def test_columns_are_aligned(run: Run) -> None:
    lines = run("stats", "--no-histogram", GAN).out.splitlines()
    first = next(i for i, line in enumerate(lines) if line.split()[:1] == ["params"])
    rows = lines[first : lines.index("", first)]
    assert len({len(row) for row in rows}) == 1


def test_not_numbers_are_counted(tmp_path: Path, run: Run) -> None:
    data = np.array([1, 0, np.nan, np.nan, np.inf], np.float32).tobytes()
    path = bundles.write(tmp_path / "m", {"d/w": Tensor(shape=(5,), data=data)})
    lines = [line for line in run("stats", path).out.splitlines() if "NaN" in line]
    assert len(lines) == 3  # the variable, its scope, and all
    assert all("2 NaN  1 Inf" in line and "20.0%" in line for line in lines)


def test_depth_and_order(run: Run) -> None:
    def paths(*arguments: str) -> list[str]:
        return [scope["path"] for scope in document(run, *arguments, GAN)["scopes"]]

    assert paths("--depth", "1") == ["discriminator", "generator"]
    assert paths("--depth", "1", "--sort", "norm") == ["generator", "discriminator"]
    assert "generator/h0" in paths("--depth", "2")
    norms = [
        row["values"]["norm"]
        for row in document(run, "--sort", "norm", "--include", "*/out/w", GAN)["variables"]
    ]
    assert norms == sorted(norms, reverse=True)
    assert len(norms) == 2


def test_no_histogram(run: Run) -> None:
    with_it = document(run, PARTITIONED)["variables"]
    without = document(run, "--no-histogram", PARTITIONED)["variables"]
    assert any(row["values"].get("histogram") for row in with_it)
    assert not any(row["values"].get("histogram") for row in without)
    for row in (*with_it, *without):
        row["values"].pop("histogram", None)
    assert with_it == without


def test_csv_says_the_same_as_json(run: Run) -> None:
    rows = list(csv.DictReader(run("stats", "--format", "csv", PARTITIONED).out.splitlines()))
    found = document(run, PARTITIONED)
    whole, *rest = rows
    assert (whole["path"], whole["kind"], whole["params"]) == ("", "scope", "56")
    assert float(whole["norm"]) == found["total"]["values"]["norm"]
    variables = {row["key"]: row for row in rest if row["key"]}
    assert list(variables) == [row["key"] for row in found["variables"]]
    for row in found["variables"]:
        printed = variables[row["key"]]
        for key, value in row["values"].items():
            if key != "histogram":
                assert printed[key] == str(value)
    assert variables["first/words"]["norm"] == ""
    scopes = [row["path"] for row in rest if row["kind"] == "scope"]
    assert scopes == [scope["path"] for scope in found["scopes"]]


def test_a_path_without_values_fails_and_others_do_not(run: Run) -> None:
    result = run("stats", str(SAMPLES / "graphs/gan_twins.meta"), GAN)
    assert_one_line(result, "gan_twins.meta", "no values")
    assert "discriminator" in result.out


def test_a_missing_shard(tmp_path: Path, run: Run) -> None:
    """What is in the others is measured; without any there is nothing to do."""
    for file in (SAMPLES / "tf1_partitioned").iterdir():
        copy(file, tmp_path)
    shards = sorted(tmp_path.glob("*.data-*"))
    assert len(shards) == 2
    shards[0].unlink()
    found = document(run, str(tmp_path))
    read = ["problem" not in row["values"] for row in found["variables"]]
    assert any(read)
    assert found["total"]["unread"] == read.count(False) > 1
    lines = run("stats", str(tmp_path)).out.splitlines()
    assert sum(shards[0].name in line for line in lines if line.startswith("not read: ")) == 1
    shards[1].unlink()
    assert_one_line(run("stats", str(tmp_path)), shards[0].name)


def test_nothing_selected(run: Run) -> None:
    result = run("stats", "--include", "nothing*", GAN)
    assert (result.code, result.err) == (0, f"scopecli: {GAN}: nothing matches 'nothing*'\n")
    assert "nothing" in result.out


def test_plain_is_ascii(run: Run) -> None:
    shown = run("stats", "--format", "plain", GAN, tty=True).out
    assert shown.isascii()
    assert "|-- " in shown


def test_on_a_terminal(run: Run) -> None:
    engine, _, shown = on_a_terminal("stats", "tf1_gan").partition("\n")
    assert engine == "rich"
    assert without_colours(shown) == run("stats", GAN).out.replace(str(SAMPLES) + "/", "")
    colored = run("stats", "--color", "always", GAN).out
    assert SGR.search(colored)
    assert without_colours(colored) == run("stats", GAN).out


@pytest.mark.parametrize("output", ["table", "plain", "csv", "json"])
@pytest.mark.parametrize("tty", [False, True])
def test_hostile_names(tmp_path: Path, run: Run, output: str, tty: bool) -> None:
    path = bundles.write(tmp_path / "m", HOSTILE)
    result = run("stats", "--format", output, path, tty=tty)
    assert (result.code, result.err) == (0, "")
    harmless(result.out)
    assert "[red]bold[" in without_colours(result.out)
    if output == "json":
        assert len(json.loads(result.out)["variables"]) == len(HOSTILE)
