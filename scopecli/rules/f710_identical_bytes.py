"""F710: two variables hold the same values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.analysis import constants, fingerprints
from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from scopecli.analysis.fingerprints import Fingerprint
    from scopecli.model.variable import Variable
    from scopecli.rules.context import Context

RULE = Rule(
    code="F710",
    name="identical-bytes",
    severity="info",
    needs="variables",
    summary="Two variables hold the same values, which are not all one number.",
    why="They were tied or copied when they were saved. Tied weights that are stored twice diverge"
    " in further training; a copy may be a layer that was initialised from another and never"
    " trained.",
    fix="tie them again after loading, if they are meant to be one",
    false_alarms="Zeros, ones and the like are not reported, nor are names that share their bytes"
    " in the file, as tied weights of PyTorch and TFLite do, nor one variable that a Keras 3 export"
    " keeps under two objects. Tensors of equal size with equal checksums differ only one time in"
    " four billion.",
    bad="""
        net/embed: float32[4,3] crc=77
        net/logits: float32[4,3] crc=77
    """,
    subjects=("net/logits",),
    good="""
        net/embed: float32[4,3] crc=77
        net/logits: float32[4,3] crc=78
        net/b: float32[9] holds=0
        net/c: float32[9] holds=0
        one/w: float32[4,3] crc=79 object_path=variables/0 path=one/w
        one/w: float32[4,3] crc=79 object_path=all_variables/0 path=one/w_1
    """,
)

_COMMON = (0, 1)


def check(context: Context) -> Iterator[Hit]:
    """Compare what is stored of the values, or the values where they may be read."""
    told: Fingerprint = fingerprints.stored
    if context.reads_values and not any(map(_checksum, context.own)):
        told = fingerprints.read(context.model)
    alike: dict[Hashable, list[Variable]] = {}
    for variable in context.own:
        if told is not fingerprints.stored and not context.may_read(variable):
            continue
        fingerprint = told(variable)
        if fingerprint is not None:
            alike.setdefault((fingerprint, variable.dtype, variable.shape), []).append(variable)
    for first, *rest in alike.values():
        if rest and not _is_constant(context, first):  # most equal tensors are zeros
            for variable in rest:
                if not _is_one(variable, first):
                    yield Hit(variable.name, f"holds the same values as {first.name}")


def _is_one(variable: Variable, other: Variable) -> bool:
    """Whether two entries are one variable, or the same bytes of the file."""
    if variable.name == other.name:
        return True
    one, two = variable.storage, other.storage
    if one is None or two is None or one.offset is None:
        return False
    return (one.shard, one.offset, one.length) == (two.shard, two.offset, two.length)


def _checksum(variable: Variable) -> bool:
    return variable.storage is not None and variable.storage.checksum is not None


def _is_constant(context: Context, variable: Variable) -> bool:
    """Whether all values are, or may be, a number with which many variables are initialised."""
    known = [constants.stored(variable, value) for value in _COMMON]
    if None in known and _checksum(variable):  # of a kind that does not tell
        return not context.reads_values or fingerprints.read(context.model)(variable) is None
    return any(known)
