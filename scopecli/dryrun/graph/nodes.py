"""What a graph is made of: operations, and the tensors that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.stack import NOWHERE, GraphComplete
from scopecli.dryrun.values.shapes import compatible, dims_of, merged, mismatch, shape_with
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scopecli.dryrun.graph.graph import Graph
    from scopecli.dryrun.graph.stack import Stack
    from scopecli.dryrun.values.dtypes import DType
    from scopecli.dryrun.values.shapes import Dims, TensorShape


class Tensor:
    """One output of an operation.

    Attributes:
        op: what computes it.
        value_index: which output it is.
        dtype: type of its elements.
        dims: its static shape, plain.
    """

    __slots__ = ("__weakref__", "_keras_mask", "assign", "dims", "dtype", "op", "value_index")

    assign: Callable[..., Any]  # only a slice of a variable has it

    __array_priority__ = 100  # an array leaves its operators to a tensor

    def __init__(self, op: Operation, value_index: int, dtype: DType, dims: Dims) -> None:
        self.op = op
        self.value_index = value_index
        self.dtype = dtype
        self.dims = dims

    @property
    def name(self) -> str:
        """`op:0`."""
        return f"{self.op.name}:{self.value_index}"

    @property
    def graph(self) -> Graph:
        """The graph that it is in."""
        return self.op.graph

    @property
    def device(self) -> str:
        """Where its operation is to run."""
        return self.op.device

    @property
    def shape(self) -> TensorShape:
        """The static shape."""
        return shape_with(self.dims)

    def get_shape(self) -> TensorShape:
        """The static shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Say what more is known of the shape.

        Raises:
            ValueError: it contradicts what is known.
        """
        wanted = dims_of(shape)
        if not compatible(self.dims, wanted):
            raise ValueError(mismatch(self.dims, wanted))
        self.dims = merged(self.dims, wanted)

    def consumers(self) -> list[Operation]:
        """The operations that read it."""
        return [op for op in self.graph.get_operations() if any(t is self for t in op.inputs)]

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:
        """End the run: a graph that is built for its names alone computes nothing.

        Raises:
            GraphComplete: always.
        """
        raise GraphComplete(self.graph)

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} shape={self.shape} dtype={self.dtype.name}>"

    def __str__(self) -> str:
        shape = "" if self.dims is None else f", shape={self.shape}"
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name})'

    def __iter__(self) -> Iterator[Tensor]:
        from scopecli.dryrun.errors import not_allowed

        raise not_allowed("Iterating over a symbolic `tf.Tensor`")

    def __len__(self) -> int:
        raise TypeError(
            f"len is not well defined for a symbolic Tensor ({self.name}). Please call "
            "`x.shape` rather than `len(x)` for shape information."
        )

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError(
            f"Cannot convert a symbolic tf.Tensor ({self.name}) to a numpy array. This error may "
            "indicate that you're trying to pass a Tensor to a NumPy call, which is not supported."
        )

    def __bool__(self) -> bool:
        from scopecli.dryrun.errors import not_allowed

        raise not_allowed("Using a symbolic `tf.Tensor` as a Python `bool`")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

        def __getitem__(self, key: Any) -> Tensor: ...
        def __add__(self, other: Any) -> Tensor: ...
        def __radd__(self, other: Any) -> Tensor: ...
        def __sub__(self, other: Any) -> Tensor: ...
        def __rsub__(self, other: Any) -> Tensor: ...
        def __mul__(self, other: Any) -> Tensor: ...
        def __rmul__(self, other: Any) -> Tensor: ...
        def __truediv__(self, other: Any) -> Tensor: ...
        def __floordiv__(self, other: Any) -> Tensor: ...
        def __mod__(self, other: Any) -> Tensor: ...
        def __neg__(self) -> Tensor: ...
        def __lt__(self, other: Any) -> Tensor: ...
        def __gt__(self, other: Any) -> Tensor: ...
        def __ge__(self, other: Any) -> Tensor: ...
        def __le__(self, other: Any) -> Tensor: ...


# Messages of Python and of TensorFlow name the class of a value.
Tensor.__module__, Tensor.__qualname__ = "tensorflow.python.framework.ops", "SymbolicTensor"
Tensor.__name__ = Tensor.__qualname__


def has_tensor(values: Any) -> bool:
    """Whether a list holds a tensor or a variable, at any depth."""
    for value in values:
        if isinstance(value, (list, tuple)):
            if has_tensor(value):
                return True
        elif isinstance(value, Tensor) or hasattr(value, "_as_tensor"):
            return True
    return False


class NodeDef(NamedTuple):
    """A node as a file has it."""

    name: str
    op: str
    input: list[str]
    device: str
    attr: dict[str, Any]


class Operation:
    """One node of the graph.

    Attributes:
        graph: the graph that it is in.
        name: unique in it.
        type: `MatMul`, `VariableV2`, ...
        inputs: the tensors that it reads.
        control_inputs: what runs before it.
        outputs: the tensors that it gives.
        attributes: by name.
        device: where it is to run.
        context: the branch of a conditional that it is in.
        stack: where in the program it was made, innermost first; kept for variables only.
    """

    # What few nodes have is set only there.
    device = ""
    context: Any = None
    stack: Stack = NOWHERE
    value: Any = None

    def __init__(
        self,
        graph: Graph,
        name: str,
        type_: str,
        inputs: Sequence[Tensor],
        attributes: dict[str, Any],
    ) -> None:
        self.graph = graph
        self.name = name
        self.type = type_
        self.inputs = inputs
        self.attributes = attributes
        self.control_inputs: list[Operation] = []
        self.outputs: list[Tensor] = []

    def get_attr(self, name: str) -> Any:
        """The value of an attribute.

        Raises:
            ValueError: it has none of that name.
        """
        if name == "T" and self.inputs and name not in self.attributes:
            return self.inputs[0].dtype.base_dtype
        if name not in self.attributes:
            raise ValueError(f"Operation '{self.name}' has no attr named '{name}'.")
        return self.attributes[name]

    @property
    def op(self) -> Operation:
        """Itself, as a tensor has its operation."""
        return self

    @property
    def values(self) -> Callable[[], tuple[Tensor, ...]]:
        """A function that gives the outputs."""
        return lambda: tuple(self.outputs)

    @property
    def node_def(self) -> NodeDef:
        """What a file would have of it."""
        inputs = [tensor.name.removesuffix(":0") for tensor in self.inputs]
        inputs += [f"^{control.name}" for control in self.control_inputs]
        return NodeDef(self.name, self.type, inputs, self.device, self.attributes)

    def run(self, feed_dict: Any = None, session: Any = None) -> Any:
        """End the run: a graph that is built for its names alone computes nothing.

        Raises:
            GraphComplete: always.
        """
        raise GraphComplete(self.graph)

    def __repr__(self) -> str:
        return f"<tf.Operation '{self.name}' type={self.type}>"
