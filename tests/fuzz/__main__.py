"""Fuzz the readers: `python -m tests.fuzz [TARGET...] --seconds N`.

Each target runs in a process of its own, forked once the readers are instrumented. What is neither
a result nor a ScopecliError is kept, the smallest input of each kind, and the run goes on.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import io
import os
import pkgutil
import random
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
from contextlib import redirect_stderr
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import atheris

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.targets import Target

MEMORY_MB = 512
SLOWEST = 20  # seconds an input may take, on a busy machine
_LARGEST = 1 << 15
_LOG = "log"
_PLACE = "/dev/shm" if os.path.isdir("/dev/shm") else None  # not on a disk
_USED = ("cramjam", "h5py", "ml_dtypes", "numpy")
_PACKAGES = ("binary", "formats", "model", "analysis", "render", "rules")


class Outcome(NamedTuple):
    """What came of one target.

    Attributes:
        executions: how many inputs were tried.
        peak_mb: of its process.
        found: the files that hold what broke it.
    """

    executions: int
    peak_mb: int
    found: list[Path]


def main(arguments: Sequence[str]) -> int:
    """Run the chosen targets one after the other; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="All where none is named.")
    parser.add_argument("--seconds", type=float, default=60, help="For all targets together.")
    parser.add_argument("--corpus", type=Path, help="Keep what was found interesting, for later.")
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"), help="For findings.")
    parser.add_argument("--list", action="store_true", help="Name the targets and stop.")
    chosen = parser.parse_args(arguments)
    table = _instrumented()
    unknown = [name for name in chosen.targets if name not in table]
    if unknown:
        parser.error(f"no target is called {unknown[0]!r}: see --list")
    if chosen.list:
        print("\n".join(table))
        return 0
    names = chosen.targets or list(table)
    failed = False
    with tempfile.TemporaryDirectory(prefix="scopecli-fuzz-") as scratch:
        corpus = chosen.corpus or Path(scratch) / "corpus"
        for name in names:
            out = chosen.out / name
            seconds = chosen.seconds / len(names)
            outcome = _fuzzed(name, table[name], seconds, corpus / name, out)
            failed |= bool(outcome.found)
            print(f"{name:20}{outcome.executions:>10} executions{outcome.peak_mb:>6} MB", end="")
            print(
                f"  FOUND {len(outcome.found)} files in {chosen.out / name}" * bool(outcome.found)
            )
            sys.stdout.flush()
    return int(failed)


def _instrumented() -> dict[str, Target]:
    """The table of targets, once the readers count which of their branches are taken.

    What else they use is imported here, or the first input of each target would pay for it.
    """
    for name in _USED:
        import_module(name)
    # It would say of each of some hundred modules that it is instrumented.
    with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["scopecli"]):
        for package in _PACKAGES:
            found = import_module(f"scopecli.{package}")
            for module in pkgutil.walk_packages(found.__path__, f"{found.__name__}."):
                if not module.name.endswith("__main__"):
                    import_module(module.name)
        import tests.reading  # noqa: F401
        from tests.fuzz import trying  # noqa: F401
        from tests.fuzz.targets import TARGETS
    return TARGETS


def _fuzzed(name: str, target: Target, seconds: float, corpus: Path, out: Path) -> Outcome:
    """Run one target until its time is over, and again after what ended its process."""
    end = time.monotonic() + seconds
    shutil.rmtree(out, ignore_errors=True)
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / f"seed-{hashlib.sha256(seed).hexdigest()[:16]}").write_bytes(seed)
    executions = peak = 0
    left = seconds
    while left >= 1 or not executions:
        out.mkdir(parents=True, exist_ok=True)
        log = out / _LOG
        # The fuzzer ends its process without cleaning up, so the folder is this one's.
        with tempfile.TemporaryDirectory(prefix="scopecli-fuzz-", dir=_PLACE) as folder:
            pid = os.fork()
            if not pid:
                _run(target, max(int(left), 1), corpus, out, folder)
            _, status = os.waitpid(pid, 0)
        text = log.read_text("utf-8", "replace")
        counts = [int(count) for count in re.findall(r"^#(\d+)\s", text, re.MULTILINE)]
        total = re.search(r"number_of_executed_units: (\d+)", text)
        executions += int(total[1]) if total else max(counts, default=0)
        megabytes = [int(count) for count in re.findall(r"(?:rss: |peak_rss_mb: +)(\d+)", text)]
        peak = max(peak, *megabytes, 0)
        left = end - time.monotonic()
        if status:
            log.rename(out / f"log-{pid}")
            if not counts:  # it cannot even start, and would not the next time
                break
        else:
            log.unlink()
    found = sorted(path for path in out.iterdir())
    if not found:
        shutil.rmtree(out)
    return Outcome(executions, peak, found)


def _run(target: Target, seconds: int, corpus: Path, out: Path, folder: str) -> None:
    """In a process of its own: fuzz, and never return."""
    with (out / _LOG).open("wb") as file:
        os.dup2(file.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    atheris.Setup(
        [
            "tests.fuzz",
            f"-max_total_time={seconds}",
            f"-timeout={SLOWEST}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-max_len={_LARGEST}",
            f"-artifact_prefix={out}/",
            "-print_final_stats=1",
            "-reload=0",
            f"-report_slow_units={SLOWEST}",
            str(corpus),
        ],
        lambda data: _one(target, data, folder, out),
        custom_mutator=lambda data, size, seed: _mutated(target, data, size, seed),
    )
    atheris.Fuzz()


def _mutated(target: Target, data: bytes, size: int, seed: int) -> bytes:
    """libFuzzer's own mutation, or that of one field."""
    chance = random.Random(seed)
    if chance.random() < 0.4:
        return bytes(atheris.Mutate(data, size))
    mutator = chance.choice(list(target.mutators))
    return mutator(data, chance)[:size]


def _one(target: Target, data: bytes, folder: str, out: Path) -> None:
    """Try one input; what it breaks is written down, the smallest of its kind."""
    from tests.fuzz.trying import Broken, attempt

    try:
        attempt(target, data, folder)
    except Broken as broken:
        kind = hashlib.sha256(broken.kind.encode()).hexdigest()[:12]
        kept = out / f"broken-{kind}"
        if not kept.exists() or kept.stat().st_size > len(data):
            kept.write_bytes(data)
            (out / f"broken-{kind}.txt").write_text("".join(traceback.format_exception(broken)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
