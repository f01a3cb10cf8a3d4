"""Held against TensorFlow itself: every key, shape, dtype and value that it reads.

`pip install scopecli[oracle]`.
"""

from __future__ import annotations

import os
import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.binary import sstable
from scopecli.binary.source import Source
from scopecli.formats.opening import load
from scopecli.model.dtypes import ML_DTYPES
from scopecli.model.variable import Slice
from tests import bundles
from tests.oracle.checkpoints import assert_same_as_tensorflow
from tests.samples import SAMPLES, V2, prefix_of

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf: Any = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Array = np.ndarray[Any, np.dtype[Any]]

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("sample", V2)
def test_samples(sample: str) -> None:
    model = assert_same_as_tensorflow(str(SAMPLES / prefix_of(sample)))
    assert model.variables


def save(prefix: Path, tensors: dict[str, Any]) -> str:
    """Write a checkpoint; its prefix."""
    names = list(tensors)
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tensors[name] for name in names],
    )
    return str(prefix)


NUMBERS = (
    "float16",
    "float32",
    "float64",
    "bfloat16",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
    "complex64",
    "complex128",
    "float8_e5m2",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2fnuz",
    "float8_e4m3b11fnuz",
    "int4",
    "uint4",
    "int2",
    "uint2",
    "float4_e2m1fn",
)
SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (7,), (0,), (3, 0, 2), (2, 3, 4), (1, 1, 1, 1, 5))


def array(dtype: str, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Random numbers of a dtype."""
    kind = np.dtype(getattr(ml_dtypes, dtype, None) or dtype)
    if dtype == "bool":
        return generator.random(shape) < 0.5
    if dtype in {"int2", "uint2", "int4", "uint4"}:
        return generator.integers(0, 2, shape).astype(kind)
    if dtype.startswith(("float4", "float8", "bfloat")):
        return generator.normal(0, 2, shape).astype("f4").astype(kind)
    return np.frombuffer(generator.bytes(int(np.prod(shape)) * kind.itemsize), kind).reshape(shape)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_numbers(tmp_path: Path, dtype: str) -> None:
    if dtype in ML_DTYPES and not hasattr(ml_dtypes, dtype):
        pytest.skip(f"this ml_dtypes has no {dtype}")
    generator = np.random.default_rng(len(dtype))
    arrays = {
        f"{dtype}/{'x'.join(map(str, shape)) or 'scalar'}": array(dtype, shape, generator)
        for shape in SHAPES
    }
    try:
        prefix = save(tmp_path / "m", {name: tf.constant(data) for name, data in arrays.items()})
    except (tf.errors.OpError, TypeError, ValueError) as error:
        pytest.skip(f"this TensorFlow does not save {dtype}: {type(error).__name__}")
    assert_same_as_tensorflow(prefix)


@pytest.mark.parametrize("dtype", ["qint8", "quint8", "qint32"])
def test_quantized(tmp_path: Path, dtype: str) -> None:
    data = tf.constant([-3.0, 0.5, 7.0])
    quantized = tf.quantization.quantize(data, -8.0, 8.0, getattr(tf, dtype)).output
    prefix = save(tmp_path / "m", {"w": quantized})
    model = load(prefix)
    (variable,) = model.variables
    assert variable.dtype == dtype
    expected = tf.bitcast(quantized, dtype.removeprefix("q")).numpy()
    assert values.section(model, variable, ()).tolist() == expected.tolist()


def test_strings(tmp_path: Path) -> None:
    words = [b"", b"a", b"\xff\0\x01", "größe".encode(), b"x" * 200, b"y" * 70_000]
    tensors = {
        "scalar": tf.constant(b"one"),
        "empty": tf.zeros([0, 3], tf.string),
        "many": tf.constant(words * 50),
        "square": tf.constant([words[:2], words[2:4]]),
    }
    assert_same_as_tensorflow(save(tmp_path / "m", tensors))


@pytest.mark.parametrize("seed", range(3))
def test_many_names(tmp_path: Path, seed: int) -> None:
    """Enough that the index has several blocks, and alike enough that keys share beginnings."""
    random_ = random.Random(seed)
    parts = [
        "dense",
        "dense_1",
        "d",
        "Größe",
        "a" * 150,
        "b" * 127,
        "c" * 128,
        "x.y",
        "-",
        "0",
        "~",
    ]
    names = {f"n{i}" for i in range(20)}
    while len(names) < 2500:
        depth = random_.randint(1, 6)
        name = "/".join(random_.choice(parts) for _ in range(depth))
        names.add(f"{name}_{random_.randint(0, 999)}/{random_.randbytes(30).hex()}")
    tensors = {
        name: tf.constant(random_.random(), shape=[random_.choice([1, 2, 300])])
        for name in random_.sample(sorted(names), len(names))
    }
    prefix = save(tmp_path / "m", tensors)
    with Source(f"{prefix}.index") as source:
        assert len(list(sstable.blocks(source))) > 1
    assert len(assert_same_as_tensorflow(prefix).variables) == 2500


class Partition(NamedTuple):
    """A shape, and where each axis is cut."""

    shape: tuple[int, ...]
    cuts: tuple[tuple[int, ...], ...]

    def specs(self) -> list[str]:
        """The parts as SaveV2 takes them: `start,length` an axis, or `-` for all of it."""
        axes = []
        for size, cuts in zip(self.shape, self.cuts, strict=True):
            edges = [0, *cuts, size]
            whole = ["-"] if not cuts else []
            axes.append(whole or [f"{a},{b - a}" for a, b in pairwise(edges)])
        found = [""]
        for axis in axes:
            found = [f"{head}:{part}" if head else part for head in found for part in axis]
        return found


PARTITIONS = (
    Partition((10, 3), ((4, 7), ())),
    Partition((10, 3), ((), (1,))),
    Partition((10, 3), ((1, 2, 9), (2,))),
    Partition((9,), ((1,),)),
    Partition((63, 65), ((), (63, 64))),
    Partition((200, 2), ((64, 128), ())),
    Partition((20_000, 2), ((63, 64, 8191, 8192, 8193), ())),
    Partition((2, 20_000), ((1,), (100, 9000))),
    Partition((3, 4, 5, 6), ((), (1,), (), (3, 5))),
)


def cut(data: Array, spec: str) -> Array:
    """The part of an array that a spec means."""
    index = []
    for axis in spec.split(":"):
        start, _, length = axis.partition(",")
        index.append(slice(None) if axis == "-" else slice(int(start), int(start) + int(length)))
    return data[tuple(index)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64"])
@pytest.mark.parametrize("partition", PARTITIONS)
def test_partitions(tmp_path: Path, partition: Partition, dtype: str) -> None:
    data = array(dtype, partition.shape, np.random.default_rng(1))
    specs = partition.specs()
    shape = " ".join(map(str, partition.shape))
    order = random.Random(0).sample(specs, len(specs))
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "m"),
        tensor_names=["before", *["part/ed"] * len(order), "z"],
        shape_and_slices=["", *(f"{shape} {spec}" for spec in order), ""],
        tensors=[tf.constant(1), *(tf.constant(cut(data, spec)) for spec in order), tf.constant(2)],
    )
    model = assert_same_as_tensorflow(str(tmp_path / "m"))
    variable = model.variables[1]
    slices = variable.attributes["slices"]
    assert isinstance(slices, tuple)
    assert values.section(model, variable, ()).tobytes() == data.tobytes()
    numbered = {whole_axes(spec, partition.shape) for spec in specs}
    assert {part.spec for part in slices if isinstance(part, Slice)} == numbered


def whole_axes(spec: str, shape: Sequence[int]) -> str:
    """The spec with numbers where it says "all of this axis"."""
    axes = zip(spec.split(":"), shape, strict=True)
    return ":".join(f"0,{size}" if axis == "-" else axis for axis, size in axes)


@pytest.mark.parametrize("partition", PARTITIONS)
def test_slice_keys_are_the_ones_that_tensorflow_writes(
    tmp_path: Path, partition: Partition
) -> None:
    """The encoder of the tests, which the reader's is held to elsewhere, writes the same keys."""
    data = np.zeros(partition.shape, "f4")
    specs = partition.specs()
    shape = " ".join(map(str, partition.shape))
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "m"),
        tensor_names=["w"] * len(specs),
        shape_and_slices=[f"{shape} {spec}" for spec in specs],
        tensors=[tf.constant(cut(data, spec)) for spec in specs],
    )
    with Source(str(tmp_path / "m.index")) as source:
        keys = {key for key, _ in sstable.entries(source) if key[:1] == b"\0"}
    assert keys == {bundles.slice_key(b"w", extents(spec)) for spec in specs}


