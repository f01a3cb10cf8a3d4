"""Write a state dict with PyTorch: `python -m tests.bench.write_torch FILE COUNT`."""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Any

from tests.bench.tensors import torch_tensors


def main(path: str, number: int) -> None:
    """Save so many small tensors, each in a storage of its own."""
    import torch

    state: OrderedDict[str, Any] = OrderedDict()
    for tensor in torch_tensors(number):
        state[tensor.name] = torch.zeros(tensor.shape, dtype=getattr(torch, tensor.dtype))
    torch.save(state, path)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
