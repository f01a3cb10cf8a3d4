"""What a Saver of TensorFlow 1 would do with a graph and a checkpoint.

`tensorflow/python/training/saver.py`: `import_meta_graph`, `Saver.restore`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis.restore import slices
from scopecli.analysis.restore.prediction import (
    Attempt,
    Complaint,
    extras,
    verdict_of,
    with_renames,
)
from scopecli.analysis.restore.reading import (
    ASSIGNING,
    NOT_FOUND,
    OBJECT_GRAPH_KEY,
    V1_FORMAT,
    Lookup,
    Reader,
    first_error,
)
from scopecli.errors import UnsupportedError
from scopecli.model.names import listed, scope_of
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scopecli.analysis.restore.prediction import FindRenames
    from scopecli.analysis.restore.reading import Outcome
    from scopecli.model.graph import Graph, Saver
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

_CALL = "tf.compat.v1.train.Saver.restore"
_GLOBAL = "variables"
_V2_OP = "RestoreV2"
# The attribute in which Restore operations have the dtypes that they give.
_RESTORE_OPS = {_V2_OP: "dtypes", "RestoreSlice": "dt", "Restore": "dt"}
_MOST_LISTED = 8

_NO_SAVER = "the graph has no saver: a new Saver() is assumed"
_NO_COLLECTION = "the file has no collections either: all its variables are taken for global ones"
_FALLBACK = (
    "keys are missing, and the checkpoint is object-based: Saver.restore looks for the names of all"
    " global variables in its object graph instead"
)
_SILENT = (
    "a resource variable takes another shape without an error: the operation that assigns it does"
    " not compare shapes"
)
_ANY_READ = "several Restore operations run at the same time: the error of any may come first"
_ANY_FIRST = "values are assigned at the same time: the error may name any of these variables"


class Plan(NamedTuple):
    """What a saver looks for, and with which operations.

    Attributes:
        lookups: in the saver's order.
        ops: the type of each Restore operation.
        notes: remarks for people.
    """

    lookups: Sequence[Lookup]
    ops: Sequence[str]
    notes: tuple[str, ...]


def attempt(model: Model, checkpoint: Model, find_renames: FindRenames) -> Attempt:
    """What the saver that `import_meta_graph` makes of the file would do.

    Raises:
        UnsupportedError: the graph has nothing to restore, or does not say how.
    """
    graph = model.graph
    if graph is None or all(variable.kind == "constant" for variable in model.variables):
        raise UnsupportedError(
            "has no variables, so there is nothing to restore",
            path=model.path,
            hint="a frozen graph has its values inside",
        )
    saver = graph.saver
    if saver is not None and saver.saves and not saver.restores:
        from scopecli.analysis.restore import objects

        return objects.attempt(model, saver, checkpoint, find_renames)
    plan = _default_plan(model) if saver is None else _plan(model, graph, saver)
    known = {variable.key: variable for variable in checkpoint.variables}
    outcomes = _outcomes(graph, checkpoint, known, plan)
    error = _wrong_reader(plan, checkpoint) or first_error(outcomes, checkpoint)
    if error and error.kind == NOT_FOUND and checkpoint.metadata.get("object_based"):
        plan = Plan(_global_lookups(model), (), (*plan.notes, _FALLBACK))
        known = {v.name: v for v in checkpoint.variables if v.key != OBJECT_GRAPH_KEY}
        outcomes = _outcomes(graph, checkpoint, known, plan)
        error = _names_missing(outcomes) or first_error(outcomes, checkpoint)
    entries, rules = with_renames(
        [outcome.entry for outcome in outcomes],
        known,
        {one.key: whole for one in plan.lookups if (whole := _whole(one)) is not None},
        find_renames,
        (checkpoint.separator, model.separator),
    )
    stored = [v for v in checkpoint.variables if v.key != OBJECT_GRAPH_KEY]
    entries += extras(stored, entries)
    notes = (*plan.notes, *_remarks(outcomes, error, plan))
    verdict = verdict_of(entries, error)
    looked_for = {entry.target for entry in entries}
    apart = tuple(variable.key for variable in model.variables if variable.key not in looked_for)
    return Attempt("saver", _CALL, verdict, error, tuple(entries), rules, notes, apart)


def _outcomes(
    graph: Graph, checkpoint: Model, known: Mapping[str, Variable], plan: Plan
) -> list[Outcome]:
    reader = Reader(graph, checkpoint, known)
    return [reader.outcome(lookup) for lookup in plan.lookups]


def _plan(model: Model, graph: Graph, saver: Saver) -> Plan:
    """What a saver of the file looks for."""
    by_key = {variable.key: variable for variable in model.variables}
    ops, dtypes = _operations(graph, saver.scope)
    lookups = []
    for number, entry in enumerate(saver.restores):
        variable = by_key.get(entry.variable)
        dtype = dtypes[number] if len(dtypes) == len(saver.restores) else ""
        dtype = dtype or (variable.dtype if variable is not None else "")
        lookups.append(Lookup(entry.key, entry.spec, variable, dtype, entry.tensor))
    return Plan(lookups, ops, tuple(_other_savers(graph, {one.key for one in lookups})))


def _operations(graph: Graph, scope: str) -> tuple[list[str], list[str]]:
    """The types of a saver's Restore operations, and the dtypes that they give."""
    ops: list[str] = []
    dtypes: list[object] = []
    for index, op in enumerate(graph.nodes.ops):
        if op in _RESTORE_OPS and scope_of(graph.nodes.names[index], "/") == scope:
            given = graph.nodes[index].attributes.get(_RESTORE_OPS[op])
            ops.append(op)
            dtypes += given if isinstance(given, list) else [given] if given else []
    return ops, [str(dtype).removesuffix("_ref") for dtype in dtypes]


