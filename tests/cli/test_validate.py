"""`validate` and `rules`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from scopecli.rules import registry
from tests.commands import assert_one_line
from tests.samples import SAMPLES
from tests.schemas import check

if TYPE_CHECKING:
    from tests.commands import Run

BAD = str(SAMPLES / "graphs/gan_twins.meta")  # one error, five warnings
CLEAN = str(SAMPLES / "keras2_weights.h5")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["validate", "lint"])
def test_findings_end_with_1(run: Run, command: str) -> None:
    result = run(command, BAD)
    assert (result.code, result.err) == (1, "")
    lines = result.out.splitlines()
    assert lines[0] == BAD
    assert "  error   S202 orphan-twin" in lines
    assert lines[-1].startswith("1 file: 1 error")


def test_a_clean_file_ends_with_0(run: Run) -> None:
    assert run("validate", CLEAN) == (0, "1 file: nothing found\n", "")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "warning"], 1),
        (["--select", "S201"], 0),
        (["--select", "S201", "--fail-on", "warning"], 1),
        (["--ignore", "S202"], 0),
        (["--ignore", "S202,S201,T", "--fail-on", "info"], 0),
        (["--exit-zero"], 0),
        (["--select", "N", "--extend-select", "S202"], 1),
    ],
)
def test_what_fails_the_run(run: Run, options: list[str], code: int) -> None:
    assert run("validate", *options, BAD).code == code


@pytest.mark.parametrize("path", ["no/such/file", str(SAMPLES / "broken/model.h5"), "*.none"])
def test_what_cannot_be_done_ends_with_2(run: Run, path: str) -> None:
    assert_one_line(run("validate", path), path)


def test_trouble_counts_more_than_findings(run: Run) -> None:
    result = run("validate", BAD, "no/such/file", "--exit-zero")
    assert result.code == 2
    assert "S202" in result.out


def test_damage_is_a_finding(run: Run) -> None:
    result = run("validate", "--format", "concise", str(SAMPLES / "broken/flipped"))
    assert result.code == 1
    assert ": F" in result.out
    assert "block at offset 0" in result.out


@pytest.mark.parametrize("option", ["--select", "--ignore", "--extend-select"])
def test_an_unknown_code(run: Run, option: str) -> None:
    assert_one_line(run("validate", option, "S999", BAD), "S999")


def test_every_format(run: Run) -> None:
    out = {name: run("validate", "--format", name, BAD).out for name in ("json", "sarif", "junit")}
    assert check("findings", out["json"])["summary"]["error"] == 1
    assert json.loads(out["sarif"])["runs"][0]["results"][0]["ruleId"] == "S202"
    assert ET.fromstring(out["junit"]).get("failures") == "1"
    assert run("validate", "--format", "github", BAD).out.startswith("::error file=")
    assert len(json.loads(run("validate", "--format", "gitlab", BAD).out)) == 3
    assert len(run("validate", "--format", "concise", BAD).out.splitlines()) == 3


@pytest.mark.parametrize("output_format", ["terminal", "json", "sarif"])
def test_output_goes_to_a_file(run: Run, output_format: str) -> None:
    arguments = ["validate", "--format", output_format, "--color", "always", BAD]
    result = run(*arguments, "--output", "report")
    assert (result.code, result.out) == (1, "")
    text = Path("report").read_text("utf-8")
    assert "S202" in text
    assert "\x1b" not in text


def test_a_file_that_is_checked_is_not_written_to(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    shutil.copy(SAMPLES / "keras2_weights.h5", path)
    before = path.read_bytes()
    for option in ("--output", "--write-baseline"):
        assert_one_line(run("validate", str(path), option, str(path)), "is not overwritten")
    assert path.read_bytes() == before
    assert_one_line(run("validate", str(path), "--output", "no/folder/x"), "cannot be written")


def test_a_baseline(run: Run) -> None:
    first = run("validate", BAD, "--write-baseline", "known.json")
    assert first.code == 0
    again = run("validate", BAD, "--baseline", "known.json", "--fail-on", "info")
    assert (again.code, again.out) == (0, "1 file: nothing found \u00b7 3 known findings\n")
    document = json.loads(Path("known.json").read_text("utf-8"))
    document["findings"] = document["findings"][1:]
    Path("known.json").write_text(json.dumps(document), "utf-8")
    assert (
        len(
            run("validate", BAD, "--baseline", "known.json", "--format", "concise").out.splitlines()
        )
        == 1
    )
    assert_one_line(run("validate", BAD, "--baseline", "none.json"), "none.json")


def test_settings_and_options(run: Run) -> None:
    Path("scopecli.toml").write_text('select = ["S201"]\nfail-on = "warning"', "utf-8")
    assert run("validate", "--format", "concise", BAD).out.count("\n") == 1
    assert run("validate", BAD).code == 1
    assert run("validate", "--fail-on", "error", BAD).code == 0
    assert "S202" in run("validate", "--select", "S", BAD).out
    Path("scopecli.toml").write_text('selekt = ["S201"]', "utf-8")
    assert_one_line(run("validate", BAD), "scopecli.toml", "did you mean select?")


def test_ignores_of_a_path(run: Run) -> None:
    text = '[tool.scopecli.per-path-ignores]\n"graphs/*" = ["S", "T"]'
    Path("pyproject.toml").write_text(text, "utf-8")
    assert run("validate", "--fail-on", "info", BAD).code == 0


def test_patterns(run: Run) -> None:
    result = run("validate", "--format", "json", str(SAMPLES / "graphs/*twins.meta"))
    paths = [Path(path).name for path in json.loads(result.out)["paths"]]
    assert paths == ["gan_twins.meta", "twins.meta"]


def tree_of(run: Run, sample: str, width: int) -> str:
    """A saved tree whose variables have another width."""
    document = run("tree", "--format", "json", str(SAMPLES / sample)).out
    path = Path(f"{width}.json")
    path.write_text(document.replace('"shape": [4', f'"shape": [{width}'), "utf-8")
    return str(path)


def test_together(run: Run) -> None:
    paths = [tree_of(run, "keras2_weights.h5", width) for width in (4, 5)]
    assert run("validate", *paths).code == 0
    result = run("validate", "--together", "--format", "concise", *paths)
    assert result.code == 1
    assert {line.split(" ")[1] for line in result.out.splitlines()} == {"N110"}
    assert result.out.startswith(paths[1])


def test_against_a_reference(run: Run) -> None:
    assert run("validate", CLEAN, "--against", CLEAN).code == 0
    assert_one_line(run("validate", CLEAN, "--against", "none.json"), "none.json")


class TestRules:
    def test_the_table(self, run: Run) -> None:
        lines = run("rules").out.splitlines()
        assert [line[:4] for line in lines] == list(registry.names())

    def test_a_page(self, run: Run) -> None:
        out = run("rules", "N107").out
        rule = registry.rule("N107")
        for part in (rule.name, rule.summary, "Bad:", "    net/w/scale: float32[3]", "Good:"):
            assert part in out
        assert "N101" not in out
        assert run("rules", "path-prefix-clash").out == out

    def test_pages_of_a_family(self, run: Run) -> None:
        document = check("rules", run("rules", "--format", "json", "C").out)
        assert [row["code"] for row in document["rules"]] == ["C301", "C302", "C303", "C304"]

    def test_the_document_has_all(self, run: Run) -> None:
        document = check("rules", run("rules", "--format", "json").out)
        assert [row["code"] for row in document["rules"]] == list(registry.names())

    def test_an_unknown_code(self, run: Run) -> None:
        assert_one_line(run("rules", "N107x"), "N107x", "did you mean N107")


class TestDamage:
    """What keeps a file from being opened, or its data from being right, ends with 1."""

    @pytest.mark.parametrize(
        ("sample", "code"),
        [
            ("flipped", "F702"),
            ("truncated.index", "F703"),
            ("truncated.h5", "F703"),
            ("truncated.keras", "F703"),
            ("no_data", "F704"),
        ],
    )
    def test_in_structure(self, run: Run, sample: str, code: str) -> None:
        result = run("validate", "--format", "concise", str(SAMPLES / "broken" / sample))
        assert result.code == 1
        assert f": {code} " in result.out

    def test_in_data(self, run: Run, tmp_path: Path) -> None:
        """Of one byte; data is read only with leave."""
        for path in (SAMPLES / "tf1_batchnorm").iterdir():
            shutil.copy(path, tmp_path)
        prefix = str(tmp_path / "model.ckpt")
        assert run("validate", "--values", "--select", "F", prefix).code == 0
        data = Path(f"{prefix}.data-00000-of-00001")
        changed = bytearray(data.read_bytes())
        changed[len(changed) // 2] ^= 1
        data.write_bytes(changed)
        assert run("validate", "--select", "F", prefix).code == 0
        result = run("validate", "--values", "--select", "F", "--format", "concise", prefix)
        assert result.code == 1
        assert " F701 " in result.out

    @pytest.mark.parametrize(
        ("tensors", "data", "code"),
        [
            ([("a", 0, 4)], b"123", "F703"),
            ([("a", 0, 4)], b"12345", "F708"),
            ([("a", 0, 4), ("b", 2, 6)], b"123456", "F708"),
            ([("a", 0, 4), ("a", 0, 4)], b"1234", "F707"),
        ],
    )
    def test_in_safetensors(
        self,
        run: Run,
        tmp_path: Path,
        tensors: list[tuple[str, int, int]],
        data: bytes,
        code: str,
    ) -> None:
        path = tmp_path / "m.safetensors"
        rows = [
            f'"{name}":{{"dtype":"U8","shape":[4],"data_offsets":[{start},{end}]}}'
            for name, start, end in tensors
        ]
        header = f"{{{','.join(rows)}}}"
        path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + data)
        result = run("validate", "--format", "concise", str(path))
        assert result.code == 1
        assert f": {code} " in result.out

    def test_in_the_map_of_shards(self, run: Run, tmp_path: Path) -> None:
        for path in (SAMPLES / "sharded_safetensors").iterdir():
            shutil.copy(path, tmp_path)
        (index,) = tmp_path.glob("*.index.json")
        assert run("validate", str(index)).code == 0
        document = json.loads(index.read_text("utf-8"))
        shards = sorted(set(document["weight_map"].values()))
        key = next(iter(document["weight_map"]))
        document["weight_map"][key] = shards[document["weight_map"][key] == shards[0]]
        index.write_text(json.dumps(document), "utf-8")
        result = run("validate", "--format", "concise", str(index))
        assert result.code == 1
        assert f": F709 {key}" in result.out


def test_a_lock(run: Run) -> None:
    """A tree that was committed, and what changed since."""
    sample = str(SAMPLES / "tf1_gan")
    lock = run("tree", "--format", "json", sample).out
    Path("lock.json").write_text(lock, "utf-8")
    assert run("validate", "--select", "L", sample, "--against", "lock.json").code == 0
    changed = lock.replace('"discriminator/h0/b"', '"discriminator/h0/bias"')
    changed = changed.replace('"shape": [8, 6]', '"shape": [8, 7]', 1)
    Path("lock.json").write_text(changed, "utf-8")
    result = run(
        "validate", "--select", "L", "--format", "concise", sample, "--against", "lock.json"
    )
    assert result.code == 1
    assert [line.split(": ")[1] for line in result.out.splitlines()] == [
        "L901 discriminator/h0/bias",
        "L902 discriminator/h0/b",
        "L903 discriminator/h0/w",
    ]


def test_against_a_graph(run: Run) -> None:
    graph, checkpoint = str(SAMPLES / "graphs/twins.meta"), str(SAMPLES / "tf1_gan")
    result = run("validate", "--select", "G", checkpoint, "--against", graph)
    assert result.code == 1
    assert "TensorFlow says: Key " in result.out
    assert "L90" not in run("validate", checkpoint, "--against", graph).out


@pytest.mark.parametrize(("name", "wanted"), [("r.sarif", "sarif"), ("r.xml", "junit")])
def test_a_report_for_programs_has_their_format(
    run: Run, tmp_path: Path, name: str, wanted: str
) -> None:
    path = tmp_path / name
    graph = str(SAMPLES / "graphs/twins.meta")
    result = run("validate", graph, "--output", str(path))
    assert_one_line(result, f"would be text for people: say --format {wanted}")
    assert not path.exists()
    assert run("validate", graph, "--output", str(path), "--format", "terminal").err == ""
    assert path.exists()
