"""`slim.utils`: names of outputs, and small helpers that networks use.

https://github.com/google-research/tf-slim/blob/master/tf_slim/layers/utils.py
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scopecli.dryrun.graph.scopes import add_to_collections, get_collection, get_collection_ref
from scopecli.dryrun.layers.base import static_flag as constant_value
from scopecli.dryrun.layers.base import when as smart_cond
from scopecli.dryrun.values.shapes import TensorShape

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

__all__ = ["constant_value", "smart_cond"]

_aliases: WeakKeyDictionary[Tensor, list[str]] = WeakKeyDictionary()


def append_tensor_alias(tensor: Tensor, alias: str) -> Tensor:
    """Give a tensor another name."""
    _aliases.setdefault(tensor, []).append(alias.removesuffix("/"))
    return tensor


def get_tensor_aliases(tensor: Tensor) -> list[str]:
    """The other names of a tensor; its own where there are none."""
    if tensor in _aliases:
        return _aliases[tensor]
    name = tensor.name
    return [name.removesuffix(":0") if name.endswith(":0") else name]


def collect_named_outputs(collections: Any, alias: str, outputs: Tensor) -> Tensor:
    """Put a tensor into collections under another name."""
    if collections:
        append_tensor_alias(outputs, alias)
        add_to_collections(collections, outputs)
    return outputs


def convert_collection_to_dict(
    collection: str, clear_collection: bool = False
) -> OrderedDict[str, Any]:
    """The members of a collection by their other names."""
    found = OrderedDict(
        (alias, tensor)
        for tensor in get_collection(collection)
        for alias in get_tensor_aliases(tensor)
    )
    if clear_collection:
        del get_collection_ref(collection)[:]
    return found


def get_variable_collections(variables_collections: Any, name: str) -> Any:
    """The collections for one kind of variables."""
    if isinstance(variables_collections, dict):
        return variables_collections.get(name)
    return variables_collections


def static_cond(pred: Any, fn1: Any, fn2: Any) -> Any:
    """One or the other, at once."""
    return fn1() if pred else fn2()


def _dimension(shape: Any, axis: int, min_rank: int) -> Any:
    dims = shape if isinstance(shape, TensorShape) else TensorShape(shape)
    if dims.rank is None:
        raise ValueError("dims of shape must be known but is None")
    if dims.rank < min_rank:
        raise ValueError(f"rank of shape must be at least {min_rank} not: {dims.rank}")
    return dims[axis].value


def last_dimension(shape: Any, min_rank: int = 1) -> Any:
    """The size of the last axis."""
    return _dimension(shape, -1, min_rank)


def first_dimension(shape: Any, min_rank: int = 1) -> Any:
    """The size of the first axis."""
    return _dimension(shape, 0, min_rank)


def channel_dimension(shape: Any, data_format: str, min_rank: int = 1) -> Any:
    """The number of channels."""
    return _dimension(shape, 1 if data_format == "NCHW" else -1, min_rank)


def two_element_tuple(value: Any) -> tuple[int, int]:
    """A number for each of two axes."""
    first, second = value if isinstance(value, (list, tuple)) else (value, value)
    return int(first), int(second)


def n_positive_integers(n: int, value: Any) -> tuple[int, ...]:
    """A number for each axis."""
    return tuple(value) if isinstance(value, (list, tuple)) else (int(value),) * n
