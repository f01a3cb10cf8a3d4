"""`tf.nn.static_rnn` and its kin: a cell over the steps of a sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.scopes import colocate_with
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.nn.rnn_cell.base import inner_sizes, sizes_of
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import concat, shape, stack, unstack
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.conditionals import cond
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.ops.reductions import reduce_max, reduce_min
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.dryrun.values.structures import flattened, repacked
from scopecli.dryrun.variables.opening import variable_scope

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor

__getattr__: Any = attributes(__name__, {})


def check_cell(name: str, cell: Any) -> None:
    """Check that an argument is a cell.

    Raises:
        TypeError: it lacks something.
    """
    state = hasattr(cell, "zero_state") or hasattr(cell, "get_initial_state")
    lacks = {
        "'output_size' property is missing": not hasattr(cell, "output_size"),
        "'state_size' property is missing": not hasattr(cell, "state_size"),
        "either 'zero_state' or 'get_initial_state' method is required": not state,
        "is not callable": not callable(cell),
    }
    if any(lacks.values()):
        words = ", ".join(words for words, lacking in lacks.items() if lacking)
        raise TypeError(f"The argument {name!r} ({cell}) is not an RNNCell: {words}.")


def static_rnn(
    cell: Any,
    inputs: Any,
    initial_state: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> Any:
    """The cell, step by step.

    Raises:
        ValueError: there is neither a state nor a type to make one of.
        TypeError: this is no cell, or these are no steps.
    """
    check_cell("cell", cell)
    if not isinstance(inputs, (list, tuple, dict)):
        raise TypeError(f"Argument `inputs` must be a sequence. Received: {inputs}")
    if not inputs:
        raise ValueError("Argument `inputs` must not be empty.")
    outputs: list[Any] = []
    with variable_scope(scope or "rnn") as opened:
        cache_beside(opened)
        first = flattened(inputs)[0]
        known = first.dims[0] if first.dims is not None else None
        batch = shape(first)[0] if known is None else known
        state = initial(cell, initial_state, batch, dtype)
        if sequence_length is not None:
            lengths = convert_to_tensor(sequence_length, name="sequence_length")
            kind = state_dtype(dtype, state)
            empty = [_empty(batch, size, kind, known) for size in flattened(cell.output_size)]
            lengths = cast(lengths, "int32")
            bounds = (reduce_min(lengths), reduce_max(lengths))
        for number, step in enumerate(inputs):
            if number:
                opened.reuse_variables()
            if sequence_length is None:
                output, state = cell(step, state)
            else:
                output, state = _step(number, (lengths, *bounds), (cell, step), (empty, state))
            outputs.append(output)
        return outputs, state


def _empty(batch: Any, units: int, kind: Any, known: int | None) -> Tensor:
    """The output of a sequence that is over."""
    found = zeros(sizes_of(batch, units), kind)
    shape_constants([known], units)
    found.set_shape((known, *inner_sizes(units)))
    return found


def shape_constants(first: list[int | None], units: Any) -> None:
    """The constants that TensorFlow makes while it puts a static shape together."""
    if None not in first:
        constant(first, "int32")
    constant(inner_sizes(units), "int32")


def cache_beside(scope: Any) -> None:
    """Cache variables where they are used, as TensorFlow does outside of loops."""
    if scope.caching_device is None and get_default_graph().context is None:
        scope.set_caching_device(lambda op: op.device)


def _step(number: int, lengths: tuple[Tensor, ...], step: Any, old: Any) -> Any:
    """One step of sequences with different lengths."""
    every, shortest, longest = lengths
    cell, inputs = step
    empty, state = old
    kept = [*empty, *flattened(state)]
    over: Any = every <= number

    def changed() -> Any:
        output, after = cell(inputs, state)
        new = [*flattened(output), *flattened(after)]
        return cond(shortest > number, lambda: new, lambda: copied_through(over, kept, new))

    found = cond(longest <= number, lambda: kept, changed)
    count = len(empty)
    for tensor, before in zip(found, kept, strict=True):
        tensor.set_shape(before.dims)
    return repacked(cell.output_size, found[:count]), repacked(state, found[count:])


def initial(cell: Any, state: Any, batch: Any, dtype: Any) -> Any:
    """The state to begin with.

    Raises:
        ValueError: there is neither a state nor a type to make one of.
    """
    if state is not None:
        return state
    if not dtype:
        raise ValueError("If no initial_state is provided, argument `dtype` must be specified")
    return cell.zero_state(batch, dtype)


def state_dtype(dtype: Any, state: Any) -> Any:
    """The type of a state."""
    return flattened(state)[0].dtype if dtype is None else as_dtype(dtype)


def copied_through(over: Tensor, kept: list[Any], new: list[Any]) -> list[Any]:
    """Outputs and state of a step; of the sequences that are over, those of before."""

    def chosen(before: Tensor, after: Tensor) -> Tensor:
        if before.dims == ():
            return after
        with colocate_with(after.op):
            return apply("Select", over, before, after)

    return [chosen(before, after) for before, after in zip(kept, new, strict=True)]


def static_bidirectional_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Any,
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> Any:
    """Two cells, one from the front and one from the back, step by step."""
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as forward:
            front, state_fw = static_rnn(
                cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=forward
            )
        with variable_scope("bw") as backward:
            turned = _reversed(inputs, sequence_length)
            back, state_bw = static_rnn(
                cell_bw, turned, initial_state_bw, dtype, sequence_length, scope=backward
            )
    pairs = zip(front, _reversed(back, sequence_length), strict=True)
    return [concat([a, b], 1) for a, b in pairs], state_fw, state_bw


def _reversed(steps: Any, lengths: Any) -> list[Any]:
    """The steps from the last to the first; of a shorter sequence, from its own last."""
    if lengths is None:
        return list(steps)[::-1]
    turned = apply("ReverseSequence", stack(steps), lengths, seq_dim=0, batch_dim=1)
    return unstack(turned)
