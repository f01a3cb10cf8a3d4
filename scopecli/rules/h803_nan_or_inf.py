"""H803: a variable holds NaN or infinity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.values import chunks
from scopecli.errors import ScopecliError
from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable
    from scopecli.rules.context import Context

RULE = Rule(
    code="H803",
    name="nan-or-inf",
    severity="error",
    needs="values",
    summary="A variable or optimizer slot holds NaN or infinite elements.",
    why="Training diverged before this checkpoint was saved. One NaN spreads to everything that"
    " is computed with it, and further training does not heal it.",
    fix="go back to a checkpoint without them; lower the learning rate, or clip gradients",
    false_alarms="Only with `--values`. Constants of a graph are not read. Masks of zeros and minus"
    " infinity are intended, and so is a single infinite number, such as a bound or the best value"
    " so far. These are not reported, unless the file says that they are trained.",
    bad="net/w: float32[4,3] holds=nan",
    subjects=("net/w",),
    good="""
        net/w: float32[4,3] holds=0.5
        best_loss: float32[] holds=inf
    """,
)

_KINDS = frozenset({"variable", "slot"})
_FLOATS = ("bfloat", "complex", "float")


def check(context: Context) -> Iterator[Hit]:
    """Read all floating-point values, in parts."""
    wanted = [
        variable
        for variable in context.model.variables
        if variable.kind in _KINDS
        and variable.dtype.startswith(_FLOATS)
        and context.may_read(variable)
    ]
    length = sum(variable.nbytes or 0 for variable in wanted)
    with context.progress(length, "looking for NaN") as progress:
        for variable in wanted:
            found = _found(context.model, variable, progress)
            if found:
                yield Hit(variable.name, found)


def _found(model: Model, variable: Variable, progress: Callable[[int], None]) -> str:
    """The NaN and infinite elements of a variable, in words; empty where it cannot be read."""
    import numpy as np

    nans = infinite = 0
    try:
        for chunk in chunks(model, variable):
            progress(chunk.nbytes)
            with np.errstate(invalid="ignore"):  # a NaN that signals
                finite = np.isfinite(chunk)
                if not finite.all():
                    missing = int(np.isnan(chunk).sum())
                    nans += missing
                    infinite += int((~finite).sum()) - missing
        if infinite and not nans and not _is_trained(variable) and _is_meant(model, variable):
            return ""
    except ScopecliError:  # rules about integrity speak of it
        return ""
    counts = ((nans, "NaN"), (infinite, "infinite"))
    words = [f"{count} {word}" for count, word in counts if count]
    return f"holds {' and '.join(words)} of {variable.params} elements" if words else ""


def _is_trained(variable: Variable) -> bool:
    """Whether training changes a variable, as far as the file says."""
    return variable.kind == "slot" or variable.trainable is True


def _is_meant(model: Model, variable: Variable) -> bool:
    """Whether infinity is what a variable is for: one number, or a mask that is added."""
    import numpy as np

    return variable.params == 1 or all(
        bool(((chunk == 0) | (chunk == -np.inf)).all()) for chunk in chunks(model, variable)
    )
