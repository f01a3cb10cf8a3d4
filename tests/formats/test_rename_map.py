"""Files that say what names become."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.errors import ScopecliError
from scopecli.formats import rename_map
from scopecli.render import name_map

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.json", '{"a/b": "c", "d": "e,f"}'),
        ("m.json", '{"schema": "scopecli/map/1", "map": {"a/b": "c", "d": "e,f"}}'),
        ("m.csv", 'old,new\na/b,c\nd,"e,f"\n'),
        ("m.csv", '\ufeffa/b,c\r\nd,"e,f"\r\n'),
        ("m.toml", '[map]\n"a/b" = "c"\nd = "e,f"\n'),
        ("m.toml", '"a/b" = "c"\nd = "e,f"\n'),
        ("m", '{"a/b": "c", "d": "e,f"}'),
        ("m", 'a/b,c\nd,"e,f"'),
    ],
)
def test_all_forms(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    found = rename_map.read(str(tmp_path / name))
    assert list(found.items()) == [("a/b", "c"), ("d", "e,f")]


@pytest.mark.parametrize("suffix", [".json", ".csv", ".toml", ".CSV"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    names = {"a\nb": "c\r\nd", "e\u2028f": "g\x85h", "i,j": '"k"', "l\x0cm": "n\to"}
    path = str(tmp_path / f"map{suffix}")
    name_map.write(path, names)
    assert rename_map.read(path) == names


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("m.json", '{"a": 1}', "a new name is not a string \\('a'\\)"),
        ("m.json", "[]", "is not an object"),
        ("m.json", "{", "is not a map of names: Expecting"),
        ("m.json", '{"a": "b", "a": "c"}', "has 'a' twice"),
        ("m.json", '{"schema": "other/1", "map": {}}', "has schema 'other/1'"),
        ("m.json", "[" * 100_000, "is not a map of names"),
        ("m.csv", "a,b,c", "row 1 is not two columns but 3; a map is CSV with"),
        ("m.yaml", "a: b", "row 1 is not two columns but 1; a map is CSV with"),
        ("m.csv", "a,b\na,c", "has 'a' twice"),
        ("m.csv", 'a,"b', "is not a map of names"),
        ("m.toml", "a = ", "is not a map of names"),
        ("m.toml", "[a.b]\nc = 1", "a new name is not a string"),
        ("m.toml", "a.b = 'c'", "a new name is not a string .*a name with dots is quoted in TOML"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, text: str, problem: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(ScopecliError, match=problem) as caught:
        rename_map.read(str(tmp_path / name))
    assert caught.value.path == str(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScopecliError, match="cannot be opened"):
        rename_map.read(str(tmp_path / "none"))
