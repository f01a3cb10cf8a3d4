"""The statistics of a whole model, for each variable and for groups of them, such as scopes."""

from __future__ import annotations

from math import isinf
from os.path import basename
from typing import TYPE_CHECKING

from scopecli.analysis.moments import Moments, joined
from scopecli.analysis.select import ordered
from scopecli.errors import ScopecliError
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scopecli.analysis.stats import Distribution
    from scopecli.model.model import Model
    from scopecli.model.scope import Member
    from scopecli.model.variable import Variable

    Progress = Callable[[int], None]
    Measure = Callable[[Model, Variable, Progress], Distribution]

# Bytes of a parameter in the dtypes in which a model may be run.
MEMORY_DTYPES = {"float32": 4, "float16": 2, "int8": 1}

_FIGURES = 9  # the last digits of a sum depend on the order in which numpy adds
_NOISE = 1e-14  # of the largest magnitude: what is left of a sum that should be zero


class Figures(NamedTuple):
    """Statistics of some values; a figure is None where there are no values for it.

    Attributes:
        elements: how many there are.
        zeros: elements that are zero.
        sparsity: the share of zeros, from 0 to 1.
        norm: root of the sum of squares (L2) of the finite elements.
        minimum: smallest finite element.
        maximum: largest finite element.
        mean: average of the finite elements.
        std: their standard deviation (not the sample's).
        nans: elements that are not a number.
        infinities: elements that are infinite.
    """

    elements: int
    zeros: int
    sparsity: float | None
    norm: float | None
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    nans: int
    infinities: int


class Group(NamedTuple):
    """Statistics of a group of variables: those in a scope, or one alone.

    Attributes:
        entries: how many tensors, of every kind.
        params: elements of the model's own variables.
        bytes: of every tensor.
        figures: over the values of the parameters, or of all tensors where none is a parameter;
            None where no value could be read.
        unread: how many of those tensors could not be read.
    """

    entries: int
    params: int
    bytes: int
    figures: Figures | None
    unread: int


class ModelStats(NamedTuple):
    """The statistics of a model's variables.

    Attributes:
        measured: by key; a variable that could not be read is missing.
        problems: by key, why it could not be read, with the file if that is not the model's own.
    """

    measured: Mapping[str, Distribution]
    problems: Mapping[str, str]

    def group(self, variables: Sequence[Variable]) -> Group:
        """The statistics of some variables together."""
        meant = _meant(variables)
        found = [self.measured[v.key] for v in meant if v.key in self.measured]
        return Group(
            entries=len(variables),
            params=sum(v.params for v in variables if v.is_parameter),
            bytes=sum(v.nbytes or 0 for v in variables),
            figures=_figures(joined(one.moments for one in found)) if found else None,
            unread=len(meant) - len(found),
        )

    def histogram(self, variable: Variable) -> Sequence[int]:
        """The histogram of one variable's values; empty where there is none."""
        found = self.measured.get(variable.key)
        return found.histogram if found else ()

    def _moments(self, member: Member) -> Moments:
        inside = member.scope.variables if member.scope else ()
        meant = _meant([*member.variables, *inside])
        return joined(self.measured[v.key].moments for v in meant if v.key in self.measured)

    def by_sparsity(self, member: Member) -> float:
        """A sort key: the largest share of zeros comes first."""
        moments = self._moments(member)
        return -moments.zeros / moments.elements if moments.elements else 1.0

    def by_norm(self, member: Member) -> float:
        """A sort key: the largest norm comes first."""
        norm = self._moments(member).norm
        return 1.0 if norm is None else -norm


def _meant(variables: Sequence[Variable]) -> Sequence[Variable]:
    """The parameters, or all variables where there are none.

    In a norm, a step or an optimizer's state would drown them.
    """
    return [v for v in variables if v.is_parameter] or variables


def measure_all(
    model: Model, variables: Sequence[Variable], measure: Measure, progress: Progress
) -> ModelStats:
    """Measure each variable, in the order in which the file has them.

    Raises:
        ScopecliError: not one of them could be read.
    """
    measured: dict[str, Distribution] = {}
    problems: dict[str, ScopecliError] = {}
    for variable in ordered(variables, "file"):
        try:
            measured[variable.key] = measure(model, variable, progress)
        except ScopecliError as error:
            problems[variable.key] = error
    if problems and not measured:
        raise next(iter(problems.values()))
    return ModelStats(measured, {k: _reason(model, error) for k, error in problems.items()})


def _reason(model: Model, error: ScopecliError) -> str:
    if error.path is None or error.path == model.path:
        return error.problem
    return f"{basename(error.path)}: {error.problem}"


def memory(variables: Iterable[Variable]) -> dict[str, int]:
    """Bytes that the parameters take, by dtype, and as they are `stored`."""
    parameters = [variable for variable in variables if variable.is_parameter]
    elements = sum(variable.params for variable in parameters)
    return {
        "stored": sum(variable.nbytes or 0 for variable in parameters),
        **{dtype: elements * size for dtype, size in MEMORY_DTYPES.items()},
    }


def _figures(moments: Moments) -> Figures:
    finite, mean = moments.finite > 0, moments.mean
    if mean is not None and abs(mean) < _NOISE * max(abs(moments.minimum), abs(moments.maximum)):
        mean = 0.0
    return Figures(
        elements=moments.elements,
        zeros=moments.zeros,
        sparsity=_rounded(moments.zeros / moments.elements) if moments.elements else None,
        norm=_rounded(moments.norm),
        minimum=moments.minimum if finite else None,
        maximum=moments.maximum if finite else None,
        mean=_rounded(mean),
        std=_rounded(moments.std),
        nans=moments.nans,
        infinities=moments.infinities,
    )


def _rounded(number: float | None) -> float | None:
    if number is None or isinf(number):
        return None
    return float(f"{number:.{_FIGURES}g}")
