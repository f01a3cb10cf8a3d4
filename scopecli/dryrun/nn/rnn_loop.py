"""`tf.nn.dynamic_rnn`: a cell in a loop over the steps of a sequence.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/rnn.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import control_dependencies, name_scope
from scopecli.dryrun.nn.rnn import (
    cache_beside,
    check_cell,
    copied_through,
    initial,
    shape_constants,
    state_dtype,
)
from scopecli.dryrun.nn.rnn_cell.base import inner_sizes, sizes_of
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast, range
from scopecli.dryrun.ops.arrays import concat, identity, rank, shape, stack, transpose
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.loops import while_loop
from scopecli.dryrun.ops.control_flow.tensor_array import TensorArray
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.ops.reductions import reduce_all, reduce_max, reduce_min
from scopecli.dryrun.values.structures import flattened, map_structure, repacked
from scopecli.dryrun.variables.opening import variable_scope

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def dynamic_rnn(
    cell: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state: Any = None,
    dtype: Any = None,
    parallel_iterations: Any = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> Any:
    """The cell in a loop; gives the outputs of all steps and the last state."""
    check_cell("cell", cell)
    with variable_scope(scope or "rnn") as opened:
        cache_beside(opened)
        flat = flattened(inputs)
        if not time_major:
            flat = [swapped(convert_to_tensor(tensor)) for tensor in flat]
        if sequence_length is not None:
            sequence_length = identity(cast(sequence_length, "int32"), name="sequence_length")
        batch = _batch_size(flat)
        state = initial(cell, initial_state, batch, dtype)
        if sequence_length is not None:
            with control_dependencies([_has_length(sequence_length, batch)]):
                sequence_length = identity(sequence_length, name="CheckSeqLen")
        outputs, state = _loop(cell, repacked(inputs, flat), state, sequence_length, dtype)
        if not time_major:
            outputs = map_structure(swapped, outputs)
        return outputs, state


def swapped(tensor: Tensor) -> Tensor:
    """The first two axes the other way round."""
    dims = tensor.dims
    if dims is not None and len(dims) < 2:
        return tensor
    found = transpose(tensor, concat(([1, 0], range(2, rank(tensor))), axis=0))
    if dims is not None:
        found.set_shape((dims[1], dims[0], *dims[2:]))
    return found


def _batch_size(flat: list[Tensor]) -> Any:
    """The batch size as a number where one of the inputs says it.

    Raises:
        ValueError: an input has no axis for the batch.
    """
    for tensor in flat:
        if tensor.dims is not None and len(tensor.dims) < 2:
            raise ValueError(
                f"Input tensor should have rank >= 2. Received input={tensor} of rank "
                f"{len(tensor.dims)}"
            )
        if tensor.dims is not None and tensor.dims[1] is not None:
            return tensor.dims[1]
    return shape(flat[0])[1]


def _has_length(lengths: Tensor, batch: Any) -> Any:
    """The assertion that there is a length for each sequence."""
    found = shape(lengths)
    wanted = stack([batch])
    same = reduce_all(apply("Equal", found, wanted))
    with name_scope("Assert"):
        words = (f"Expected shape for Tensor {lengths.name} is ", " but saw shape: ")
        for word in words:
            constant(word)
        return apply_op("Assert", same, [words[0], wanted, words[1], found])


def _loop(cell: Any, inputs: Any, state: Any, lengths: Any, dtype: Any) -> Any:
    flat = flattened(inputs)
    steps = shape(flat[0])[0]
    batch = _batch_size(flat)
    known_steps, known_batch = (flat[0].dims or (None, None))[:2]
    for tensor in flat:
        if tensor.dims is None or None in tensor.dims[2:]:
            raise ValueError(
                "Input size (depth of inputs) must be accessible via shape inference, but saw "
                f"value None for input={tensor}."
            )
    units = flattened(cell.output_size)
    kind = state_dtype(dtype, state)
    empty = [zeros(sizes_of(batch, size), kind) for size in units]
    longest = steps
    if lengths is not None:
        reduce_min(lengths)
        longest = reduce_max(lengths)
    time = constant(0, "int32", name="time")
    with name_scope("dynamic_rnn"):
        pass  # the name of the lists of tensors, which no node has
    shapes = [[known_batch, *inner_sizes(size)] for size in units]
    outputs = [TensorArray(kind, steps, element_shape=dims) for dims in shapes]
    sources = [TensorArray(t.dtype, steps, element_shape=t.dims[1:]) for t in flat]
    sources = [source.unstack(tensor) for source, tensor in zip(sources, flat, strict=True)]

    def step(time: Tensor, written: Any, state: Any) -> Any:
        read = repacked(inputs, [source.read(time) for source in sources])
        over = None if lengths is None else time >= lengths
        output, after = cell(read, state)
        outputs = flattened(output)
        if over is not None:
            kept, new = [*empty, *flattened(state)], [*outputs, *flattened(after)]
            found = copied_through(over, kept, new)
            outputs, after = found[: len(empty)], repacked(after, found[len(empty) :])
        pairs = zip(written, outputs, strict=True)
        written = tuple(array.write(time, value) for array, value in pairs)
        return time + 1, written, after

    bound = apply("Minimum", steps, apply("Maximum", 1, longest))
    _, written, last = while_loop(
        lambda time, *_: apply("Less", time, bound),
        step,
        (time, tuple(outputs), state),
        maximum_iterations=steps,
    )
    found = [array.stack() for array in written]
    for tensor, size, dims in zip(found, units, shapes, strict=True):
        shape_constants([known_steps, known_batch], size)
        tensor.set_shape((known_steps, *dims))
    return repacked(cell.output_size, found), last


def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    sequence_length: Any = None,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    parallel_iterations: Any = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Any = None,
) -> Any:
    """Two cells, one from the front and one from the back."""
    axis, batch_axis = (0, 1) if time_major else (1, 0)

    def backwards(tensor: Any) -> Tensor:
        if sequence_length is None:
            return apply("ReverseV2", tensor, [axis])
        return apply("ReverseSequence", tensor, sequence_length, seq_dim=axis, batch_dim=batch_axis)

    options = {"dtype": dtype, "time_major": time_major}
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as opened:
            front, state_fw = dynamic_rnn(
                cell_fw, inputs, sequence_length, initial_state_fw, scope=opened, **options
            )
        with variable_scope("bw") as opened:
            turned = map_structure(backwards, inputs)
            back, state_bw = dynamic_rnn(
                cell_bw, turned, sequence_length, initial_state_bw, scope=opened, **options
            )
    return (front, map_structure(backwards, back)), (state_fw, state_bw)
