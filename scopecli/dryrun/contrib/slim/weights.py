"""The initializers of weights."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.variables.initializers import variance_scaling_initializer as variance_scaling


def xavier_initializer(uniform: bool = True, seed: Any = None, dtype: Any = "float32") -> Any:
    """Scaled by what comes in and goes out."""
    kind = "uniform" if uniform else "truncated_normal"
    return variance_scaling(1.0, "fan_avg", kind, seed)


xavier_initializer_conv2d = xavier_initializer


def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: Any = None,
    dtype: Any = "float32",
) -> Any:
    """Scaled by what comes in or goes out."""
    kind = "uniform" if uniform else "truncated_normal"
    return variance_scaling(factor, mode.lower(), kind, seed)
