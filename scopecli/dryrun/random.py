"""Random tensors: `tf.random`, and the older names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.scopes import name_scope, set_random_seed
from scopecli.dryrun.namespaces import attributes
from scopecli.dryrun.ops.applying import apply, convert_to_tensor
from scopecli.dryrun.ops.constants import constant_node
from scopecli.dryrun.ops.grouping import with_dependencies
from scopecli.dryrun.values.dtypes import as_dtype, float32, int32

if TYPE_CHECKING:
    from scopecli.dryrun.graph.nodes import Tensor


def shape_tensor(shape: Any) -> Tensor:
    """A shape that is called `shape` if it becomes a constant."""
    if isinstance(shape, list) and shape and all(type(size) is int for size in shape):
        return constant_node(shape, int32, (len(shape),), "shape")
    if isinstance(shape, (list, tuple)) and not shape:
        return convert_to_tensor(shape, "int32", name="shape")
    if isinstance(shape, int):
        return convert_to_tensor(shape, "int32", name="shape")
    return convert_to_tensor(shape, name="shape")


def _normal(type_: str, default: str) -> Any:
    def normal(
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        seed: Any = None,
        name: str | None = None,
    ) -> Tensor:
        kind = as_dtype(dtype)
        with name_scope(name, default) as scope:
            sizes = shape_tensor(shape)
            center = convert_to_tensor(mean, kind, name="mean")
            spread = convert_to_tensor(stddev, kind, name="stddev")
            values = apply(type_, sizes, dtype=kind)
            values = apply("Mul", values, spread, name="mul")
            return apply("AddV2", values, center, name=scope)

    return normal


normal = random_normal = _normal("RandomStandardNormal", "random_normal")
truncated_normal = _normal("TruncatedNormal", "truncated_normal")


def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = float32,
    seed: Any = None,
    name: str | None = None,
) -> Tensor:
    """Values that are all equally likely.

    Raises:
        ValueError: of integers the largest is not given.
    """
    kind = as_dtype(dtype)
    if maxval is None:
        if kind.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {kind!r}")
        maxval = 1
    with name_scope(name, "random_uniform") as scope:
        sizes = shape_tensor(shape)
        from_zero = isinstance(minval, int) and minval == 0
        to_one = isinstance(maxval, int) and maxval == 1
        if not from_zero or not to_one or kind.is_integer:
            minval = convert_to_tensor(minval, kind, name="min")
            maxval = convert_to_tensor(maxval, kind, name="max")
        if kind.is_integer:
            return apply("RandomUniformInt", sizes, minval, maxval, name=scope)
        values = apply("RandomUniform", sizes, dtype=kind)
        if from_zero:
            return values if to_one else apply("Mul", values, maxval)
        width = apply("Sub", maxval, minval, name="sub")
        values = apply("Mul", values, width, name="mul")
        return apply("AddV2", values, minval, name=scope)


uniform = random_uniform


def shuffle(value: Any, seed: Any = None, name: str | None = None) -> Tensor:
    """The rows in any order."""
    return apply("RandomShuffle", value, name=name)


def multinomial(
    logits: Any,
    num_samples: Any,
    seed: Any = None,
    name: str | None = None,
    output_dtype: Any = None,
) -> Tensor:
    """Samples of classes."""
    kind = as_dtype(output_dtype or "int64")
    with name_scope(name, "multinomial"):
        logits = convert_to_tensor(logits, name="logits")
        return apply("Multinomial", logits, num_samples, output_dtype=kind)


def categorical(
    logits: Any, num_samples: Any, dtype: Any = None, seed: Any = None, name: str | None = None
) -> Tensor:
    """Samples of classes."""
    return multinomial(logits, num_samples, seed, name or "categorical", dtype)


def random_crop(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Tensor:
    """A part of a given size."""
    from scopecli.dryrun.ops.arrays import shape
    from scopecli.dryrun.ops.control_flow.asserting import Assert
    from scopecli.dryrun.ops.indexing import slice
    from scopecli.dryrun.ops.reductions import reduce_all

    with name_scope(name, "random_crop") as scope:
        value = convert_to_tensor(value, name="value")
        size = convert_to_tensor(size, "int32", name="size")
        whole: Any = shape(value)
        enough = reduce_all(whole >= size)
        check = Assert(enough, ["Need value.shape >= size, got ", whole, size])
        whole = with_dependencies([check], whole)
        limit = whole - size + 1
        largest = 2**31 - 1
        offset = random_uniform(shape(whole), maxval=largest, dtype=size.dtype) % limit
        return slice(value, offset, size, name=scope)


def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = float32,
    seed: Any = None,
    name: str | None = None,
) -> Tensor:
    """Values of gamma distributions."""
    from scopecli.dryrun.ops.arrays import broadcast_dynamic_shape
    from scopecli.dryrun.ops.arrays import shape as shape_of

    with name_scope(name, "random_gamma"):
        sizes = convert_to_tensor(shape, "int32", name="shape")
        alpha = convert_to_tensor(alpha, dtype, name="alpha")
        beta = convert_to_tensor(1 if beta is None else beta, dtype, name="beta")
        together = broadcast_dynamic_shape(shape_of(alpha), shape_of(beta))
        wide = apply("BroadcastTo", alpha, together)
        return apply("Maximum", 1e-38, apply("RandomGamma", sizes, wide) / beta)


def random_poisson(
    lam: Any, shape: Any, dtype: Any = float32, seed: Any = None, name: str | None = None
) -> Tensor:
    """Values of Poisson distributions."""
    with name_scope(name, "random_poisson"):
        sizes = convert_to_tensor(shape, "int32", name="shape")
        return apply("RandomPoissonV2", sizes, lam, dtype=as_dtype(dtype))


gamma, poisson = random_gamma, random_poisson
set_seed = set_random_seed
__getattr__ = attributes(
    __name__,
    {
        "random_stateless": "stateless_normal stateless_truncated_normal stateless_uniform"
        " stateless_multinomial stateless_categorical",
        "nn.candidates": "uniform_candidate_sampler log_uniform_candidate_sampler"
        " learned_unigram_candidate_sampler fixed_unigram_candidate_sampler all_candidate_sampler",
    },
)
