"""The baseline: a file with the fingerprints of known findings, so that only new ones count.

A fingerprint is made of the rule, the file and the subject, without numbers that change from step
to step, so it outlives reordering, more data and a later checkpoint. Where the file of a known
finding is gone, rule and subject are enough: it is taken to have been moved.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from scopecli.binary.source import read_small_text
from scopecli.errors import NotAModelError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scopecli.model.finding import Finding

SCHEMA = "scopecli/baseline/1"
_LIMIT = 256 << 20
_STEP = r"-[0-9]+(?=(\.[a-z]+)?$)"


class Known(NamedTuple):
    """A known finding.

    Attributes:
        fingerprint: what it is recognised by.
        code: of the rule.
        path: the file, as seen from the folder of the baseline.
        subject: what the finding is about.
    """

    fingerprint: str
    code: str
    path: str
    subject: str


def fingerprints(findings: Iterable[Finding], folder: str = "") -> Iterator[str]:
    """A fingerprint for each finding; findings that are otherwise equal are numbered.

    Files are told by their place as seen from a folder, which is the working folder if it is empty.
    """
    seen: dict[str, int] = {}
    for finding in findings:
        path = re.sub(_STEP, "", _place(finding.path, folder))
        text = json.dumps([finding.code, path, finding.subject])
        seen[text] = number = seen.get(text, 0) + 1
        yield sha256(f"{text} {number}".encode()).hexdigest()[:32]


def _place(path: str, folder: str) -> str:
    """A path as seen from a folder."""
    try:
        place = os.path.relpath(path, folder or os.curdir)
    except ValueError:  # on another drive
        place = os.path.abspath(path)
    return place.replace("\\", "/")


def folder_of(path: str) -> str:
    """The folder of a baseline, from which it tells where files are."""
    return os.path.dirname(os.path.abspath(path))


def text_of(findings: Sequence[Finding], folder: str = "") -> str:
    """The text of a baseline: one finding on each line, sorted, for readable differences."""
    rows = [
        Known(fingerprint, finding.code, _place(finding.path, folder), finding.subject)
        for fingerprint, finding in zip(fingerprints(findings, folder), findings, strict=True)
    ]
    rows.sort(key=lambda row: (row.path, row.code, row.subject, row.fingerprint))
    lines = ",\n".join(f"  {json.dumps(row._asdict())}" for row in rows)
    return f'{{"schema": "{SCHEMA}", "findings": [\n{lines}\n]}}\n'


def read(path: str) -> list[Known]:
    """The findings in a file.

    Raises:
        ScopecliError: the file cannot be read, or is no baseline.
    """
    try:
        document = json.loads(read_small_text(path, _LIMIT))
        rows = _rows(document)
        return [Known(*(str(row[field]) for field in Known._fields)) for row in rows]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotAModelError(
            f"is no {SCHEMA} document", path=path, hint="make one with --write-baseline"
        ) from error


def _rows(document: Any) -> Any:
    if document["schema"] != SCHEMA:
        raise ValueError(document["schema"])
    return document["findings"]


def new(findings: Sequence[Finding], known: Sequence[Known], folder: str = "") -> list[Finding]:
    """The findings that are not known, to a baseline in a folder."""
    pairs = list(zip(fingerprints(findings, folder), findings, strict=True))
    recognised = {row.fingerprint for row in known}
    found = {fingerprint for fingerprint, _ in pairs}
    rest = [row for row in known if row.fingerprint not in found]
    gone = {
        path for path in {row.path for row in rest} if not _is_there(os.path.join(folder, path))
    }
    moved = Counter((row.code, row.subject) for row in rest if row.path in gone)
    fresh = []
    for fingerprint, finding in pairs:
        if fingerprint in recognised:
            continue
        where_it_was = (finding.code, finding.subject)
        if moved[where_it_was]:
            moved[where_it_was] -= 1
        else:
            fresh.append(finding)
    return fresh


def _is_there(path: str) -> bool:
    """Whether a file still exists; for the prefix of a checkpoint, any of its files."""
    folder, base = os.path.split(path)
    try:
        return any(name.startswith(base) for name in os.listdir(folder or os.curdir))
    except (OSError, ValueError):
        return False
