"""Optimizer state told by its name, where no graph or slot table says better. A guess, and said so.

TensorFlow 1 puts a slot below its variable: `dense/kernel` has `dense/kernel/Adam`, or
`train/dense/kernel/Adam` where the optimizer ran inside `variable_scope("train")`. Whatever the
name, it is a slot only where the variable that it would belong to is in the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from scopecli.formats.tf_description import Description

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable

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
_AVERAGES = frozenset({"ExponentialMovingAverage", "EMA"})

# The optimizer's own scalars, and what savers count.
_BOOKKEEPING = re.compile(
    r"(?:.*/)?(?:beta[12]_power(?:_\d+)?|save_counter|_CHECKPOINTABLE_OBJECT_GRAPH"
    r"|loss_scale_state|current_loss_scale|good_steps)"
)
_BOOKKEEPING_WORDS = ("_power", "save_counter", "_OBJECT_GRAPH", "loss_scale", "good_steps")
_NUMBERED = re.compile(r"(.+?)_\d+")


def describe(names: Collection[str]) -> dict[str, Description]:
    """Kind and owner of every name that is more than a plain variable."""
    found = {name: Description(name, "bookkeeping") for name in names if _is_bookkeeping(name)}
    for guess in _guess_slots(names, frozenset(names)):
        if guess.stem in _AVERAGES:
            attributes = {"average_of": guess.owner, "evidence": "name pattern"}
            found[guess.name] = Description(guess.name, "variable", attributes)
        else:
            slot_name = guess.name.rpartition("/")[2]
            attributes = {
                "slot_of": guess.owner,
                "slot_name": slot_name,
                "evidence": "name pattern",
            }
            found[guess.name] = Description(guess.name, "slot", attributes)
    return found


class _Guess(NamedTuple):
    """A name that looks like a slot, the stem that made it look so, and the variable's name."""

    name: str
    stem: str
    owner: str


def _guess_slots(names: Iterable[str], known: Container[str]) -> Iterable[_Guess]:
    for name in names:
        base, _, last = name.rpartition("/")
        if not base:
            continue
        stem = _stem(last)
        if stem in _SLOT_NAMES or stem in _AVERAGES:
            owner = _owner(base, known)
            if owner:
                yield _Guess(name, stem, owner)


def _stem(last: str) -> str:
    """The last part of a name without the number that made it unique."""
    if not last[-1:].isdigit() or last in _SLOT_NAMES:
        return last
    match = _NUMBERED.fullmatch(last)
    return match[1] if match else last


def _owner(base: str, known: Container[str]) -> str:
    """The longest ending of `base` that is a known name, or nothing."""
    while base:
        if base in known:
            return base
        base = base.partition("/")[2]
    return ""


def _is_bookkeeping(name: str) -> bool:
    # The words first: the pattern costs ten times as much, and nearly every name fails it.
    if not any(word in name for word in _BOOKKEEPING_WORDS):
        return False
    return _BOOKKEEPING.fullmatch(name) is not None
