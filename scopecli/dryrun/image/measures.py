"""What is found in images: boxes, differences of pixels, windows; parts of `tf.image`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/image_ops_impl.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, reshape, shape, stack, unstack
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.ops.reductions import reduce_sum


def non_max_suppression(
    boxes: Any,
    scores: Any,
    max_output_size: Any,
    iou_threshold: Any = 0.5,
    score_threshold: Any = float("-inf"),
    name: str | None = None,
) -> Any:
    """The numbers of the boxes that no better box covers."""
    with name_scope(name, "non_max_suppression"):
        overlap = convert_to_tensor(iou_threshold, name="iou_threshold")
        least = convert_to_tensor(score_threshold, name="score_threshold")
        return apply("NonMaxSuppressionV3", boxes, scores, max_output_size, overlap, least)


def sample_distorted_bounding_box(
    image_size: Any,
    bounding_boxes: Any,
    seed: Any = None,
    seed2: Any = None,
    min_object_covered: Any = 0.1,
    aspect_ratio_range: Any = None,
    area_range: Any = None,
    max_attempts: Any = None,
    use_image_if_no_bounding_boxes: Any = None,
    name: str | None = None,
) -> tuple[Any, ...]:
    """A random part of an image: where it begins, how large it is, and its box."""
    with name_scope(name, "sample_distorted_bounding_box"):
        type_ = "SampleDistortedBoundingBoxV2"
        return tuple(
            apply_op(type_, image_size, bounding_boxes, min_object_covered, name=name).outputs
        )


def draw_bounding_boxes(
    images: Any, boxes: Any, name: str | None = None, colors: Any = None
) -> Any:
    """Images with boxes drawn into them."""
    if colors is None:
        return apply("DrawBoundingBoxes", images, boxes, name=name)
    return apply("DrawBoundingBoxesV2", images, boxes, colors, name=name)


def total_variation(images: Any, name: str | None = None) -> Any:
    """How much pixels differ from those beside them.

    Raises:
        ValueError: these are no images.
    """
    with name_scope(name, "total_variation"):
        axes = images.shape.rank
        if axes not in {3, 4}:
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        differences = [_difference(images, axis, axes) for axis in (axes - 3, axes - 2)]
        summed = None if axes == 3 else [1, 2, 3]
        down, across = (reduce_sum(apply("Abs", found), axis=summed) for found in differences)
        return down + across


def _difference(images: Any, axis: int, axes: int) -> Any:
    """Each pixel less the one before it along an axis."""
    before: list[Any] = [slice(None)] * axes
    after = list(before)
    after[axis], before[axis] = slice(1, None), slice(None, -1)
    return images[tuple(after)] - images[tuple(before)]


def image_gradients(image: Any) -> tuple[Any, Any]:
    """The differences of pixels along both axes.

    Raises:
        ValueError: these are no images.
    """
    if image.shape.rank != 4:
        raise ValueError(
            f"image_gradients expects a 4D tensor [batch_size, h, w, d], not {image.shape}."
        )
    whole = shape(image)
    batch, height, width, depth = unstack(whole)
    differences = _difference(image, 1, 4), _difference(image, 2, 4)
    edges = [batch, 1, width, depth], [batch, height, 1, depth]
    found = []
    for axis, (difference, edge) in enumerate(zip(differences, edges, strict=True), 1):
        filled = concat([difference, zeros(stack(edge), image.dtype)], axis)
        found.append(reshape(filled, whole))
    return found[0], found[1]


def extract_image_patches(
    images: Any,
    ksizes: Any = None,
    strides: Any = None,
    rates: Any = None,
    padding: Any = None,
    name: str | None = None,
    sizes: Any = None,
) -> Any:
    """The elements of each window."""
    wanted = {
        "ksizes": ksizes if sizes is None else sizes,
        "strides": strides,
        "rates": rates,
        "padding": padding,
    }
    return apply("ExtractImagePatches", images, name=name, **wanted)
