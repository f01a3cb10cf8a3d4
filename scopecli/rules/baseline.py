"""Findings that are known: a file of fingerprints, so that only new ones count.

A fingerprint is made of the rule, the file and the subject, and of no numbers that change from
training step to training step, so it outlives reordering, more data and a later checkpoint.
"""

from __future__ import annotations

import json
import os
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from scopecli.binary.source import read_small_text
from scopecli.errors import NotAModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from scopecli.model.finding import Finding

SCHEMA = "scopecli/baseline/1"
_LIMIT = 256 << 20
_STEP = r"-[0-9]+(?=(\.[a-z]+)?$)"


def fingerprints(findings: Iterable[Finding]) -> Iterator[str]:
    """A fingerprint for each finding; of equal ones, the later are told apart by their number."""
    seen: dict[str, int] = {}
    for finding in findings:
        path = re.sub(_STEP, "", _place(finding.path))
        text = json.dumps([finding.code, path, finding.subject])
        seen[text] = number = seen.get(text, 0) + 1
        yield sha256(f"{text} {number}".encode()).hexdigest()[:32]


def _place(path: str) -> str:
    """A path as it is from the working folder, however it was given; outside of it, as it is."""
    place = os.path.normpath(path)
    here = os.path.join(os.getcwd(), "")
    return place.removeprefix(here).replace("\\", "/")


def text_of(findings: Sequence[Finding]) -> str:
    """The file for some findings: one a line, in an order of its own, for readable differences."""
    rows = [
        {
            "fingerprint": fingerprint,
            "code": finding.code,
            "path": finding.path,
            "subject": finding.subject,
        }
        for fingerprint, finding in zip(fingerprints(findings), findings, strict=True)
    ]
    rows.sort(key=lambda row: (row["path"], row["code"], row["subject"], row["fingerprint"]))
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    return f'{{"schema": "{SCHEMA}", "findings": [\n{lines}\n]}}\n'


def read(path: str) -> frozenset[str]:
    """The fingerprints in a file.

    Raises:
        ScopecliError: it cannot be read, or is no baseline.
    """
    try:
        document = json.loads(read_small_text(path, _LIMIT))
        return frozenset(str(row["fingerprint"]) for row in _rows(document))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotAModelError(
            f"is no {SCHEMA} document", path=path, hint="make one with --write-baseline"
        ) from error


def _rows(document: Any) -> Any:
    if document["schema"] != SCHEMA:
        raise ValueError(document["schema"])
    return document["findings"]


def known(path: str, written: str | None) -> frozenset[str]:
    """What is known before a run; nothing where there is no baseline, or one is to be written.

    Raises:
        ScopecliError: the file cannot be read, or is no baseline.
    """
    return read(path) if path and written is None else frozenset()


def new(findings: Sequence[Finding], known: frozenset[str]) -> list[Finding]:
    """The findings that are not known."""
    pairs = zip(fingerprints(findings), findings, strict=True)
    return [finding for fingerprint, finding in pairs if fingerprint not in known]
