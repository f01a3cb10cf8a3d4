"""Format `tflite`: a TensorFlow Lite model. Its variables are the tensors that have values.

https://ai.google.dev/edge/litert/conversion/tensorflow/overview

Tensors of all subgraphs are in one list. Quantized ones hold what the file has, and say in an
attribute which numbers that stands for.
"""

from __future__ import annotations

import os
import struct
from itertools import pairwise
from math import isfinite, prod
from typing import TYPE_CHECKING

from scopecli.binary.flatbuffer import FlatBuffer
from scopecli.binary.source import Source
from scopecli.errors import DamagedFileError, UnsupportedError
from scopecli.formats.some_notes import some
from scopecli.formats.stored_values import StoredTensors
from scopecli.formats.tflite import layout
from scopecli.formats.unique_keys import unique
from scopecli.model.dtypes import BITS, nbytes
from scopecli.model.model import File, Model, Note
from scopecli.model.names import separator_of
from scopecli.model.records import NamedTuple
from scopecli.model.variable import StoredAt, Variable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.binary.flatbuffer import Table

FORMAT = "tflite"

_MAX_RANK = 64
_MAX_ELEMENTS = 1 << 63
_MOST_SCALES = 64  # of one tensor, that are listed
_MOST_TENSORS = 1 << 16  # of a graph's inputs or outputs
_MOST_STRINGS = 1 << 24
_WHOLE_BYTE = 8


class _Held(NamedTuple):
    """A tensor and the run of bytes that has its values; without offset, they are elsewhere."""

    name: str
    table: Table
    run: tuple[int | None, int]


def is_model(head: bytes) -> bool:
    """Whether a file starts as one of these models does."""
    return head.startswith(layout.IDENTIFIER, layout.IDENTIFIER_OFFSET)


def read(path: str) -> Model:
    """Read the structure of a model.

    Raises:
        ScopecliError: whatever is wrong with the file.
    """
    with Source(path) as source:
        root = FlatBuffer(source).root()
        graphs = _subgraphs(root, path)
        runs = [_run(buffer, source) for buffer in root.tables(layout.Model.BUFFERS)]
        held = [each for graph in graphs for each in _held(graph, runs, path)]
        keys, repeated = unique(each.name for each in held)
        shard = os.path.basename(path)
        variables = [_variable(key, each, shard) for key, each in zip(keys, held, strict=True)]
        metadata = _metadata(root, graphs)
        size = source.size
    notes = some(Note("repeated-name", "is the name of several tensors", key) for key in repeated)
    return Model(
        path=path,
        format=FORMAT,
        variables=variables,
        separator=separator_of(variable.name for variable in variables),
        metadata=metadata,
        notes=[*notes, *some(_contradictions(variables))],
        files=(File(path, size, "model"),),
        tensors=TfliteTensors(path),
    )


def _subgraphs(root: Table, path: str) -> list[Table]:
    """The graphs of a model, each of them once: two that were one would have to be read twice."""
    graphs = list(root.tables(layout.Model.SUBGRAPHS))
    if len({graph.at for graph in graphs}) < len(graphs):
        raise DamagedFileError("has one subgraph under two numbers", path=path)
    return graphs


def _run(buffer: Table, source: Source) -> tuple[int, int]:
    """Offset and length of a buffer's bytes."""
    start, length = buffer.vector(layout.Buffer.DATA, 1)
    offset = buffer.number(layout.Buffer.OFFSET, "<Q")
    if offset > 1:  # 1 stands for a place that was not filled in
        start, length = offset, buffer.number(layout.Buffer.SIZE, "<Q")
    if start + length > source.size:
        raise DamagedFileError(
            f"has a buffer that ends at byte {start + length}, and the file at {source.size}",
            path=source.name,
            hint="the file is cut short or damaged: copy it again",
        )
    return start, length


