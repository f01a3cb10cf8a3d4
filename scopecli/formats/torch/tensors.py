"""Tensors out of the symbols of a pickle: what the calls that would make them say.

`torch/_utils.py` has the functions, all named `_rebuild_*`; their arguments are the format. A
tensor is a view of a storage, which the pickle only names: `("storage", class, key, device,
elements)`.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING

from scopecli.binary.pickle.contents import path_of
from scopecli.binary.pickle.values import Global, Object, Persistent, View
from scopecli.errors import DamagedFileError
from scopecli.formats.torch.marks import FROM_BYTES
from scopecli.formats.torch.types import STORAGES, TYPES, ElementType
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scopecli.binary.pickle.values import Form

_MOST_DIMENSIONS = 64
_LARGEST = 1 << 63
_MOST_WRAPPERS = 8
_REMEMBERED = 4096  # shapes and strides come again in every layer
_UNKNOWN = ElementType("unknown", 0)
_SIZE = "torch.Size"


class Stored(NamedTuple):
    """The storage that a tensor is a view of.

    Attributes:
        nbytes: how many bytes it claims.
        type: of its elements, as its class says.
        skipped: bytes of it before those that are meant.
    """

    nbytes: int
    type: ElementType
    skipped: int = 0


class Tensor(NamedTuple):
    """A tensor, or something that stands for one; but for which storage it is in.

    So one is enough for all tensors of a type, shape and size.

    Attributes:
        type: of its elements.
        shape: None for a dimension that differs from part to part.
        strides: in elements; empty where there is no storage.
        offset: in elements from the start of the storage.
        stored: its storage; None where it has none of its own.
        nbytes: of its values; None where that is not known.
        layout: what it is made of, where that is no plain storage: `sparse_coo`, `meta`, ...
        trainable: whether it needs a gradient; None where that is not said.
        conjugate: whether the values are the conjugates of those stored.
        negative: whether they are the negatives of those stored.
    """

    type: ElementType
    shape: tuple[int | None, ...] | None
    strides: tuple[int, ...] = ()
    offset: int = 0
    stored: Stored | None = None
    nbytes: int | None = None
    layout: str = ""
    trainable: bool | None = None
    conjugate: bool = False
    negative: bool = False

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements are one run, in C order."""
        return _is_run(self.shape or (), self.strides)

    @property
    def is_fortran(self) -> bool:
        """Whether they are one run with the first index varying fastest, and not in C order."""
        shape, strides = self.shape or (), self.strides
        if len(strides) < 2 or _is_run(shape, strides):
            return False
        return _is_run(shape[::-1], strides[::-1])

    @property
    def begin(self) -> int:
        """Where the first element is in the storage, in bytes."""
        skipped = self.stored.skipped if self.stored else 0
        return skipped + self.offset * self.type.size

    @property
    def needed(self) -> int:
        """Bytes that the storage must have."""
        if self.stored is None:
            return 0
        reach = _reach(self.shape or (), self.strides)
        return self.stored.skipped + (self.offset + reach if reach else 0) * self.type.size


class Placed(NamedTuple):
    """A tensor and the key of its storage, which is empty where it has none."""

    tensor: Tensor
    storage: str = ""


@lru_cache(_REMEMBERED)
def _is_run(shape: tuple[int | None, ...], strides: tuple[int, ...]) -> bool:
    """Whether elements with these strides stand next to one another, the last index first."""
    expected = 1
    for extent, stride in zip(reversed(shape), reversed(strides), strict=True):
        if extent != 1 and stride != expected:
            return False
        expected *= extent or 0
    return True


@lru_cache(_REMEMBERED)
def _reach(shape: tuple[int | None, ...], strides: tuple[int, ...]) -> int:
    """Elements from the first to behind the last; 0 where there are none."""
    extents = [extent or 0 for extent in shape]
    if 0 in extents:
        return 0
    return sum((extent - 1) * stride for extent, stride in zip(extents, strides, strict=True)) + 1


def tensor(value: object, depth: int = 0) -> Placed | None:
    """The tensor that a symbol stands for; None where it is something else.

    Args:
        value: what a pickle holds.
        depth: how many tensors it is a part of.

    Raises:
        DamagedFileError: its arguments are not those of the function.
    """
    if type(value) is View:
        return tuple.__new__(Placed, (_of_form(value.form), value.key))  # without the call between
    if type(value) is not Object or type(value.function) is not Global:
        return None
    if depth > _MOST_WRAPPERS:
        raise DamagedFileError("wraps a tensor too often")
    path = value.function.path
    rebuild = _REBUILD.get(path)
    if rebuild is not None:
        return rebuild(value.arguments, depth + 1)
    is_old = path.startswith("torch.") and path.endswith("Tensor")
    if is_old and type(value.state) is tuple and len(value.state) == 4:
        return _v2(value.state, depth)
    return None


Arguments = tuple[object, ...]


