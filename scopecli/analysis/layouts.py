"""The names of weights in TensorFlow and PyTorch, and how each of them lays weights out.

PyTorch has a dense kernel as (out, in) and a convolution's as (out, in, *space); TensorFlow has
(in, out) and (*space, in, out).
https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
https://www.tensorflow.org/api_docs/python/tf/nn/conv2d
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

# The separators of the two, and for last parts of TensorFlow's names what PyTorch calls them.
TENSORFLOW, PYTORCH = "/", "."
PYTORCH_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "kernel": "weight",
        "embeddings": "weight",
        "gamma": "weight",
        "beta": "bias",
        "moving_mean": "running_mean",
        "moving_variance": "running_var",
    }
)

Shape = tuple[int | None, ...] | None


class Layout(NamedTuple):
    """A way to transpose a weight.

    Attributes:
        axes: for each axis of the new tensor the axis of the old one, as in `old.transpose(axes)`.
        name: for people.
    """

    axes: tuple[int, ...]
    name: str


LAYOUTS: tuple[Layout, ...] = (
    Layout((1, 0), "transposed"),
    Layout((2, 1, 0), "transposed, width last to first"),
    Layout((3, 2, 0, 1), "transposed, HWIO to OIHW"),
    Layout((2, 3, 1, 0), "transposed, OIHW to HWIO"),
    Layout((4, 3, 0, 1, 2), "transposed, DHWIO to OIDHW"),
    Layout((2, 3, 4, 1, 0), "transposed, OIDHW to DHWIO"),
)


def transposition(old: Shape, new: Shape) -> Layout | None:
    """The layout change that turns one shape into the other; None if they are equal or none does.

    The first that fits is taken: where sizes repeat, shapes cannot tell two of them apart.
    """
    if old is None or new is None or old == new or len(old) != len(new):
        return None
    for layout in LAYOUTS:
        if len(layout.axes) == len(old) and new == tuple(old[axis] for axis in layout.axes):
            return layout
    return None
