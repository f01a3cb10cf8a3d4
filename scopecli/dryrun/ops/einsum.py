"""`tf.einsum`: sums of products, written with a letter for each axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import convert_to_tensor

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def einsum(equation: str, *inputs: Any, **options: Any) -> Tensor:
    """Sums of products of tensors.

    Raises:
        ValueError: the shapes do not go with the equation.
    """
    with name_scope(options.pop("name", None), "einsum", list(inputs)):
        tensors: list[Tensor] = []
        for value in inputs:
            kind = tensors[0].dtype if tensors else None
            tensors.append(convert_to_tensor(value, kind))
        dims = _dims(equation.replace(" ", ""), tensors)
        graph = get_default_graph()
        outputs = [(tensors[0].dtype.base_dtype, dims)]
        return graph.add("Einsum", graph.unique_name("Einsum"), tensors, outputs, {}).outputs[0]


def _dims(equation: str, tensors: list[Tensor]) -> tuple[int | None, ...] | None:
    """The shape of the result; None where it is not to be told."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    sizes: dict[str, int | None] = {}
    if "..." in left:
        return None
    for term, tensor in zip(terms, tensors, strict=False):
        if tensor.dims is None:
            continue
        if len(term) != len(tensor.dims):
            raise ValueError(f"Shape must be rank {len(term)} but is rank {len(tensor.dims)}")
        for letter, size in zip(term, tensor.dims, strict=True):
            known = sizes.get(letter)
            if known is not None and size is not None and known != size:
                raise ValueError(f"Dimensions must be equal, but are {known} and {size}")
            sizes[letter] = size if known is None else known
    if not arrow:
        letters = left.replace(",", "")
        right = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    return tuple(sizes.get(letter) for letter in right)