@lru_cache(_REMEMBERED)
def _of_form(form: Form) -> Tensor:
    stored = _stored(form.tag, form.kind, form.elements)
    return _view(stored, stored.type, (None, form.offset, form.shape, form.strides, form.flag), ())


def _v2(given: Arguments, _depth: int) -> Placed:
    """(storage, offset, size, stride, requires_grad, hooks, metadata)."""
    arguments = _at_least(given, 4)
    stored, key = _storage(arguments[0])
    return Placed(_view(stored, stored.type, arguments, arguments[6:7]), key)


def _v3(given: Arguments, _depth: int) -> Placed:
    """(storage, offset, size, stride, requires_grad, hooks, dtype, metadata)."""
    arguments = _at_least(given, 7)
    stored, key = _storage(arguments[0])
    return Placed(_view(stored, element_type(arguments[6]), arguments, arguments[7:8]), key)


def _quantized(given: Arguments, _depth: int) -> Placed:
    """(storage, offset, size, stride, quantizer, requires_grad, hooks)."""
    arguments = _at_least(given, 5)
    stored, key = _storage(arguments[0])
    return Placed(_view(stored, stored.type, arguments[:4], ()), key)


def _view(
    stored: Stored,
    kind: ElementType,
    arguments: Arguments,
    metadata: Arguments,
) -> Tensor:
    offset, shape, strides = _number(arguments[1]), numbers(arguments[2]), numbers(arguments[3])
    if len(shape) != len(strides):
        raise DamagedFileError(f"has {len(shape)} dimensions and {len(strides)} strides")
    bits = metadata[0] if metadata and type(metadata[0]) is dict else {}
    return Tensor(
        kind,
        shape,
        strides,
        offset,
        stored,
        prod(shape) * kind.size if kind.size else stored.nbytes,
        trainable=True if len(arguments) > 4 and arguments[4] is True else None,
        conjugate=bits.get("conj") is True,
        negative=bits.get("neg") is True,
    )


def _parameter(given: Arguments, depth: int) -> Placed | None:
    """(tensor, requires_grad, hooks, state)."""
    arguments = _at_least(given, 1)
    found = tensor(arguments[0], depth)
    if found is None or len(arguments) < 2 or type(arguments[1]) is not bool:
        return found
    return found._replace(tensor=found.tensor._replace(trainable=arguments[1]))


def _sparse(given: Arguments, depth: int) -> Placed:
    """(layout, (indices, values, size, ...)), or two kinds of indices before the values."""
    kind, parts = _at_least(given, 2)[:2]
    name = kind.arguments[0] if type(kind) is Object and kind.arguments else ""
    tensors = [tensor(part, depth) for part in parts] if type(parts) is tuple else []
    held = [found.tensor for found in tensors if found is not None]
    sizes = [part for part in parts if path_of(part) == _SIZE] if type(parts) is tuple else []
    if type(name) is not str or len(held) < 2 or not sizes:
        raise DamagedFileError("is not a sparse tensor of a known form")
    nbytes = sum(part.nbytes or 0 for part in held)
    layout = name.removeprefix("torch.")
    return Placed(Tensor(held[-1].type, numbers(sizes[-1]), nbytes=nbytes, layout=layout))


def _nested(given: Arguments, depth: int) -> Placed:
    """(buffer, sizes, strides, offsets): the sizes have a row for each of the tensors."""
    arguments = _at_least(given, 2)
    buffer, sizes = tensor(arguments[0], depth), tensor(arguments[1], depth)
    extents = sizes.tensor.shape if sizes else None
    if buffer is None or extents is None or len(extents) != 2:
        raise DamagedFileError("is not a nested tensor of a known form")
    count, rank = extents
    if rank is None or rank > _MOST_DIMENSIONS:
        raise DamagedFileError(f"has {rank} dimensions")
    shape = (count, *([None] * rank))
    held = buffer.tensor
    return Placed(Tensor(held.type, shape, nbytes=held.nbytes, layout="nested"))


def _meta(given: Arguments, _depth: int) -> Placed:
    """(dtype, size, stride, requires_grad)."""
    kind, size = _at_least(given, 2)[:2]
    shape, element = numbers(size), element_type(kind)
    return Placed(Tensor(element, shape, nbytes=prod(shape) * element.size, layout="meta"))


def _wrapper(given: Arguments, _depth: int) -> Placed:
    """(class, dtype, size, ...): its parts are attributes of the class's own."""
    _, kind, size = _at_least(given, 3)[:3]
    shape, element = numbers(size), element_type(kind)
    return Placed(Tensor(element, shape, nbytes=prod(shape) * element.size, layout="wrapper"))


def _ragged(given: Arguments, depth: int) -> Placed:
    """({values, offsets, ...}): tensors behind one another, and where each of them starts."""
    parts = _at_least(given, 1)[0]
    held = parts if type(parts) is dict else {}
    values, offsets = tensor(held.get("values"), depth), tensor(held.get("offsets"), depth)
    starts, extents = (part.tensor.shape if part else None for part in (offsets, values))
    if values is None or not starts or not extents or not starts[0]:
        raise DamagedFileError("is not a nested tensor of a known form")
    shape = (starts[0] - 1, None, *extents[1:])
    found = values.tensor
    return Placed(Tensor(found.type, shape, nbytes=found.nbytes, layout="jagged"))


