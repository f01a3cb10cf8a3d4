"""N105: every key starts with the name of a wrapper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="N105",
    name="wrapper-prefix",
    severity="warning",
    needs="variables",
    summary="All variables, or all of one state dict in a checkpoint, are in the scope of a"
    " wrapper, such as `module`.",
    why="`DataParallel`, `torch.compile` and the like put their own name before every key. The"
    " model without the wrapper then finds none of its keys, and with `strict=False` silently loads"
    " nothing.",
    fix="save the model inside the wrapper (`model.module.state_dict()`), or rename the keys",
    false_alarms="Names with slashes are left alone: `module` is what TensorFlow Hub calls one, and"
    " what programs call an attribute.",
    bad="""
        separator := .
        module.encoder.weight: float32[4,3]
        module.encoder.bias: float32[4]
    """,
    subjects=("module",),
    good="""
        separator := .
        encoder.weight: float32[4,3]
        module.bias: float32[4]
    """,
)

_WRAPPERS = {
    "module": "torch.nn.DataParallel",
    "_orig_mod": "torch.compile",
    "_forward_module": "DeepSpeed or Lightning",
    "_fsdp_wrapped_module": "FSDP",
}
_SEPARATOR = "."
_DICTIONARIES = "torch"  # the format whose files have a model's state as one entry of several


def check(context: Context) -> Iterator[Hit]:
    """Look at all names, or at those of each state dict in a file of several."""
    separator = context.model.separator
    if separator != _SEPARATOR:
        return
    states: dict[str, list[str]] = {}
    for path in context.by_path:
        states.setdefault(path.partition(separator)[0], []).append(path)
    if len(states) == 1 and not _WRAPPERS.keys().isdisjoint(states):
        yield from _around(list(context.by_path), "", separator)
    elif context.model.format == _DICTIONARIES:
        for state, paths in states.items():
            yield from _around(paths, f"{state}{separator}", separator)


def _around(paths: list[str], around: str, separator: str) -> Iterator[Hit]:
    """Take off wrapper after wrapper, as long as all names are in one."""
    while True:
        wrapper = paths[0][len(around) :].partition(separator)[0]
        prefix = f"{around}{wrapper}{separator}"
        if wrapper not in _WRAPPERS or not all(path.startswith(prefix) for path in paths):
            break
        yield Hit(prefix[:-1], f"is what {_WRAPPERS[wrapper]} puts before all {len(paths)} names")
        around = prefix
