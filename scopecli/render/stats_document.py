"""The JSON document of `stats`; a breaking change raises the number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scopecli.analysis.model_stats import memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.analysis.model_stats import Group, ModelStats
    from scopecli.analysis.outline import Row
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

SCHEMA_STATS = "scopecli/stats/1"


def document(
    model: Model, variables: Sequence[Variable], rows: Sequence[Row], stats: ModelStats
) -> Iterator[str]:
    """`stats --format json`, in pieces: totals, then scopes and variables, one on each line."""
    head = {
        "schema": SCHEMA_STATS,
        "path": model.path,
        "format": model.format,
        "memory": memory(variables),
        "total": _totals(stats.group(variables)),
    }
    yield json.dumps(head)[:-1] + ',\n"scopes": ['
    yield from _listed(
        {"path": row.path, **_totals(stats.group(row.scope.variables))}
        for row in rows
        if row.scope is not None
    )
    yield '],\n"variables": ['
    yield from _listed(_variable(variable, stats) for row in rows for variable in row.variables)
    yield "]}\n"


def _listed(objects: Iterator[dict[str, object]]) -> Iterator[str]:
    gap = "\n"
    for item in objects:
        yield gap + json.dumps(item)
        gap = ",\n"


def _totals(group: Group) -> dict[str, object]:
    return {
        "count": group.entries,
        "params": group.params,
        "bytes": group.bytes,
        "values": None if group.figures is None else group.figures._asdict(),
        "unread": group.unread,
    }


def _variable(variable: Variable, stats: ModelStats) -> dict[str, object]:
    """A variable with its figures, or why there are none."""
    group = stats.group([variable])
    values: dict[str, object]
    if group.figures is None:
        values = {"problem": stats.problems[variable.key]}
    else:
        values = {**group.figures._asdict(), "histogram": list(stats.histogram(variable))}
    return {
        "key": variable.key,
        "name": variable.name,
        "path": variable.path,
        "shape": variable.shape,
        "dtype": variable.dtype,
        "kind": variable.kind,
        "params": group.params,
        "bytes": variable.nbytes,
        "values": values,
    }
