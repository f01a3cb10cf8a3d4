"""`tf.image`: images of another size, and names of what else is done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import expand_dims, squeeze

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

_MODULES = {
    "image_boxes": "crop_to_bounding_box pad_to_bounding_box resize_image_with_crop_or_pad"
    " resize_with_crop_or_pad central_crop crop_and_resize",
    "image_changes": "convert_image_dtype flip_left_right flip_up_down random_flip_left_right"
    " random_flip_up_down transpose_image adjust_brightness adjust_contrast adjust_saturation"
    " adjust_hue random_brightness random_contrast random_saturation random_hue"
    " per_image_standardization rgb_to_grayscale grayscale_to_rgb",
    "image_measures": "non_max_suppression sample_distorted_bounding_box draw_bounding_boxes"
    " total_variation image_gradients extract_image_patches",
}
__getattr__ = attributes(__name__, _MODULES)


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
