"""The tensors that an ONNX model holds: in its graph, the bodies inside, and its functions.

Bodies wait in a queue for their turn: what a file nests is never followed by recursion.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES
from scopecli.errors import DamagedFileError
from scopecli.formats.onnx import tensor as onnx_tensor
from scopecli.formats.onnx.layout import (
    CONSTANT_VALUES,
    AttributeProto,
    FunctionProto,
    GraphProto,
    ModelProto,
    NodeProto,
    TrainingInfoProto,
)
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scopecli.binary.window import Window
    from scopecli.formats.onnx.tensor import Tensor

_MAX_NESTING = 32
_CONSTANT = "Constant"

# What the fields of a body hold.
_NODE, _INITIALIZER, _SPARSE = range(3)
_GRAPH_PARTS = {
    GraphProto.NODE: _NODE,
    GraphProto.INITIALIZER: _INITIALIZER,
    GraphProto.SPARSE_INITIALIZER: _SPARSE,
}
_FUNCTION_PARTS = {FunctionProto.NODE: _NODE}


class Held(NamedTuple):
    """A tensor, and where the model holds it.

    Attributes:
        path: names of the nodes, attributes and functions that it is inside of.
        name: unique there.
        is_initializer: whether it is one, and not the value of a Constant.
        tensor: what it is.
    """

    path: tuple[str, ...]
    name: str
    is_initializer: bool
    tensor: Tensor


class _Body(NamedTuple):
    """A graph or a function that is to be looked through."""

    start: int
    end: int
    path: tuple[str, ...]
    parts: dict[int, int]


class _Node(NamedTuple):
    """What is needed of a node."""

    op: str
    name: str
    output: str

    @property
    def label(self) -> str:
        """What it can be called by."""
        return self.name or self.output or self.op


def tensors(window: Window) -> Iterator[Held]:
    """The tensors of a model, its graph's own first.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    waiting = deque(_bodies(window))
    while waiting:
        body = waiting.popleft()
        if len(body.path) > 2 * _MAX_NESTING:
            raise DamagedFileError(
                f"has graphs inside graphs, more than {_MAX_NESTING} deep",
                where=f"offset {body.start}",
            )
        for field, kind, a, b in window.fields(body.start, body.end):
            part = body.parts.get(field) if kind == BYTES else None
            if part == _INITIALIZER:
                tensor = onnx_tensor.read(window, a, b)
                yield Held(body.path, tensor.name, is_initializer=True, tensor=tensor)
            elif part == _SPARSE:
                tensor = onnx_tensor.read_sparse(window, a, b)
                yield Held(body.path, tensor.name, is_initializer=True, tensor=tensor)
            elif part == _NODE:
                yield from _of_node(window, a, b, body.path, waiting)


def _bodies(window: Window) -> Iterator[_Body]:
    """The graph, the graphs for training, and the functions."""
    for field, kind, a, b in window.fields(0, window.size):
        if kind != BYTES:
            continue
        if field == ModelProto.GRAPH:
            yield _Body(a, b, (), _GRAPH_PARTS)
        elif field == ModelProto.FUNCTION:
            name = next(
                (window.text(*span) for number, _, *span in window.fields(a, b) if number == 1), ""
            )
            yield _Body(a, b, (name or "function",), _FUNCTION_PARTS)
        elif field == ModelProto.TRAINING:
            for part, name in _TRAINING:
                for number, inner, c, d in window.fields(a, b):
                    if (number, inner) == (part, BYTES):
                        yield _Body(c, d, (name,), _GRAPH_PARTS)


_TRAINING = (
    (TrainingInfoProto.INITIALIZATION, "training_initialization"),
    (TrainingInfoProto.ALGORITHM, "training_algorithm"),
)


def _of_node(
    window: Window, start: int, end: int, path: tuple[str, ...], waiting: deque[_Body]
) -> Iterator[Held]:
    """The values of a Constant; of any other node the bodies, which are to wait."""
    texts: dict[int, str] = {}
    has_attributes = False
    for field, kind, a, b in window.fields(start, end):
        if field == NodeProto.ATTRIBUTE:
            has_attributes = True
        elif kind == BYTES and field in _NODE_TEXTS and field not in texts:
            texts[field] = window.text(a, b)
    if not has_attributes:
        return
    node = _Node(*(texts.get(field, "") for field in _NODE_TEXTS))
    for field, kind, a, b in window.fields(start, end):
        if field != NodeProto.ATTRIBUTE or kind != BYTES:
            continue
        if node.op == _CONSTANT:
            tensor = _constant(window, a, b)
            if tensor is not None:
                name = node.output or node.name or tensor.name
                yield Held(path, name, is_initializer=False, tensor=tensor)
        else:
            waiting.extend(_inside(window, a, b, (*path, node.label)))


_NODE_TEXTS = (NodeProto.OP_TYPE, NodeProto.NAME, NodeProto.OUTPUT)


def _constant(window: Window, start: int, end: int) -> Tensor | None:
    """The tensor that an attribute of a Constant holds."""
    name = ""
    for field, kind, a, b in window.fields(start, end):
        if kind != BYTES:
            continue
        if field == AttributeProto.NAME:
            name = window.text(a, b)
        elif field == AttributeProto.TENSOR:
            return onnx_tensor.read(window, a, b)
        elif field == AttributeProto.SPARSE_TENSOR:
            return onnx_tensor.read_sparse(window, a, b)
    if name in CONSTANT_VALUES:
        return onnx_tensor.of_attribute(window, start, end, name)
    return None


def _inside(window: Window, start: int, end: int, path: tuple[str, ...]) -> Iterator[_Body]:
    """The bodies that an attribute holds."""
    name = ""
    for field, kind, a, b in window.fields(start, end):
        if kind != BYTES:
            continue
        if field == AttributeProto.NAME:
            name = window.text(a, b)
        elif field in {AttributeProto.GRAPH, AttributeProto.GRAPHS}:
            yield _Body(a, b, (*path, name), _GRAPH_PARTS)
