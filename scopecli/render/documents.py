"""The JSON documents. Their shapes are in `schemas/`; a breaking change raises the number.

Each variable is on one line, so that a committed document gives readable differences. Lines are put
together here and not by `json.dumps`, whose indentation takes ten times as long.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as quoted
from math import isfinite
from typing import TYPE_CHECKING

from scopecli.errors import ScopecliError
from scopecli.model.names import scope_of
from scopecli.model.scope import ScopeTree
from scopecli.model.variable import Slice
from scopecli.render.words import attribute_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from scopecli.analysis.lookup import Found
    from scopecli.analysis.rename.plan import Plan
    from scopecli.analysis.reuse import ReuseReport
    from scopecli.analysis.stats import ValueStats
    from scopecli.analysis.summary import Count, GraphSummary, Summary
    from scopecli.analysis.values import Index
    from scopecli.model.collection import Collection
    from scopecli.model.graph import Node, TensorInfo
    from scopecli.model.model import Model
    from scopecli.model.scope import Scope, Totals
    from scopecli.model.variable import Variable
    from scopecli.render.several import Turn

SCHEMA_LIST = "scopecli/list/1"
SCHEMA_MODEL = "scopecli/model/1"
SCHEMA_INFO = "scopecli/info/1"
SCHEMA_COLLECTIONS = "scopecli/collections/1"
SCHEMA_REUSE = "scopecli/reuse/1"
SCHEMA_SHOW = "scopecli/show/1"
SCHEMA_RENAME = "scopecli/rename/1"

# As protocol buffers and JavaScript write them.
_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def list_document(model: Model, variables: Iterable[Variable]) -> Iterator[str]:
    """`list --format json`, in pieces."""
    yield f'{{"schema": {quoted(SCHEMA_LIST)}, "path": {quoted(model.path)}, '
    yield f'"format": {quoted(model.format)}, "variables": ['
    line = _variable_line(model)
    gap = "\n"
    for variable in variables:
        yield gap + line(variable)
        gap = ",\n"
    yield "\n]}\n"


def list_lines(model: Model, variables: Iterable[Variable], turn: Turn) -> Iterator[str]:
    """`list --format jsonl`: an object on each line; with several models, each names its file."""
    line = _variable_line(model)
    start = "{" if turn.is_only else f'{{"file": {quoted(model.path)}, '
    for variable in variables:
        yield f"{start}{line(variable)[1:]}\n"


def model_document(model: Model, variables: Sequence[Variable]) -> Iterator[str]:
    """`tree --format json`, in pieces: the whole model, which scopecli reads back."""
    head = {
        "schema": SCHEMA_MODEL,
        "path": model.path,
        "format": model.format,
        "separator": model.separator,
        "metadata": dict(model.metadata),
    }
    yield json.dumps(head)[:-1] + ',\n"scopes": '
    yield from _scope_lines(ScopeTree(variables, model.separator).root, _variable_line(model), "")
    yield f',\n"collections": {json.dumps(_collections(model))}'
    yield f',\n"reuse": {json.dumps([reuse._asdict() for reuse in model.reuse])}'
    yield f',\n"notes": {json.dumps([note._asdict() for note in model.notes])}}}\n'


def collections_document(model: Model, found: Iterable[Collection]) -> Iterator[str]:
    """`collections --format json`: each collection with its kind and the names of its members."""
    names = {variable.key: variable.name for variable in model.variables}
    document = {
        "schema": SCHEMA_COLLECTIONS,
        "path": model.path,
        "collections": {
            collection.key: {
                "kind": collection.kind,
                "members": _member_names(collection, names),
            }
            for collection in found
        },
    }
    yield json.dumps(document, indent=2) + "\n"


def reuse_document(model: Model, report: ReuseReport) -> Iterator[str]:
    """`reuse --format json`."""
    document = {
        "schema": SCHEMA_REUSE,
        "path": model.path,
        "scopes": [
            {**scope._asdict(), "shared": [shared._asdict() for shared in scope.shared]}
            for scope in report.scopes
        ],
        "twins": [twins._asdict() for twins in report.twins],
    }
    yield json.dumps(document, indent=2) + "\n"


def rename_document(model: Model, plan: Plan, out: str | None, written: Sequence[str]) -> str:
    """`rename --format json`: the plan, and the files that were written."""
    document = {
        "schema": SCHEMA_RENAME,
        "path": model.path,
        "format": model.format,
        "out": out,
        "written": list(written),
        "moves": [move._asdict() for move in plan.moves],
        "drops": [dropped._asdict() for dropped in plan.drops],
        "unmatched": [rule.subject for rule in plan.unmatched],
        "names": plan.total,
    }
    return json.dumps(document, indent=2) + "\n"


def info_document(model: Model, summary: Summary) -> str:
    """`info --format json`."""
    document = {
        "schema": SCHEMA_INFO,
        "path": model.path,
        "format": model.format,
        "metadata": dict(model.metadata),
        "files": [{"path": f.path, "bytes": f.size, "role": f.role} for f in model.files],
        "kinds": _counts(summary.kinds),
        "dtypes": _counts(summary.dtypes),
        "largest_variables": [
            {"key": v.key, "name": v.name, "bytes": v.nbytes} for v in summary.largest_variables
        ],
        "largest_scopes": [
            {"path": scope.path, **_totals(scope.totals)} for scope in summary.largest_scopes
        ],
        "graph": None if summary.graph is None else _graph_object(summary.graph),
        "collections": {c.key: len(c.members) for c in model.collections.values()},
        "reuse": [reuse._asdict() for reuse in model.reuse],
        "notes": [note._asdict() for note in model.notes],
    }
    return json.dumps(document, indent=2) + "\n"


def _graph_object(graph: GraphSummary) -> dict[str, object]:
    saver = graph.saver
    return {
        "nodes": graph.nodes,
        "functions": graph.functions,
        "ops": dict(graph.ops),
        "signatures": {
            signature.key: {
                "method": signature.method,
                "inputs": _tensors(signature.inputs),
                "outputs": _tensors(signature.outputs),
            }
            for signature in graph.signatures
        },
        "saver": None
        if saver is None
        else {"scope": saver.scope, "version": saver.version, "entries": len(saver.saves)},
    }


def _tensors(tensors: Mapping[str, TensorInfo]) -> dict[str, dict[str, object]]:
    return {
        name: {"tensor": info.name, "dtype": info.dtype, "shape": info.shape}
        for name, info in tensors.items()
    }


def show_document(
    model: Model,
    found: Found,
    index: Index | None,
    measured: Callable[[Variable], ValueStats] | None,
) -> str:
    """`show --format json`: one name, its variables with a part of their values or statistics.

    Raises:
        ScopecliError: the part does not fit, or cannot be read.
    """
    document: dict[str, object] = {
        "schema": SCHEMA_SHOW,
        "path": model.path,
        "format": model.format,
        "name": found.name,
        "variables": [_shown(model, variable, index, measured) for variable in found.variables],
        "scope": None,
        "node": None if found.node is None else _node(model, found.node),
    }
    if found.scope is not None:
        document["scope"] = {"path": found.scope.path, "totals": _totals(found.scope.totals)}
    return json.dumps(document, indent=2) + "\n"


def _node(model: Model, node: Node) -> dict[str, object]:
    consumers = model.graph.consumers(node.name) if model.graph else []
    return {
        "name": node.name,
        "op": node.op,
        "inputs": node.inputs,
        "control_inputs": node.control_inputs,
        "consumers": [consumer.name for consumer in consumers],
        "device": node.device,
        "attributes": {name: attribute_text(node, name) for name in node.attributes},
    }


def _shown(
    model: Model,
    variable: Variable,
    index: Index | None,
    measured: Callable[[Variable], ValueStats] | None,
) -> dict[str, object]:
    shown = variable_object(model, variable, model.collections_of().get(variable.key, ()))
    storage = variable.storage
    if storage is not None:
        shown["storage"] = {
            "shard": storage.shard,
            "offset": storage.offset,
            "length": storage.length,
            "checksum": storage.checksum._asdict() if storage.checksum else None,
        }
    if index is not None:
        from scopecli.analysis.values import section

        shown["slice"] = _numbers(section(model, variable, index).tolist())
    elif measured is not None:
        try:
            shown["values"] = measured(variable)._asdict()
        except ScopecliError as error:
            shown["values"] = {"problem": error.problem}
    return shown


def _numbers(value: object) -> object:
    """An array as nested lists, with texts for what is no number in JSON."""
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
        return value
    return _NOT_FINITE.get(str(value), str(value))


def variable_object(
    model: Model, variable: Variable, collections: tuple[str, ...]
) -> dict[str, object]:
    """One variable, as in every document."""
    shared = _shared_fields(variable, collections)
    return {
        "key": variable.key,
        "name": variable.name,
        "scope": scope_of(variable.path, model.separator),
        **shared,
        **_attributes(variable),
    }


def _shared_fields(variable: Variable, collections: tuple[str, ...]) -> dict[str, object]:
    """The fields that many variables have in common."""
    return {
        "shape": variable.shape,
        "dtype": variable.dtype,
        "params": variable.params,
        "bytes": variable.nbytes,
        "kind": variable.kind,
        "trainable": variable.trainable,
        "collections": collections,
    }


def _attributes(variable: Variable) -> dict[str, object]:
    if not variable.attributes:
        return {}
    return {"attributes": {key: _plain(value) for key, value in variable.attributes.items()}}


def _attributes_text(attributes: Mapping[str, object]) -> str:
    """The attributes as JSON, put together here because most are texts and there are many."""
    pairs = (
        f"{quoted(key)}: {quoted(value) if type(value) is str else json.dumps(_plain(value))}"
        for key, value in attributes.items()
    )
    return "{" + ", ".join(pairs) + "}"


def _plain(value: object) -> object:
    """An attribute's value as JSON has it; a slice as TensorFlow writes it."""
    if isinstance(value, tuple | list):
        return [item.spec if isinstance(item, Slice) else _plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _variable_line(model: Model) -> Callable[[Variable], str]:
    """A function that writes a variable as one line.

    Most variables share shape, type and flags with many others, so that part is written once.
    """
    known: dict[tuple[object, ...], str] = {}
    collections_of = model.collections_of()
    separator = model.separator

    def line(variable: Variable) -> str:
        collections = collections_of.get(variable.key, ())
        kept = (variable[2:7], collections)
        shared = known.get(kept)
        if shared is None:
            shared = known[kept] = json.dumps(_shared_fields(variable, collections))[1:-1]
        key, scope = quoted(variable.key), quoted(scope_of(variable.path, separator))
        name = key if variable.name is variable.key else quoted(variable.name)
        text = f'{{"key": {key}, "name": {name}, "scope": {scope}, {shared}'
        if variable.attributes:
            return f'{text}, "attributes": {_attributes_text(variable.attributes)}}}'
        return text + "}"

    return line


def _scope_lines(scope: Scope, line: Callable[[Variable], str], indent: str) -> Iterator[str]:
    """A scope with everything below; no deeper than `MAX_DEPTH` levels."""
    members = scope.members()
    head = {"name": scope.name, "path": scope.path, "totals": _totals(scope.totals)}
    yield f'{json.dumps(head)[:-1]}, "variables": ['
    gap = f"\n{indent}  "
    for member in members:
        for variable in member.variables:
            yield gap + line(variable)
            gap = f",\n{indent}  "
    yield '], "children": ['
    gap = f"\n{indent}  "
    for member in members:
        if member.scope is not None:
            yield gap
            yield from _scope_lines(member.scope, line, indent + "  ")
            gap = f",\n{indent}  "
    yield "]}"


def _totals(totals: Totals) -> dict[str, int]:
    return {"count": totals.entries, "params": totals.params, "bytes": totals.bytes}


def _counts(counts: Iterable[Count]) -> dict[str, dict[str, int]]:
    return {
        count.name: {"count": count.entries, "params": count.params, "bytes": count.bytes}
        for count in counts
    }


def _collections(model: Model) -> dict[str, list[str]]:
    """Members by name, or by key where a member has no name."""
    names = {variable.key: variable.name for variable in model.variables}
    return {
        collection.key: _member_names(collection, names)
        for collection in model.collections.values()
    }


def _member_names(collection: Collection, names: Mapping[str, str]) -> list[str]:
    if collection.kind != "variables":
        return list(collection.members)
    return [names.get(member, member) for member in collection.members]