def _not_yet(_given: Arguments, _depth: int) -> Placed:
    """(requires_grad): a lazy module makes it once it has seen its first input."""
    return Placed(Tensor(_UNKNOWN, None, layout="uninitialized"))


def _from_host(given: Arguments, depth: int) -> Placed | None:
    """(tensor, dtype, device, requires_grad)."""
    return tensor(_at_least(given, 1)[0], depth)


def _from_numpy(given: Arguments, _depth: int) -> Placed:
    """(array, dtype, device, requires_grad): the values are in a pickle of NumPy's."""
    return Placed(Tensor(element_type(_at_least(given, 2)[1]), None, layout="numpy"))


def _from_type(given: Arguments, depth: int) -> Placed | None:
    """(function, class, its arguments, state): the same as a call of the function."""
    function, _, arguments = _at_least(given, 3)[:3]
    return tensor(Object(function, arguments if type(arguments) is tuple else ()), depth)


_REBUILD: Mapping[str, Callable[[Arguments, int], Placed | None]] = MappingProxyType(
    {
        "torch._tensor._rebuild_from_type_v2": _from_type,
        "torch._utils._rebuild_tensor": _v2,
        "torch._utils._rebuild_tensor_v2": _v2,
        "torch._utils._rebuild_tensor_v3": _v3,
        "torch._utils._rebuild_qtensor": _quantized,
        "torch._utils._rebuild_parameter": _parameter,
        "torch._utils._rebuild_parameter_with_state": _parameter,
        "torch.nn.parameter.Parameter": _parameter,
        "torch.autograd.variable.Variable": _parameter,  # before version 0.4
        "torch._utils._rebuild_sparse_tensor": _sparse,
        "torch._utils._rebuild_nested_tensor": _nested,
        "torch.nested._internal.nested_tensor._rebuild_njt": _ragged,
        "torch.nn.parameter.UninitializedParameter": _not_yet,
        "torch.nn.parameter.UninitializedBuffer": _not_yet,
        "torch._utils._rebuild_meta_tensor_no_storage": _meta,
        "torch._utils._rebuild_wrapper_subclass": _wrapper,
        "torch._utils._rebuild_device_tensor_from_cpu_tensor": _from_host,
        "torch._utils._rebuild_device_tensor_from_numpy": _from_numpy,
        "torch._utils._rebuild_xla_tensor": _from_numpy,
    }
)


def _at_least(given: Arguments, count: int) -> Arguments:
    if len(given) < count:
        raise DamagedFileError(f"makes a tensor from {len(given)} arguments, and needs {count}")
    return given


def _storage(value: object) -> tuple[Stored, str]:
    """The storage of a persistent identifier, and its key."""
    identifier = value.id if type(value) is Persistent else None
    if type(value) is Object and path_of(value) == FROM_BYTES:
        identifier = value.state
    if type(identifier) is not tuple or len(identifier) < 5:
        raise DamagedFileError("has a tensor without a storage")
    tag, kind, key, _, elements, *views = identifier
    if type(key) is not str:
        raise DamagedFileError("has a storage without a key")
    stored = _stored(tag, kind, elements)
    view = views[0] if views else None
    if type(view) is tuple and len(view) > 1:
        # In old files, a storage may be a part of another: (key of its own, offset, elements).
        stored = stored._replace(skipped=_number(view[1]) * (stored.type.size or 1))
    return stored, key


def _stored(tag: object, kind: object, elements: object) -> Stored:
    if tag != "storage":
        raise DamagedFileError("has a tensor without a storage")
    if type(kind) is not Global:
        raise DamagedFileError("has a storage without a class")
    element = STORAGES.get(kind.name, _UNKNOWN)
    return Stored(_number(elements) * (element.size or 1), element)


def element_type(value: object) -> ElementType:
    """The type that a symbol such as `torch.float32` stands for; an unknown one has no size."""
    path = value.path if type(value) is Global else "a type"
    return TYPES.get(path, ElementType(path.removeprefix("torch."), 0))


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST:
        raise DamagedFileError("has an offset or a size that is out of range")
    return value


def numbers(value: object) -> tuple[int, ...]:
    """A size or strides, as a tuple, a list or a `torch.Size`.

    Raises:
        DamagedFileError: it is none.
    """
    if type(value) is Object and path_of(value) == _SIZE and value.arguments:
        value = value.arguments[0]
    if not isinstance(value, tuple | list) or len(value) > _MOST_DIMENSIONS:
        raise DamagedFileError("has a shape that is not one of whole numbers")
    for extent in value:
        if type(extent) is not int or not 0 <= extent < _LARGEST:
            raise DamagedFileError("has an offset or a size that is out of range")
    return tuple(value)
