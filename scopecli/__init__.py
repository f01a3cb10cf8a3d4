"""scopecli: inspect saved models without the framework that wrote them.

`load` opens any supported file and returns a `Model`, `diff` compares two of them, `rename` writes
one again with other names, `validate` checks one and returns `Finding`s. The command line is built
on the same calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = [
    "Diff",
    "DiffOptions",
    "Finding",
    "Model",
    "ScopecliError",
    "Variable",
    "__version__",
    "diff",
    "load",
    "rename",
    "validate",
]

if TYPE_CHECKING:
    from scopecli.analysis.diff import Diff, DiffOptions
    from scopecli.diffs import diff
    from scopecli.errors import ScopecliError
    from scopecli.formats.opening import load
    from scopecli.model.finding import Finding
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable
    from scopecli.renames import rename
    from scopecli.rules.engine import validate

_EXPORTS = {
    "Diff": "scopecli.analysis.diff",
    "DiffOptions": "scopecli.analysis.diff",
    "Finding": "scopecli.model.finding",
    "Model": "scopecli.model.model",
    "ScopecliError": "scopecli.errors",
    "Variable": "scopecli.model.variable",
    "diff": "scopecli.diffs",
    "load": "scopecli.formats.opening",
    "rename": "scopecli.renames",
    "validate": "scopecli.rules.engine",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `import scopecli` costs nothing."""
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_EXPORTS[name]), name)


def __dir__() -> list[str]:
    """The public names, those too that are not imported yet: for completion in a notebook."""
    return __all__
