"""The function library of a graph, and the signatures that a model is called with.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/function.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, VARINT
from scopecli.formats.tensorflow.graphs.attributes import Attributes, entry_spans, map_spans
from scopecli.formats.tensorflow.graphs.layout import FunctionLibrary as Layout
from scopecli.formats.tensorflow.graphs.layout import SignatureDef
from scopecli.formats.tensorflow.graphs.nodes import NodeTable
from scopecli.formats.tensorflow.types import dtype_name, tensor_shape
from scopecli.model.graph import Function, Signature, TensorInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scopecli.binary.window import Window

    Span = tuple[int, int]

_MOST_PARTS = 1000  # tensors that one argument of a signature is made of


def functions(window: Window, libraries: Iterable[Span]) -> list[Function]:
    """The functions of these FunctionDefLibrary messages.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    return [
        _function(window, a, b)
        for start, end in libraries
        for field, kind, a, b in window.fields(start, end)
        if field == Layout.FUNCTION and kind == BYTES
    ]


def _function(window: Window, start: int, end: int) -> Function:
    nodes = NodeTable(window)
    name, arguments, outputs = "", [], []
    for field, kind, a, b in nodes.scan(start, end, Layout.NODE):
        if field != Layout.SIGNATURE or kind != BYTES:
            continue
        for part, part_kind, first, last in window.fields(a, b):
            if part_kind != BYTES:
                continue
            if part == Layout.OP_NAME:
                name = window.text(first, last)
            elif part == Layout.OP_INPUT:
                arguments.append(_text(window, first, last, Layout.ARG_NAME))
            elif part == Layout.OP_OUTPUT:
                outputs.append(_text(window, first, last, Layout.ARG_NAME))
    returns, controls = (
        {key: window.text(*span) for key, span in map_spans(window, start, end, number).items()}
        for number in (Layout.RET, Layout.CONTROL_RET)
    )
    attributes = Attributes(window, start, end, Layout.ATTR)
    return Function(name, tuple(arguments), tuple(outputs), nodes, returns, controls, attributes)


def _text(window: Window, start: int, end: int, wanted: int) -> str:
    """The text that field `wanted` of a message is."""
    for field, kind, a, b in window.fields(start, end):
        if field == wanted and kind == BYTES:
            return window.text(a, b)
    return ""


def signatures(window: Window, entries: Iterable[Span]) -> list[Signature]:
    """The signatures with these map entries.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    found = []
    for key, (start, end) in entry_spans(window, entries).items():
        inputs, outputs = (
            {
                name: _tensor_info(window, *span)
                for name, span in map_spans(window, start, end, number).items()
            }
            for number in (SignatureDef.INPUTS, SignatureDef.OUTPUTS)
        )
        method = _text(window, start, end, SignatureDef.METHOD)
        found.append(Signature(key, method, inputs, outputs))
    return found


def _tensor_info(window: Window, start: int, end: int) -> TensorInfo:
    """A TensorInfo; the names of its parts where it is sparse or made of several tensors."""
    dtype = dtype_name(0)
    shape: tuple[int | None, ...] | None = ()
    names: list[str] = []
    waiting = [(start, end)]
    while waiting and len(names) < _MOST_PARTS:
        first, last = waiting.pop()
        for field, kind, a, b in window.fields(first, last):
            if field == SignatureDef.INFO_DTYPE and kind == VARINT:
                dtype = dtype_name(a)
            elif kind != BYTES:
                continue
            elif field == SignatureDef.INFO_NAME:
                names.append(window.text(a, b))
            elif field == SignatureDef.INFO_SHAPE:
                shape = tensor_shape(window.read(a, b), 0, b - a)
            elif field == SignatureDef.INFO_SPARSE:
                names += [
                    window.text(x, y) for _, part, x, y in window.fields(a, b) if part == BYTES
                ]
            elif field == SignatureDef.INFO_COMPOSITE:
                waiting += [
                    (x, y)
                    for number, part, x, y in window.fields(a, b)
                    if number == SignatureDef.COMPONENTS and part == BYTES
                ]
    return TensorInfo(",".join(names), dtype, shape)
