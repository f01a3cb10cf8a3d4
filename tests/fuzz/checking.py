"""What is tried on a target without a fuzzer, in bounded memory.

`python -m tests.fuzz.checking TARGET` is a process of its own, because its memory is bounded.
Seeds must be read without a crash, and so must what once broke it. Then each seed with the largest
number at one place after the other, and with one field changed: the same ones in every run.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.fuzz.targets import TARGETS
from tests.fuzz.trying import attempt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.targets import Target

MEMORY = 512 << 20
_REGRESSIONS = Path(__file__).parent / "regressions"
_PLACES = 30
_CHANGES = 40
_LARGEST = 1 << 16


def inputs(name: str, target: Target) -> Iterator[bytes]:
    """All that is tried."""
    seeds = list(target.seeds())
    assert seeds, name
    yield from seeds
    for path in sorted((_REGRESSIONS / name).glob("*")):
        yield path.read_bytes()
    small = sorted(seeds, key=len)[:3]
    for seed in small:
        for at in range(0, len(seed), max(len(seed) // (_PLACES // len(small)), 1)):
            for width in (1, 4, 8):
                yield seed[:at] + b"\xff" * width + seed[at + width :]
    random = Random(name)  # the same every time, and another for each target
    for _ in range(_CHANGES):
        mutate = random.choice(list(target.mutators))
        yield mutate(random.choice(seeds), random)[:_LARGEST]


def main(name: str) -> None:
    """Try everything on one target."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        for data in inputs(name, TARGETS[name]):
            try:
                attempt(TARGETS[name], data, folder)
            except BaseException:
                print(f"input: {data[:300]!r}", file=sys.stderr)
                raise
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    assert peak < MEMORY, f"{peak >> 20} MB"


if __name__ == "__main__":
    main(sys.argv[1])
