"""What can go wrong, and how the process ends.

Every failure that a person can meet is a `ScopecliError`: one line that says which file, what is
wrong, where in it, and what to try. Nothing else may leave a reader, whatever bytes it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_OK = 0
EXIT_FOUND = 1
EXIT_TROUBLE = 2
EXIT_INTERRUPTED = 130


class ScopecliError(Exception):
    """A failure, described so that a person can act on it. Its text is one line.

    Attributes:
        problem: what is wrong, without the path and without a full stop.
        path: the file concerned; filled in by the caller that knows it.
        where: the place inside the file: an offset, a key, a block, a member.
        hint: what to try next.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: str | None = None,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        where = f" ({self.where})" if self.where else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{path}{self.problem}{where}{hint}"


class PathError(ScopecliError):
    """Nothing usable stands at the path: missing, a folder without a model, not permitted."""


class NotAModelError(ScopecliError):
    """The file is something else than a saved model: an LFS pointer, a web page, empty."""


class DamagedFileError(ScopecliError):
    """The bytes contradict the format: an impossible count, an unknown type, a missing part."""


class TruncatedError(DamagedFileError):
    """A file ends before what it says it holds."""


class ChecksumError(DamagedFileError):
    """Bytes do not have the checksum that is stored for them."""


class DamagedIndexError(DamagedFileError):
    """A block of a checkpoint's index contradicts its checksum or its own layout."""


class DuplicateNameError(DamagedFileError):
    """One name stands for two things, and which of them is read depends on the reader."""


class UnsupportedError(ScopecliError):
    """The file is recognised, and this version cannot do what was asked with it."""


class UnknownNameError(ScopecliError):
    """A name, key or option value that the file does not have."""


class RefusedError(ScopecliError):
    """A change that would damage the model, with every reason; nothing was written.

    Attributes:
        reasons: one line each.
    """

    def __init__(self, problem: str, reasons: Sequence[str], *, path: str | None = None) -> None:
        super().__init__(problem, path=path)
        self.reasons = tuple(reasons)


class ProgramError(ScopecliError):
    """A program of the user's own, run for the names that it makes, failed."""
