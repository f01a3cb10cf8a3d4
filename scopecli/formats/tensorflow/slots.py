"""Optimizer state told by its name, where no graph or slot table says better. A guess, and said so.

TensorFlow 1 puts a slot below its variable: `dense/kernel` has `dense/kernel/Adam`, or
`train/dense/kernel/Adam` where the optimizer ran inside `variable_scope("train")`. Whatever the
name, it is a slot only where the variable that it would belong to is in the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.variable import NO_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from scopecli.formats.tensorflow.description import Description

# The last part of a slot's name, without the number that makes it unique.
_SLOT_NAMES = frozenset(
    {
        # tf.train.*Optimizer and tf.contrib.opt
        "Adadelta",
        "Adagrad",
        "AdagradAccumulator",
        "Adam",
        "AdaMax",
        "AdamW",
        "Ftrl",
        "FtrlLinear",
        "GGT",
        "LAMB",
        "LARSOptimizer",
        "LazyAdam",
        "Momentum",
        "MomentumW",
        "Nadam",
        "RMSProp",
        "SgdMomentum",
        "ShampooOptimizer",
        "Yogi",
        # TF2's optimizers written by name
        "m",
        "v",
        "vhat",
        "rms",
        "momentum",
        "accumulator",
        "accum_grad",
        "accum_var",
        # BERT's and T5's own
        "adam_m",
        "adam_v",
        "lamb_m",
        "lamb_v",
        "slot_vr",
        "slot_vc",
        "slot_v",
        "slot_m",
        "vr",
        "vc",
    }
)
# An averaged copy of the variable itself, which is what one restores to evaluate.
_AVERAGE_NAMES = frozenset({"ExponentialMovingAverage", "EMA"})

# The optimizer's own scalars, and what savers count.
_BOOKKEEPING_NAMES = frozenset(
    {
        "beta1_power",
        "beta2_power",
        "save_counter",
        "loss_scale_state",
        "current_loss_scale",
        "good_steps",
    }
)


# How many scopes an optimizer is looked for to have been made in.
_MOST_SCOPES_AROUND = 16


def describe(names: Sequence[str]) -> list[Description]:
    """Kind and owner of every name, in order."""
    known = frozenset(names)
    roles: dict[str, str] = {}  # by the last part of a name, of which there are few
    described: list[Description] = []
    for name in names:
        base, _, last = name.rpartition("/")
        role = roles.get(last)
        if role is None:
            role = roles[last] = _role(last)
        if role:
            described.append(_described(name, role, base, last, known))
        else:
            described.append((name, "variable", NO_ATTRIBUTES))
    return described


def _described(name: str, role: str, base: str, last: str, known: Container[str]) -> Description:
    """What a name with a role is, provided that what it would belong to is there."""
    if role == "bookkeeping":
        return name, "bookkeeping", NO_ATTRIBUTES
    owner = base if base in known else _owner(base, known)
    if not owner:
        return name, "variable", NO_ATTRIBUTES
    if role == "average":
        return name, "variable", {"average_of": owner, "evidence": "name pattern"}
    return name, "slot", {"slot_of": owner, "slot_name": last, "evidence": "name pattern"}


def _role(last: str) -> str:
    """What the last part of a name speaks for; a number that made it unique does not count."""
    stem, _, number = last.rpartition("_")
    for candidate in (last, stem) if number.isdecimal() else (last,):
        if candidate in _SLOT_NAMES:
            return "slot"
        if candidate in _AVERAGE_NAMES:
            return "average"
        if candidate in _BOOKKEEPING_NAMES:
            return "bookkeeping"
    return ""


def _owner(base: str, known: Container[str]) -> str:
    """The longest ending of `base` that is a known name, or nothing."""
    for _ in range(_MOST_SCOPES_AROUND):
        if base in known:
            return base
        base = base.partition("/")[2]
    return ""
