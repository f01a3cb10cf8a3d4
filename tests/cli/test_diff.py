"""`scopecli diff`."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests import bundles
from tests.commands import assert_one_line
from tests.schemas import check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.commands import Run

FLOATS = [
    "conv/kernel",
    "dense/bias",
    "dense/kernel",
    "norm/beta",
    "norm/gamma",
    "norm/moving_mean",
    "norm/moving_variance",
]
SLOTS = [f"{name}/{slot}" for name in FLOATS if "moving" not in name for slot in ("Adam", "Adam_1")]
EVERYTHING = sorted(f"net/{name}" for name in [*FLOATS, *SLOTS])
DENSE = [name for name in EVERYTHING if name.startswith("net/dense/")]

# What becomes of pairs/base in each: the entries that are not the same, as status, a, b.
PAIRS: dict[str, list[tuple[str, str | None, str | None]]] = {
    "one_element": [("values", "net/dense/kernel", "net/dense/kernel")],
    "scope_renamed": [("renamed", name, f"model/{name}") for name in EVERYTHING],
    "halved": [("changed", name, name) for name in EVERYTHING],
    "grown": [("changed", name, name) for name in DENSE],
    "slot_dropped": [("removed", "net/dense/kernel/Adam_1", None)],
    "statistics_only": [
        ("values", f"net/norm/{name}", f"net/norm/{name}")
        for name in ("moving_mean", "moving_variance")
    ],
}

READ_MAP: dict[str, Callable[[str], dict[str, str]]] = {
    "json": lambda text: json.loads(text)["map"],
    "csv": lambda text: dict(list(csv.reader(text.splitlines()))[1:]),
    "toml": lambda text: tomllib.loads(text)["map"],
}


@pytest.fixture(autouse=True)
def _among_samples(monkeypatch: pytest.MonkeyPatch, samples: Path) -> None:
    monkeypatch.chdir(samples)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("options", [(), ("--values",)])
def test_each_pair_gives_its_entries(run: Run, name: str, options: tuple[str, ...]) -> None:
    result = run("diff", "pairs/base", f"pairs/{name}", "--format", "json", *options)
    assert (result.code, result.err) == (1, "")
    document = check("diff", result.out)
    found = [(entry["status"], entry["a"], entry["b"]) for entry in document["entries"]]
    assert sorted(found, key=str) == sorted(PAIRS[name], key=str)
    assert sum(document["summary"].values()) == len(EVERYTHING) + 1


def test_details_of_one_element(run: Run) -> None:
    result = run("diff", "pairs/base", "pairs/one_element", "--format", "json", "--values")
    (entry,) = check("diff", result.out)["entries"]
    values = entry["detail"]["values"]
    assert (values["verdict"], values["by"], values["differing"]) == ("different", "values", 1)
    assert values["max_abs"] == pytest.approx(0.5)


def test_details_of_shapes_and_types(run: Run) -> None:
    result = run("diff", "pairs/base", "pairs/grown", "--format", "json", "--include", "*kernel")
    (entry,) = json.loads(result.out)["entries"]
    assert entry["detail"]["shape"] == [[8, 4], [8, 6]]
    result = run("diff", "pairs/base", "pairs/halved", "--format", "json")
    for entry in json.loads(result.out)["entries"]:
        assert entry["detail"]["dtype"] == ["float32", "float16"]


def test_a_glob_that_matches_nothing_is_no_sameness(run: Run) -> None:
    result = run("diff", "pairs/base", "pairs/grown", "--include", "kernel", "--exclude", "*Adam*")
    assert_one_line(result, "neither model has anything that matches 'kernel'")


def test_a_scope_that_moved_is_one_line(run: Run) -> None:
    result = run("diff", "pairs/base", "pairs/scope_renamed")
    assert "net/* → model/net/* (17 variables)" in result.out
    assert [line for line in result.out.splitlines() if line.startswith("→")] == [
        "→ model  17 tensors    1.42 kB  17 renamed"
    ]


def test_nothing_differs(run: Run) -> None:
    result = run("diff", "pairs/base", "pairs/base")
    assert result.code == 0
    assert result.out.splitlines()[2:] == ["18 same"]


def test_a_lock_file_is_an_argument(run: Run, tmp_path: Path) -> None:
    lock = tmp_path / "model.lock.json"
    lock.write_text(run("tree", "pairs/base", "--all", "--format", "json").out, "utf-8")
    assert run("diff", str(lock), "pairs/base").code == 0
    assert run("diff", str(lock), "pairs/grown").code == 1


@pytest.mark.parametrize("path", ["keras3_functional.keras", "tf1_gan", "programs/gan.py:train"])
def test_a_lock_file_is_the_whole_model(run: Run, tmp_path: Path, path: str) -> None:
    lock = tmp_path / "model.lock.json"
    for command in ["tree", "dryrun"] if ".py:" in path else ["tree"]:
        lock.write_text(run(command, "--format", "json", path).out, "utf-8")
        assert run("diff", str(lock), path).code == 0
        assert run("validate", "--select", "L", "--against", str(lock), path).code == 0
        lock.write_text(run(command, "--format", "json", "--no-bookkeeping", path).out, "utf-8")
        assert run("diff", str(lock), path).code == 1


def test_it_is_said_which_model_has_no_values(run: Run, tmp_path: Path) -> None:
    lock, program = tmp_path / "model.lock.json", "programs/gan.py:train"
    lock.write_text(run("tree", "--format", "json", "keras3_functional.keras").out)
    note = f"note: the values of 36 pairs were not compared: {lock} has none\n"
    assert run("diff", str(lock), "keras3_functional.keras").out.endswith(note)
    assert f"were not compared: {program} has none" in run("diff", program, program).out
    other = "programs/gan.py:deeper"
    assert f"{program} and {other} have none" in run("diff", program, other).out


def test_only_one_status(run: Run) -> None:
    result = run("diff", "pairs/base", "pairs/slot_dropped", "--only", "added")
    assert (result.code, result.out.splitlines()[2:]) == (0, ["nothing to show"])
    result = run("diff", "pairs/base", "pairs/slot_dropped", "--only", "same", "--format", "json")
    assert {entry["status"] for entry in json.loads(result.out)["entries"]} == {"same"}


def test_stat_closes_every_scope(run: Run) -> None:
    result = run("diff", "--stat", "pairs/base", "pairs/halved", "--format", "plain")
    assert result.out.splitlines()[-1] == "~ net  17 tensors    712 B  17 changed"


@pytest.mark.parametrize("suffix", ["json", "csv", "toml"])
def test_the_map_of_new_names(run: Run, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"map.{suffix}"
    run("diff", "pairs/base", "pairs/scope_renamed", "--emit-map", str(path))
    assert READ_MAP[suffix](path.read_text("utf-8")) == {
        name: f"model/{name}" for name in EVERYTHING
    }


def test_a_map_of_no_known_kind(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    result = run("diff", "pairs/base", "pairs/scope_renamed", "--emit-map", str(path))
    assert_one_line(result, "map.yaml", ".json or .csv or .toml")
    assert not path.exists()


def test_a_map_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "map.json"
    result = run("diff", "pairs/base", "pairs/scope_renamed", "--emit-map", str(path))
    assert_one_line(result, "map.json", "cannot be written")


def test_tolerances_are_for_values(run: Run) -> None:
    assert_one_line(run("diff", "pairs/base", "pairs/grown", "--rtol", "1"), "--values")


def test_a_tolerance(run: Run) -> None:
    arguments = ("diff", "pairs/base", "pairs/one_element", "--values")
    assert run(*arguments, "--atol", "0.6").code == 0
    assert run(*arguments, "--atol", "0.4").code == 1


def test_values_that_are_not_there_are_trouble(run: Run, tmp_path: Path, samples: Path) -> None:
    index = tmp_path / "gone.index"
    index.write_bytes((samples / "pairs/halved/ckpt.index").read_bytes())
    result = run("diff", "pairs/base", str(index), "--values")
    assert_one_line(result, "17 pairs could not be compared", "gone.data-00000-of-00001")
    assert "the values of 17 pairs could not be compared" in result.out


def test_a_missing_file(run: Run) -> None:
    assert_one_line(run("diff", "pairs/base", "pairs/missing"), "pairs/missing", "no such file")


def test_markdown_takes_nothing_in_a_name_for_markup(run: Run, tmp_path: Path) -> None:
    lock = json.loads(run("tree", "pairs/base", "--format", "json").out)
    lock["scopes"]["variables"] = [
        {**lock["scopes"]["variables"][0], "name": "a|b`c*", "key": "a|b`c*"}
    ]
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(lock), "utf-8")
    result = run("diff", "pairs/base", str(path), "--only", "added", "--format", "markdown")
    assert "| + | ``a\\|b`c*`` |" in result.out


def test_long_markdown_is_closed(run: Run) -> None:
    result = run("diff", "tf1_gan", "tf1_batchnorm", "--format", "markdown")
    assert result.out.count("<details>") == result.out.count("</details>") == 1


_WATCHED = """
import sys
opened = []
sys.addaudithook(lambda event, values: opened.append(str(values[0])) if event == "open" else None)
from scopecli.cli.main import run
code = run(["diff", *sys.argv[1:]])
assert any(path.endswith(".index") for path in opened), opened
assert not [path for path in opened if ".data-" in path], opened
sys.exit(code)
"""


def test_two_gigabytes_are_compared_without_a_look_at_the_tensors(tmp_path: Path) -> None:
    """Stored checksums tell; the data shards, of 1 GiB each, are not even opened."""
    paths = []
    for name, crc in (("a", 1), ("b", 2)):
        size = 1 << 30
        entry = bundles.message((1, bundles.FLOAT), (2, bundles.shape_message([size // 4])))
        entry += bundles.message((5, size)) + b"\x35" + crc.to_bytes(4, "little")
        path = tmp_path / name
        bundles.write_pairs(path, [bundles.header(), (b"w", entry)])
        with open(f"{path}.data-00000-of-00001", "r+b") as data:
            data.truncate(size)
        paths.append(str(path))
    process = subprocess.run(
        [sys.executable, "-c", _WATCHED, *paths], capture_output=True, text=True, check=False
    )
    assert (process.returncode, process.stderr) == (1, "")
    assert "values differ" in process.stdout


GAN = "tf1_gan/model.ckpt-200"


def test_a_checkpoint_restores_into_its_own_graph(run: Run) -> None:
    result = run("diff", "--restore", f"{GAN}.meta", GAN, "--format", "json")
    assert (result.code, result.err) == (0, "")
    (attempt,) = check("restore", result.out)["attempts"]
    assert attempt["verdict"] == "restored"


def test_a_checkpoint_that_does_not_fit(run: Run) -> None:
    result = run("diff", "--restore", f"{GAN}.meta", "pairs/base")
    assert result.code == 1
    assert "NotFoundError" in result.out
    assert run("diff", "--restore", f"{GAN}.meta", "pairs/base", "--format", "markdown").code == 1


@pytest.mark.parametrize(
    "option", ["--stat", "--only=same", "--values", "--emit-map=no/map.json", "--no-fold"]
)
def test_what_a_restore_does_not_look_at_is_refused(run: Run, option: str) -> None:
    result = run("diff", "--restore", option, f"{GAN}.meta", GAN)
    assert_one_line(result, f"{option.partition('=')[0].replace('no-', '')} has no effect")


def test_a_restore_needs_a_graph(run: Run) -> None:
    assert_one_line(run("diff", "--restore", "pairs/base", "pairs/base"), "no graph")


def test_the_assignment_map(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    run("diff", "--restore", f"{GAN}.meta", GAN, "--emit-assignment-map", str(path))
    assert json.loads(path.read_text("utf-8")) == {"/": "/"}
    result = run("diff", GAN, GAN, "--emit-assignment-map", str(path))
    assert_one_line(result, "--restore")
