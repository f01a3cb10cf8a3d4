"""Fourier transforms of real numbers and back: `tf.spectral`, and a part of `tf.signal`.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/signal/fft_ops.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, pad, rank, shape, stack, unstack
from scopecli.dryrun.ops.constant_values import vector
from scopecli.dryrun.ops.filled import zeros, zeros_like
from scopecli.dryrun.values.dtypes import BY_NAME

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

_COMPLEX = {"float32": "complex64", "float64": "complex128"}
_REAL = {name: real for real, name in _COMPLEX.items()}


def _transform(type_: str, axes: int, default: str, *, back: bool) -> Any:
    """A transform over the last axes.

    Args:
        type_: of its node.
        axes: how many.
        default: name of its scope.
        back: whether it makes real numbers of complex ones.
    """

    def transform(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Tensor:
        hint = BY_NAME["complex64" if back else "float32"]
        with name_scope(name, default, [input_tensor, fft_length]) as scope:
            tensor = convert_to_tensor(input_tensor, hint=hint)
            kinds = _REAL if back else _COMPLEX
            if tensor.dtype.name not in kinds:
                wanted = "tf.complex64 or tf.complex128" if back else "tf.float32 or tf.float64"
                raise ValueError(
                    f"{'I' if back else ''}RFFT requires {wanted} inputs, got: {tensor}"
                )
            if fft_length is None:
                length = _own_length(tensor, axes, back)
            else:
                length = convert_to_tensor(fft_length, "int32")
            tensor = _padded(tensor, length, axes, back)
            known = vector(length)
            sizes: Any = length if known is None or None in known else known
            kind = BY_NAME[kinds[tensor.dtype.name]]
            return apply(type_, tensor, sizes, name=scope, kind=kind)

    return transform


def _own_length(tensor: Any, axes: int, back: bool) -> Tensor:
    """As many as there are; back, as many as they came from."""
    known = tensor.shape[-axes:]
    if known.is_fully_defined():
        sizes = known.as_list()
        if back:
            sizes[-1] = max(0, 2 * (sizes[-1] - 1))
        return convert_to_tensor(sizes, "int32")
    found: Any = shape(tensor)
    if not back:
        return found[-axes:]  # type: ignore[no-any-return]
    parts: list[Any] = unstack(found[-axes:])
    parts[-1] = apply("Maximum", 0, 2 * (parts[-1] - 1))
    return stack(parts)


def _padded(tensor: Any, length: Any, axes: int, back: bool) -> Any:
    """With zeros behind, where there are fewer than wanted."""
    wanted = vector(length)
    own = None if tensor.dims is None else list(tensor.dims)[-axes:]
    if own is not None and wanted is not None and None not in (*own, *wanted):
        if back:
            wanted[-1] = (wanted[-1] or 0) // 2 + 1
        missing = [max((w or 0) - (o or 0), 0) for w, o in zip(wanted, own, strict=True)]
        if not any(missing):
            return tensor
        outer = [[0, 0]] * max(len(tensor.dims) - axes, 0)
        return pad(tensor, outer + [[0, more] for more in missing])
    count: Any = rank(tensor)
    sizes: Any = shape(tensor)
    sizes = sizes[-axes:]
    outer_axes = apply("Maximum", 0, count - axes)
    none = zeros([outer_axes], length.dtype)
    if back:
        length = concat([length[:-1], length[-1:] // 2 + 1], 0)
    behind = concat([none, apply("Maximum", 0, length - sizes)], 0)
    return pad(tensor, stack([zeros_like(behind), behind], axis=1))


rfft = _transform("RFFT", 1, "rfft", back=False)
rfft2d = _transform("RFFT2D", 2, "rfft2d", back=False)
rfft3d = _transform("RFFT3D", 3, "rfft3d", back=False)
irfft = _transform("IRFFT", 1, "irfft", back=True)
irfft2d = _transform("IRFFT2D", 2, "irfft2d", back=True)
irfft3d = _transform("IRFFT3D", 3, "irfft3d", back=True)
