"""A graph that was built as a `Model`: what reading its `.meta` would give."""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.values.dtypes import DType
from scopecli.model.collection import Collection
from scopecli.model.dtypes import nbytes
from scopecli.model.graph import Graph, Node, Saved, Saver, Versions
from scopecli.model.model import File, Model, Note
from scopecli.model.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.dryrun.graph.graph import Graph as ProgramGraph
    from scopecli.dryrun.graph.nodes import Operation, Tensor
    from scopecli.dryrun.train.saver import Saver as ProgramSaver
    from scopecli.model.collection import CollectionKind
    from scopecli.model.graph import Function, Signature

FORMAT = "program"

_TEXTS = (str, bytes)
# What a variable is where nobody keeps it for another.
_VARIABLE: tuple[Any, dict[str, object]] = ("variable", {})
# Collections of messages, whose members a file names.
_CONTEXTS = frozenset({GraphKeys.COND_CONTEXT, GraphKeys.WHILE_CONTEXT})


class ProgramNodes:
    """The nodes of a graph that was built."""

    __slots__ = ("_numbers", "_operations", "names", "ops")

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._operations = operations
        self.names = [op.name for op in operations]
        self.ops = [op.type for op in operations]
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._operations)

    def __getitem__(self, index: int, /) -> Node:
        op = self._operations[index]
        return Node(
            op.name,
            op.type,
            tuple(_input(tensor) for tensor in op.inputs),
            tuple(control.name for control in op.control_inputs),
            op.device,
            _attributes(op),
        )

    def __iter__(self) -> Iterator[Node]:
        return (self[index] for index in range(len(self)))

    def find(self, name: str) -> int:
        """Number of the node with the name; -1 where there is none."""
        if not self._numbers:
            self._numbers = {known: number for number, known in enumerate(self.names)}
        return self._numbers.get(name, -1)


def _input(tensor: Tensor) -> str:
    """A tensor as a node's input has it: the first output has no number."""
    return tensor.name if tensor.value_index else tensor.op.name


def _attributes(op: Operation) -> Mapping[str, object]:
    """Types as names and shapes as tuples, as a file's reader gives them."""
    found: dict[str, object] = {}
    for key, value in op.attributes.items():
        if key != "opaque" and value is not None:
            found[key] = value.name if isinstance(value, DType) else value
    found["_output_shapes"] = [tensor.dims for tensor in op.outputs]
    return found


class _Parts:
    """The parts of a graph that was built; there is no file, so no function and no signature."""

    def __init__(self, graph: ProgramGraph) -> None:
        self._graph = graph
        self._savers = graph.savers

    def nodes(self) -> ProgramNodes:
        return ProgramNodes(self._graph.get_operations())

    def functions(self) -> Sequence[Function]:
        return ()

    def signatures(self) -> Sequence[Signature]:
        return ()

    def savers(self) -> tuple[Saver | None, Sequence[Saver]]:
        """The one that the program restores with, or else its first one; and the others."""
        if not self._savers:
            return None, ()
        main = next((saver for saver in self._savers if saver.restored), self._savers[0])
        return _saver(main), [_saver(saver) for saver in self._savers if saver is not main]

    def versions(self) -> Versions:
        return Versions(0, 0, ())


class _Facts(Mapping[str, object]):
    """How many nodes there are; many programs are shown without making them all."""

    def __init__(self, graph: ProgramGraph) -> None:
        self._graph = graph

    def __getitem__(self, key: str) -> object:
        if key != "nodes":
            raise KeyError(key)
        return self._graph.version

    def __iter__(self) -> Iterator[str]:
        return iter(["nodes"])

    def __len__(self) -> int:
        return 1


def _saver(saver: ProgramSaver) -> Saver:
    """A saver as a file's reader gives it."""
    saved = [
        Saved(entry.key, entry.spec, entry.variable.op.name, entry.variable.op.name)
        for entry in saver.entries
    ]
    names = saver.saver_def
    scope = names.restore_op_name.rpartition("/")[0]
    tensors = (names.filename_tensor_name, names.save_tensor_name, names.restore_op_name)
    return Saver(scope, "V2", *tensors, saved, saved)


