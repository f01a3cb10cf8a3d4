"""Whatever is not known: a call becomes one node, named as TensorFlow would most likely name it.

Its shape is unknown, and it is listed in the notes of the model. It stops the run only where a
variable's shape depends on it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.nodes import Operation, Tensor
from scopecli.dryrun.ops.operators import overload
from scopecli.dryrun.values.dtypes import DType, float32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType


def camel_case(name: str) -> str:
    """`max_pool_with_argmax` as an operation's type: `MaxPoolWithArgmax`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, Operation):
            continue
        elif hasattr(value, "_as_tensor"):
            found.append(value._as_tensor(None, None))  # noqa: SLF001 - the engine's own protocol
        elif isinstance(value, (list, tuple)):
            found += _tensors(value)
        elif isinstance(value, dict):
            found += _tensors(value.values())
    return found


def call(path: str, name: str | None, *values: Any) -> Tensor:
    """The node for a call of something that is not known."""
    graph = get_default_graph()
    type_ = camel_case(path.rpartition(".")[2])
    full = graph.scope_name(name or type_)
    inputs = _tensors(values)
    kind = inputs[0].dtype.base_dtype if inputs else float32
    op = graph.add(type_, full, inputs, [], {"opaque": path})
    op.outputs.append(OpaqueTensor(op, 0, kind, None))
    graph.opaque.append((path, op.name))
    return op.outputs[0]


class OpaqueTensor(Tensor):
    """What a function that is not known gives: a tensor, or something with tensors in it."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Tensor]:
        """As many tensors as the program unpacks; no more than one where it does not."""
        outputs = self.op.outputs
        for number in range(_unpacked(sys._getframe(1))):  # noqa: SLF001
            if number == len(outputs):
                outputs.append(OpaqueTensor(self.op, number, self.dtype, None))
            yield outputs[number]

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> OpaqueTensor:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or name in _PROTOCOL:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return Opaque(f"{self.op.attributes['opaque']}.{name}")


def _unpacked(frame: FrameType) -> int:
    """How many names the statement that runs in a frame unpacks into; 1 where it does not."""
    from opcode import opname

    code, place = frame.f_code.co_code, frame.f_lasti
    return code[place + 1] if opname[code[place]] == "UNPACK_SEQUENCE" else 1


# What the engine looks for at values; nothing that is not known has it.
_PROTOCOL = frozenset(
    [
        "anew",
        "assign",
        "dims",
        "flow",
        "handle",
        "initialized_value",
        "is_resource",
        "reference",
        "sparse_read",
        "tolist",
        "variable_list",
    ]
)


class Opaque:
    """Something of TensorFlow's that the engine has not got.

    Attributes:
        path: its name with dots: `tf.foo.bar`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.__name__ = path.rpartition(".")[2]

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if any(part[:1].isupper() for part in self.path.split(".")):
            return Unknown(self.path, *arguments, *options.values())
        name = options.get("name")
        values = [*arguments, *options.values()]
        return call(self.path, name if isinstance(name, str) else None, *values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in _PROTOCOL:
            raise AttributeError(name)
        from scopecli.dryrun.ops.wrappers import wrapper

        dotted = f"{self.path}.{name}"
        return wrapper(dotted.removeprefix("tf.")) or Opaque(dotted)

    def _as_tensor(self, dtype: DType | None, name: str | None) -> Tensor:
        return call(self.path, name)

    def __mro_entries__(self, _: tuple[Any, ...]) -> tuple[type, ...]:
        """What a class of the program gets as its base."""
        return (OpaqueBase,)

    def __enter__(self) -> Opaque:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __repr__(self) -> str:
        return f"<unknown {self.path}>"


class OpaqueBase:
    """The base of a program's class whose real base is not known."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Nothing is kept."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """What layers, models and cells do when they are called."""
        return self.call(*arguments, **options)  # type: ignore[attr-defined]


class Unknown:
    """An object of a class that is not known; a node is made where it is used as a tensor.

    Attributes:
        path: what it came from.
    """

    def __init__(self, path: str, *values: Any) -> None:
        self.path = path
        self._values = values
        self._found: Tensor | None = None
        if not path.startswith(_WITHOUT_NODES):
            get_default_graph().opaque.append((path, ""))

    def tensor(self) -> Tensor:
        """The node that stands for it."""
        if self._found is None:
            self._found = call(self.path, None, *self._values)
        return self._found

    def _as_tensor(self, dtype: DType | None, name: str | None) -> Tensor:
        return self.tensor()

    def __call__(self, *arguments: Any, **options: Any) -> Unknown:
        return Unknown(self.path, *arguments, *options.values())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in _PROTOCOL:
            raise AttributeError(name)
        if name in _OF_TENSORS:
            return getattr(self.tensor(), name)
        return Opaque(f"{self.path}.{name}")

    def __getitem__(self, key: Any) -> Unknown:
        return Unknown(self.path, *self._values)

    def __iter__(self) -> Iterator[Any]:
        """As many as the program unpacks; none where it goes through them."""
        count = _unpacked(sys._getframe(1))  # noqa: SLF001
        return iter([Unknown(self.path, *self._values) for _ in range(count if count > 1 else 0)])

    def __enter__(self) -> Unknown:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __bool__(self) -> bool:
        return True


overload(Unknown, lambda unknown: unknown.tensor())


_OF_TENSORS = frozenset(
    ["consumers", "device", "dtype", "eval", "get_shape", "graph", "op", "set_shape", "shape"]
)
# What is of no consequence for a graph: hooks, readers of files, options.
_WITHOUT_NODES = (
    "tf.train.",
    "tf.data.",
    "tf.io.",
    "tf.python_io.",
    "tf.profiler.",
    "tf.saved_model.",
    "tf.test.",
    "tf.estimator.",
    "tf.python.",
)


def unknown_source(tensor: Tensor) -> tuple[str, str] | None:
    """What is not known and makes a tensor's shape unknown: its path and node."""
    seen: set[Operation] = set()
    waiting = [tensor.op]
    while waiting:
        op = waiting.pop()
        if op in seen:
            continue
        seen.add(op)
        path = op.attributes.get("opaque")
        if path is not None:
            return path, op.name
        waiting += [source.op for source in op.inputs]
    return None


def blame(tensor: Tensor, what: str) -> None:
    """Raise an error that names the unknown operation which a shape would have to come from.

    Raises:
        UnsupportedError: there is such an operation.
    """
    source = unknown_source(tensor)
    if source is not None:
        from scopecli.errors import UnsupportedError

        path, node = source
        raise UnsupportedError(
            f"{what} needs a shape that depends on {path}, which is not known (node {node})",
            hint="give the tensor its shape with set_shape",
        )
