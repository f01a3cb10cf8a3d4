"""What a pickle would import, and what that means: allowed, refused, or plainly hostile.

The table has what `torch.load(weights_only=True)` allows without being told to, in PyTorch
2.13: `torch/_weights_only_unpickler.py`, `_get_allowed_globals`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.pickle import imports
from scopecli.binary.pickle.imports import is_hostile, modern_path
from scopecli.formats.torch.types import STORAGES, TYPES
from scopecli.model.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scopecli.binary.pickle.values import Global

UNSAFE = "unsafe-global"

_MOST = 1000

_TENSORS = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
]
_QUANTIZATION = [
    "per_tensor_affine",
    "per_tensor_symmetric",
    "per_channel_affine",
    "per_channel_symmetric",
    "per_channel_affine_float_qparams",
]
_REBUILD = [
    "_rebuild_parameter",
    "_rebuild_parameter_with_state",
    "_rebuild_qtensor",
    "_rebuild_tensor",
    "_rebuild_tensor_v2",
    "_rebuild_tensor_v3",
    "_rebuild_sparse_tensor",
    "_rebuild_meta_tensor_no_storage",
    "_rebuild_nested_tensor",
    "_rebuild_wrapper_subclass",
    "_rebuild_device_tensor_from_numpy",
    "_rebuild_device_tensor_from_cpu_tensor",
]
_TYPED = [name for name in STORAGES if name != "UntypedStorage"]
_CUDA = [name for name in _TYPED if not name.startswith("Q")]

ALLOWED = frozenset(
    {
        "collections.OrderedDict",
        "collections.Counter",
        "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout",
        "torch.Size",
        "torch.Tensor",
        "torch.device",
        "_codecs.encode",
        "builtins.bytearray",
        "builtins.set",
        "builtins.complex",
        "torch._tensor._rebuild_from_type_v2",
        "torch.storage.TypedStorage",
        "torch.storage.UntypedStorage",
        *TYPES,
        *(f"torch.{name}" for name in (*_TYPED, *_TENSORS, *_QUANTIZATION)),
        *(f"torch.cuda.{name}" for name in (*_CUDA, *_TENSORS)),
        *(
            f"torch{device}.sparse.{name}"
            for device in ("", ".cuda")
            for name in _TENSORS
            if name != "BoolTensor"
        ),
        *(f"torch._utils.{name}" for name in _REBUILD),
    }
)


def _danger(path: str) -> int:
    """0 where it is hostile, 1 where it is refused, 2 where it is allowed."""
    if path in ALLOWED:
        return 2
    return 0 if is_hostile(path) else 1


def listing(found: Iterable[Global]) -> tuple[str, ...]:
    """The names of all imports, the most dangerous first, in an order of their own."""
    paths = {modern_path(one) for one in found}
    return tuple(sorted(paths, key=lambda path: (_danger(path), path))[:_MOST])


def notes(paths: Iterable[str]) -> list[Note]:
    """A note for each import that `weights_only` refuses; another for one that is hostile."""
    message = "would be imported, which torch.load refuses with weights_only=True"
    found = []
    for path in paths:
        danger = _danger(path)
        if danger == 0:
            found.append(imports.hostile_note(path))
        elif danger == 1:
            found.append(Note(UNSAFE, message, path))
    return found
