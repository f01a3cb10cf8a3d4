"""`tf.math`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scopecli.dryrun.namespaces import places

_SPECIAL = places(
    {
        "ops.special": "bessel_i0 bessel_i0e bessel_i1 bessel_i1e ndtri erfinv xlog1py polyval"
        " multiply_no_nan reciprocal_no_nan reduce_euclidean_norm cumulative_logsumexp"
    }
)
_OF_NN = frozenset({"l2_normalize", "softmax", "log_softmax", "top_k", "in_top_k"})


def __getattr__(name: str) -> Any:
    """Most of it stands in the package itself, too."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name in _SPECIAL:
        return getattr(import_module(f"scopecli.dryrun.{_SPECIAL[name]}"), name)
    from scopecli import dryrun

    space = dryrun.nn if name in _OF_NN else dryrun
    return getattr(space, name)
