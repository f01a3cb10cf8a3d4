"""The manifest, and the table in the README."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from typing import TYPE_CHECKING, Any

from makers.sample import SAMPLES, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MANIFEST = "MANIFEST.json"
README = "README.md"


def made_by(packages: Iterable[str]) -> str:
    """Name the packages with the versions that are installed here."""
    pins = (name.partition("==") for name in packages)
    names = [f"{name} {pin or metadata.version(name).partition('+')[0]}" for name, _, pin in pins]
    return ", ".join(names) or "make_samples.py, from other samples"


def manifest_entries(one: Sample, out: Path) -> list[dict[str, Any]]:
    """Describe the files of a sample as they are on disk."""
    entries = []
    for path, description in sorted(one.files.items()):
        content = (out / path).read_bytes()
        entries.append(
            {
                "path": path,
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
                "sample": one.name,
                "made_by": made_by(one.packages),
                "description": description,
            }
        )
    return entries


def read_manifest(folder: Path) -> list[dict[str, Any]]:
    """Give the entries of a folder's manifest, none where there is no manifest."""
    path = folder / MANIFEST
    if not path.exists():
        return []
    entries: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["files"]
    return entries


def write_manifest(out: Path, made: Iterable[Sample]) -> list[dict[str, Any]]:
    """Write MANIFEST.json; the entries of samples that were not made now stay as they are."""
    entries = {
        entry["path"]: entry
        for entry in read_manifest(out)
        if entry["sample"] in SAMPLES and (out / entry["path"]).exists()
    }
    for one in made:
        entries |= {entry["path"]: entry for entry in manifest_entries(one, out)}
    files = [entries[path] for path in sorted(entries)]
    text = json.dumps({"files": files}, indent=2, ensure_ascii=False) + "\n"
    (out / MANIFEST).write_text(text, encoding="utf-8", newline="\n")
    return files


TABLE_START = "<!-- table: written by make_samples.py -->"
TABLE_END = "<!-- end of table -->"


def write_readme_table(out: Path, entries: Iterable[Mapping[str, Any]]) -> None:
    """Put the table of samples between the two marks of the README, if it is there."""
    path = out / README
    if not path.exists():
        return
    sizes: dict[str, int] = {}
    makers: dict[str, str] = {}
    for entry in entries:
        sizes[entry["sample"]] = sizes.get(entry["sample"], 0) + entry["size"]
        makers[entry["sample"]] = entry["made_by"]
    rows = ["| sample | bytes | made by | shows |", "|---|--:|---|---|"]
    for name, one in SAMPLES.items():
        if name in sizes:
            rows.append(f"| `{name}` | {sizes[name]:,} | {makers[name]} | {one.shows} |")
    before, _, rest = path.read_text(encoding="utf-8").partition(TABLE_START)
    _, _, after = rest.partition(TABLE_END)
    text = "\n".join([before + TABLE_START, *rows, TABLE_END + after])
    path.write_text(text, encoding="utf-8", newline="\n")
