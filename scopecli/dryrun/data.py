"""`tf.data`: what the elements of a data set look like; nothing is read.

A function that is mapped over the elements is called on placeholders in a graph of its own, as
TensorFlow traces it.
"""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.graph import Graph
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arrays import placeholder
from scopecli.dryrun.values.dtypes import as_dtype
from scopecli.dryrun.values.python_values import inferred_dtype, shape_of_value
from scopecli.dryrun.values.shapes import TensorShape, dims_of
from scopecli.dryrun.values.structures import flattened, repacked
from scopecli.model.records import NamedTuple


class Spec(NamedTuple):
    """What one tensor of an element looks like.

    Attributes:
        dtype: type of its elements.
        dims: its shape.
    """

    dtype: Any
    dims: Any


def _leaves(structure: Any) -> list[Any]:
    """The tensors of an element; a specification is one of them, though it is a tuple."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in _leaves(structure[key])]
    if isinstance(structure, tuple) and not isinstance(structure, Spec):
        return [leaf for item in structure for leaf in _leaves(item)]
    return [structure]


def _changed(structure: Any, function: Any) -> Any:
    if isinstance(structure, dict):
        return {key: _changed(value, function) for key, value in structure.items()}
    if isinstance(structure, tuple) and not isinstance(structure, Spec):
        return tuple(_changed(item, function) for item in structure)
    return function(structure)


def _spec(value: Any) -> Spec:
    """What a value looks like, which may be a list or an array."""
    if hasattr(value, "dims"):
        return Spec(value.dtype.base_dtype, value.dims)
    if hasattr(value, "_as_tensor"):
        tensor = convert_to_tensor(value)
        return Spec(tensor.dtype.base_dtype, tensor.dims)
    return Spec(inferred_dtype(value, None), tuple(shape_of_value(value)))


def _widened(spec: Spec, rows: int | None) -> Spec:
    return Spec(spec.dtype, None if spec.dims is None else (rows, *spec.dims))


class Dataset:
    """A sequence of elements.

    Attributes:
        element: what each looks like: specifications in tuples and dictionaries.
    """

    def __init__(self, element: Any) -> None:
        self.element = element

    @property
    def output_types(self) -> Any:
        """The types of an element."""
        return _changed(self.element, lambda spec: spec.dtype)

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element."""
        return _changed(self.element, lambda spec: TensorShape(spec.dims))

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """One element."""
        return Dataset(_changed(tensors, _spec))

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """The rows of tensors."""

        def row(value: Any) -> Spec:
            spec = _spec(value)
            return Spec(spec.dtype, spec.dims[1:] if spec.dims else spec.dims)

        return Dataset(_changed(tensors, row))

    @staticmethod
    def from_generator(
        generator: Any, output_types: Any, output_shapes: Any = None, args: Any = None
    ) -> Dataset:
        """What a function of Python yields."""
        kinds = _leaves(output_types)
        if output_shapes is None:
            shapes: list[Any] = [None] * len(kinds)
        elif len(kinds) == 1:
            shapes = [output_shapes]
        else:
            shapes = _shapes(output_shapes)
        specs = iter(
            Spec(as_dtype(kind), dims_of(shape)) for kind, shape in zip(kinds, shapes, strict=True)
        )
        return Dataset(_changed(output_types, lambda _: next(specs)))

    @staticmethod
    def range(*_: Any) -> Dataset:
        """Numbers."""
        return Dataset(Spec(as_dtype("int64"), ()))

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Elements of several data sets together."""
        return Dataset(_changed(datasets, lambda dataset: dataset.element))

    @staticmethod
    def list_files(*_: Any, **__: Any) -> Dataset:
        """Names of files."""
        return Dataset(Spec(as_dtype("string"), ()))

    def batch(self, batch_size: Any, drop_remainder: Any = False, **_: Any) -> Dataset:
        """Several elements as one."""
        rows = batch_size if drop_remainder and isinstance(batch_size, int) else None
        return Dataset(_changed(self.element, lambda spec: _widened(spec, rows)))

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any = None, *_: Any, **options: Any
    ) -> Dataset:
        """Several elements as one, the shorter ones filled up."""
        wanted = self
        if padded_shapes is not None:
            given = [padded_shapes] if isinstance(self.element, Spec) else _shapes(padded_shapes)
            shapes = iter(given)
            wanted = Dataset(
                _changed(self.element, lambda spec: Spec(spec.dtype, _unsized(next(shapes))))
            )
        return wanted.batch(batch_size, options.get("drop_remainder", False))

    def map(self, map_func: Any, *_: Any, **__: Any) -> Dataset:
        """A function of each element."""
        return Dataset(_changed(self._traced(map_func), _spec))

    def _traced(self, function: Any) -> Any:
        with Graph().as_default():
            tensors = _changed(self.element, lambda spec: placeholder(spec.dtype, spec.dims))
            plain = isinstance(tensors, tuple)
            found = function(*tensors) if plain else function(tensors)
            return tuple(found) if isinstance(found, list) else found

    def flat_map(self, map_func: Any, *_: Any, **__: Any) -> Dataset:
        """The data sets that a function gives, one after the other."""
        found = self._traced(map_func)
        return Dataset(found.element)

    interleave = flat_map

    def apply(self, transformation_func: Any) -> Any:
        """A function of the data set."""
        found = transformation_func(self)
        return found if isinstance(found, Dataset) else self

    def _same(self, *_: Any, **__: Any) -> Dataset:
        """The same elements, in another order or number."""
        return self

    shuffle = repeat = prefetch = take = skip = filter = cache = shard = concatenate = _same
    with_options = unbatch = _same

    def make_one_shot_iterator(self) -> Iterator:
        """Goes through the elements once."""
        apply("OneShotIterator")
        return Iterator(self.element)

    def make_initializable_iterator(self, shared_name: Any = None) -> Iterator:
        """Goes through the elements each time that it is set up."""
        apply("IteratorV2")
        return Iterator(self.element)


def _shapes(structure: Any) -> list[Any]:
    """The shapes in a structure: a list, or a tuple of sizes, is one."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in _shapes(structure[key])]
    sizes = (int, type(None))
    if isinstance(structure, tuple) and not all(isinstance(item, sizes) for item in structure):
        return [leaf for item in structure for leaf in _shapes(item)]
    if isinstance(structure, tuple) and not structure:
        return [structure]
    return [structure]


