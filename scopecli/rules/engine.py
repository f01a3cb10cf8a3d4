"""Runs rules over a model.

`validate` is the public call; the command line uses the same pieces, a file at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import DamagedFileError
from scopecli.model.finding import SEVERITIES, Finding
from scopecli.model.model import Model
from scopecli.model.names import natural_key, scope_of
from scopecli.rules import damage, registry
from scopecli.rules.context import Context
from scopecli.rules.selection import ALL, Selection, parse

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from scopecli.rules.rule import Need, Rule

# Whether what a rule needs is there. A damaged file has nothing but its damage.
NEEDS: Mapping[Need, Callable[[Context], bool]] = {
    "file": lambda _: True,
    "variables": lambda context: context.damage is None,
    "layers": lambda context: bool(context.model.layers),
    "graph": lambda context: context.model.graph is not None,
    "training": lambda context: context.model.graph is not None and context.training.exists,
    "values": lambda context: context.reads_values and context.model.tensors is not None,
    "together": lambda context: bool(context.together) and context.damage is None,
    "reference": lambda context: context.reference is not None and context.damage is None,
    "restore": lambda context: context.restoration is not None,
    "damage": lambda context: context.damage is not None,
}


def validate(
    model: Model | str | os.PathLike[str],
    *,
    select: Iterable[str] = (ALL,),
    ignore: Iterable[str] = (),
    values: bool = False,
    against: Model | str | os.PathLike[str] | None = None,
) -> list[Finding]:
    """Check a saved model with the lint rules.

    Args:
        model: a model that `load` gave, or what `load` takes.
        select: codes of rules, or beginnings of codes; `ALL` for every rule.
        ignore: codes, or beginnings of codes, to leave out of those.
        values: whether to read tensors too, for the rules about numbers.
        against: the reference that the model should be like: another model, or a path to one.

    Returns:
        The findings, the worst first. A file that is too damaged to be opened is one finding.

    Raises:
        ScopecliError: there is no model at the path, or no rule with such a code.
    """
    from scopecli.formats.opening import load, survey

    reference = against if isinstance(against, Model) or against is None else load(against)
    selection = Selection(parse(select), parse(ignore))
    try:
        opened = model if isinstance(model, Model) else survey(model)._replace(path=str(model))
        context = Context(opened, reference=reference, reads_values=values)
    except DamagedFileError as error:
        context = damage.context(str(model), error)
    return findings(context, selection.codes(context.model.path))


def findings(context: Context, codes: Container[str]) -> list[Finding]:
    """The findings of the rules with these codes in a model, the worst first.

    Raises:
        ScopecliError: the file is damaged, and no chosen rule reports it.
    """
    found: list[Finding] = []
    try:
        for code in registry.names():
            if code in codes:
                found += _of_rule(code, context)
    except DamagedFileError as error:
        context = damage.context(context.model.path, error)
        return findings(context, codes)
    if context.damage is not None and not found:
        raise context.damage
    return sorted(found, key=_order)


def _of_rule(code: str, context: Context) -> Iterator[Finding]:
    module = registry.module(code)
    rule = module.RULE
    if NEEDS[rule.needs](context):
        for hit in module.check(context):
            yield finding(rule, context.model, hit.subject, hit.message)


def finding(rule: Rule, model: Model, subject: str, message: str) -> Finding:
    """The finding of a rule about a subject in a model."""
    scope = scope_of(subject, model.separator)
    return Finding(
        rule.code, rule.name, rule.severity, model.path, scope, subject, message, rule.fix
    )


def _order(found: Finding) -> tuple[object, ...]:
    subject = natural_key(found.scope), natural_key(found.subject)
    return SEVERITIES.index(found.severity), found.code, subject