def _held(graph: Table, runs: Sequence[tuple[int, int]], path: str) -> Iterator[_Held]:
    """The tensors of a graph that have values."""
    for number, tensor in enumerate(graph.tables(layout.SubGraph.TENSORS)):
        buffer = tensor.number(layout.Tensor.BUFFER, "<I")
        run: tuple[int | None, int] = (None, 0)
        if buffer:
            if buffer >= len(runs):
                raise DamagedFileError(
                    f"has {len(runs)} buffers, and a tensor in buffer {buffer}", path=path
                )
            run = runs[buffer]
        if run[1] or tensor.number(layout.Tensor.EXTERNAL_BUFFER, "<I"):
            yield _Held(tensor.text(layout.Tensor.NAME) or f"tensor_{number}", tensor, run)


def _variable(key: str, held: _Held, shard: str) -> Variable:
    table, (offset, length) = held.table, held.run
    dtype, shape = _dtype(table), _shape(table, held.name)
    attributes: dict[str, object] = {}
    quantization = _quantization(table)
    if quantization:
        attributes["quantization"] = quantization
    if offset is None:
        attributes["external"] = True
    elif table.place(layout.Tensor.SPARSITY) is not None:
        attributes["sparse"] = length * 8 // (BITS.get(dtype) or 8)
    return Variable(
        key,
        key,
        shape,
        dtype,
        nbytes(dtype, prod(shape)),
        storage=None if offset is None else StoredAt(shard, offset, length),
        attributes=attributes,
    )


def _dtype(tensor: Table) -> str:
    number = tensor.number(layout.Tensor.TYPE, "<b")
    return layout.DTYPES.get(number, f"type {number}")


def _shape(tensor: Table, name: str) -> tuple[int, ...]:
    sizes = tensor.numbers(layout.Tensor.SHAPE, "i", _MAX_RANK)
    if sizes is None or any(size < 0 for size in sizes) or prod(sizes) >= _MAX_ELEMENTS:
        raise DamagedFileError("claims a shape that no tensor has", where=name)
    return tuple(map(int, sizes))


def _quantization(tensor: Table) -> dict[str, object]:
    """Scales and zero points; empty where the tensor has none."""
    table = tensor.table(layout.Tensor.QUANTIZATION)
    if table is None or not table.vector(layout.Quantization.SCALE, 4)[1]:
        return {}
    found: dict[str, object] = {}
    for name, field, kind in _QUANTIZED:
        numbers = table.numbers(field, kind, _MOST_SCALES)
        size = struct.calcsize(f"<{kind}")
        found[name] = (
            f"{table.vector(field, size)[1]} values"
            if numbers is None
            else tuple(number if isfinite(number) else str(number) for number in numbers)
        )
    if table.vector(layout.Quantization.SCALE, 4)[1] > 1:
        found["dimension"] = table.number(layout.Quantization.DIMENSION, "<i")
    return found


_QUANTIZED = (
    ("scale", layout.Quantization.SCALE, "f"),
    ("zero_point", layout.Quantization.ZERO_POINT, "q"),
)


def _contradictions(variables: Sequence[Variable]) -> Iterator[Note]:
    external = sum("external" in variable.attributes for variable in variables)
    if external:
        yield Note("external-data", f"{external} tensors have their values in another file")
    for variable in variables:
        storage, needed = variable.storage, variable.nbytes
        if storage is None or "sparse" in variable.attributes or needed is None:
            continue
        if BITS[variable.dtype] >= _WHOLE_BYTE and storage.length != needed:
            message = f"has {storage.length} bytes, and its shape needs {needed}"
            yield Note("size-mismatch", message, variable.key)


