"""A progress bar on a terminal's standard error; nothing in a pipe, nor where work is short."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FEWEST_BYTES = 256 << 20  # less is read before a bar could be read


@contextmanager
def progress_bar(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """Show how far work on so many bytes is; what it yields is called with each step's bytes."""
    if length < _FEWEST_BYTES or not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update
