"""`tf.compat`: the engine is `tf.compat.v1`."""

from __future__ import annotations

from typing import Any


def as_str(value: Any) -> str:
    """A text, whether it is bytes or not."""
    return value.decode() if isinstance(value, bytes) else str(value)


as_text = as_str_any = as_str


def as_bytes(value: Any) -> bytes:
    """Bytes, whether they are a text or not."""
    return value if isinstance(value, bytes) else str(value).encode()


def __getattr__(name: str) -> Any:
    """Both versions are the engine."""
    from scopecli import dryrun

    if name in {"v1", "v2"}:
        return dryrun
    if name == "dimension_value":
        return dryrun.dimension_value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
