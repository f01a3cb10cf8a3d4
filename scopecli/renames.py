"""`scopecli.rename`: joins the plan of `analysis` with the writers of `formats`."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from scopecli.analysis.rename import plan as planning
from scopecli.analysis.rename.plan import Conflict, Plan, Request
from scopecli.analysis.rename.rules import Replace, Rule, replacement
from scopecli.errors import RefusedError, ScopecliError
from scopecli.formats import rewriting
from scopecli.formats.staging import Staging
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scopecli.formats.rewriting import Parts
    from scopecli.formats.staging import DataMode


class Prepared(NamedTuple):
    """A rename that was planned and not carried out.

    Attributes:
        parts: what will be written.
        plan: what will change.
        names: all names, sorted.
        kinds: how many names there are of each kind.
    """

    parts: Parts
    plan: Plan
    names: list[str]
    kinds: dict[str, int]


def prepare(
    path: str, request: Request, *, input_format: str | None = None, with_graph: bool = True
) -> Prepared:
    """Read a model and plan the rename of its names.

    Raises:
        ScopecliError: the model cannot be read, its format cannot be written, or a rule is invalid.
    """
    parts = rewriting.open_parts(path, input_format=input_format, with_graph=with_graph)
    try:
        subjects = rewriting.subjects(parts)
        plan = planning.plan(
            subjects,
            parts.main.model.separator,
            request,
            lambda names: rewriting.complaints(parts, names),
        )
        refused = rewriting.refusals(parts, plan.renaming)
    except ScopecliError as error:
        error.path = error.path or path
        raise
    conflicts = (*plan.conflicts, *(Conflict(*refusal) for refusal in refused))
    kinds = {subject.name: subject.kind for subject in reversed(subjects)}
    counts = dict(Counter(kinds.values()))
    return Prepared(parts, plan._replace(conflicts=conflicts), sorted(kinds), counts)


def refuse_conflicts(prepared: Prepared) -> None:
    """Refuse a plan that has conflicts.

    Raises:
        RefusedError: it has some; all of them are its reasons.
    """
    conflicts = prepared.plan.conflicts
    if conflicts:
        count = f"{len(conflicts)} conflicts" if len(conflicts) > 1 else "a conflict"
        raise RefusedError(
            f"cannot be renamed like this: {count}; nothing was written",
            [str(conflict) for conflict in conflicts],
            path=prepared.parts.path,
        )


def carry_out(prepared: Prepared, out: str, staging: Staging) -> list[str]:
    """Write what was planned to a path that `rewriting.destination` gave.

    Returns:
        The files that were written.

    Raises:
        ScopecliError: the model cannot be read again, or the target cannot be written.
    """
    try:
        with staging:
            rewriting.write(prepared.parts, prepared.plan.renaming, out, staging)
            paths = staging.paths
            staging.commit()
    except ScopecliError as error:
        error.path = error.path or out
        raise
    return paths


def rename(  # noqa: PLR0913 - a call for people; all but three are options by name
    path: str | os.PathLike[str],
    out: str | os.PathLike[str] | None,
    rules: str | Mapping[str, str] | Iterable[str | Rule],
    *,
    with_slots: bool = True,
    allow_unmatched: bool = False,
    with_graph: bool = True,
    force: bool = False,
    backup: str = "",
    data: DataMode = "copy",
    dry_run: bool = False,
) -> Plan:
    """Write a model again with other names; the data stay as they are.

    Args:
        path: as for `load`.
        out: where the renamed model goes; None replaces the input.
        rules: old name to new name, a scope ending in the separator (`{"encoder/":
            "bert/encoder/"}`); or one rule, or several in order: `OLD=NEW` strings and those of
            `scopecli.analysis.rename.rules`.
        with_slots: whether slots and averages follow their variables.
        allow_unmatched: whether a rule may match nothing.
        with_graph: whether the `.meta` beside a checkpoint is renamed too.
        force: whether `out` may replace what is there.
        backup: suffix under which files that are replaced are kept.
        data: whether data files are copied, hard-linked or reflinked.
        dry_run: plan only: `out` is not looked at, and nothing is written.

    Returns:
        What was done, or would be.

    Raises:
        RefusedError: the new names cannot be; it has every reason, and nothing was written.
        ScopecliError: the model cannot be read, or the target cannot be written.
    """
    if isinstance(rules, str):
        rules = [rules]
    if hasattr(rules, "items"):
        given: list[Rule] = [Replace(old, new) for old, new in rules.items()]
    else:
        given = [replacement(rule) if isinstance(rule, str) else rule for rule in rules]
    request = Request(given, with_slots, allow_unmatched)
    prepared = prepare(os.fspath(path), request, with_graph=with_graph)
    refuse_conflicts(prepared)
    if dry_run:
        return prepared.plan
    target = None if out is None else os.fspath(out)
    place = rewriting.destination(prepared.parts, target, force=force)
    carry_out(prepared, place, Staging(data, backup=backup))
    return prepared.plan
