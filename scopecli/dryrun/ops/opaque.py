"""Whatever is not known: a call becomes one node, named as TensorFlow would most likely name it.

Its shape is unknown, and it is listed in the notes of the model. It stops the run only where a
variable's shape depends on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.nodes import Operation, Tensor
from scopecli.dryrun.values.dtypes import float32

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    op = graph.add(type_, full, inputs, [(kind, None)], {"opaque": path})
    graph.opaque.append((path, op.name))
    return op.outputs[0]


class Opaque:
    """Something of TensorFlow's that the engine has not got.

    Attributes:
        path: its name with dots: `tf.foo.bar`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.__name__ = path.rpartition(".")[2]

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        name = options.get("name")
        values = [*arguments, *options.values()]
        return call(self.path, name if isinstance(name, str) else None, *values)

    def __getattr__(self, name: str) -> Opaque:
        if name.startswith("__"):
            raise AttributeError(name)
        return Opaque(f"{self.path}.{name}")

    def __enter__(self) -> Opaque:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __repr__(self) -> str:
        return f"<unknown {self.path}>"


def unknown(namespace: str, name: str) -> Any:
    """What a namespace has besides its own functions: wrappers, and otherwise something opaque."""
    from scopecli.dryrun.ops.wrappers import wrapper

    return wrapper(name) or Opaque(f"tf.{namespace}.{name}" if namespace else f"tf.{name}")


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
