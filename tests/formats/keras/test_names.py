"""The names that Keras gives to the variables of its layers."""

from __future__ import annotations

import pytest

from scopecli.formats.keras import names as keras_names


@pytest.mark.parametrize(
    ("class_name", "config", "count", "expected"),
    [
        ("Dense", {"use_bias": True}, 2, ("kernel", "bias")),
        ("Dense", {"use_bias": False}, 2, None),
        ("Dense", {}, 1, ("kernel",)),
        ("BatchNormalization", {}, 4, ("gamma", "beta", "moving_mean", "moving_variance")),
        ("BatchNormalization", {}, 3, None),  # gamma or beta is off, and nothing says which
        ("BatchNormalization", {"scale": False}, 3, ("beta", "moving_mean", "moving_variance")),
        ("BatchNormalization", {}, 2, ("moving_mean", "moving_variance")),
        ("DepthwiseConv2D", {"use_bias": True}, 2, ("kernel", "bias")),
        ("DepthwiseConv2D", {"groups": 1}, 2, ("depthwise_kernel", "bias")),  # of Keras 2
        ("Unheard", {}, 1, None),
        ("Unheard", {}, 0, ()),
    ],
)
def test_the_table_only_answers_where_the_count_fits(
    class_name: str, config: dict[str, object], count: int, expected: tuple[str, ...] | None
) -> None:
    assert keras_names.variable_names(class_name, config, count) == expected
