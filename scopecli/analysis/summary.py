"""A model in numbers: counts by kind and dtype, the largest parts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from scopecli.model.records import NamedTuple
from scopecli.model.scope import Scope, ScopeTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scopecli.model.graph import Graph, Saver, Signature
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

LARGEST = 5
T = TypeVar("T")


class Count(NamedTuple):
    """The number and total size of the entries of one kind or dtype."""

    name: str
    entries: int
    params: int
    bytes: int


class GraphSummary(NamedTuple):
    """A graph in numbers.

    Attributes:
        nodes: of the main graph.
        functions: of the function library.
        ops: how many nodes there are of each type, most first.
        signatures: the ways to call the model.
        saver: what writes its checkpoints; None without one.
    """

    nodes: int
    functions: int
    ops: Sequence[tuple[str, int]]
    signatures: Sequence[Signature]
    saver: Saver | None


class Summary(NamedTuple):
    """A model in numbers.

    Attributes:
        kinds: by kind, in the order of `KINDS`, only those that occur.
        dtypes: by dtype, largest first.
        largest_variables: by bytes.
        largest_scopes: top-level scopes, by bytes; if there is only one, the scopes inside it.
        graph: the graph in numbers; None where there is none.
    """

    kinds: Sequence[Count]
    dtypes: Sequence[Count]
    largest_variables: Sequence[Variable]
    largest_scopes: Sequence[Scope]
    graph: GraphSummary | None


def parameters(variables: Iterable[Variable]) -> int:
    """Elements of the model's own variables: no optimizer state, no averaged copies."""
    return sum(variable.params for variable in variables if variable.is_parameter)


def total_bytes(variables: Iterable[Variable]) -> int:
    """Bytes of all the tensors, uncompressed."""
    return sum(variable.nbytes or 0 for variable in variables)


def kind_counts(variables: Iterable[Variable]) -> list[Count]:
    """Counts by kind: variables first, then slots, constants, bookkeeping."""
    from scopecli.model.variable import KINDS

    counts = {count.name: count for count in _counts(variables, lambda v: v.kind)}
    return [counts[kind] for kind in KINDS if kind in counts]


def summarize(model: Model) -> Summary:
    """Summarize a model."""
    variables = model.variables
    dtypes = _counts(variables, lambda variable: variable.dtype)
    return Summary(
        kinds=kind_counts(variables),
        dtypes=sorted(dtypes, key=lambda count: (-count.bytes, count.name)),
        largest_variables=_largest(variables, lambda variable: variable.nbytes or 0),
        largest_scopes=_largest(_top_scopes(model), lambda scope: scope.totals.bytes),
        graph=None if model.graph is None else _summarize_graph(model.graph),
    )


def _summarize_graph(graph: Graph) -> GraphSummary:
    return GraphSummary(
        nodes=len(graph.nodes),
        functions=len(graph.functions),
        ops=Counter(graph.nodes.ops).most_common(),
        signatures=graph.signatures,
        saver=graph.saver,
    )


def _counts(variables: Iterable[Variable], of: Callable[[Variable], str]) -> list[Count]:
    groups: dict[str, list[int]] = {}
    for variable in variables:
        sums = groups.setdefault(of(variable), [0, 0, 0])
        sums[0] += 1
        sums[1] += variable.params
        sums[2] += variable.nbytes or 0
    return [Count(name, *sums) for name, sums in groups.items()]


def _largest(items: Iterable[T], size: Callable[[T], int]) -> list[T]:
    from heapq import nlargest

    return nlargest(LARGEST, items, key=size)


def _top_scopes(model: Model) -> list[Scope]:
    scope = ScopeTree(model.variables, model.separator).root
    while True:
        inner = [member.scope for member in scope.members() if member.scope]
        if len(inner) != 1 or not any(member.scope for member in inner[0].members()):
            return inner
        scope = inner[0]
