"""Data sets, each a node that is made of the one before.

A function that is mapped over the elements is called on placeholders in a graph of its own, as
TensorFlow traces it.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/data/ops/dataset_ops.py
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.data.elements import (
    Spec,
    changed,
    leaves,
    node,
    normalized,
    shapes_in,
    spec_of,
    specs_of,
)
from scopecli.dryrun.data.iterators import Iterator
from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.graph import Graph
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.arrays import placeholder, reshape
from scopecli.dryrun.ops.constants import constant
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.dryrun.values.shapes import TensorShape, dims_of


def _long(value: Any, name: str) -> Any:
    """An argument as a node of its own."""
    return convert_to_tensor(value, "int64", name=name)


class Dataset:
    """A sequence of elements.

    Attributes:
        element: what each looks like: specifications in tuples and dictionaries.
        variant: its node.
    """

    def __init__(self, element: Any, variant: Any = None) -> None:
        self.element = element
        self.variant = variant

    @property
    def output_types(self) -> Any:
        """The types of an element."""
        return changed(self.element, lambda spec: spec.dtype)

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element."""
        return changed(self.element, lambda spec: TensorShape(spec.dims))

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element."""
        given = normalized(tensors)
        return Dataset(changed(given, spec_of), node("TensorDataset", *leaves(given)))

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """The rows of tensors."""

        def row(value: Any) -> Spec:
            spec = spec_of(value)
            return Spec(spec.dtype, spec.dims[1:] if spec.dims else spec.dims)

        given = normalized(tensors)
        return Dataset(changed(given, row), node("TensorSliceDataset", *leaves(given)))

    @staticmethod
    def from_generator(
        generator: Any, output_types: Any, output_shapes: Any = None, args: Any = None
    ) -> Dataset:
        """What a function of Python yields."""
        start = Dataset.from_tensors(0)
        variant = node("FlatMapDataset", start.variant)
        return Dataset(specs_of(output_types, output_shapes), variant)

    @staticmethod
    def range(*bounds: Any, **_: Any) -> Dataset:
        """Numbers."""
        start, stop = bounds[:2] if len(bounds) > 1 else (0, bounds[0])
        step = bounds[2] if len(bounds) > 2 else 1
        named = {"start": start, "stop": stop, "step": step}
        given = [_long(value, name) for name, value in named.items()]
        return Dataset(Spec(as_dtype("int64"), ()), node("RangeDataset", *given))

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Elements of several data sets together."""
        variants = [dataset.variant for dataset in leaves(datasets)]
        element = changed(datasets, lambda dataset: dataset.element)
        return Dataset(element, node("ZipDataset", *variants))

    @staticmethod
    def list_files(file_pattern: Any, *_: Any, **__: Any) -> Dataset:
        """Names of files."""
        names = apply("MatchingFiles", file_pattern)
        return Dataset(Spec(as_dtype("string"), ()), node("TensorSliceDataset", names))

    def _as(self, type_: str, *arguments: Any) -> Dataset:
        """The same elements, in another order or number."""
        return Dataset(self.element, node(type_, self.variant, *arguments))

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: Any = None, *_: Any
    ) -> Dataset:
        """The same elements in any order."""
        size = _long(buffer_size, "buffer_size")
        seeds = [constant(0, "int64", name=name) for name in ("seed", "seed2")]
        return self._as("ShuffleDataset", size, *seeds)

    def repeat(self, count: Any = None, *_: Any) -> Dataset:
        """The same elements several times."""
        return self._as("RepeatDataset", _long(-1 if count is None else count, "count"))

    def prefetch(self, buffer_size: Any, *_: Any) -> Dataset:
        """The same elements, some of them made ahead."""
        return self._as("PrefetchDataset", _long(buffer_size, "buffer_size"))

    def take(self, count: Any, *_: Any) -> Dataset:
        """The first elements."""
        return self._as("TakeDataset", _long(count, "count"))

    def skip(self, count: Any, *_: Any) -> Dataset:
        """All but the first elements."""
        return self._as("SkipDataset", _long(count, "count"))

    def shard(self, num_shards: Any, index: Any, *_: Any) -> Dataset:
        """Every so many elements."""
        return self._as("ShardDataset", _long(num_shards, "num_shards"), _long(index, "index"))

    def cache(self, filename: Any = "", *_: Any) -> Dataset:
        """The same elements, kept."""
        return self._as("CacheDataset", convert_to_tensor(filename, "string", name="filename"))

    def concatenate(self, dataset: Any, *_: Any) -> Dataset:
        """The elements of another behind these."""
        return self._as("ConcatenateDataset", dataset.variant)

    def filter(self, predicate: Any, *_: Any) -> Dataset:
        """The elements of which something holds."""
        self._traced(predicate)
        return self._as("FilterDataset")

    def with_options(self, *_: Any, **__: Any) -> Dataset:
        """The same elements."""
        return self

    def unbatch(self, *_: Any) -> Dataset:
        """The rows of the elements."""

        def row(spec: Spec) -> Spec:
            return Spec(spec.dtype, spec.dims[1:] if spec.dims else spec.dims)

        return Dataset(changed(self.element, row), node("UnbatchDataset", self.variant))

    def batch(self, batch_size: Any, drop_remainder: Any = False, **_: Any) -> Dataset:
        """Several elements as one."""
        size = _long(batch_size, "batch_size")
        whole = convert_to_tensor(drop_remainder, "bool", name="drop_remainder")
        variant = node("BatchDatasetV2", self.variant, size, whole)
        return Dataset(self._batched(self.element, batch_size, drop_remainder), variant)

    @staticmethod
    def _batched(element: Any, batch_size: Any, drop_remainder: Any) -> Any:
        rows = batch_size if drop_remainder and isinstance(batch_size, int) else None

        def wide(spec: Spec) -> Spec:
            return Spec(spec.dtype, None if spec.dims is None else (rows, *spec.dims))

        return changed(element, wide)

    def map_and_batch(
        self, map_func: Any, batch_size: Any, num_parallel_calls: Any, drop_remainder: Any
    ) -> Dataset:
        """A function of each element, and several elements as one."""
        element = changed(self._traced(map_func), spec_of)
        given = (
            _long(batch_size, "batch_size"),
            _long(num_parallel_calls, "num_parallel_calls"),
            convert_to_tensor(drop_remainder, "bool", name="drop_remainder"),
        )
        variant = node("MapAndBatchDataset", self.variant, *given)
        return Dataset(self._batched(element, batch_size, drop_remainder), variant)

    def shuffle_and_repeat(self, buffer_size: Any, count: Any) -> Dataset:
        """The same elements in any order, several times."""
        size = _long(buffer_size, "buffer_size")
        times = _long(-1 if count is None else count, "count")
        seeds = [constant(0, "int64", name=name) for name in ("seed", "seed2")]
        return self._as("ShuffleAndRepeatDataset", size, *seeds, times)

    def padded_batch(
        self,
        batch_size: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: Any = False,
        **_: Any,
    ) -> Dataset:
        """Several elements as one, the shorter ones filled up."""
        specs = leaves(self.element)
        shapes: list[Any] = [spec.dims for spec in specs]
        if padded_shapes is not None:
            single = isinstance(self.element, Spec)
            shapes = [
                _unsized(s) for s in ([padded_shapes] if single else shapes_in(padded_shapes))
            ]
        size = _long(batch_size, "batch_size")
        sizes = [constant([-1 if n is None else n for n in dims or ()], "int64") for dims in shapes]
        given = [None] * len(specs) if padding_values is None else leaves(padding_values)
        filled = [
            convert_to_tensor(
                _nothing(spec) if value is None else value, spec.dtype, "padding_value"
            )
            for spec, value in zip(specs, given, strict=True)
        ]
        whole = convert_to_tensor(drop_remainder, "bool", name="drop_remainder")
        variant = node("PaddedBatchDatasetV2", self.variant, size, *sizes, *filled, whole)
        wanted = iter(shapes)
        element = changed(self.element, lambda spec: Spec(spec.dtype, next(wanted)))
        return Dataset(self._batched(element, batch_size, drop_remainder), variant)

    def map(self, map_func: Any, num_parallel_calls: Any = None, *_: Any, **__: Any) -> Dataset:
        """A function of each element."""
        element = changed(self._traced(map_func), spec_of)
        if num_parallel_calls is None:
            return Dataset(element, node("MapDataset", self.variant))
        calls = _long(num_parallel_calls, "num_parallel_calls")
        return Dataset(element, node("ParallelMapDatasetV2", self.variant, calls))

    def _traced(self, function: Any) -> Any:
        with Graph().as_default():
            tensors = changed(self.element, lambda spec: placeholder(spec.dtype, spec.dims))
            plain = isinstance(tensors, tuple)
            found = function(*tensors) if plain else function(tensors)
            return tuple(found) if isinstance(found, list) else found

    def flat_map(self, map_func: Any, *_: Any, **__: Any) -> Dataset:
        """The data sets that a function gives, one after the other."""
        element = self._traced(map_func).element
        return Dataset(element, node("FlatMapDataset", self.variant))

    def interleave(
        self, map_func: Any, cycle_length: Any = None, block_length: Any = 1, *_: Any, **__: Any
    ) -> Dataset:
        """The data sets that a function gives, in turn."""
        element = self._traced(map_func).element
        cycle = _long(-1 if cycle_length is None else cycle_length, "cycle_length")
        block = _long(block_length or 1, "block_length")
        return Dataset(element, node("InterleaveDataset", self.variant, cycle, block))

    def apply(self, transformation_func: Any) -> Any:
        """A function of the data set."""
        found = transformation_func(self)
        return found if isinstance(found, Dataset) else self

    def make_one_shot_iterator(self) -> Iterator:
        """Goes through the elements once."""
        return Iterator(apply("OneShotIterator"), self.element)

    def make_initializable_iterator(self, shared_name: Any = None) -> Iterator:
        """Goes through the elements each time that it is set up."""
        resource = apply("IteratorV2")
        graph = get_default_graph()
        inputs = [self.variant, resource] if self.variant is not None else [resource]
        start = graph.add("MakeIterator", graph.scope_name("MakeIterator"), inputs, [], {})
        return Iterator(resource, self.element, start)


