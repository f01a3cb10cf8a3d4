"""A computation graph: nodes, functions, signatures and savers, decoded when asked for.

Plain classes with slots: instances are as small as tuples, and to define such a class takes a tenth
of the time that a NamedTuple takes. Listing a small checkpoint with a graph beside it pays for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Protocol

    class Nodes(Protocol):
        """The nodes of a graph in the file's order: names and types at once, more on demand."""

        @property
        def names(self) -> Sequence[str]:
            """Name of each."""

        @property
        def ops(self) -> Sequence[str]:
            """Type of each."""

        def __len__(self) -> int: ...

        def __getitem__(self, index: int, /) -> Node: ...

        def __iter__(self) -> Iterator[Node]: ...

        def find(self, name: str) -> int:
            """Number of the first node with the name; -1 where there is none."""

    class Parts(Protocol):
        """What reads the parts of a graph from its file. Every method may raise a ScopecliError."""

        def nodes(self) -> Nodes:
            """The nodes of the main graph."""

        def functions(self) -> Sequence[Function]:
            """The function library."""

        def signatures(self) -> Sequence[Signature]:
            """The signatures."""

        def savers(self) -> tuple[Saver | None, Sequence[Saver]]:
            """The saver that the file names, and the stale ones beside it."""

        def versions(self) -> Versions:
            """The versions."""


class Node:
    """One operation.

    Attributes:
        name: unique in its graph or function.
        op: the operation's type: `MatMul`, `VarHandleOp`, ...
        inputs: data inputs as written: `a`, `a:1`, in a function also `a:output:0`.
        control_inputs: the nodes that run before, without the `^`.
        device: as requested; empty where any will do.
        attributes: by name, decoded when asked for. Texts are bytes, types are names
            (`float32`, `float32_ref`), shapes are tuples or None, lists are lists.
    """

    __slots__ = ("attributes", "control_inputs", "device", "inputs", "name", "op")

    def __init__(
        self,
        name: str,
        op: str,
        inputs: tuple[str, ...],
        control_inputs: tuple[str, ...],
        device: str,
        attributes: Mapping[str, object],
    ) -> None:
        self.name = name
        self.op = op
        self.inputs = inputs
        self.control_inputs = control_inputs
        self.device = device
        self.attributes = attributes

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {self.op!r})"


class Function:
    """A function of the library, with a body of its own.

    Attributes:
        name: what operations such as `PartitionedCall` call it by.
        arguments: names of the inputs.
        outputs: names of the outputs.
        nodes: the body.
        returns: which tensor of the body each output is.
        control_returns: which node of the body each control output is.
        attributes: of the function, as a node has them.
    """

    __slots__ = (
        "arguments",
        "attributes",
        "control_returns",
        "name",
        "nodes",
        "outputs",
        "returns",
    )

    def __init__(
        self,
        name: str,
        arguments: tuple[str, ...],
        outputs: tuple[str, ...],
        nodes: Nodes,
        returns: Mapping[str, str],
        control_returns: Mapping[str, str],
        attributes: Mapping[str, object],
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.outputs = outputs
        self.nodes = nodes
        self.returns = returns
        self.control_returns = control_returns
        self.attributes = attributes

    def __repr__(self) -> str:
        return f"Function({self.name!r})"


class TensorInfo:
    """What a signature says of a tensor.

    Attributes:
        name: of the tensor, `x:0`; of the parts, joined with commas, where it has several.
        dtype: canonical name.
        shape: None where the rank is unknown.
    """

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, name: str, dtype: str, shape: tuple[int | None, ...] | None) -> None:
        self.name = name
        self.dtype = dtype
        self.shape = shape


class Signature:
    """A way to call the model.

    Attributes:
        key: `serving_default`, ...
        method: what a server calls it: `tensorflow/serving/predict`, ...
        inputs: by argument name.
        outputs: by result name.
    """

    __slots__ = ("inputs", "key", "method", "outputs")

    def __init__(
        self,
        key: str,
        method: str,
        inputs: Mapping[str, TensorInfo],
        outputs: Mapping[str, TensorInfo],
    ) -> None:
        self.key = key
        self.method = method
        self.inputs = inputs
        self.outputs = outputs


