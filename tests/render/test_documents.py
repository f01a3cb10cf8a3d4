"""The JSON documents and their schemas."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from scopecli.formats.opening import load
from scopecli.formats.registry import BY_ID
from scopecli.model.variable import ATTRIBUTES, KINDS
from scopecli.render import documents
from scopecli.render.several import Turn
from tests import bundles
from tests.bundles import Tensor
from tests.samples import GOOD, SAMPLES
from tests.schemas import check, schema

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Run


COMMANDS = {"list": "list", "tree": "model", "info": "info", "show": "show", "stats": "stats"}
NAMES = sorted(COMMANDS.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["properties"]["schema"] == {"const": f"scopecli/{name}/1"}


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_knows_the_model(name: str) -> None:
    """Formats, kinds and attributes are those of the code."""
    found = schema(name)
    assert set(found["properties"]["format"]["enum"]) >= set(BY_ID)
    if "variable" in found["$defs"]:
        assert found["$defs"]["variable"]["properties"]["kind"]["enum"] == list(KINDS)
    if "attributes" in found["$defs"]:
        assert set(found["$defs"]["attributes"]["properties"]) >= set(ATTRIBUTES)


@pytest.mark.parametrize("sample", GOOD)
@pytest.mark.parametrize("command", ["list", "tree", "info"])
def test_documents_of_the_samples(run: Run, sample: str, command: str) -> None:
    every = [] if command == "info" else ["--all"]
    result = run(command, "--format", "json", *every, str(SAMPLES / sample))
    assert result.code == 0
    document = check(COMMANDS[command], result.out)
    model = load(SAMPLES / sample)
    assert document["format"] == model.format
    if command == "list":
        assert [row["key"] for row in document["variables"]] == sorted(
            v.key for v in model.variables
        )
    if command == "tree":
        assert document["scopes"]["totals"]["count"] == len(model.variables)
        assert sum(1 for _ in rows(document["scopes"])) == len(model.variables)
    if command == "info":
        assert sum(c["count"] for c in document["kinds"].values()) == len(model.variables)


@pytest.mark.parametrize("sample", GOOD)
def test_show_every_variable_of_the_samples(run: Run, sample: str) -> None:
    model = load(SAMPLES / sample)
    names = [v.key for v in model.variables][:40]
    result = run("show", "--format", "json", str(SAMPLES / sample), *names)
    assert result.code == 0
    decoder, text, shown = json.JSONDecoder(), result.out, []
    while text.strip():
        _, end = decoder.raw_decode(text)
        shown.append(check("show", text[:end])["variables"][0]["key"])
        text = text[end:].lstrip()
    assert shown == names


@pytest.mark.parametrize("sample", GOOD)
def test_lines_are_the_variables_of_the_list(run: Run, sample: str) -> None:
    path = str(SAMPLES / sample)
    whole = json.loads(run("list", "--format", "json", path).out)
    lines = run("list", "--format", "jsonl", path).out.splitlines()
    assert [json.loads(line) for line in lines] == whole["variables"]


@pytest.mark.parametrize("sample", GOOD)
def test_a_line_is_what_json_would_write(sample: str) -> None:
    """Lines are put together by hand, for speed."""
    model = load(SAMPLES / sample)
    collections = model.collections_of()
    lines = documents.list_lines(model, model.variables, Turn(0, is_only=True))
    for line, variable in zip(lines, model.variables, strict=True):
        expected = documents.variable_object(model, variable, collections.get(variable.key, ()))
        assert line == json.dumps(expected) + "\n"


HOSTILE = {
    '"quoted" \\ name': Tensor(),
    "a\x00b\x1b[2J\n": Tensor(),
    "a\udcff": Tensor(),
    "größe/\U0001f600": Tensor(),
    "/": Tensor(),
    "//": Tensor(),
}


@pytest.mark.parametrize("command", ["list", "tree", "info"])
def test_hostile_names_are_valid_json(tmp_path: Path, run: Run, command: str) -> None:
    result = run(command, "--format", "json", bundles.write(tmp_path / "m", HOSTILE))
    assert result.out.isascii()
    document = check(COMMANDS[command], result.out)
    if command == "list":
        assert {row["key"] for row in document["variables"]} == set(HOSTILE)


def test_statistics_without_numbers(tmp_path: Path, run: Run) -> None:
    """JSON has neither NaN nor infinity."""
    nan, huge = bytes.fromhex("0000c07f"), bytes.fromhex("a0c8eb85f3cce17f")
    tensors = {
        "nan": Tensor(shape=(1,), data=nan),
        "huge": Tensor(2, (2,), huge + huge[:7] + b"\xff"),
        "none": Tensor(shape=(0,), data=b""),
        "short": Tensor(shape=(9,), data=b""),
        "text": Tensor(bundles.STRING, (), bundles.strings(b"x")),
    }
    prefix = bundles.write(tmp_path / "m", tensors)
    for name in tensors:
        values = check("show", run("show", "--format", "json", prefix, name).out)["variables"][0][
            "values"
        ]
        assert ("problem" in values) == (name in {"short", "text"})


@pytest.mark.parametrize("line", ["list", "tree", "info", "show generator", "dryrun"])
def test_a_program(run: Run, line: str) -> None:
    """What a dry run made has documents as a file has."""
    command, *names = line.split()
    path = str(SAMPLES / "programs/gan.py:train")
    result = run(command, "--format", "json", path, *names)
    assert result.code == 0
    assert check(COMMANDS.get(command, "model"), result.out)["format"] == "program"


def test_a_slice(run: Run, tmp_path: Path) -> None:
    values = np.array([[1.5, np.nan, -np.inf], [2, np.inf, 4]], np.float32)
    np.savez(tmp_path / "m.npz", a=values, c=np.array([1 - 2j]), b=np.array([True, False]))

    def part(name: str, index: str) -> Any:
        path = str(tmp_path / "m.npz")
        text = run("show", "--format", "json", path, name, "--slice", index).out
        assert "values" not in json.loads(text)["variables"][0]
        return check("show", text)["variables"][0]["slice"]

    assert part("a", ":") == [[1.5, "NaN", "-Infinity"], [2, "Infinity", 4]]
    assert part("a", "1,::2") == [2, 4]
    assert part("a", "1,2") == 4
    assert part("b", ":") == [True, False]
    assert part("c", "0") == "(1-2j)"


def test_a_scope(run: Run) -> None:
    result = run("show", "--format", "json", str(SAMPLES / "tf1_gan"), "generator")
    document = check("show", result.out)
    inside = [v for v in load(SAMPLES / "tf1_gan").variables if v.name.startswith("generator/")]
    assert document["variables"] == []
    assert document["scope"] == {
        "path": "generator",
        "totals": {
            "count": len(inside),
            "params": sum(v.params for v in inside if v.kind == "variable"),
            "bytes": sum(v.nbytes or 0 for v in inside),
        },
    }


@pytest.mark.parametrize(
    ("name", "place"),
    [("list", []), ("model", ["scopes"]), ("info", []), ("show", []), ("stats", ["total"])],
)
def test_a_schema_refuses_what_it_does_not_know(run: Run, name: str, place: list[str]) -> None:
    command = next(key for key, value in COMMANDS.items() if value == name)
    names = ["generator"] if command == "show" else []
    document = json.loads(run(command, "--format", "json", str(SAMPLES / "tf1_gan"), *names).out)
    validator = Draft202012Validator(schema(name))
    assert validator.is_valid(document)
    target = document
    for part in place:
        target = target[part]
    target["surprise"] = 1
    assert not validator.is_valid(document)


def rows(scope: dict[str, Any]) -> list[dict[str, Any]]:
    """The variables of a scope and all below."""
    return [*scope["variables"], *(row for child in scope["children"] for row in rows(child))]