def extents(spec: str) -> list[tuple[int, int]]:
    """Start and length on each axis; TensorFlow writes 0 and -1 for a whole axis."""
    found = []
    for axis in spec.split(":"):
        start, _, length = axis.partition(",")
        found.append((0, -1) if axis == "-" else (int(start), int(length)))
    return found


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("parts", [2, 3, 7])
def test_partitioned_variables_of_a_saver(tmp_path: Path, axis: int, parts: int) -> None:
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable(
            "emb/table",
            (11, 10),
            partitioner=v1.fixed_size_partitioner(parts, axis=axis),
            initializer=v1.random_normal_initializer(seed=1),
        )
        v1.get_variable("whole", (3,), use_resource=False)
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver().save(session, str(tmp_path / "m"), write_meta_graph=False)
    model = assert_same_as_tensorflow(prefix)
    assert [v.key for v in model.variables] == ["emb/table", "whole"]


def test_a_sharded_saver(tmp_path: Path) -> None:
    v1 = tf.compat.v1
    config = v1.ConfigProto(device_count={"CPU": 3})
    with tf.Graph().as_default(), v1.Session(config=config) as session:
        for i in range(3):
            with tf.device(f"/cpu:{i}"):
                v1.get_variable(f"on_{i}/w", (4,), use_resource=False)
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver(sharded=True).save(
            session, str(tmp_path / "m"), write_meta_graph=False
        )
    model = assert_same_as_tensorflow(prefix)
    assert model.metadata["num_shards"] == 3
    assert len(model.files) == 4
