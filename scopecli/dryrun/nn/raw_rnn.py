"""`tf.nn.raw_rnn`: a cell in a loop whose inputs and states a function of the program's gives."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.nn.rnn import cache_beside
from scopecli.dryrun.nn.rnn_cell.base import sizes_of
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import shape
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.ops.control_flow.loops import while_loop
from scopecli.dryrun.ops.control_flow.tensor_array import TensorArray
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.ops.indexing import where
from scopecli.dryrun.ops.reductions import reduce_all
from scopecli.dryrun.values.shapes import TensorShape
from scopecli.dryrun.values.structures import flattened, repacked
from scopecli.dryrun.variables.opening import variable_scope


def raw_rnn(
    cell: Any,
    loop_fn: Any,
    parallel_iterations: Any = None,
    swap_memory: bool = False,
    scope: Any = None,
) -> tuple[Any, Any, Any]:
    """The cell in a loop; gives lists of outputs, the last state and the last of what is carried.

    Raises:
        TypeError: there is no function.
    """
    if not callable(loop_fn):
        raise TypeError(f"Argument `loop_fn` must be a callable. Received: {loop_fn}.")
    with variable_scope(scope or "rnn") as opened:
        cache_beside(opened)
        time = constant(0, "int32")
        finished, inputs, state, emitted, carried = loop_fn(time, None, None, None)
        loop_state = constant(0, "int32") if carried is None else carried
        first = flattened(inputs)[0]
        known = first.dims[0] if first.dims else None
        batch = shape(first)[0] if known is None else known
        state = repacked(state, [convert_to_tensor(value) for value in flattened(state)])
        if emitted is None:
            emitted = cell.output_size
            sizes: list[Any] = [TensorShape([size]) for size in flattened(emitted)]
            kinds = [flattened(state)[0].dtype] * len(sizes)
        else:
            sizes = [value.shape for value in flattened(emitted)]
            kinds = [value.dtype for value in flattened(emitted)]
        lists = [
            TensorArray(
                kind,
                0,
                dynamic_size=True,
                element_shape=TensorShape([known]).concatenate(size),
                name=f"rnn_output_{number}",
            )
            for number, (kind, size) in enumerate(zip(kinds, sizes, strict=True))
        ]
        empty = [
            zeros(sizes_of(batch, size.as_list()[0]) if size.rank else [batch], kind)
            for kind, size in zip(kinds, sizes, strict=True)
        ]

        def step(
            time: Any, finished: Any, inputs: Any, lists: Any, state: Any, loop_state: Any
        ) -> Any:
            output, after = cell(inputs, state)
            later = time + 1
            done, inputs, after, given, carried = loop_fn(later, output, after, loop_state)

            def copied(old: Any, new: Any) -> Any:
                pairs = zip(flattened(old), flattened(new), strict=True)
                return repacked(
                    old, [b if b.dims == () else where(finished, a, b) for a, b in pairs]
                )

            given = flattened(copied(empty, flattened(given)))
            after = copied(state, after)
            written = [item.write(time, value) for item, value in zip(lists, given, strict=True)]
            over = apply("LogicalOr", finished, done)
            return later, over, inputs, written, after, loop_state if carried is None else carried

        found = while_loop(
            lambda _, finished, *__: apply("LogicalNot", reduce_all(finished)),
            step,
            [time, finished, inputs, lists, state, loop_state],
        )
        lists, state, loop_state = found[-3:]
        return repacked(emitted, flattened(lists)), state, None if carried is None else loop_state
