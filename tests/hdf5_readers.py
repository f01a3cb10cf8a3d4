"""What two readers say of one HDF5 file.

`python -m tests.hdf5_readers FOLDER SEED COUNT` says how often our reader gives up, and where it
differs from h5py.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scopecli.binary.hdf5.dataset import Dataset
from scopecli.binary.hdf5.pages import LibraryNeededError
from scopecli.binary.hdf5.reader import Hdf5Reader, Place
from scopecli.binary.source import Source
from scopecli.errors import ScopecliError
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5.structure import attribute
from tests.hdf5_files import ATTRIBUTES, LIBVERS, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.formats.hdf5.protocol import Structure


GAVE_UP = "gave up"


def answers(file: Structure) -> dict[str, object]:
    """All that a reader says of a file; of each question that it leaves to another, `GAVE_UP`."""
    found: dict[str, object] = {}
    _ask(found, "container", file.container)
    _ask(found, "objects", lambda: [(name, _plain(what), at) for name, what, at in file.objects()])
    pending = [("", file.group(""))]
    seen = 0
    while pending and seen < 200:
        path, group = pending.pop()
        seen += 1
        inside: dict[str, Any] = {}
        _ask(inside, "names", lambda group=group: list(file.inside(group)))  # type: ignore[misc]
        names = inside["names"]
        if isinstance(names, list):
            found[f"{path}/"] = [(name, child is not None) for name, child in names]
            below = [(f"{path}/{name.decode('utf-8', 'replace')}", g) for name, g in names if g]
            pending += [pair for pair in below if pair[0].count("/") < 6]
        else:
            found[f"{path}/"] = names
        for name in ATTRIBUTES:
            _ask(
                found,
                f"{path}@{name}",
                lambda name=name, group=group: attribute(file, group, name),  # type: ignore[misc]
            )
    return found


def _ask(found: dict[str, Any], question: str, answer: Callable[[], object]) -> None:
    try:
        found[question] = answer()
    except LibraryNeededError:
        found[question] = GAVE_UP
    except ScopecliError as error:
        found[question] = error


def _plain(what: object) -> object:
    if not isinstance(what, Dataset):
        return what
    kind = what.type
    return (*what[:1], kind.name, kind.size, kind.big_endian, *what[2:])


def ours(path: str) -> dict[str, object] | None:
    """What our reader says; None where it leaves the whole file to another."""
    with Source(path) as source:
        try:
            return answers(Hdf5Reader(source, Place("x", 0)))
        except LibraryNeededError:
            return None


def theirs(path: str) -> dict[str, object]:
    """What h5py says."""
    with hdf5_structure.opened_path(path) as file:
        return answers(file)


def differences(mine: dict[str, object] | None, other: dict[str, object]) -> list[str]:
    """Questions that both answered, and not in the same way."""
    found = []
    for question, answer in (mine or {}).items():
        if answer != GAVE_UP and question in other and repr(answer) != repr(other[question]):
            found.append(f"{question}: {answer!r:.300} and not {other[question]!r:.300}")
    return found


def main(folder: str, seed: int, count: int) -> None:
    """Write files, ask both readers, and say where they differ."""
    tally: Counter[str] = Counter()
    for number in range(seed, seed + count):
        libver = LIBVERS[number % len(LIBVERS)]
        path = str(Path(folder) / "x.h5")
        write(path, number, libver)
        mine, other = ours(path), theirs(path)
        tally["files"] += 1
        tally["left whole"] += mine is None
        for question, answer in (mine or {}).items():
            kind = "attribute" if "@" in question else question.partition("/")[0] or "group"
            tally[f"{kind} {'gave up' if answer == GAVE_UP else 'answered'} {libver}"] += 1
        for words in differences(mine, other):
            print(number, libver, words)
    for words, times in sorted(tally.items()):
        print(f"{times:8} {words}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
