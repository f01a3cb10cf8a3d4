"""`tf.print`: a node that prints when the graph runs.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/logging_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.values.structures import flattened

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Operation


def print(*inputs: Any, name: str | None = None, **_: Any) -> Operation:
    """A node that prints tensors and texts."""
    if len(inputs) == 1 and isinstance(inputs[0], Tensor) and _is_text(inputs[0]):
        return apply_op("PrintV2", inputs[0], name=name)
    tensors = [
        convert_to_tensor(leaf)
        for leaf in flattened(list(inputs))
        if isinstance(leaf, Tensor) or hasattr(leaf, "_as_tensor")
    ]
    return apply_op("PrintV2", apply("StringFormat", tensors), name=name)


def _is_text(tensor: Tensor) -> bool:
    return tensor.dtype.name == "string" and tensor.dims == ()
