"""Device names: what a node asks for, out of the scopes around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation

_PARTS = ("job", "replica", "task", "device")
_SHORT_OF_WORDS = r"^(cpu|gpu|tpu):"
_SHORT = r"^(cpu|gpu|tpu)(?::(\d+|\*))?$"


def parsed(device: str) -> dict[str, str]:
    """The parts of a device's name.

    Raises:
        ValueError: it is no device's name.
    """
    found: dict[str, str] = {}
    for part in filter(None, device.split("/")):
        key, _, value = part.partition(":")
        if key in {"job", "replica", "task"} and value:
            found[key] = value
        elif key == "device" and value:
            kind, _, index = value.partition(":")
            found["device"] = f"{kind.upper()}:{index or '*'}"
        elif short := re.match(_SHORT, part, re.IGNORECASE):
            found["device"] = f"{short[1].upper()}:{short[2] or '*'}"
        elif re.match(_SHORT_OF_WORDS, part, re.IGNORECASE):
            raise ValueError(f"invalid literal for int() with base 10: {value!r}")
        else:
            raise ValueError(
                f"Unknown attribute '{key}' is encountered while parsing the device spec: "
                f"'{device}'."
            )
    return found


def written(parts: dict[str, str]) -> str:
    """The name with these parts."""
    return "".join(f"/{key}:{parts[key]}" for key in _PARTS if key in parts)


def merged_device(op: Operation, device: Any) -> str:
    """What a node asks for with what a scope around it adds; a function has the last word."""
    wanted = device(op) if callable(device) else device
    if wanted is None:
        return ""
    if not isinstance(wanted, str):
        if not hasattr(wanted, "to_string"):
            kind = type(wanted).__name__
            raise AttributeError(f"{kind!r} object has no attribute 'split'")
        wanted = wanted.to_string()
    if callable(device):
        return str(wanted)
    return written({**parsed(wanted), **parsed(op.device)})