def _unsized(shape: Any) -> Any:
    """A shape in which -1 stands for what is not known."""
    dims = dims_of(shape)
    if dims is None:
        return None
    return tuple(None if size is None or size < 0 else size for size in dims)


class Iterator:
    """Goes through the elements of a data set.

    Attributes:
        initializer: the node that sets it up.
    """

    def __init__(self, element: Any) -> None:
        self._element = element
        self._initializer: Any = None

    @property
    def initializer(self) -> Any:
        """The node that sets it up."""
        if self._initializer is None:
            self._initializer = self.make_initializer()
        return self._initializer

    def make_initializer(self, dataset: Any = None, name: str | None = None) -> Any:
        """The node that sets it up."""
        return apply_op("MakeIterator", name=name)

    @staticmethod
    def from_structure(output_types: Any, output_shapes: Any = None, *_: Any) -> Iterator:
        """Of any data set with such elements."""
        apply("IteratorV2")
        return Iterator(Dataset.from_generator(None, output_types, output_shapes).element)

    def get_next(self, name: str | None = None) -> Any:
        """The next element."""
        graph = get_default_graph()
        specs = _leaves(self._element)
        outputs = [(spec.dtype, spec.dims) for spec in specs]
        full = graph.scope_name(name or "IteratorGetNext")
        op = graph.add("IteratorGetNext", full, [], outputs, {})
        tensors = iter(op.outputs)
        marked = _changed(self._element, lambda _: next(tensors))
        return repacked(marked, flattened(marked))


def make_one_shot_iterator(dataset: Dataset) -> Iterator:
    """Goes through the elements once."""
    return dataset.make_one_shot_iterator()


def make_initializable_iterator(dataset: Dataset, shared_name: Any = None) -> Iterator:
    """Goes through the elements each time that it is set up."""
    return dataset.make_initializable_iterator()


def get_output_shapes(dataset: Dataset) -> Any:
    """The shapes of an element."""
    return dataset.output_shapes


def get_output_types(dataset: Dataset) -> Any:
    """The types of an element."""
    return dataset.output_types


def _lines(*_: Any, **__: Any) -> Dataset:
    """Texts out of files."""
    return Dataset(Spec(as_dtype("string"), ()))


TextLineDataset = TFRecordDataset = FixedLengthRecordDataset = _lines


class _Experimental:
    AUTOTUNE = -1

    @staticmethod
    def map_and_batch(
        map_func: Any,
        batch_size: Any,
        num_parallel_batches: Any = None,
        drop_remainder: Any = False,
        **_: Any,
    ) -> Any:
        """A function of each element, and several elements as one."""
        return lambda dataset: dataset.map(map_func).batch(batch_size, drop_remainder)

    @staticmethod
    def shuffle_and_repeat(*_: Any, **__: Any) -> Any:
        """In another order, several times."""
        return lambda dataset: dataset

    @staticmethod
    def parallel_interleave(map_func: Any, *_: Any, **__: Any) -> Any:
        """The data sets that a function gives."""
        return lambda dataset: dataset.flat_map(map_func)

    ignore_errors = prefetch_to_device = shuffle_and_repeat


experimental = _Experimental()
