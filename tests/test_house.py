"""The layout of the project: what stands where, and what every module has."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from graphlib import TopologicalSorter
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.project import PROJECT
from tests.samples import FILES, ROOT, SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = ROOT / "scopecli"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py"))


def tracked() -> list[str]:
    """The files that are in version control."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("no version control here")
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return [name for name in done.stdout.split("\0") if name]


def test_the_top_level() -> None:
    top = {name.partition("/")[0] for name in tracked()}
    assert {name for name in top if not name.startswith(".")} <= {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "scopecli",
        "tests",
        "sample_checkpoints",
    }


def test_pages_are_readmes() -> None:
    """A page about a folder is that folder's README; where the others are is for GitHub to say."""
    pages = {name for name in tracked() if name.endswith((".md", ".rst"))}
    others = {name for name in pages if not name.endswith("README.md")}
    assert others == {"CHANGELOG.md", ".github/CONTRIBUTING.md"}


def test_no_file_is_large() -> None:
    large = [name for name in tracked() if (ROOT / name).is_file()]
    large = [name for name in large if (ROOT / name).stat().st_size > 200_000]
    assert large == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8")))
    assert text, path
    first = text.splitlines()[0]
    assert first.endswith((".", ":")), first


def test_a_long_module_says_why_it_is_one() -> None:
    for path in [*MODULES, *TESTS]:
        text = path.read_text("utf-8")
        if len(text.splitlines()) > 400 and "models" not in path.parts:
            assert "is one module, because" in (ast.get_docstring(ast.parse(text)) or ""), path


# Rooms whose modules know each other because TensorFlow's classes do, as their docstrings say.
CIRCLES = {
    **dict.fromkeys(
        ("contexts", "default", "devices", "elements", "graph", "later", "nodes"), "dryrun.graph"
    ),
    **dict.fromkeys(("variable", "ref_variable", "resource_variable"), "dryrun.variables"),
}
_IMPORT = re.compile(r"^ *from (scopecli[.\w]*) import (\([^)]*\)|.*)", re.MULTILINE)


def test_no_other_modules_import_each_other() -> None:
    """Not for types either, nor in functions: what two need is in a third."""
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}

    def room(name: str) -> str:
        around, _, own = name.rpartition(".")
        return around if around == f"scopecli.{CIRCLES.get(own)}" else name

    graph: dict[str, set[str]] = {}
    for name, path in names.items():
        used = set()
        for module, imported in _IMPORT.findall(path.read_text("utf-8")):
            words = re.findall(r"\w+", imported)
            used |= {f"{module}.{word}" for word in words if f"{module}.{word}" in names}
            used |= {module} & names.keys()
        graph.setdefault(room(name), set()).update(room(one) for one in used)
        graph[room(name)].discard(room(name))
    TopologicalSorter(graph).prepare()


def test_what_tests_share_is_in_no_test() -> None:
    for path in TESTS:
        shared = re.findall(
            r"^ *from (tests\.\S*\btest_\w+) import", path.read_text("utf-8"), re.MULTILINE
        )
        assert shared == [], path


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in MODULES}
    assert all((folder / "__init__.py").exists() for folder in folders)


def test_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
    assert "Typing :: Typed" in PROJECT["classifiers"]


#: An oracle, never a dependency: its tests hold the list of what `weights_only` lets through, which
#: each version of PyTorch changes.
PINNED = {"torch==2.13.0"}


@pytest.mark.parametrize(
    "requirement",
    [
        *PROJECT["dependencies"],
        *(r for extra in PROJECT["optional-dependencies"].values() for r in extra),
    ],
)
def test_dependencies_have_lower_bounds_and_no_caps(requirement: str) -> None:
    if requirement.startswith("scopecli[") or requirement in PINNED:
        return
    assert re.fullmatch(r"[A-Za-z0-9_.-]+>=\d+(\.\d+)*", requirement)


def test_what_is_imported_is_declared() -> None:
    """A package that only another one brings along would be missed one day."""
    declared = {
        re.split(r"[>=\[]", row)[0].lower().replace("-", "_") for row in PROJECT["dependencies"]
    }
    used = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                used |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                used.add(node.module.partition(".")[0])
    assert used - set(sys.stdlib_module_names) - {"scopecli", "_typeshed"} == declared


def test_the_manifest_is_right() -> None:
    """Every sample is as it was made, and no file is beside them."""
    for file in FILES:
        data = (SAMPLES / file.path).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (file.size, file.sha256), file.path
    there = {str(p.relative_to(SAMPLES)) for p in SAMPLES.rglob("*") if p.is_file()}
    there = {name for name in there if "__pycache__" not in name}
    ours = {"README.md", "MANIFEST.json", "make_samples.py"}
    there = {name for name in there if not name.startswith(("programs/", "makers/"))}
    assert there - ours == {file.path for file in FILES}
