"""Parts of images, and images with zeros around them: parts of `tf.image`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/image_ops_impl.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.nodes import Tensor
from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import expand_dims, rank, reshape, shape, squeeze, stack, unstack
from scopecli.dryrun.ops.checks import assert_greater_equal, assert_positive
from scopecli.dryrun.ops.control_flow.asserting import Assert
from scopecli.dryrun.ops.grouping import with_dependencies
from scopecli.dryrun.ops.indexing import slice


def at_least_3d(image: Any) -> list[Any]:
    """The assertions that something is an image, where that is not known.

    Raises:
        ValueError: it is none.
    """
    dims = image.dims
    if dims is not None and len(dims) < 3:
        raise ValueError(f"'image' (shape {image.shape}) must be at least three-dimensional.")
    if dims is not None and None not in dims[-3:]:
        return []
    words = "inner 3 dims of 'image.shape' must be > 0."
    sizes = assert_positive(shape(image)[-3:], [words])
    words = "'image' must be at least three-dimensional."
    return [sizes, assert_greater_equal(rank(image), 3, message=words)]


def checked_image(image: Any) -> Any:
    """An image, after the assertions that it is one."""
    image = convert_to_tensor(image, name="image")
    return with_dependencies(at_least_3d(image), image)


def central_crop(image: Any, central_fraction: float) -> Any:
    """The middle of images.

    Raises:
        ValueError: there is no such part, or these are no images.
    """
    with name_scope(None, "central_crop", [image]):
        image = convert_to_tensor(image, name="image")
        if not 0.0 < central_fraction <= 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        if central_fraction == 1.0:
            return image
        checked_image(image)
        axes = image.shape.rank
        if axes not in {3, 4}:
            raise ValueError(
                f"`image` should either be a Tensor with rank = 3 or rank = 4. Had rank = {axes}."
            )
        outer = axes - 3
        known = image.dims[outer : outer + 2]
        wholes = [
            shape(image)[axis] if size is None else size for axis, size in enumerate(known, outer)
        ]
        starts = [_margin(whole, central_fraction) for whole in wholes]
        extents = [whole - start * 2 for whole, start in zip(wholes, starts, strict=True)]
        begin = stack([*[0] * outer, *starts, 0])
        found = slice(image, begin, stack([*[-1] * outer, *extents, -1]))
        found.set_shape([*image.dims[:outer], *_static(*extents), image.dims[-1]])
        return found


def _margin(whole: Any, fraction: float) -> Any:
    """What is cut off before a part in the middle."""
    if not isinstance(whole, Tensor):
        return int((whole - whole * fraction) / 2)
    wide: Any = cast(whole, "float64")
    return cast((wide - wide * cast(fraction, "float64")) / 2, "int32")


def crop_and_resize(
    image: Any,
    boxes: Any,
    box_ind: Any = None,
    crop_size: Any = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: Any = None,
) -> Any:
    """Boxes of images, all made the same size."""
    which = box_ind if box_indices is None else box_indices
    return apply("CropAndResize", image, boxes, which, crop_size, name=name)


def _batch(image: Any) -> tuple[Any, bool]:
    """A batch of images, and whether it was one.

    Raises:
        ValueError: it is neither.
    """
    axes = image.shape.rank
    if axes == 4:
        return image, True
    if axes not in {3, None}:
        raise ValueError(f"'image' (shape {image.shape}) must have either 3 or 4 dimensions.")
    image = expand_dims(image, 0)
    if axes is None:
        image.set_shape([None] * 4)
    return image, False


def _sizes(image: Any) -> list[Any]:
    """The sizes of the axes; tensors where they are not known."""
    if image.shape.is_fully_defined():
        return list(image.dims)
    fed = unstack(shape(image), 4)
    return [fed[axis] if size is None else size for axis, size in enumerate(image.dims)]


def _holds(condition: Any, words: str) -> list[Any]:
    if isinstance(condition, Tensor):
        return [Assert(condition, [words])]
    if not condition:
        raise ValueError(words)
    return []


def _static(*sizes: Any) -> list[Any]:
    return [None if isinstance(size, Tensor) else size for size in sizes]


def crop_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """The part of images in a box."""
    with name_scope(None, "crop_to_bounding_box", [image]):
        image, many = _batch(convert_to_tensor(image, name="image"))
        checks = at_least_3d(image)
        batch, height, width, depth = _sizes(image)
        checks += _holds(offset_width >= 0, "offset_width must be >= 0.")
        checks += _holds(offset_height >= 0, "offset_height must be >= 0.")
        checks += _holds(target_width > 0, "target_width must be > 0.")
        checks += _holds(target_height > 0, "target_height must be > 0.")
        words = "must be >= target + offset."
        checks += _holds(width >= target_width + offset_width, f"width {words}")
        checks += _holds(height >= target_height + offset_height, f"height {words}")
        image = with_dependencies(checks, image)
        begin = stack([0, offset_height, offset_width, 0])
        first, last = shape(image)[0], shape(image)[3]
        found = slice(image, begin, stack([first, target_height, target_width, last]))
        found.set_shape(_static(batch, target_height, target_width, depth))
        return found if many else squeeze(found, axis=[0])


def pad_to_bounding_box(
    image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any
) -> Any:
    """Images with zeros around them."""
    with name_scope(None, "pad_to_bounding_box", [image]):
        image, many = _batch(convert_to_tensor(image, name="image"))
        batch, height, width, depth = _sizes(image)
        right = target_width - offset_width - width
        below = target_height - offset_height - height
        checks = at_least_3d(image)
        checks += _holds(offset_height >= 0, "offset_height must be >= 0")
        checks += _holds(offset_width >= 0, "offset_width must be >= 0")
        checks += _holds(right >= 0, "width must be <= target - offset")
        checks += _holds(below >= 0, "height must be <= target - offset")
        image = with_dependencies(checks, image)
        around = stack([0, 0, offset_height, below, offset_width, right, 0, 0])
        found = apply("Pad", image, reshape(around, [4, 2]))
        found.set_shape(_static(batch, target_height, target_width, depth))
        return found if many else squeeze(found, axis=[0])


def _larger(x: Any, y: Any) -> Any:
    fed = isinstance(x, Tensor) or isinstance(y, Tensor)
    return apply("Maximum", x, y) if fed else max(x, y)


def _smaller(x: Any, y: Any) -> Any:
    fed = isinstance(x, Tensor) or isinstance(y, Tensor)
    return apply("Minimum", x, y) if fed else min(x, y)


def _same(x: Any, y: Any) -> Any:
    fed = isinstance(x, Tensor) or isinstance(y, Tensor)
    return apply("Equal", x, y) if fed else x == y


def resize_image_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """Images cut off or with zeros around them."""
    with name_scope(None, "resize_image_with_crop_or_pad", [image]):
        image, many = _batch(convert_to_tensor(image, name="image"))
        checks = at_least_3d(image)
        checks += _holds(target_width > 0, "target_width must be > 0.")
        checks += _holds(target_height > 0, "target_height must be > 0.")
        image = with_dependencies(checks, image)
        _, height, width, _ = _sizes(image)
        wider = target_width - width
        left_cut, left_pad = _larger(-wider // 2, 0), _larger(wider // 2, 0)
        higher = target_height - height
        top_cut, top_pad = _larger(-higher // 2, 0), _larger(higher // 2, 0)
        kept = _smaller(target_height, height), _smaller(target_width, width)
        cut = crop_to_bounding_box(image, top_cut, left_cut, *kept)
        found = pad_to_bounding_box(cut, top_pad, left_pad, target_height, target_width)
        _, height, width, _ = _sizes(found)
        checks = _holds(_same(height, target_height), "resized height is not correct.")
        checks += _holds(_same(width, target_width), "resized width is not correct.")
        found = with_dependencies(checks, found)
        return found if many else squeeze(found, axis=[0])


resize_with_crop_or_pad = resize_image_with_crop_or_pad
