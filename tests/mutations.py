"""Damage to files, and what may come of it: a model or a ScopecliError, in bounded time and memory.

`python -m tests.mutations SAMPLE EXAMPLES FOLDER` runs in a process of its own, because damage can
crash libhdf5 hard. The damaged copy is in FOLDER, and is found there after a crash or a failure.
"""

from __future__ import annotations

import faulthandler
import resource
import shutil
import sys
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, Verbosity, given, settings

from scopecli.formats.opening import load
from tests.commands import run_in_process
from tests.damage import damaged
from tests.reading import read_some
from tests.samples import SAMPLES, files_of

_SLOWEST = timedelta(seconds=20)
_MEMORY = 512 << 20


def survive(path: str) -> None:
    """Open, draw, check and read what is there: a model or one line, nothing else."""
    checked = run_in_process("validate", "--values", "--format", "json", path)
    assert checked.code in {0, 1, 2}
    assert len(checked.err.splitlines()) == (checked.code == 2), checked.err
    for command in ("tree", "list --format json", "info --format plain"):
        result = run_in_process(*command.split(), path)
        assert result.code in {0, 2}, command
        assert len(result.err.splitlines()) == (1 if result.code else 0), result.err
        if result.code:
            return
    read_some(load(path))


def damage(path: Path, model: Path, examples: int) -> None:
    """Damage one file of a model, again and again."""

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=_SLOWEST,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(damaged(path))
    def survives(data: bytes) -> None:
        path.write_bytes(data)
        survive(str(model))

    good = path.read_bytes()
    survives()
    path.write_bytes(good)


def main(sample: str, examples: int, folder: Path) -> None:
    """Damage each file of a sample in turn, so many times in all."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    copy = folder / sample
    if (SAMPLES / sample).is_dir():
        shutil.copytree(SAMPLES / sample, copy)
    else:
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(SAMPLES / sample, copy)
    paths = [folder / path for path in files_of(sample)]
    for path in paths:
        damage(path, copy, max(examples // len(paths), 1))
    print("survived")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