def _metadata(root: Table, graphs: Sequence[Table]) -> dict[str, object]:
    facts: dict[str, object] = {
        "schema_version": root.number(layout.Model.VERSION, "<I"),
        "description": root.text(layout.Model.DESCRIPTION),
    }
    if graphs:
        tensors = layout.SubGraph.TENSORS
        main = list(graphs[0].tables(tensors))
        facts["inputs"] = _described(graphs[0], layout.SubGraph.INPUTS, main)
        facts["outputs"] = _described(graphs[0], layout.SubGraph.OUTPUTS, main)
    names = [graph.text(layout.SubGraph.NAME) for graph in graphs]
    facts["subgraphs"] = [name or f"subgraph {at}" for at, name in enumerate(names)]
    facts["operators"] = sum(graph.vector(layout.SubGraph.OPERATORS, 4)[1] for graph in graphs)
    facts |= _operator_types(root)
    facts["signature_defs"] = [
        f"{signature.text(layout.Signature.KEY)}"
        f"({_names(signature, layout.Signature.INPUTS)})"
        f" -> ({_names(signature, layout.Signature.OUTPUTS)})"
        for signature in root.tables(layout.Model.SIGNATURES)
    ]
    facts["metadata_names"] = [
        entry.text(layout.Metadata.NAME) for entry in root.tables(layout.Model.METADATA)
    ]
    return {key: fact for key, fact in facts.items() if fact not in ("", [])}


def _operator_types(root: Table) -> dict[str, object]:
    """How many types of operators there are, and what those of its own are called."""
    types = set()
    code = layout.OperatorCode
    for each in root.tables(layout.Model.OPERATOR_CODES):
        number = max(each.number(code.OLD_BUILTIN, "<b"), each.number(code.BUILTIN, "<i"))
        types.add((number, each.text(code.CUSTOM)))
    return {
        "operator_types": len(types),
        "custom_operators": sorted(name for _, name in types if name),
    }


def _described(graph: Table, field: int, tensors: Sequence[Table]) -> list[str]:
    """Inputs or outputs of a graph: `x float32[?,3]`."""
    found = []
    for number in graph.numbers(field, "i", _MOST_TENSORS) or ():
        if 0 <= number < len(tensors):
            tensor = tensors[int(number)]
            sizes = tensor.numbers(layout.Tensor.SHAPE_SIGNATURE, "i", _MAX_RANK)
            sizes = sizes or _shape(tensor, "")
            dims = ",".join("?" if size < 0 else str(size) for size in sizes)
            found.append(f"{tensor.text(layout.Tensor.NAME)} {_dtype(tensor)}[{dims}]")
    return found


def _names(signature: Table, field: int) -> str:
    return ", ".join(each.text(layout.Signature.TENSOR_NAME) for each in signature.tables(field))


class TfliteTensors:
    """A `TensorReader` of the tensors of a model. Those that are stored sparsely are not read."""

    __slots__ = ("_path", "_plain")

    def __init__(self, path: str) -> None:
        """Read from this file."""
        self._path = path
        self._plain = StoredTensors({os.path.basename(path): path})

    def read(self, variable: Variable, start: int, count: int) -> bytes:
        """Bytes of elements `start` to `start + count` in C order, little-endian.

        Raises:
            ScopecliError: the values are missing, sparse, or not of a fixed size.
        """
        if "sparse" in variable.attributes:
            raise UnsupportedError("is stored sparsely, which is not read", where=variable.key)
        return self._plain.read(variable, start, count)

    def strings(self, variable: Variable) -> Sequence[bytes]:
        """All elements of a string tensor in C order.

        Raises:
            ScopecliError: the values are missing or damaged.
        """
        storage = variable.storage
        if variable.dtype != "string" or storage is None:
            raise UnsupportedError("does not hold strings", where=variable.key)
        with Source(self._path) as source:
            data = source.read(storage.offset or 0, storage.length)
        # Their number, where each begins and the last one ends, and all of them:
        # tensorflow/compiler/mlir/lite/utils/string_utils.h
        count = variable.params
        if count > _MOST_STRINGS or 4 * count + 8 > len(data):
            raise DamagedFileError(f"does not hold {count} strings", where=variable.key)
        number, *places = struct.unpack_from(f"<{count + 2}I", data)
        if number != count or sorted(places) != places or places[-1] > len(data):
            raise DamagedFileError(f"does not hold {count} strings", where=variable.key)
        return [data[a:b] for a, b in pairwise(places)]
