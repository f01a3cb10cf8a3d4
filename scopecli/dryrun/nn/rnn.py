"""`tf.nn.static_rnn` and its kin: a cell over the steps of a sequence."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.ops.applying import convert_to_tensor
from scopecli.dryrun.ops.arrays import concat, shape
from scopecli.dryrun.ops.opaque import call
from scopecli.dryrun.variables.opening import variable_scope

__getattr__: Any = attributes(__name__, {})


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
    """
    outputs: list[Any] = []
    with variable_scope(scope or "rnn") as opened:
        first = inputs[0]
        state = initial_state
        if state is None:
            if dtype is None:
                raise ValueError(
                    "If no initial_state is provided, argument `dtype` must be specified"
                )
            known = first.dims[0] if first.dims is not None else None
            state = cell.zero_state(shape(first)[0] if known is None else known, dtype)
        for number, step in enumerate(inputs):
            if number:
                opened.reuse_variables()
            output, state = cell(step, state)
            outputs.append(output)
        return outputs, state


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
    """The cell in a loop, whose body is built once; the outputs are one node."""
    with variable_scope(scope or "rnn"):
        inputs = convert_to_tensor(inputs)
        step = inputs[0] if time_major else inputs[:, 0]
        state = initial_state
        if state is None:
            known = step.dims[0] if step.dims is not None else None
            state = cell.zero_state(shape(step)[0] if known is None else known, dtype)
        output, state = cell(step, state)
        found = call("tf.nn.dynamic_rnn", None, output)
        outer = (inputs.dims or (None, None))[:2]
        found.set_shape((*outer, *(output.dims or (None, None))[1:]))
        return found, state


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
    found = []
    with variable_scope(scope or "bidirectional_rnn"):
        for name, cell, state in (
            ("fw", cell_fw, initial_state_fw),
            ("bw", cell_bw, initial_state_bw),
        ):
            with variable_scope(name) as opened:
                found.append(
                    dynamic_rnn(
                        cell,
                        inputs,
                        initial_state=state,
                        dtype=dtype,
                        time_major=time_major,
                        scope=opened,
                    )
                )
    (out_fw, state_fw), (out_bw, state_bw) = found
    return (out_fw, out_bw), (state_fw, state_bw)


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
            front, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, scope=forward)
        with variable_scope("bw") as backward:
            back, state_bw = static_rnn(
                cell_bw, list(inputs)[::-1], initial_state_bw, dtype, scope=backward
            )
    pairs = zip(front, back[::-1], strict=True)
    return [concat([a, b], 1) for a, b in pairs], state_fw, state_bw
