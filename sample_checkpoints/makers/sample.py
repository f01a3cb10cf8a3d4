"""What a sample is, and the table of all: a function each, in order."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

SEED = 7
FIXED_DATE = "2020-01-01@00:00:00"
FIXED_TIME = 1_577_836_800  # the same, in seconds since 1970

MakeFunction = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: the function that makes it, the files it writes, the packages it uses."""

    name: str
    make: MakeFunction
    files: Mapping[str, str]
    packages: tuple[str, ...]

    @property
    def shows(self) -> str:
        """Give what the sample shows, as one line."""
        return " ".join((inspect.getdoc(self.make) or "").split())


SAMPLES: dict[str, Sample] = {}


def sample(
    name: str, *packages: str, files: Mapping[str, str]
) -> Callable[[MakeFunction], MakeFunction]:
    """Register a function as the maker of the sample ``name``.

    ``packages`` are those whose versions decide the bytes, as pins where they are not installed
    here; a sample without any is made from the bytes of other samples. ``files`` maps each path
    it writes to one line about it.
    """

    def register(make: MakeFunction) -> MakeFunction:
        SAMPLES[name] = Sample(name, make, files, packages)
        return make

    return register
