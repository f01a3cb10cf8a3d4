"""What an ONNX model says of itself: who wrote it, its operator sets, inputs and outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary.protobuf.wire import BYTES, VARINT, signed64
from scopecli.formats.onnx.layout import (
    DTYPES,
    FunctionProto,
    GraphProto,
    ModelProto,
    Pair,
    ValueInfoProto,
)
from scopecli.formats.onnx.tensor import pair

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from scopecli.binary.window import Window

_NUMBERS = {ModelProto.IR_VERSION: "ir_version", ModelProto.MODEL_VERSION: "model_version"}
_TEXTS = {
    ModelProto.PRODUCER_NAME: "producer_name",
    ModelProto.PRODUCER_VERSION: "producer_version",
    ModelProto.DOMAIN: "domain",
    ModelProto.DOC_STRING: "doc_string",
}
_SIDES = {GraphProto.INPUT: "inputs", GraphProto.OUTPUT: "outputs"}
_MAIN_DOMAIN = "ai.onnx"  # what an empty domain of operators stands for


def metadata(window: Window, initializers: Collection[str]) -> dict[str, object]:
    """The facts about a model.

    Args:
        window: its file.
        initializers: names of the graph's own tensors, which old files count among the inputs.

    Raises:
        DamagedFileError: the bytes contradict the format.
    """
    facts: dict[str, object] = {}
    properties: dict[str, str] = {}
    opsets: list[str] = []
    functions: list[str] = []
    for field, kind, a, b in window.fields(0, window.size):
        if field in _NUMBERS and kind == VARINT:
            facts[_NUMBERS[field]] = signed64(a)
        elif kind != BYTES:
            continue
        elif field in _TEXTS:
            facts[_TEXTS[field]] = window.text(a, b)
        elif field == ModelProto.OPSET_IMPORT:
            opsets.append(_opset(window, a, b))
        elif field == ModelProto.METADATA:
            properties.update([pair(window, a, b)])
        elif field == ModelProto.FUNCTION:
            functions += _texts(window, a, b, FunctionProto.NAME)
        elif field == ModelProto.GRAPH:
            facts |= _of_graph(window, a, b, initializers)
    facts["opset_import"] = opsets
    if functions:
        facts["local_functions"] = functions
    return {**properties, **facts}


def _of_graph(
    window: Window, start: int, end: int, initializers: Collection[str]
) -> dict[str, object]:
    sides: dict[str, list[str]] = {"inputs": [], "outputs": []}
    names = []
    for field, kind, a, b in window.fields(start, end):
        if field == GraphProto.NAME and kind == BYTES:
            names.append(window.text(a, b))
        elif field in _SIDES and kind == BYTES:
            name, described = _value(window, a, b)
            if field == GraphProto.OUTPUT or name not in initializers:
                sides[_SIDES[field]].append(f"{name} {described}".rstrip())
    return {"graph_name": "".join(names[-1:]), **sides}


def _opset(window: Window, start: int, end: int) -> str:
    """A set of operators as its domain and version."""
    domain, version = "", 0
    for field, kind, a, b in window.fields(start, end):
        if field == Pair.KEY and kind == BYTES:
            domain = window.text(a, b)
        elif field == Pair.VALUE and kind == VARINT:
            version = signed64(a)
    return f"{domain or _MAIN_DOMAIN} {version}"


def _texts(window: Window, start: int, end: int, wanted: int) -> list[str]:
    return [
        window.text(a, b)
        for field, kind, a, b in window.fields(start, end)
        if field == wanted and kind == BYTES
    ]


def _value(window: Window, start: int, end: int) -> tuple[str, str]:
    """Name of an input or output, and its type where it is a tensor: `float32[batch,3]`."""
    name = described = ""
    for field, kind, a, b in window.fields(start, end):
        if field == ValueInfoProto.NAME and kind == BYTES:
            name = window.text(a, b)
        elif field == ValueInfoProto.TYPE and kind == BYTES:
            for number, inner, c, d in window.fields(a, b):
                if (number, inner) == (ValueInfoProto.TENSOR_TYPE, BYTES):
                    described = _tensor_type(window, c, d)
    return name, described


def _tensor_type(window: Window, start: int, end: int) -> str:
    dtype = sizes = ""
    for field, kind, a, b in window.fields(start, end):
        if field == ValueInfoProto.ELEM_TYPE and kind == VARINT:
            dtype = DTYPES.get(a, f"dtype {a}")
        elif field == ValueInfoProto.SHAPE and kind == BYTES:
            sizes = f"[{','.join(_dims(window, a, b))}]"
    return dtype + sizes


def _dims(window: Window, start: int, end: int) -> Iterator[str]:
    """Each dimension as its number, its name, or `?`."""
    for field, kind, a, b in window.fields(start, end):
        if field != ValueInfoProto.DIM or kind != BYTES:
            continue
        size = "?"
        for number, inner, c, d in window.fields(a, b):
            if (number, inner) == (ValueInfoProto.DIM_VALUE, VARINT):
                size = str(signed64(c))
            elif (number, inner) == (ValueInfoProto.DIM_PARAM, BYTES):
                size = window.text(c, d)
        yield size
