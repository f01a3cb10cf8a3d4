"""F705: the path is one that TensorFlow does not take."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.context import CHECKPOINTS
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="F705",
    name="wrong-path-argument",
    severity="info",
    needs="variables",
    summary="A checkpoint was named by one of its files; TensorFlow wants their common prefix.",
    why="`tf.train.list_variables` gives an empty list for an `.index`, without an error, and"
    " `bad magic number` for a `.data` file. A program that is given this path fails like that.",
    fix="give programs the prefix, without the ending of a file",
    false_alarms="Patterns match files, which is fine for scopecli and tells nothing about the"
    " program; so this is only information, and the pre-commit hook ignores it. A `.meta` is not"
    " reported, because it is opened for its graph.",
    bad="""
        path := model.ckpt-200.index
        w: float32[2]
    """,
    subjects=("",),
    good="""
        path := model.ckpt-200
        w: float32[2]
    """,
)

_SUFFIX = r"\.(index|data-[0-9]+-of-[0-9]+)$"


def check(context: Context) -> Iterator[Hit]:
    """Look at the end of the path."""
    path = context.model.path
    if context.model.format in CHECKPOINTS and os.path.basename(path) != _prefix(path):
        yield Hit("", f"TensorFlow does not open this path; the checkpoint is {_prefix(path)}")


def _prefix(path: str) -> str:
    """The name of the checkpoint that a file is part of."""
    return re.sub(_SUFFIX, "", os.path.basename(path))
