"""How TensorFlow's Restore operations read a checkpoint, and what they say when they cannot.

`tensorflow/core/kernels/save_restore_tensor.cc`: of a V2 checkpoint all keys are looked up first,
in the order of their names; then all dtypes are compared; then slices are read. What assigns a
value compares shapes last, or never. A V1 checkpoint is read key by key.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from scopecli.analysis.restore import slices
from scopecli.analysis.restore.prediction import Complaint, Entry, Tensor, tensor_of
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from scopecli.analysis.restore.prediction import Status
    from scopecli.model.graph import Graph
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable

    Shape = tuple[int | None, ...]

V1_FORMAT = "tf-v1-checkpoint"
# The entry of an object-based checkpoint that no variable is restored from.
OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
NOT_FOUND, INVALID = "NotFoundError", "InvalidArgumentError"

# The steps of a restore, in their order; each is done for all keys before the next.
FINDING, COMPARING, READING, ASSIGNING = range(4)

# TensorFlow's words for dtypes in messages, where they are not the canonical names.
_TYPE_WORDS = {"float16": "half", "float32": "float", "float64": "double"}

_MESSAGES = {
    "missing": "Key {key} not found in checkpoint",
    "dtype": "tensor_name = {key}; expected dtype {wanted} does not equal original dtype {stored}",
    "spec": "tensor_name = {key}; shape in shape_and_slice spec {wanted} does not match the shape"
    " stored in checkpoint: {stored}",
    "parts": "Does not have sufficient slices for partitioned tensor {key} to restore in"
    " slice_spec: {wanted}",
}
_V1_MESSAGES = {
    "missing": 'Tensor name "{key}" not found in checkpoint files',
    "dtype": "Expected to restore a tensor of type {wanted}, got a tensor of type {stored} instead:"
    " tensor_name = {key}",
    "spec": "Shape in shape_and_slice spec does not match the shape in the save file: {wanted},"
    " save file shape: {stored}",
    "parts": "Error copying slice data",
}
# By the operation that assigns.
_ASSIGN_MESSAGES = {
    "Assign": "Assign requires shapes of both tensors to match. lhs shape= {wanted} rhs shape="
    " {stored}",
    "AssignVariableOp": "Trying to assign to variable with tensor with wrong shape. Expected"
    " {wanted} got {stored}",
}
_RESHAPE_MESSAGE = (
    "Input to reshape is a tensor with {stored} values, but the requested shape has {wanted}"
)


class Lookup(NamedTuple):
    """One thing that a saver looks for.

    Attributes:
        key: in the checkpoint.
        spec: shape and slice; empty for a whole tensor.
        variable: the graph's variable that takes the value; None where something else does.
        dtype: of what the Restore operation gives; empty where that is not known.
        taker: the node that takes the value; empty where there is none yet.
    """

    key: str
    spec: str
    variable: Variable | None
    dtype: str
    taker: str


class Outcome(NamedTuple):
    """What becomes of a lookup, and the step at which it is decided."""

    entry: Entry
    step: int


class Reader:
    """Looks things up in a checkpoint as Restore operations do."""

    def __init__(self, graph: Graph, checkpoint: Model, known: Mapping[str, Variable]) -> None:
        self._graph = graph
        self._known = known
        self._messages = _V1_MESSAGES if checkpoint.format == V1_FORMAT else _MESSAGES

    def outcome(self, lookup: Lookup) -> Outcome:
        """What becomes of one lookup."""
        found = self._known.get(lookup.key)
        variable = lookup.variable
        status, step, error = self._judge(lookup, found)
        entry = Entry(
            status,
            variable.key if variable is not None else "",
            lookup.key,
            found.key if found is not None else "",
            found.name if found is not None else "",
            lookup.spec,
            Tensor(lookup.dtype, variable.shape if variable is not None else None),
            tensor_of(found) if found is not None else None,
            error,
        )
        return Outcome(entry, step)

    def _judge(
        self, lookup: Lookup, found: Variable | None
    ) -> tuple[Status, int, Complaint | None]:
        if found is None:
            return "missing", FINDING, self._says("missing", lookup)
        if lookup.dtype and lookup.dtype != found.dtype:
            words = (_TYPE_WORDS.get(dtype, dtype) for dtype in (lookup.dtype, found.dtype))
            return "dtype", COMPARING, self._says("dtype", lookup, *words)
        if found.shape is None or None in found.shape:
            return "restored", ASSIGNING, None
        stored = tuple(size or 0 for size in found.shape)
        part = slices.parsed(lookup.spec) if lookup.spec else slices.whole(stored)
        if part is None:
            message = f"the slice {lookup.spec!r} of {lookup.key} cannot be read"
            return "partial", READING, Complaint(INVALID, message)
        if part.full != stored:
            return "shape", READING, self._says("spec", lookup, dims(part.full), dims(stored))
        if not slices.is_covered(part, found):
            return "partial", READING, self._says("parts", lookup, part.text)
        return self._assigned(lookup, part.lengths)

    def _assigned(
        self, lookup: Lookup, stored: tuple[int, ...]
    ) -> tuple[Status, int, Complaint | None]:
        """Whether the variable takes a value of this shape.

        `Assign` compares shapes. `AssignVariableOp` compares them only if told to, and a Saver does
        not tell it: a resource variable silently takes the shape that the checkpoint has.
        """
        variable = lookup.variable
        if variable is None or _is_compatible(variable.shape, stored):
            return "restored", ASSIGNING, None
        node = self._graph.node(lookup.taker) if lookup.taker else None
        if node is not None and _is_reshaped(self._graph, node.inputs[1:2]):
            if prod(stored) == variable.params:
                return "restored", ASSIGNING, None
            message = _RESHAPE_MESSAGE.format(stored=prod(stored), wanted=variable.params)
            return "shape", ASSIGNING, Complaint(INVALID, message)
        is_resource = variable.attributes.get("op") == "VarHandleOp"
        op = node.op if node is not None else "AssignVariableOp" if is_resource else "Assign"
        compares: object = op == "Assign"
        if node is not None:
            compares = node.attributes.get("validate_shape", compares)
        if not compares or op not in _ASSIGN_MESSAGES:
            return "shape", ASSIGNING, None
        shapes = {"wanted": dims(variable.shape or ()), "stored": dims(stored)}
        return "shape", ASSIGNING, Complaint(INVALID, _ASSIGN_MESSAGES[op].format(**shapes))

    def _says(self, message: str, lookup: Lookup, wanted: str = "", stored: str = "") -> Complaint:
        text = self._messages[message].format(key=lookup.key, wanted=wanted, stored=stored)
        return Complaint(NOT_FOUND if message == "missing" else INVALID, text)


def first_error(outcomes: Sequence[Outcome], checkpoint: Model) -> Complaint | None:
    """The exception that ends the restore, of all that the lookups would raise."""
    failed = [one for one in outcomes if one.entry.error is not None]
    if not failed:
        return None
    if checkpoint.format == V1_FORMAT:
        return min(failed, key=lambda one: one.step == ASSIGNING).entry.error
    step = min(one.step for one in failed)
    here = [one.entry for one in failed if one.step == step]
    if step != ASSIGNING:
        here.sort(key=lambda entry: entry.key.encode("utf-8", "surrogateescape"))
    if step == COMPARING:
        texts = (entry.error.message for entry in here if entry.error is not None)
        return Complaint(INVALID, "\n".join(texts))
    return here[0].error


def dtype_message(key: str, wanted: str, stored: str) -> str:
    """What is said of a tensor with another dtype."""
    words = {"wanted": _TYPE_WORDS.get(wanted, wanted), "stored": _TYPE_WORDS.get(stored, stored)}
    return _MESSAGES["dtype"].format(key=key, **words)


def dims(shape: Iterable[int | None]) -> str:
    """A shape as TensorFlow's messages have it."""
    return f"[{','.join('?' if size is None else str(size) for size in shape)}]"


def _is_compatible(wanted: Shape | None, stored: tuple[int, ...]) -> bool:
    if wanted is None:
        return True
    return len(wanted) == len(stored) and all(
        a in {None, b} for a, b in zip(wanted, stored, strict=True)
    )


def _is_reshaped(graph: Graph, inputs: Sequence[str]) -> bool:
    """Whether a value goes through a Reshape, as `Saver(reshape=True)` makes it."""
    node = graph.node(inputs[0]) if inputs else None
    if node is not None and node.op == "Identity" and node.inputs:
        node = graph.node(node.inputs[0])
    return node is not None and node.op == "Reshape"
