"""N105: every key starts with the name of a wrapper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.finding import Hit
from scopecli.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterator

    from scopecli.rules.context import Context

RULE = Rule(
    code="N105",
    name="wrapper-prefix",
    severity="warning",
    needs="variables",
    summary="All variables, or all of one state dict in a checkpoint, are in the scope of a"
    " wrapper, such as `module`, or a wrapper's own scope is inside names.",
    why="`DataParallel`, `torch.compile` and the like put their own name before every key. The"
    " model without the wrapper then finds none of its keys, and with `strict=False` silently loads"
    " nothing.",
    fix="save the model inside the wrapper (`model.module.state_dict()`), or take it out of the"
    r" names with `scopecli rename --regex 'module\.='`",
    false_alarms="DeepSpeed's entry `module` is fine. Names with slashes are left alone: `module`"
    " is what TensorFlow Hub calls one, and what programs call an attribute.",
    bad="""
        separator := .
        module.encoder.weight: float32[4,3]
        module.encoder.bias: float32[4]
        module.encoder._orig_mod.scale: float32[4]
    """,
    subjects=("module", "module.encoder._orig_mod"),
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
    "_checkpoint_wrapped_module": "activation checkpointing",
}
_INNER = tuple(name for name in _WRAPPERS if name.startswith("_"))  # nobody calls a layer so
_SEPARATOR = "."
_DICTIONARIES = "torch"  # the format whose files have a model's state as one entry of several
_DEEPSPEED = "ds_version"  # it writes that beside the entry `module`


def check(context: Context) -> Iterator[Hit]:
    """Look at all names, or at those of each state dict in a file of several; then inside names."""
    model = context.model
    if model.separator != _SEPARATOR:
        return
    states: dict[str, list[str]] = {}
    for path in context.by_path:
        states.setdefault(path.partition(_SEPARATOR)[0], []).append(path)
    found: list[Hit] = []
    if len(states) == 1 and states.keys() & _WRAPPERS.keys() and _DEEPSPEED not in model.metadata:
        found += _around(list(context.by_path), "")
    elif model.format == _DICTIONARIES:
        for state, paths in states.items():
            found += _around(paths, f"{state}{_SEPARATOR}")
    yield from found
    yield from _inside(context.by_path, {hit.subject.rpartition(_SEPARATOR)[2] for hit in found})


def _around(paths: list[str], around: str) -> Iterator[Hit]:
    """Take off wrapper after wrapper, as long as all names are in one."""
    while True:
        wrapper = paths[0][len(around) :].partition(_SEPARATOR)[0]
        prefix = f"{around}{wrapper}{_SEPARATOR}"
        if wrapper not in _WRAPPERS or not all(path.startswith(prefix) for path in paths):
            break
        yield Hit(prefix[:-1], f"is what {_WRAPPERS[wrapper]} puts before all {len(paths)} names")
        around = prefix


def _inside(paths: Collection[str], known: Container[str]) -> Iterator[Hit]:
    """Wrappers of parts of a model: the first of each, and in how many names it is."""
    for wrapper in _INNER:
        if wrapper not in known:
            part = f"{_SEPARATOR}{wrapper}{_SEPARATOR}"
            inside = [path for path in paths if part in path]
            if inside:
                subject = f"{inside[0].partition(part)[0]}{part[:-1]}"
                words = (
                    f"is what {_WRAPPERS[wrapper]} puts into names, {len(inside)} of {len(paths)}"
                )
                yield Hit(subject, words)
