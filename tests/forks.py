"""Commands in a child of this process, and what may be taken from it."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import TYPE_CHECKING

from scopecli.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable


def forked(
    line: tuple[str, ...], out: int, before: Callable[[], object] = lambda: None
) -> tuple[int, str]:
    """Run a command in a child of this process; how it ended, and its standard error.

    A new interpreter for each command and format would take ten times as long.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(out, 1)
        os.dup2(writing, 2)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        try:
            before()
            main.main(list(line))
        finally:
            os._exit(70)  # it has not ended the process itself
    os.close(writing)
    with open(reading, encoding="utf-8") as errors:
        text = errors.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text


def obeying_permissions() -> None:
    """Even as root: without its capabilities to read and write whatever is forbidden.

    https://man7.org/linux/man-pages/man2/capset.2.html
    """
    if os.getuid():
        return
    system = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0), 8)
    sets = ctypes.create_string_buffer(24)  # twice: effective, permitted, inheritable
    assert system.capget(header, sets) == 0
    effective, *others = struct.unpack("=6I", sets.raw)
    sets.raw = struct.pack("=6I", effective & ~0b110, *others)  # CAP_DAC_*
    assert system.capset(header, sets) == 0
