"""One input given to one target: the rule of what may come of it."""

from __future__ import annotations

import os
import shutil
import traceback
from typing import TYPE_CHECKING

from scopecli.errors import ScopecliError

if TYPE_CHECKING:
    from tests.fuzz.targets import Target


class Broken(Exception):  # noqa: N818 - it is no mistake of a caller
    """An input that was neither read nor refused.

    Attributes:
        kind: what broke and where, the same for all inputs that break it there.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def attempt(target: Target, data: bytes, folder: str) -> None:
    """Give a target some bytes.

    Raises:
        Broken: something else than a ScopecliError came out, or one that is not one line.
    """
    try:
        target.run(data, folder)
    except ScopecliError as error:
        if not error.problem:
            raise Broken("a ScopecliError that says nothing") from error
    except Exception as error:
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if "scopecli" in frame.filename
        ]
        last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
        name = os.path.basename(last.filename)
        raise Broken(f"{type(error).__name__} in {name}:{last.name}:{last.lineno}") from error
    finally:
        _emptied(folder)


def _emptied(folder: str) -> None:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
