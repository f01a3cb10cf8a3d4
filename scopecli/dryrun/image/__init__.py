"""`tf.image`."""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

_MODULES = {
    "image.resizing": "ResizeMethod resize_images resize",
    "image.boxes": "crop_to_bounding_box pad_to_bounding_box resize_image_with_crop_or_pad"
    " resize_with_crop_or_pad central_crop crop_and_resize",
    "image.changes": "convert_image_dtype flip_left_right flip_up_down random_flip_left_right"
    " random_flip_up_down transpose_image adjust_brightness adjust_contrast adjust_saturation"
    " adjust_hue random_brightness random_contrast random_saturation random_hue"
    " per_image_standardization rgb_to_grayscale grayscale_to_rgb",
    "image.measures": "non_max_suppression sample_distorted_bounding_box draw_bounding_boxes"
    " total_variation image_gradients extract_image_patches",
}
__getattr__ = attributes(__name__, _MODULES)
