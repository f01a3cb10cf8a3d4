"""`tf.data.experimental`, which was `tf.contrib.data`: functions for `Dataset.apply`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.namespaces import attributes

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.dryrun.data.datasets import Dataset

AUTOTUNE = -1
__getattr__ = attributes(__name__, {})


def map_and_batch(
    map_func: Any,
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Callable[[Dataset], Dataset]:
    """A function of each element, and several elements as one."""
    calls = num_parallel_calls
    if calls is None:
        calls = batch_size * num_parallel_batches if num_parallel_batches else batch_size
    return lambda dataset: dataset.map_and_batch(map_func, batch_size, calls, drop_remainder)


def shuffle_and_repeat(
    buffer_size: Any, count: Any = None, seed: Any = None
) -> Callable[[Dataset], Dataset]:
    """In another order, several times."""
    return lambda dataset: dataset.shuffle_and_repeat(buffer_size, count)


def parallel_interleave(map_func: Any, *_: Any, **__: Any) -> Callable[[Dataset], Dataset]:
    """The data sets that a function gives."""
    return lambda dataset: dataset.flat_map(map_func)


def unbatch() -> Callable[[Dataset], Dataset]:
    """The rows of the elements."""
    return lambda dataset: dataset.unbatch()


def ignore_errors(*_: Any) -> Callable[[Dataset], Dataset]:
    """The same elements."""
    return lambda dataset: dataset


prefetch_to_device = copy_to_device = ignore_errors
