"""`tf.debugging`: assertions, and what `tf` has under the same name."""

from __future__ import annotations

from scopecli.dryrun.namespaces import attributes

__getattr__ = attributes(
    __name__,
    {
        "ops.control_flow.asserting": "Assert",
        "ops.checks": "assert_equal assert_none_equal assert_less assert_less_equal"
        " assert_greater assert_greater_equal assert_positive assert_negative"
        " assert_non_negative assert_non_positive assert_rank assert_rank_at_least",
        "ops.type_checks": "assert_type assert_integer assert_scalar assert_same_float_dtype"
        " assert_proper_iterable assert_near assert_rank_in assert_all_finite",
        "ops.special": "is_non_decreasing is_strictly_increasing is_numeric_tensor",
    },
)
