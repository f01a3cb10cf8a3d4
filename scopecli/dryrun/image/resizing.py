"""Images of another size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import expand_dims, squeeze

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


class ResizeMethod:
    """How pixels are made out of others."""

    BILINEAR, NEAREST_NEIGHBOR, BICUBIC, AREA = 0, 1, 2, 3


_METHODS = {
    0: "ResizeBilinear",
    1: "ResizeNearestNeighbor",
    2: "ResizeBicubic",
    3: "ResizeArea",
    "bilinear": "ResizeBilinear",
    "nearest": "ResizeNearestNeighbor",
    "bicubic": "ResizeBicubic",
    "area": "ResizeArea",
}


def resize_images(
    images: Any,
    size: Any,
    method: Any = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Tensor:
    """Images of another size.

    Raises:
        ValueError: they are no images, or there is no such method.
    """
    with name_scope(name, "resize", [images, size]):
        images = convert_to_tensor(images, name="images")
        rank = images.shape.rank
        if rank is None:
            raise ValueError("'images' contains no shape.")
        if rank not in {3, 4}:
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        if rank == 3:
            images = expand_dims(images, 0)
        size = convert_to_tensor(size, "int32", name="size")
        if method not in _METHODS:
            raise ValueError("Resize method is not implemented.")
        found = apply(_METHODS[method], images, size)
        return squeeze(found, axis=[0]) if rank == 3 else found


resize = resize_images