def _nothing(spec: Spec) -> Any:
    return "" if spec.dtype.name == "string" else 0


def _unsized(shape: Any) -> Any:
    """A shape in which -1 stands for what is not known."""
    dims = dims_of(shape)
    if dims is None:
        return None
    return tuple(None if size is None or size < 0 else size for size in dims)


def make_one_shot_iterator(dataset: Dataset) -> Iterator:
    """Goes through the elements once."""
    return dataset.make_one_shot_iterator()


def make_initializable_iterator(dataset: Dataset, shared_name: Any = None) -> Iterator:
    """Goes through the elements each time that it is set up."""
    return dataset.make_initializable_iterator()


def get_output_shapes(dataset: Any) -> Any:
    """The shapes of an element."""
    return dataset.output_shapes


def get_output_types(dataset: Any) -> Any:
    """The types of an element."""
    return dataset.output_types


def _lines(filenames: Any, *_: Any, **__: Any) -> Dataset:
    """Texts out of files."""
    names = filenames
    if not isinstance(names, Dataset):
        flat = reshape(convert_to_tensor(names, "string"), [-1], name="flat_filenames")
        names = Dataset.from_tensor_slices(flat)
    return Dataset(Spec(as_dtype("string"), ()), node("FlatMapDataset", names.variant))


TextLineDataset = TFRecordDataset = FixedLengthRecordDataset = _lines