def model_of(graph: ProgramGraph, path: str = "", notes: Sequence[Note] = ()) -> Model:
    """The model of a graph that was built.

    Args:
        graph: as `get_default_graph` gives it.
        path: what the model is to be called.
        notes: on how the run went.
    """
    objects = _objects(graph)
    collections = dict(_collections(graph, objects))
    trained = _trained(objects, collections)
    variables = [_variable(op, objects.get(op.name), graph, trained) for op in graph.holders]
    found = [*notes]
    found += [
        Note("unknown-operation", f"stands for {unknown}, whose shape is not known", node)
        if node
        else Note("unknown-object", "is not known; variables that it makes are missing", unknown)
        for unknown, node in dict.fromkeys(graph.opaque)
    ]
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        metadata=_Facts(graph),
        collections=collections,
        notes=found,
        files=_files(path),
        graph=Graph(_Parts(graph)),
    )


def _files(path: str) -> tuple[File, ...]:
    """The program's file, where the model is of one."""
    file = path if path.endswith(".py") else path.rpartition(":")[0]
    return (File(file, os.path.getsize(file), "program"),) if os.path.isfile(file) else ()


def _objects(graph: ProgramGraph) -> dict[str, Any]:
    """The variables of all collections by the name of their node."""
    return {
        member.op.name: member
        for key in graph.get_all_collection_keys()
        for member in graph.get_collection(key)
        if hasattr(member, "_save_slice_info")
    }


def _trained(
    objects: Mapping[str, Any], collections: Mapping[str, Collection]
) -> frozenset[str] | None:
    """The trainable variables; None where a file would not say, because it has none."""
    listed = collections.get(GraphKeys.TRAINABLE_VARIABLES)
    found = {name for name, variable in objects.items() if variable.trainable}
    if listed is not None:
        found.update(listed.members)
    return frozenset(found) if found or listed is not None else None


def _variable(
    op: Operation, made: Any, graph: ProgramGraph, trained: frozenset[str] | None
) -> Variable:
    kind, attributes = graph.roles.get(op.name, _VARIABLE)
    attributes = {**attributes}
    if made is not None:
        attributes["initializer"] = made.initial_value_name.removesuffix(":0")
        info = made._get_save_slice_info()  # noqa: SLF001 - TensorFlow's name for it
        if info is not None:
            attributes["partition_of"] = info.full_name
            attributes["slice"] = info.spec
    attributes["op"] = op.type
    dims = op.attributes["shape"]
    dtype = op.attributes["dtype"].name
    defined = dims is not None and None not in dims
    return Variable(
        op.name,
        op.name,
        dims,
        dtype,
        nbytes(dtype, prod(dims)) if defined else None,
        kind,
        None if trained is None else op.name in trained,
        None,
        attributes,
    )


def _collections(
    graph: ProgramGraph, objects: Mapping[str, Any]
) -> Iterator[tuple[str, Collection]]:
    variables = frozenset([op.name for op in graph.holders])
    known = {id(variable): name for name, variable in objects.items()}
    for key in graph.get_all_collection_keys():
        members = graph.get_collection(key)
        if members and not key.startswith("_"):
            plain = [known.get(id(m)) or _name(m).removesuffix(":0") for m in members]
            if variables.issuperset(plain):
                yield key, Collection(key, "variables", tuple(plain))
            else:
                yield key, Collection(key, *_others(key, members))


def _others(key: str, members: Sequence[Any]) -> tuple[CollectionKind, tuple[str, ...]]:
    """Kind and names of members that are not all variables."""
    names = tuple([_name(member) for member in members])
    if key in _CONTEXTS:
        return "protos", names
    if all(isinstance(member, (*_TEXTS, int, float)) for member in members):
        return "values", names
    return "nodes", names


def _name(member: Any) -> str:
    name = getattr(member, "name", None)
    return name if isinstance(name, str) else str(member)
