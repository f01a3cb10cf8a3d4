"""Which scopes were entered more than once, who reads whose variables, and which only look alike.

Only evidence is reported: that operations in several name scopes read one variable. TensorFlow
writes the same graph for `reuse=True`, `AUTO_REUSE`, `reuse_variables()` and a Python object used
twice, so a mode is never claimed.

A variable scope that is entered again keeps its variables' names (`d/w`), while its operations get
a name scope of their own (`d_1/MatMul`). So the name scope of an operation that reads `d/w`,
compared with the scope of the variable, tells which entry it belongs to.
https://www.tensorflow.org/api_docs/python/tf/compat/v1/variable_scope
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.dataflow import Readers, without_number
from scopecli.errors import UnsupportedError
from scopecli.model.names import MAX_DEPTH, scope_of
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from scopecli.model.model import Model
    from scopecli.model.variable import Variable


class SharedVariable(NamedTuple):
    """A variable that is read more than once.

    Attributes:
        variable: its name.
        read_by: the name scopes in which it is read, each ending in `/`; if there is only one, the
            operations of one type that read it there (`MatMul`, `MatMul_1`); for a file without a
            graph, the names that it has for the one tensor.
    """

    variable: str
    read_by: tuple[str, ...]


class ScopeReuse(NamedTuple):
    """A scope that was entered more than once, or whose variables are read from elsewhere too.

    Attributes:
        scope: the variable scope, or the layer.
        entries: the name scopes that it was entered under, or the calls of the layer.
        variables: the variables in it.
        shared: those that several entries read.
    """

    scope: str
    entries: tuple[str, ...]
    variables: tuple[str, ...]
    shared: tuple[SharedVariable, ...]


class Twins(NamedTuple):
    """Scopes with the same variables inside that share none and do not feed one another.

    Attributes:
        scopes: their paths; the first is the one without a number, or with the lowest.
        variables: names of the variables, as seen from inside each.
    """

    scopes: tuple[str, ...]
    variables: tuple[str, ...]


class ReuseReport(NamedTuple):
    """What is shared in a model, and what is not although it looks as if it were."""

    scopes: tuple[ScopeReuse, ...]
    twins: tuple[Twins, ...]


def find_reuse(model: Model) -> ReuseReport:
    """What is shared, according to a model's graph, its layers' calls, or its names for one tensor.

    Raises:
        UnsupportedError: the model has none of these.
        ScopecliError: the graph is damaged.
    """
    if model.graph is not None:
        return reuse_of(model.variables, Readers(model.graph))
    if model.reuse or "layers" in model.metadata or model.metadata.get("has_config"):
        return ReuseReport(tuple(_layer_reuse(model)), ())
    tied = tuple(_tied(model))
    if tied:
        return ReuseReport(tied, ())
    raise UnsupportedError(
        "has no graph, and a checkpoint alone does not say what is shared",
        path=model.path,
        hint="give the .meta file, the SavedModel or the Keras model",
    )


def reuse_of(variables: Iterable[Variable], readers: Readers) -> ReuseReport:
    """What is shared in a graph, according to the readers of its variables."""
    evidence = _evidence(variables, readers)
    known = {name: evidence.named[name] for name in evidence.nodes if name in evidence.named}
    return ReuseReport(tuple(_scopes(evidence)), tuple(_twins(known, readers)))


def times_used(model: Model) -> dict[str, str]:
    """For each scope or layer that is used more than once, how often: `entered 2`, `called 3`.

    Raises:
        ScopecliError: the graph is damaged.
    """
    used = {layer.scope: f"called {len(layer.entries)}" for layer in model.reuse}
    if model.graph is not None:
        for scope in _scopes(_evidence(model.variables, Readers(model.graph))):
            if len(scope.entries) > 1:
                used[scope.scope] = f"entered {len(scope.entries)}"
    return used


def _layer_reuse(model: Model) -> Iterator[ScopeReuse]:
    for layer in model.reuse:
        prefix = layer.scope + model.separator
        names = tuple(v.name for v in model.variables if v.path.startswith(prefix))
        shared = tuple(SharedVariable(name, layer.entries) for name in names)
        yield ScopeReuse(layer.scope, layer.entries, names, shared)


def _tied(model: Model) -> Iterator[ScopeReuse]:
    """Tensors that a file has under several names, each reported once."""
    told: set[str] = set()
    for variable in model.variables:
        aliases = variable.attributes.get("aliases")
        if isinstance(aliases, tuple) and variable.name not in told:
            names = (variable.name, *aliases)
            told.update(names)
            shared = SharedVariable(variable.name, names)
            yield ScopeReuse(scope_of(variable.name, model.separator), (), names[:1], (shared,))


class _Evidence(NamedTuple):
    """The variables of a graph, the nodes that hold them, and who reads them."""

    named: dict[str, Variable]
    nodes: list[str]
    readers: Readers


def _evidence(variables: Iterable[Variable], readers: Readers) -> _Evidence:
    named = {v.key: v for v in variables if v.kind == "variable"}
    nodes = [name for name in readers.variables if name in named or not named]
    return _Evidence(named, nodes, readers)


def _scopes(evidence: _Evidence) -> Iterator[ScopeReuse]:
    named, nodes, readers = evidence
    # An update of a moving average that is written by hand reads it twice, which is not reuse.
    learned = {name for name in nodes if name not in named or named[name].trainable is not False}
    return _entered_again(nodes, readers, learned)


# Scopes that were entered again.

# For each scope, its entries in order, and for each entry the variables that it reads.
Entries = dict[str, dict[str, dict[str, None]]]


class _Reads(NamedTuple):
    """The name scopes in which variables are read.

    Attributes:
        entries: those that are entries of a variable's own scope, or of one around it.
        outside: by variable, those that have nothing in common with its own scope.
    """

    entries: Entries
    outside: dict[str, dict[str, None]]


def _entered_again(
    variables: Sequence[str], readers: Readers, learned: Container[str]
) -> Iterator[ScopeReuse]:
    """The outermost scopes that were entered again, then other variables read more than once."""
    reads = _sort_reads(variables, readers)
    told: set[str] = set()
    for scope in sorted(reads.entries, key=lambda path: (path.count("/"), path)):
        if len(reads.entries[scope]) > 1 and not _follows_from_parent(scope, reads.entries):
            report = _scope_report(scope, reads)
            told.update(report.variables)
            yield report
    others = [name for name in variables if name not in told]
    yield from _read_elsewhere(others, reads, readers, learned)


def _sort_reads(variables: Iterable[str], readers: Readers) -> _Reads:
    reads = _Reads({}, {})
    for variable in variables:
        for read_in in readers.scopes_of(variable):
            pairs = list(_entries_of(_scope_of(variable), read_in))
            for scope, entry in pairs:
                reads.entries.setdefault(scope, {}).setdefault(entry, {})[variable] = None
            if not pairs:
                place = f"{read_in}/" if read_in else "/"
                reads.outside.setdefault(variable, {})[place] = None
    return reads


def _read_elsewhere(
    variables: Sequence[str], reads: _Reads, readers: Readers, learned: Container[str]
) -> Iterator[ScopeReuse]:
    """Variables that are read in other scopes than their own, and learned ones read twice in it."""
    shared: dict[str, list[SharedVariable]] = {}
    inside: dict[str, list[str]] = {}
    for variable in variables:
        scope = _scope_of(variable)
        inside.setdefault(scope, []).append(variable)
        entries = reads.entries.get(scope, {})
        own = [entry for entry, names in entries.items() if variable in names]
        read_by = (*own, *reads.outside.get(variable, ()))
        if len(read_by) < 2:
            read_by = readers.alike(variable) if variable in learned else ()
        if read_by:
            shared.setdefault(scope, []).append(SharedVariable(variable, read_by))
    for scope, found in sorted(shared.items()):
        names = tuple(sorted(inside[scope]))
        yield ScopeReuse(scope, tuple(reads.entries.get(scope, ())), names, tuple(found))


def _scope_report(scope: str, reads: _Reads) -> ScopeReuse:
    entries = reads.entries[scope]
    read_by: dict[str, list[str]] = {}
    for entry, variables in entries.items():
        for variable in variables:
            read_by.setdefault(variable, []).append(entry)
    shared = tuple(
        SharedVariable(variable, (*scopes, *reads.outside.get(variable, ())))
        for variable, scopes in sorted(read_by.items())
        if len(scopes) > 1
    )
    return ScopeReuse(scope, tuple(entries), tuple(sorted(read_by)), shared)


def _follows_from_parent(scope: str, entries: Entries) -> bool:
    """Whether the entries of a scope are just those of the scope around it."""
    parent, _, leaf = scope.rpartition("/")
    around = entries.get(parent, {}) if parent else {}
    ending = f"{leaf}/"
    return all(
        entry.endswith(ending) and entry.removesuffix(ending) in around for entry in entries[scope]
    )


def _entries_of(scope: str, read_in: str) -> Iterator[tuple[str, str]]:
    """The entries that a reader's name scope belongs to, of a scope and of those around it.

    `d/h0` read in `tower_1/d_1/h0` gives (`d`, `tower_1/d_1/`) and (`d/h0`, `tower_1/d_1/h0/`).
    """
    wanted, found = _outer_parts(scope), _outer_parts(read_in)
    if not scope:
        return
    start, length = 0, 0
    for first in range(len(found)):
        matched = 0
        for want, have in zip(wanted, found[first:], strict=False):
            if not _same_scope(want, have):
                break
            matched += 1
        if matched > length:
            start, length = first, matched
    for depth in range(1, length + 1):
        yield "/".join(wanted[:depth]), "/".join(found[: start + depth]) + "/"


def _outer_parts(path: str) -> list[str]:
    """The parts of a scope, no more than trees show: each is compared with each."""
    return path.split("/", MAX_DEPTH)[:MAX_DEPTH]


def _same_scope(wanted: str, found: str) -> bool:
    """Whether a name scope is that of a variable scope, perhaps with the number of an entry."""
    return wanted in {found, without_number(found)}


def _scope_of(variable: str) -> str:
    """The scope of a variable; the parts of a partitioned one stand one level deeper."""
    scope, _, leaf = variable.rpartition("/")
    is_part = leaf.startswith("part_") and leaf != without_number(leaf)
    return scope.rpartition("/")[0] if is_part else scope


# Scopes that only look alike.

Inside = tuple[tuple[str, object, str], ...]


def _twins(variables: Mapping[str, Variable], readers: Readers) -> Iterator[Twins]:
    """The outermost twins."""
    told: set[str] = set()
    for scopes, inside in _alike(variables):
        if any(not told.isdisjoint(_scopes_around(scope)) for scope in scopes):
            continue
        first, *others = scopes
        below = {f"{scope}/{name}": scope for scope in others for name, _, _ in inside}
        met = readers.connected([f"{first}/{name}" for name, _, _ in inside], below)
        connected = {below[name] for name in met}
        parallel = [other for other in others if other not in connected]
        if parallel:
            told.update((first, *parallel))
            yield Twins((first, *parallel), tuple(name for name, _, _ in inside))


def _scopes_around(scope: str) -> Iterator[str]:
    while scope := scope.rpartition("/")[0]:
        yield scope


def _alike(variables: Mapping[str, Variable]) -> Iterator[tuple[list[str], Inside]]:
    """Groups of sibling scopes that differ in a number and hold the same, outermost first."""
    inside: dict[str, list[tuple[str, object, str]]] = {}
    for name, variable in sorted(variables.items()):
        scope, relative = "/".join(_outer_parts(_scope_of(name))), name
        while scope:
            relative = name.removeprefix(scope + "/")
            inside.setdefault(scope, []).append((relative, variable.shape, variable.dtype))
            scope = scope.rpartition("/")[0]
    groups: dict[tuple[str, Inside], list[str]] = {}
    for scope, contents in inside.items():
        groups.setdefault((without_number(scope), tuple(contents)), []).append(scope)
    for (_, held), scopes in sorted(groups.items(), key=lambda item: item[0][0].count("/")):
        if len(scopes) > 1:
            yield sorted(scopes, key=_number), held


def _number(scope: str) -> tuple[int, str]:
    """A sort key: by the number at the end of a name, of any length; no number comes first."""
    number = scope.removeprefix(without_number(scope))
    return len(number), number
