"""`tf.train`: the global step, optimizers, savers and what else a training program touches."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.opaque import opaque_attributes
from scopecli.dryrun.variables import create_global_step, get_global_step, get_or_create_global_step

__all__ = ["create_global_step", "get_global_step", "get_or_create_global_step"]
__getattr__: Any = opaque_attributes("train")
