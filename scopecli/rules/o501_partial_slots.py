"""O501: an optimizer has state for one variable and not for the one beside it."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.model.names import leaf_of
from scopecli.rules.context import CHECKPOINTS
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scopecli.model.variable import Variable
    from scopecli.rules.context import Context

RULE = Rule(
    code="O501",
    name="partial-slots",
    severity="warning",
    needs="variables",
    summary="A variable has fewer optimizer slots than those beside it.",
    why="Restoring into the training graph fails because the key is not found, or the slot starts"
    " from zero. Scripts that rename variables and forget their slots leave such files.",
    fix="rename the slots with their variables, or leave all of them out",
    false_alarms="A variable that is frozen while those beside it are trained has no slots"
    " either. If the file does not say what is trained, scalars, integers and moving averages are"
    " assumed not to be, and neither is a weight beside its adapters (`lora_...`).",
    bad="""
        net/w: float32[4,3]
        net/w/Adam: float32[4,3] slot slot_of=net/w slot_name=Adam
        net/w/Adam_1: float32[4,3] slot slot_of=net/w slot_name=Adam_1
        net/b: float32[3]
        net/b/Adam: float32[3] slot slot_of=net/b slot_name=Adam
        net/v: float32[3]
    """,
    subjects=("net/b", "net/v"),
    good="""
        net/w: float32[4,3]
        net/w/Adam: float32[4,3] slot slot_of=net/w slot_name=Adam
        net/w/Adam_1: float32[4,3] slot slot_of=net/w slot_name=Adam_1
        net/mean: float32[3] untrainable
        frozen/w: float32[4,3]
        q/kernel: float32[4,3]
        q/lora_a: float32[4,1]
        q/lora_a/Adam: float32[4,1] slot slot_of=q/lora_a slot_name=Adam
        q/lora_a/Adam_1: float32[4,1] slot slot_of=q/lora_a slot_name=Adam_1
    """,
)

_NONE: frozenset[str] = frozenset()
_NODE = "graph_variable"  # the attribute with the variable's name in the graph
_FLOATS = ("bfloat", "float")
_ADAPTER = "lora_"
_NEVER_TRAINED = frozenset(
    {"biased", "local_step", "moving_mean", "moving_var", "moving_variance", "num_batches_tracked"}
)


def check(context: Context) -> Iterator[Hit]:
    """Compare the slots of the variables of each scope, and with those of the graph."""
    slots: dict[object, set[str]] = {}
    for variable in context.model.variables:
        if variable.kind == "slot" and "slot_name" in variable.attributes:
            owner = variable.attributes.get("slot_of")
            slots.setdefault(owner, set()).add(str(variable.attributes["slot_name"]))
    if slots:
        hits = [*_of_scopes(context, slots), *_of_graph(context, slots)]
        yield from {hit.subject: hit for hit in reversed(hits)}.values()


def _of_scopes(context: Context, slots: Mapping[object, set[str]]) -> Iterator[Hit]:
    usual = _usual(slots.values())
    names = Counter(variable.name for variable in context.own)
    for beside in context.scopes.values():
        owned = [slots.get(variable.key, _NONE) for variable in beside]
        around = _NONE.union(*owned)
        expected = around.union(*(usual[name] for name in around))
        is_adapted = any(_ADAPTER in variable.name for variable in beside)
        for variable, own in zip(beside, owned, strict=True):
            if own == expected:
                continue
            missing = around.union(*(usual[name] for name in own)) - own
            if names[variable.name] > 1 or (is_adapted and _ADAPTER not in variable.name):
                continue  # nothing says whose of them a slot is; only adapters are trained
            if missing and _is_trained(context, variable):
                words = " and no ".join(sorted(missing))
                where = "those beside it have" if missing <= around else "most others have"
                yield Hit(variable.name, f"has no {words}, as {where}")


def _of_graph(context: Context, slots: Mapping[object, set[str]]) -> Iterator[Hit]:
    """Slots that the graph has for a variable, but the checkpoint only for others."""
    if context.model.format not in CHECKPOINTS:
        return
    own: dict[object, Variable] = {variable.key: variable for variable in context.own}
    own |= {variable.attributes.get(_NODE, variable.key): variable for variable in context.own}
    kept = _NONE.union(*slots.values())
    missing: dict[str, set[str]] = {}
    for slot in context.graph_variables.values():
        name, node = slot.attributes.get("slot_name"), slot.attributes.get("slot_of")
        if slot.kind == "slot" and name in kept:
            part = context.graph_variables.get(str(node))
            whole = part.attributes.get("partition_of", node) if part is not None else node
            variable = own.get(whole)
            if variable is not None and name not in slots.get(variable.key, _NONE):
                missing.setdefault(variable.name, set()).add(str(name))
    for subject, names in missing.items():
        yield Hit(subject, f"has no {' and no '.join(sorted(names))}, which its graph has")


def _usual(found: Iterable[set[str]]) -> Mapping[str, set[str]]:
    """For each slot, the slots that more than half of the variables with it have, too."""
    alike = Counter(map(frozenset, found))
    together: Counter[tuple[str, str]] = Counter()
    for names, count in alike.items():
        together.update(dict.fromkeys(product(names, names), count))
    usual: dict[str, set[str]] = {}
    for (one, other), count in together.items():
        if 2 * count > together[one, one]:
            usual.setdefault(one, set()).add(other)
    return usual


def _is_trained(context: Context, variable: Variable) -> bool:
    """Whether an optimizer updates a variable; without a graph, whether one may."""
    if context.model.graph is not None and context.training.exists:
        node = variable.attributes.get(_NODE, variable.key)
        return node in context.training.updated
    return (
        variable.trainable is not False
        and variable.shape != ()
        and variable.dtype.startswith(_FLOATS)
        and leaf_of(variable.name, context.model.separator) not in _NEVER_TRAINED
    )
