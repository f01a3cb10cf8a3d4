"""Make the sample files of this folder with the frameworks that people really used.

    python sample_checkpoints/make_samples.py                  make everything again
    python sample_checkpoints/make_samples.py --only tf1_gan   make one sample
    python sample_checkpoints/make_samples.py --check          make it elsewhere and compare

The frameworks are heavy and their versions decide the bytes, so the script makes a virtual
environment of its own with exact pins (``PINS``) and runs itself again inside it.

Every sample is one function in ``makers``. Its docstring says what the sample shows and is also
the text of the README's table; the ``files`` of its decorator describe the single files and end
in MANIFEST.json. Each sample that needs a framework is made in a fresh process, so that no layer
counter, seed or default graph leaks from one to the next.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from makers import import_all
from makers.environment import ENVIRONMENT, cache_folder, pinned_python, warn_about_versions
from makers.manifest import read_manifest, write_manifest, write_readme_table
from makers.sample import SAMPLES, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).resolve().parent

import_all()


def make_by_name(name: str, out: Path) -> None:
    """Make one sample; the entry point of a fresh process."""
    SAMPLES[name].make(out)


def make_sample(one: Sample, out: Path) -> None:
    """Make one sample from nothing and check that it wrote the files it names."""
    print(f"{one.name} ...", file=sys.stderr, flush=True)
    for path in one.files:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).unlink(missing_ok=True)
    if one.packages:
        process = multiprocessing.get_context("spawn").Process(
            target=make_by_name, args=(one.name, out)
        )
        process.start()
        process.join()
        if process.exitcode != 0:
            raise SystemExit(f"{one.name} failed")
    else:
        one.make(out)
    missing = [path for path in one.files if not (out / path).exists()]
    if missing:
        raise SystemExit(f"{one.name} did not write {', '.join(missing)}")


def chosen_samples(only: str | None) -> list[Sample]:
    """Give the samples to make: all, the one of that name, or all below that folder."""
    if only is None:
        return list(SAMPLES.values())
    wanted = only.rstrip("/")
    found = [
        one for one in SAMPLES.values() if one.name == wanted or one.name.startswith(wanted + "/")
    ]
    if not found:
        raise SystemExit(f"there is no sample {only}; there are: {', '.join(SAMPLES)}")
    return found


def make_all(out: Path, samples: Iterable[Sample]) -> None:
    """Make the samples, then rewrite the manifest and the README's table."""
    samples = list(samples)
    for one in samples:
        make_sample(one, out)
    write_readme_table(out, write_manifest(out, samples))


def check() -> int:
    """Make everything in a temporary folder and compare it with this folder's manifest."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        make_all(out, SAMPLES.values())
        fresh = {entry["path"]: entry["sha256"] for entry in read_manifest(out)}
    kept = {entry["path"]: entry["sha256"] for entry in read_manifest(HERE)}
    differing = sorted(path for path in kept | fresh if kept.get(path) != fresh.get(path))
    for path in differing:
        print(f"differs: {path}")
    return 1 if differing else 0


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", metavar="NAME", help="make this sample, or all below this folder")
    parser.add_argument(
        "--check", action="store_true", help="make them elsewhere; exit 1 if a byte differs"
    )
    parser.add_argument(
        "--venv", type=Path, default=cache_folder(), help="where the pinned packages live"
    )
    parser.add_argument(
        "--no-venv", action="store_true", help="use the packages of the current interpreter"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Make the samples, in the pinned virtual environment unless told otherwise."""
    options = parse_arguments(arguments)
    samples = chosen_samples(options.only)
    if not options.no_venv:
        python = pinned_python(options.venv)
        passed = ["--only", options.only] if options.only else []
        passed += ["--check"] if options.check else []
        command = [str(python), str(Path(__file__).resolve()), "--no-venv", *passed]
        return subprocess.run(command, check=False).returncode
    os.environ.update(ENVIRONMENT)
    warn_about_versions()
    if options.check:
        return check()
    make_all(HERE, samples)
    return 0


if __name__ == "__main__":
    sys.exit(main())