class Saved:
    """One entry that a saver writes or reads.

    Attributes:
        key: its name in the checkpoint.
        spec: shape and slice as TensorFlow writes it (`5 3 0,3:0,3`); empty for a whole tensor.
        tensor: what is saved under the key, or the node that takes what is restored.
        variable: the variable that it belongs to; empty where none was found.
    """

    __slots__ = ("key", "spec", "tensor", "variable")

    def __init__(self, key: str, spec: str, tensor: str, variable: str) -> None:
        self.key = key
        self.spec = spec
        self.tensor = tensor
        self.variable = variable


class Saver:
    """What writes and reads the checkpoints of a graph.

    Attributes:
        scope: where its nodes are: `save`.
        version: of the checkpoint format: `V1`, `V2`, `LEGACY`, or empty for a stale one.
        filename_tensor: where the file's name is fed in.
        save: the tensor that runs a save.
        restore: the node that runs a restore.
        saves: the entries that it writes.
        restores: the entries that it reads.
    """

    __slots__ = ("filename_tensor", "restore", "restores", "save", "saves", "scope", "version")

    def __init__(
        self,
        scope: str,
        version: str,
        filename_tensor: str,
        save: str,
        restore: str,
        saves: Sequence[Saved],
        restores: Sequence[Saved],
    ) -> None:
        self.scope = scope
        self.version = version
        self.filename_tensor = filename_tensor
        self.save = save
        self.restore = restore
        self.saves = saves
        self.restores = restores


class Versions:
    """Which versions of TensorFlow wrote the graph and may read it.

    Attributes:
        producer: the writer's graph version.
        min_consumer: the oldest reader.
        bad_consumers: versions that must not read it.
    """

    __slots__ = ("bad_consumers", "min_consumer", "producer")

    def __init__(self, producer: int, min_consumer: int, bad_consumers: tuple[int, ...]) -> None:
        self.producer = producer
        self.min_consumer = min_consumer
        self.bad_consumers = bad_consumers


class Graph:
    """A graph whose parts are read when they are first asked for.

    A damaged part raises a ScopecliError at that moment.
    """

    __slots__ = ("_consumers", "_functions", "_nodes", "_parts", "_savers", "_signatures")

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._nodes: Nodes | None = None
        self._functions: Mapping[str, Function] | None = None
        self._signatures: Sequence[Signature] | None = None
        self._savers: tuple[Saver | None, Sequence[Saver]] | None = None
        self._consumers: Mapping[str, Sequence[int]] | None = None

    @property
    def nodes(self) -> Nodes:
        """The nodes of the main graph."""
        if self._nodes is None:
            self._nodes = self._parts.nodes()
        return self._nodes

    @property
    def functions(self) -> Mapping[str, Function]:
        """The function library, by name."""
        if self._functions is None:
            self._functions = {function.name: function for function in self._parts.functions()}
        return self._functions

    @property
    def signatures(self) -> Sequence[Signature]:
        """The ways to call the model."""
        if self._signatures is None:
            self._signatures = self._parts.signatures()
        return self._signatures

    @property
    def saver(self) -> Saver | None:
        """The saver that the file names."""
        return self._both_savers()[0]

    @property
    def stale_savers(self) -> Sequence[Saver]:
        """Savers whose nodes are still in the graph, and that the file does not name."""
        return self._both_savers()[1]

    def _both_savers(self) -> tuple[Saver | None, Sequence[Saver]]:
        if self._savers is None:
            self._savers = self._parts.savers()
        return self._savers

    @property
    def versions(self) -> Versions:
        """The versions of the writer and of possible readers."""
        return self._parts.versions()

    def node(self, name: str) -> Node | None:
        """The node with this name, or None; a tensor's name (`a:0`) and `^a` will do."""
        index = self.nodes.find(node_name(name))
        return None if index < 0 else self.nodes[index]

    def consumers(self, name: str) -> list[Node]:
        """The nodes that have an input or control input from the node with this name."""
        nodes = self.nodes
        if self._consumers is None:
            found: dict[str, list[int]] = {}
            for index in range(len(nodes)):
                node = nodes[index]
                sources = {node_name(tensor) for tensor in node.inputs}
                for source in sources.union(node.control_inputs):
                    found.setdefault(source, []).append(index)
            self._consumers = found
        return [nodes[index] for index in self._consumers.get(node_name(name), ())]


def node_name(tensor: str) -> str:
    """The node that a tensor (`a:1`, `a:output:0`) or a control input (`^a`) belongs to."""
    return tensor.removeprefix("^").partition(":")[0]
