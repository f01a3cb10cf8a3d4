"""`tf.SparseTensor`: the elements of a tensor that are not zero.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/framework/sparse_tensor.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope
from scopecli.dryrun.ops.applying import apply, apply_op, convert_to_tensor
from scopecli.dryrun.ops.arithmetic import cast
from scopecli.dryrun.ops.arrays import identity, placeholder, placeholder_with_default, reshape
from scopecli.dryrun.ops.constant_values import vector
from scopecli.dryrun.ops.filled import zeros
from scopecli.dryrun.ops.indexing import gather, where_v2
from scopecli.dryrun.values.shapes import TensorShape, dims_of

if TYPE_CHECKING:
    from scopecli.dryrun.graph.graph import Graph
    from scopecli.dryrun.graph.nodes import Operation, Tensor
    from scopecli.dryrun.values.dtypes import DType


class SparseTensor:
    """The elements of a tensor that are not zero.

    Attributes:
        indices: where they are.
        values: what they are.
        dense_shape: of the whole.
    """

    is_sparse = True

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        with name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self.indices = convert_to_tensor(indices, "int64", name="indices")
            self.values = convert_to_tensor(values, name="values")
            self.dense_shape = convert_to_tensor(dense_shape, "int64", name="dense_shape")
        self._known = TensorShape(None)

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """What it is to operations: places, elements and the shape of the whole."""
        return self.indices, self.values, self.dense_shape

    def with_values(self, values: Any) -> SparseTensor:
        """Other elements at the same places."""
        return SparseTensor(self.indices, values, self.dense_shape)

    @property
    def dtype(self) -> DType:
        """Type of the elements."""
        return self.values.dtype

    @property
    def op(self) -> Operation:
        """What computes the elements."""
        return self.values.op

    @property
    def graph(self) -> Graph:
        """The graph that they are in."""
        return self.values.graph

    @property
    def shape(self) -> TensorShape:
        """Of the whole, as far as it is known."""
        sizes = vector(self.dense_shape)
        if sizes is None:
            return self._known
        dims = [None if size is None or size < 0 else size for size in sizes]
        return self._known.merge_with(dims)

    def get_shape(self) -> TensorShape:
        """Of the whole, as far as it is known."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Say what is known of the shape."""
        self._known = self.shape.merge_with(shape)

    def _with_dense(self, type_: str, name: str, dense: Any) -> SparseTensor:
        """Each element with the one of a dense tensor that stands at its place."""
        with name_scope(None, name, [self]) as scope:
            dense = convert_to_tensor(dense, self.dtype.base_dtype, name="y")
            parts = (self.indices, self.values, self.dense_shape)
            return self.with_values(apply(type_, *parts, dense, name=scope))

    def __mul__(self, other: Any) -> SparseTensor:
        return self._with_dense("SparseDenseCwiseMul", "mul", other)

    def __truediv__(self, other: Any) -> SparseTensor:
        return self._with_dense("SparseDenseCwiseDiv", "truediv", other)


def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """A sparse tensor that is fed."""

    def called(part: str) -> str | None:
        return None if name is None else f"{name}/{part}"

    rank = None
    if shape is None:
        sizes: Any = placeholder("int64", [None], called("shape"))
    else:
        known = dims_of(shape) or ()
        rank = len(known)
        default = convert_to_tensor(
            [-1 if size is None else size for size in known], "int64", name=called("shape_default")
        )
        sizes = placeholder_with_default(default, [rank], called("shape"))
    values = placeholder(dtype, [None], called("values"))
    indices = placeholder("int64", [None, rank], called("indices"))
    found = SparseTensor(indices, values, sizes)
    found.set_shape(shape)
    return found


def sparse_tensor_to_dense(
    sp_input: SparseTensor,
    default_value: Any = None,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """The whole tensor."""
    if default_value is None:
        default_value = zeros([], sp_input.dtype)
    where = sp_input.indices, sp_input.dense_shape
    return apply("SparseToDense", *where, sp_input.values, default_value, name=name)


def sparse_to_dense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any = 0,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """A tensor with values in some places."""
    where = sparse_indices, output_shape
    return apply("SparseToDense", *where, sparse_values, default_value, name=name)


def sparse_tensor_dense_matmul(
    sp_a: SparseTensor,
    b: Any,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """The product of a sparse matrix and another."""
    with name_scope(name, "SparseTensorDenseMatMul", [sp_a.indices, sp_a.values, b]):
        b = convert_to_tensor(b, name="b")
        inputs = sp_a.indices, sp_a.values, sp_a.dense_shape, b
        return apply("SparseTensorDenseMatMul", *inputs, adjoint_a=adjoint_a, adjoint_b=adjoint_b)


def sparse_reshape(sp_input: SparseTensor, shape: Any, name: str | None = None) -> SparseTensor:
    """The same elements in another shape."""
    sizes = cast(shape, "int64")
    with name_scope(name, "SparseReshape") as scope:
        op = apply_op("SparseReshape", sp_input.indices, sp_input.dense_shape, sizes, name=scope)
        return SparseTensor(op.outputs[0], identity(sp_input.values), op.outputs[1])


def sparse_retain(sp_input: SparseTensor, to_retain: Any) -> SparseTensor:
    """Some of the elements."""
    places = reshape(where_v2(convert_to_tensor(to_retain)), [-1])
    indices = gather(sp_input.indices, places)
    values = gather(sp_input.values, places)
    return SparseTensor(indices, values, identity(sp_input.dense_shape))


def sparse_fill_empty_rows(
    sp_input: SparseTensor, default_value: Any, name: str | None = None
) -> tuple[SparseTensor, Tensor]:
    """An element more in each row that has none, and which rows that are."""
    with name_scope(name, "SparseFillEmptyRows"):
        default = convert_to_tensor(default_value, sp_input.values.dtype)
        parts = sp_input.indices, sp_input.values, sp_input.dense_shape
        indices, values, empty, _ = apply_op("SparseFillEmptyRows", *parts, default).outputs
        return SparseTensor(indices, values, sp_input.dense_shape), empty


def string_split(
    source: Any = None,
    sep: Any = None,
    skip_empty: bool = True,
    delimiter: Any = None,
    **_: Any,
) -> SparseTensor:
    """The words of texts."""
    between = " " if sep is None and delimiter is None else (sep or delimiter)
    with name_scope(None, "StringSplit", [source]):
        between = convert_to_tensor(between, "string")
        texts = convert_to_tensor(source, "string")
        return SparseTensor(*apply_op("StringSplit", texts, between).outputs)
