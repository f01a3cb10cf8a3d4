"""What augmentation does to images: parts of `tf.image`, with the nodes that each makes.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/image_ops_impl.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.image.boxes import checked_image
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import add, cast, divide, floordiv, saturate_cast
from scopecli.dryrun.ops.arrays import (
    concat,
    expand_dims,
    identity,
    rank,
    reshape,
    shape,
    transpose,
)
from scopecli.dryrun.ops.control_flow.conditionals import cond
from scopecli.dryrun.ops.filled import ones
from scopecli.dryrun.ops.products import tensordot
from scopecli.dryrun.ops.reductions import reduce_mean, reduce_prod, reduce_std
from scopecli.dryrun.random import random_uniform
from scopecli.dryrun.values.dtypes import as_dtype, float32

_AXES = [-1, -2, -3]


def convert_image_dtype(
    image: Any, dtype: Any, saturate: bool = False, name: str | None = None
) -> Any:
    """Another type, and values in its usual bounds."""
    image = convert_to_tensor(image, name="image")
    kind, own = as_dtype(dtype), image.dtype.base_dtype
    if kind == own:
        return identity(image, name)
    narrowed = saturate_cast if saturate else cast
    with name_scope(name, "convert_image") as scope:
        if own.is_integer and kind.is_integer:
            largest, wanted = own.max, kind.max
            if largest > wanted:
                scaled = floordiv(image, (largest + 1) // (wanted + 1))
                return narrowed(scaled, kind, name=scope)
            factor = (wanted + 1) // (largest + 1)
            return apply("Mul", narrowed(image, kind), factor, name=scope)
        if own.is_floating and kind.is_floating:
            return cast(image, kind, name=scope)
        if own.is_integer:
            return apply("Mul", cast(image, kind), 1.0 / own.max, name=scope)
        return narrowed(apply("Mul", image, kind.max + 0.5), kind, name=scope)


def _flip(axis: int, name: str) -> Any:
    def flip(image: Any) -> Any:
        with name_scope(None, name, [image]):
            image = checked_image(image)
            place = axis + (image.shape.rank == 4)
            return apply("ReverseV2", image, [place])

    return flip


flip_left_right = _flip(1, "flip_left_right")
flip_up_down = _flip(0, "flip_up_down")


def _random_flip(axis: int, name: str) -> Any:
    def flip(image: Any, seed: Any = None) -> Any:
        with name_scope(None, name, [image]) as scope:
            image = checked_image(image)
            if image.shape.rank == 4:
                batch = shape(image)[0]
                chances = random_uniform([batch], 0, 1.0)
                chosen = apply("Round", reshape(chances, [batch, 1, 1, 1]))
                flips: Any = cast(chosen, image.dtype)
                flipped = apply("ReverseV2", image, [axis + 1])
                return flips * flipped + (1 - flips) * image
            mirrored = apply("Less", random_uniform([], 0, 1.0), 0.5)
            found = cond(
                mirrored, lambda: apply("ReverseV2", image, [axis]), lambda: image, name=scope
            )
            found.set_shape([None] * 3 if image.dims is None else image.dims)
            return found

    return flip


random_flip_left_right = _random_flip(1, "random_flip_left_right")
random_flip_up_down = _random_flip(0, "random_flip_up_down")


def transpose_image(image: Any, name: str | None = None) -> Any:
    """Rows and columns exchanged."""
    with name_scope(name, "transpose", [image]):
        image = checked_image(image)
        many = image.shape.rank == 4
        return transpose(image, [0, 2, 1, 3] if many else [1, 0, 2], name="transpose")


def _floating(image: Any) -> Any:
    return (
        image if image.dtype.name in {"float16", "float32"} else convert_image_dtype(image, float32)
    )


def adjust_brightness(image: Any, delta: Any) -> Any:
    """Brighter or darker."""
    with name_scope(None, "adjust_brightness", [image, delta]) as scope:
        image = convert_to_tensor(image, name="image")
        light = _floating(image)
        adjusted = add(light, cast(delta, light.dtype), name=scope)
        return convert_image_dtype(adjusted, image.dtype, saturate=True)


def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """More or less contrast."""
    with name_scope(None, "adjust_contrast", [images, contrast_factor]) as scope:
        images = convert_to_tensor(images, name="images")
        adjusted = apply("AdjustContrastv2", _floating(images), contrast_factor, name=scope)
        return convert_image_dtype(adjusted, images.dtype, saturate=True)


def _adjusting(type_: str, name: str) -> Any:
    def adjust(image: Any, amount: Any, name: str | None = None) -> Any:
        with name_scope(name, default, [image]):
            image = convert_to_tensor(image, name="image")
            return convert_image_dtype(apply(type_, _floating(image), amount), image.dtype)

    default = name
    return adjust


adjust_saturation = _adjusting("AdjustSaturation", "adjust_saturation")
adjust_hue = _adjusting("AdjustHue", "adjust_hue")


def _chance(low: Any, high: Any) -> Any:
    return random_uniform([], low, high)


def random_brightness(image: Any, max_delta: Any, seed: Any = None) -> Any:
    """Brighter or darker by chance.

    Raises:
        ValueError: the bound is negative.
    """
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, _chance(-max_delta, max_delta))


def random_contrast(image: Any, lower: Any, upper: Any, seed: Any = None) -> Any:
    """More or less contrast by chance.

    Raises:
        ValueError: the bounds are none.
    """
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")
    return adjust_contrast(image, _chance(lower, upper))


def random_saturation(image: Any, lower: Any, upper: Any, seed: Any = None) -> Any:
    """More or less colour by chance."""
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")
    return adjust_saturation(image, _chance(lower, upper))


def random_hue(image: Any, max_delta: Any, seed: Any = None) -> Any:
    """Other colours by chance."""
    return adjust_hue(image, _chance(-max_delta, max_delta))


def per_image_standardization(image: Any) -> Any:
    """Mean 0 and deviation 1 in each image."""
    with name_scope(None, "per_image_standardization", [image]) as scope:
        image = cast(checked_image(image), float32)
        count = reduce_prod(shape(image)[-3:])
        mean = reduce_mean(image, axis=_AXES, keepdims=True)
        spread = reduce_std(image, axis=_AXES, keepdims=True)
        least = apply("Rsqrt", cast(count, float32))
        spread = apply("Maximum", spread, least)
        return divide(image - mean, spread, name=scope)


def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """Without colours."""
    with name_scope(name, "rgb_to_grayscale", [images]) as scope:
        images = convert_to_tensor(images, name="images")
        light = convert_image_dtype(images, float32)
        gray = expand_dims(tensordot(light, [0.2989, 0.5870, 0.1140], [-1, -1]), -1)
        return convert_image_dtype(gray, images.dtype, name=scope)


def grayscale_to_rgb(images: Any, name: str | None = None) -> Any:
    """The same three times over, as colours."""
    with name_scope(name, "grayscale_to_rgb", [images]) as scope:
        images = checked_image(images)
        more: Any = expand_dims(rank(images) - 1, 0)
        times = concat([ones(more, "int32"), expand_dims(3, 0)], 0)
        found = apply("Tile", images, times, name=scope)
        if images.dims is not None:
            found.set_shape([*images.dims[:-1], 3])
        return found
