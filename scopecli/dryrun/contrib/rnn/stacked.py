"""Layers of cells that look from both ends.

https://github.com/tensorflow/tensorflow/blob/v1.15.5/tensorflow/contrib/rnn/python/ops/rnn.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.nn.rnn import static_bidirectional_rnn
from scopecli.dryrun.nn.rnn_loop import bidirectional_dynamic_rnn
from scopecli.dryrun.ops.arrays import concat
from scopecli.dryrun.variables.opening import variable_scope


def _initial(states: Any, number: int) -> Any:
    return states[number] if states else None


def stack_bidirectional_dynamic_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    parallel_iterations: Any = None,
    time_major: bool = False,
    scope: Any = None,
    swap_memory: bool = False,
) -> Any:
    """Several layers, each of which sees both ends of the one before."""
    found: tuple[list[Any], list[Any]] = ([], [])
    layer = inputs
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for number, cells in enumerate(zip(cells_fw, cells_bw, strict=True)):
            starts = _initial(initial_states_fw, number), _initial(initial_states_bw, number)
            with variable_scope(f"cell_{number}"):
                outputs, states = bidirectional_dynamic_rnn(
                    *cells, layer, sequence_length, *starts, dtype=dtype, time_major=time_major
                )
                layer = concat(outputs, 2)
            for side, state in zip(found, states, strict=True):
                side.append(state)
    return layer, tuple(found[0]), tuple(found[1])


def stack_bidirectional_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> Any:
    """The same, step by step."""
    found: tuple[list[Any], list[Any]] = ([], [])
    layer = inputs
    with variable_scope(scope or "stack_bidirectional_rnn"):
        for number, cells in enumerate(zip(cells_fw, cells_bw, strict=True)):
            starts = _initial(initial_states_fw, number), _initial(initial_states_bw, number)
            with variable_scope(f"cell_{number}") as opened:
                layer, *states = static_bidirectional_rnn(
                    *cells,
                    layer,
                    *starts,
                    sequence_length=sequence_length,
                    dtype=dtype,
                    scope=opened,
                )
            for side, state in zip(found, states, strict=True):
                side.append(state)
    return layer, tuple(found[0]), tuple(found[1])
