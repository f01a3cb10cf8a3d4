"""Write a V2 checkpoint with TensorFlow: `python -m tests.bench.write_checkpoint PREFIX COUNT`."""

from __future__ import annotations

import sys

import tensorflow as tf

from tests.bench.tensors import checkpoint_tensors


def main(prefix: str, number: int) -> None:
    """Save so many tensors, all zeros, in one SaveV2."""
    tensors = list(checkpoint_tensors(number))
    made = {kind: tf.zeros(kind[0], kind[1]) for kind in {(t.shape, t.dtype) for t in tensors}}
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=[tensor.name for tensor in tensors],
        shape_and_slices=[""] * len(tensors),
        tensors=[made[tensor.shape, tensor.dtype] for tensor in tensors],
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
