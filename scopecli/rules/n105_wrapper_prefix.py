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
    summary="All variables are below the scope of a wrapper, such as `module`.",
    why="`DataParallel`, `torch.compile` and their like put their own name before every key. The"
    " model without the wrapper then finds none of its keys, and with `strict=False` loads nothing"
    " without saying so.",
    fix="save the model inside the wrapper (`model.module.state_dict()`), or rename the keys",
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


def check(context: Context) -> Iterator[Hit]:
    """Take wrapper after wrapper off, as long as all keys are below one."""
    separator = context.model.separator
    around = ""
    while True:
        first = next(iter(context.by_path), "")
        wrapper = first[len(around) :].partition(separator)[0]
        prefix = f"{around}{wrapper}{separator}"
        if wrapper not in _WRAPPERS or not all(path.startswith(prefix) for path in context.by_path):
            break
        count = len(context.by_path)
        yield Hit(prefix[:-1], f"is what {_WRAPPERS[wrapper]} puts before all {count} names")
        around = prefix
