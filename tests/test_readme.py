"""The pages say what is true: examples print what they show, links lead somewhere."""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from scopecli.cli.group import COMMANDS as NAMES
from scopecli.cli.main import scopecli
from scopecli.dryrun.graph.default import forget_graphs
from tests import pictures
from tests.readme import COMMANDS, PAGES, README, Example, blocks, examples, run
from tests.samples import ROOT, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = {
    f"{page.relative_to(ROOT)}: {example.command}": example
    for page in PAGES
    for example in examples(page.read_text("utf-8"))
}
# Commands that are shown without what they print.
LINES = {
    match[0]: match[1]
    for page in PAGES
    for block in blocks(page, "sh")
    for match in re.finditer(r"\bscopecli ([a-z]+ [^|>#\n]*)", block)
}
LINK = re.compile(r"!?\[[^\]]*\]\((?P<path>[^)#\s]*)(?:#(?P<part>[^)\s]+))?\)")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_commands_have_examples_each() -> None:
    used = {example.command.split()[1] for example in examples(COMMANDS.read_text("utf-8"))}
    assert used >= set(NAMES)


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_example(example: Example) -> None:
    assert run(example.command) == example.output


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_line_is_taken(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its command and its options are there."""
    (tmp_path / "names.json").write_text('{"a": "b"}', "utf-8")
    monkeypatch.chdir(tmp_path)
    name, *words = shlex.split(line)
    above = scopecli.make_context("scopecli", [], resilient_parsing=True)
    command = scopecli.get_command(above, name)
    assert command is not None
    assert command.make_context(name, words, above).params


def folder_of_samples(folder: Path) -> Path:
    """A folder with the samples in it, where examples may write."""
    for sample in SAMPLES.iterdir():
        (folder / sample.name).symlink_to(sample)
    return folder


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "pycon")], ids=named)
def test_python_sessions(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder_of_samples(tmp_path))
    forget_graphs()
    text = "\n".join(blocks(page, "pycon"))
    session = doctest.DocTestParser().get_doctest(text, {}, named(page), None, 0)
    said: list[str] = []
    doctest.DocTestRunner(verbose=False).run(session, out=said.append)
    assert said == []


def test_the_python_example(tmp_path: Path) -> None:
    (code,) = blocks(README, "python")
    (tmp_path / SAMPLES.name).symlink_to(SAMPLES)
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert "generator/h0/w (6, 6) float32 variable\n" in process.stdout


@pytest.mark.parametrize("name", ["tree", "test"])
def test_ci_finds_the_command(name: str) -> None:
    """`.ci/run` takes both commands from below these markers."""
    match = re.search(
        rf"^<!-- ci: {name} -->\n```sh\n(.+)\n```$", README.read_text("utf-8"), re.MULTILINE
    )
    assert match
    assert match[1].startswith("python3 -m venv .venv && .venv/bin/pip install")


def anchors(page: Path) -> set[str]:
    """What a `#part` may be: headings as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    links = [match for match in LINK.finditer(prose) if ":" not in match["path"]]
    for link in links:
        target = page.parent / link["path"] if link["path"] else page
        assert target.exists(), link[0]
        assert not link["part"] or link["part"] in anchors(target), link[0]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_stands_where_is_there(page: Path) -> None:
    """Modules and folders in the first column of a table."""
    cells = re.findall(r"^\| (.*?) \|", page.read_text("utf-8"), re.MULTILINE)
    names = [name for cell in cells for name in re.findall(r"`([\w/]+(?:\.py|/))`", cell)]
    assert [name for name in names if not (page.parent / name).exists()] == []


@pytest.mark.parametrize("name", pictures.COMMANDS)
def test_pictures(name: str) -> None:
    """`python -m tests.pictures` draws them."""
    text = (pictures.FOLDER / name).read_text("utf-8")
    assert text == pictures.drawn(name)
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert set(re.findall(r"https?://[^\"\s]+", text)) == {"http://www.w3.org/2000/svg"}
    assert f"(.github/pictures/{name})" in README.read_text("utf-8")


def test_the_manual_page_is_well_formed() -> None:
    """As groff sees it, with all of its warnings."""
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", str(ROOT / "scopecli/cli/scopecli.1")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
