"""What a rename of scopes does to the names of a file, worked out the plain way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.formats.staging import Staging
from scopecli.formats.tensorflow import graph_writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming, Subject


def write(model: Model, renaming: Renaming, out: str) -> None:
    """Write a renamed graph where it belongs."""
    with Staging() as staging:
        graph_writer.write(model, renaming, out, staging)
        staging.commit()


def moves(subjects: Iterable[Subject], rules: Mapping[str, str]) -> dict[str, str]:
    """New names by old ones: `OLD=NEW` for one name, or for a scope where it ends in a slash.

    What follows a name has that name in its own, and goes where it goes.
    """
    found: dict[str, str] = {}
    subjects = list(subjects)
    for subject in subjects:
        for old, new in rules.items():
            if subject.name == old:
                found.setdefault(subject.name, new)
            elif old.endswith("/") and subject.name.startswith(old):
                found.setdefault(subject.name, new + subject.name[len(old) :])
    pending = True
    while pending:
        pending = False
        for subject in subjects:
            if subject.name not in found and subject.follows in found:
                new = found[subject.follows]
                found[subject.name] = subject.name.replace(subject.follows, new, 1)
                pending = True
    return found
