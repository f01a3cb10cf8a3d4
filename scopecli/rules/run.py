"""A run of the rules over several files."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError, PathError
from scopecli.rules import damage, engine
from scopecli.rules.context import Context, no_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scopecli.model.finding import Finding
    from scopecli.model.model import Model
    from scopecli.rules.context import Progress
    from scopecli.rules.selection import Selection


class Run:
    """Checks files one after another.

    Attributes:
        paths: the paths that were checked, as they were given.
        findings: what was found, file by file.
        files: every file that was read, so that reports are not written over them.
    """

    def __init__(
        self,
        load: Callable[[str], Model],
        selection: Selection,
        *,
        reference: Model | None = None,
        reads_values: bool = False,
        together: list[Model] | None = None,
        progress: Progress = no_progress,
    ) -> None:
        """Prepare a run.

        Args:
            load: opens a path.
            selection: which rules to run.
            reference: the model that every model should be like.
            reads_values: whether tensors may be read.
            together: a list that collects the models, if they are to be loaded together.
            progress: shows the progress of rules that read tensors.
        """
        self.paths: list[str] = []
        self.findings: list[Finding] = []
        self.files: set[str] = set()
        self._load = load
        self._selection = selection
        self._reference = reference
        self._reads_values = reads_values
        self._together = together
        self._progress = progress
        self._seen: set[object] = set()
        self._said: set[tuple[str, str, str, str]] = set()

    def check(self, path: str) -> None:
        """Check one path, unless it is another name of a model that was checked already.

        Raises:
            ScopecliError: there is no model at the path.
        """
        context = self._context(path)
        model = context.model
        files = tuple(os.path.realpath(file.path) for file in model.files)
        identity = (model.format, *files) if files else (str(context.damage),)
        if identity in self._seen:
            return
        self._seen.add(identity)
        found = engine.findings(context, self._selection.codes(path))
        self.findings += self._new(found, files)
        self.files.update(files or [os.path.realpath(path)])
        self.paths.append(path)
        if self._together is not None and context.damage is None:
            self._together.append(model)

    def _new(self, found: Iterable[Finding], files: Iterable[str]) -> list[Finding]:
        """What was not found already of a model that has one of the files, too.

        A `.meta` that is checked beside its checkpoint was part of that.
        """
        said = [
            ({(file, one.code, one.subject, one.message) for file in files}, one) for one in found
        ]
        new = [(facts, one) for facts, one in said if facts.isdisjoint(self._said)]
        self._said.update(*(facts for facts, _ in new))
        return [one for _, one in new]

    def _context(self, path: str) -> Context:
        try:
            return Context(
                self._load(path)._replace(path=path),
                reference=self._reference,
                together=tuple(self._together or ()),
                reads_values=self._reads_values,
                progress=self._progress,
            )
        except DamagedFileError as error:
            return damage.context(path, error)


def expanded(paths: Iterable[str]) -> Iterator[str]:
    """The paths, with patterns that the shell did not expand replaced by what matches them.

    Raises:
        PathError: nothing matches.
    """
    for path in paths:
        # The name of a file, or the prefix of a checkpoint, is no pattern, whatever is in it.
        if glob.has_magic(path) and not any(glob.iglob(f"{glob.escape(path)}*")):
            found = sorted(glob.glob(path, recursive=True))
            if not found:
                raise PathError("no file matches", path=path)
            yield from found
        else:
            yield path
