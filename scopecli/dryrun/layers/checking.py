"""What a layer checks of its arguments and inputs, in the words of Keras.

https://github.com/keras-team/tf-keras/blob/master/tf_keras/engine/input_spec.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.values.dtypes import as_dtype

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.dryrun.graph.nodes import Tensor


def check_input(tensor: Tensor, number: int, name: str, spec: Mapping[str, Any]) -> None:
    """Check the shape of an input.

    Args:
        tensor: the input.
        number: which one it is.
        name: of the layer.
        spec: `ndim` or `min_ndim`, the number of axes that it must have, and `axes`, their sizes.

    Raises:
        ValueError: the shape is another.
    """
    dims = tensor.dims
    if dims is None:
        return
    begin = f'Input {number} of layer "{name}" is incompatible with the layer: expected '
    for key, wrong in (("ndim", int.__ne__), ("min_ndim", int.__lt__)):
        if key in spec and wrong(len(dims), spec[key]):
            raise ValueError(
                f"{begin}{key}={spec[key]}, found ndim={len(dims)}. Full shape received: "
                f"{tuple(tensor.shape)}"
            )
    for axis, size in spec.get("axes", {}).items():
        if dims[axis] not in {size, None}:
            raise ValueError(
                f"{begin}axis {axis} of input shape to have value {size}, but received input with "
                f"shape {tuple(dims)}"
            )


def per_axis(value: Any, rank: int, name: str, *, allow_zero: bool = False) -> tuple[int, ...]:
    """A number for each axis.

    Raises:
        ValueError: there are more or fewer, or one is no size.
    """
    words = f"The `{name}` argument must be a tuple of {rank} integers. Received: {value}"
    if isinstance(value, int):
        found: tuple[Any, ...] = (value,) * rank
    else:
        try:
            found = tuple(value)
        except TypeError:
            raise ValueError(words) from None
        if len(found) != rank:
            raise ValueError(words)
    for single in found:
        try:
            int(single)
        except (ValueError, TypeError):
            words += f"including element {single} of type {type(single)}"
            raise ValueError(words) from None
    low = {size for size in found if size < 0 or (size == 0 and not allow_zero)}
    if low:
        bound = ">= 0" if allow_zero else "> 0"
        raise ValueError(
            f"{words} including {low} that does not satisfy the requirement `{bound}`."
        )
    return found


def checked_padding(value: Any) -> str:
    """How a window meets the edges.

    Raises:
        ValueError: it is no way to do that.
    """
    found: str = value.lower()
    if found not in {"valid", "same", "causal"}:
        raise ValueError(
            'The `padding` argument must be a list/tuple or one of "valid", "same" (or "causal", '
            f"only for `Conv1D). Received: {found}"
        )
    return found


def checked_layout(value: Any) -> str:
    """Which axis the channels are on.

    Raises:
        ValueError: it is no way to say that.
    """
    found: str = value.lower()
    if found not in {"channels_first", "channels_last"}:
        raise ValueError(
            'The `data_format` argument must be one of "channels_first", "channels_last". '
            f"Received: {value}"
        )
    return found


def checked_units(value: Any) -> int:
    """A number of outputs.

    Raises:
        ValueError: it is less than nothing.
    """
    found = value if isinstance(value, int) else int(value)
    if found < 0:
        raise ValueError(
            "Received an invalid value for `units`, expected a positive integer. Received: "
            f"units={value}"
        )
    return found


def check_floating(dtype: Any) -> None:
    """Check the type of a dense layer.

    Raises:
        TypeError: it holds whole numbers.
    """
    kind = as_dtype(dtype)
    if not (kind.is_floating or kind.is_complex):
        raise TypeError(
            f"A Dense layer can only be built with a floating-point dtype. Received: dtype={kind}"
        )


def activation_of(value: Any) -> Any:
    """An activation, which may be given by its name.

    Raises:
        ValueError: nothing has the name.
    """
    if value is None or value == "linear":
        return None
    if not isinstance(value, str):
        return value
    from scopecli.dryrun import nn

    known = {"relu", "sigmoid", "tanh", "softmax", "elu", "selu", "softplus", "softsign", "swish"}
    if value not in known:
        raise ValueError(
            f"Unknown activation function: '{value}'. Please ensure you are using a "
            "`keras.utils.custom_object_scope` and that this object is included in the scope. See "
            "https://www.tensorflow.org/guide/keras/save_and_serialize"
            "#registering_the_custom_object for details."
        )
    return getattr(nn, value)


def initializer_of(value: Any) -> Any:
    """An initializer, which may be given by its name.

    Raises:
        ValueError: nothing has the name.
    """
    if not isinstance(value, str):
        return value
    from scopecli.dryrun.variables.initializers import BY_NAME

    found = BY_NAME.get(value)
    if found is None:
        raise ValueError(
            f"Unknown initializer: '{value}'. Please ensure you are using a "
            "`keras.utils.custom_object_scope` and that this object is included in the scope."
        )
    return found()
