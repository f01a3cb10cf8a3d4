"""A progress bar on standard error, for long work on a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FEWEST_BYTES = 256 << 20  # less than this takes no time to speak of


@contextmanager
def progress_bar(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """Show progress towards `length` bytes; yields a function that takes the bytes of each step."""
    if length < _FEWEST_BYTES or not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update