def _other_savers(graph: Graph, keys: set[str]) -> Iterator[str]:
    """A note for each stale saver that looks for other keys."""
    for other in graph.stale_savers:
        others = {one.key for one in other.restores}
        if others and others != keys:
            where = f"in {other.scope}" if other.scope else "outside all scopes"
            names = listed(sorted(others), _MOST_LISTED)
            yield f"another saver is in the graph, {where}: it looks for {names}"


def _default_plan(model: Model) -> Plan:
    """What `Saver()` looks for."""
    notes = (_NO_SAVER,) if _GLOBAL in model.collections else (_NO_SAVER, _NO_COLLECTION)
    return Plan(_global_lookups(model), (), notes)


def _global_lookups(model: Model) -> list[Lookup]:
    """All global variables by name, the parts of a partitioned one under its full name."""
    variables: Sequence[Variable] = model.variables
    if _GLOBAL in model.collections:
        by_key = {variable.key: variable for variable in model.variables}
        members = dict.fromkeys(model.collections[_GLOBAL].members)
        variables = [by_key[key] for key in members if key in by_key]
    return [
        Lookup(
            str(variable.attributes.get("partition_of", variable.key)),
            str(variable.attributes.get("slice", "")),
            variable,
            variable.dtype,
            "",
        )
        for variable in variables
    ]


def _whole(lookup: Lookup) -> Variable | None:
    """The variable as a checkpoint would have it: whole, where a part is looked for."""
    part = slices.parsed(lookup.spec) if lookup.spec else None
    if lookup.variable is None or part is None:
        return lookup.variable
    return lookup.variable._replace(shape=part.full)


def _wrong_reader(plan: Plan, checkpoint: Model) -> Complaint | None:
    """What a Restore operation from before TensorFlow 1.0 says to a V2 checkpoint."""
    if checkpoint.format == V1_FORMAT or all(op == _V2_OP for op in plan.ops):
        return None
    return Complaint(
        NOT_FOUND,
        "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for"
        f" {checkpoint.path}",
    )


def _names_missing(outcomes: Sequence[Outcome]) -> Complaint | None:
    """The one exception for all names that are missing in an object graph."""
    entries = [outcome.entry for outcome in outcomes]
    missing = sorted({entry.key for entry in entries if entry.status == "missing"})
    if not missing:
        return None
    return Complaint(NOT_FOUND, f"Existing variables not in the checkpoint: {', '.join(missing)}")


def _remarks(outcomes: Sequence[Outcome], error: Complaint | None, plan: Plan) -> Iterator[str]:
    """Notes on shapes that do not fit, and on errors that may come in another order."""
    read = [o for o in outcomes if o.step != ASSIGNING and o.entry.error is not None]
    if len(plan.ops) > 1 and len(read) > 1:
        yield _ANY_READ
    shapes = [o.entry for o in outcomes if o.step == ASSIGNING and o.entry.status == "shape"]
    raised = [entry.error for entry in shapes if entry.error is not None]
    if len(raised) < len(shapes):
        yield _SILENT
    if error in raised and len(raised) > 1:
        yield _ANY_FIRST
