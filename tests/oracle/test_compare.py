"""Values compared as numpy compares what TensorFlow and h5py read, and as `h5diff` says.

`pip install scopecli[oracle]`; h5diff is of the HDF5 tools.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import h5py
import ml_dtypes
import numpy as np
import pytest

from scopecli.analysis.compare.tensors import Tolerance, ValueDifference, compare_all, stored_same
from scopecli.formats.opening import load
from scopecli.model.dtypes import ML_DTYPES

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from scopecli.model.model import Model

    Array = np.ndarray[Any, np.dtype[Any]]

pytestmark = pytest.mark.filterwarnings("ignore")
TOLERANCES = (Tolerance(), Tolerance(1e-3), Tolerance(0, 1e-2), Tolerance(1e-2, 1e-3))
H5DIFF = shutil.which("h5diff")
PLAIN = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
FLOATS = ("float16", "float32", "float64")
COMPLEX = ("complex64", "complex128")
SMALL = ("bfloat16", "float8_e5m2", "float8_e4m3fn", "int4", "uint4")


@pytest.fixture(scope="module")
def tf() -> Any:
    return pytest.importorskip("tensorflow", reason="the oracle extra is not installed")


def pair(dtype: str, shape: tuple[int, ...], seed: int) -> tuple[Array, Array]:
    """Two arrays that are equal here, close there, and odd in some places."""
    random = np.random.default_rng(seed)
    kind = np.dtype(getattr(ml_dtypes, dtype) if dtype in ML_DTYPES else dtype)
    if dtype == "bool" or "int" in dtype:
        x = random.integers(0, 2 if dtype == "bool" else 7, shape).astype(kind)
        y = np.where(random.random(shape) < 0.3, x[..., ::-1], x)
        return x, y
    wide = random.normal(0, 2, shape)
    if dtype in COMPLEX:
        wide = wide + 1j * random.normal(0, 2, shape)
    near = wide * (1 + 10 ** random.uniform(-5, -1, shape))
    other = np.where(random.random(shape) < 0.5, near, wide)
    for odd in (np.nan, np.inf, -np.inf, 0.0):
        for side in (wide, other):
            side[random.random(shape) < 0.03] = odd
        both = random.random(shape) < 0.03
        wide[both] = other[both] = odd
    return wide.astype(kind), other.astype(kind)


def assert_as_numpy(found: ValueDifference, a: Array, b: Array, tolerance: Tolerance) -> None:
    """Everything, by numpy's own functions on values that others have read."""
    wide: Any = complex if a.dtype.kind == "c" else float
    x, y = a.astype(wide), b.astype(wide)
    differs = ~np.isclose(x, y, *tolerance, equal_nan=True)
    assert found.elements == x.size
    assert found.differing == differs.sum()
    places = np.argwhere(differs).tolist()
    assert found.first == (tuple(places[0]) if places else None)
    assert found.nans == (np.isnan(x).sum(), np.isnan(y).sum())
    assert found.infinities == (int((np.isinf(x) & ~np.isnan(x)).sum()), int(np.isinf(y).sum()))
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    if not x.size:
        assert (found.max_abs, found.rms, found.cosine) == (None, None, None)
        return
    distance = np.abs(x - y)
    assert found.max_abs == pytest.approx(distance.max(), rel=1e-6)
    assert found.rms == pytest.approx(np.sqrt(np.mean(distance**2)), rel=1e-5)
    if y.any():
        relative = distance[y != 0] / np.abs(y[y != 0])
        assert found.max_relative == pytest.approx(relative.max(), rel=1e-6)
        cosine = np.vdot(y, x).real / np.linalg.norm(x) / np.linalg.norm(y)
        assert found.cosine == pytest.approx(cosine, abs=1e-6)


def differences(
    a: Model, b: Model, tolerance: Tolerance, axes: tuple[int, ...] | None = None
) -> dict[str, ValueDifference]:
    """Of all variables of one key."""
    others = {variable.key: variable for variable in b.variables}
    pairs = [(variable, others[variable.key], axes) for variable in a.variables]
    found = {}
    for (x, _, _), result in zip(pairs, compare_all(a, b, pairs, tolerance), strict=True):
        assert isinstance(result, ValueDifference), str(result)
        found[x.key] = result
    return found


SHAPES = ((), (7,), (0,), (30, 40), (3, 5, 2, 7))


@pytest.mark.parametrize("dtype", [*PLAIN, *FLOATS, *COMPLEX, *SMALL])
def test_checkpoints(tf: Any, tmp_path: Path, dtype: str) -> None:
    prefixes = []
    arrays = [pair(dtype, shape or (1,), i) for i, shape in enumerate(SHAPES)]
    for side in (0, 1):
        prefix = str(tmp_path / f"m{side}")
        tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=[f"w{i}" for i in range(len(SHAPES))],
            shape_and_slices=[""] * len(SHAPES),
            tensors=[
                tf.constant(both[side].reshape(shape))
                for both, shape in zip(arrays, SHAPES, strict=True)
            ],
        )
        prefixes.append(prefix)
    readers = [tf.train.load_checkpoint(prefix) for prefix in prefixes]
    a, b = map(load, prefixes)
    for tolerance in TOLERANCES:
        for key, found in differences(a, b, tolerance).items():
            x, y = (np.asarray(reader.get_tensor(key)) for reader in readers)
            assert_as_numpy(found, x, y, tolerance)
            assert found.compared_as == dtype
    for left, right in zip(a.variables, b.variables, strict=True):
        stored = [reader.get_tensor(left.key).tobytes() for reader in readers]
        assert stored_same(left, right) is (stored[0] == stored[1])


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        ("float32", "float64", "float64"),
        ("float16", "bfloat16", "float32"),
        ("bfloat16", "float32", "float32"),
        ("float8_e5m2", "float16", "float32"),
        ("float32", "complex64", "complex64"),
        ("int8", "uint16", "int32"),
        ("int32", "float32", "float64"),
        ("bool", "float32", "float32"),
    ],
)
def test_checkpoints_of_other_dtypes(
    tf: Any, tmp_path: Path, left: str, right: str, name: str
) -> None:
    x, _ = pair(left, (30, 40), 1)
    y = x.astype(getattr(ml_dtypes, right) if right in ML_DTYPES else right)
    y[3] = y[4]
    prefixes = []
    for side, data in (("a", x), ("b", y)):
        prefix = str(tmp_path / side)
        tf.raw_ops.SaveV2(
            prefix=prefix, tensor_names=["w"], shape_and_slices=[""], tensors=[tf.constant(data)]
        )
        prefixes.append(prefix)
    a, b = map(load, prefixes)
    for tolerance in TOLERANCES:
        found = differences(a, b, tolerance)["w"]
        assert found.compared_as == name
        wide: Any = complex if name.startswith("complex") else float
        assert_as_numpy(found, x.astype(wide), y.astype(wide), tolerance)


@pytest.mark.parametrize("axis", [0, 1])
def test_partitioned_checkpoints(tf: Any, tmp_path: Path, axis: int) -> None:
    """Partitioned one way, another way, and not at all."""
    x, y = pair("float32", (300, 200), 3)
    prefixes = []
    for name, data, cuts in (
        ("a", x, (70, 120)),
        ("b", y, (70, 120)),
        ("c", y, (11,)),
        ("d", y, ()),
    ):
        edges = [0, *cuts, x.shape[axis]]
        parts, specs = [], []
        for start, stop in pairwise(edges):
            parts.append(tf.constant(data.take(range(start, stop), axis)))
            cut = f"{start},{stop - start}"
            specs.append(f"300 200 {cut}:-" if axis == 0 else f"300 200 -:{cut}")
        prefix = str(tmp_path / name)
        tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=["w"] * len(parts),
            shape_and_slices=specs if cuts else [""],
            tensors=parts,
        )
        prefixes.append(prefix)
    a, *others = map(load, prefixes)
    x = tf.train.load_checkpoint(prefixes[0]).get_tensor("w")
    for other, prefix in zip(others, prefixes[1:], strict=True):
        y = tf.train.load_checkpoint(prefix).get_tensor("w")
        assert_as_numpy(differences(a, other, Tolerance())["w"], x, y, Tolerance())
    whole = a.variables[0]
    assert stored_same(whole, whole) is True
    assert stored_same(whole, others[0].variables[0]) is False
    assert stored_same(whole, others[1].variables[0]) is None
    assert stored_same(whole, others[2].variables[0]) is None
    b, c, d = others
    for first, second in ((b, c), (c, d), (b, d)):
        assert differences(first, second, Tolerance())["w"].same


def test_strings(tf: Any, tmp_path: Path) -> None:
    prefixes = []
    for side, words in (("a", [b"x", b"", b"zz"]), ("b", [b"x", b"y", b"zz"])):
        prefix = str(tmp_path / side)
        tf.raw_ops.SaveV2(
            prefix=prefix, tensor_names=["w"], shape_and_slices=[""], tensors=[tf.constant(words)]
        )
        prefixes.append(prefix)
    a, b = map(load, prefixes)
    found = differences(a, b, Tolerance())["w"]
    assert (found.elements, found.differing, found.first) == (3, 1, (1,))
    assert (found.compared_as, found.max_abs, found.cosine) == ("string", None, None)


@pytest.mark.parametrize("axes", [(1, 0), (3, 2, 0, 1), (0, 2, 1)])
def test_layouts_of_pytorch_and_tensorflow(
    tmp_path: Path, axes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scopecli.analysis.compare.parts.PART_BYTES", 4000)
    x, y = pair("float32", (9, 8, 30, 20)[-len(axes) :], 5)
    paths = [str(tmp_path / name) for name in ("a.h5", "b.h5")]
    for path, data in zip(paths, (x, y.transpose(axes)), strict=True):
        with h5py.File(path, "w") as file:
            file["w"] = data
    a, b = map(load, paths)
    for tolerance in TOLERANCES:
        found = differences(a, b, tolerance, axes)["w"]
        assert_as_numpy(found, x, y, tolerance)


STORED: Mapping[str, Mapping[str, Any]] = {
    "contiguous": {},
    "chunked": {"chunks": (7, 9)},
    "compressed": {"chunks": (30, 4), "compression": "gzip", "shuffle": True},
}


def write_hdf5(path: str, arrays: Mapping[str, Array], **how: Any) -> None:
    with h5py.File(path, "w") as file:
        for name, data in arrays.items():
            file.create_dataset(name, data=data, **how)


@pytest.mark.parametrize("how", STORED)
@pytest.mark.parametrize("dtype", [*PLAIN, *FLOATS, *COMPLEX, ">f4", ">i8"])
def test_hdf5(tmp_path: Path, dtype: str, how: str) -> None:
    x, y = pair(dtype.replace(">f4", "float32").replace(">i8", "int64"), (30, 40), 4)
    x, y = x.astype(dtype), y.astype(dtype)
    paths = [str(tmp_path / name) for name in ("a.h5", "b.h5")]
    for path, data in zip(paths, (x, y), strict=True):
        write_hdf5(path, {"g/w": data, "same": x}, **STORED[how])
    with h5py.File(paths[0]) as left, h5py.File(paths[1]) as right:
        x, y = left["g/w"][...], right["g/w"][...]
    a, b = map(load, paths)
    for tolerance in TOLERANCES:
        found = differences(a, b, tolerance)
        assert found["same"].same
        assert_as_numpy(found["g/w"], x, y, tolerance)


@pytest.mark.skipif(H5DIFF is None, reason="h5diff is not installed")
@pytest.mark.parametrize("how", STORED)
@pytest.mark.parametrize("dtype", [*PLAIN, *FLOATS])
def test_the_verdict_is_that_of_h5diff(tmp_path: Path, dtype: str, how: str) -> None:
    """It takes NaNs as equal; what it makes of infinities is its own affair."""
    x, y = (np.where(np.isfinite(v), v, 1).astype(dtype) for v in pair(dtype, (30, 40), 6))
    one = x.copy()
    one[29, 39] = one[29, 39] == 0
    for i, other in enumerate((x, y, one)):
        paths = [str(tmp_path / f"{i}{name}.h5") for name in "ab"]
        for path, data in zip(paths, (x, other), strict=True):
            write_hdf5(path, {"w": data}, **STORED[how])
        assert H5DIFF is not None
        done = subprocess.run(
            [H5DIFF, *paths, "/w"], capture_output=True, text=True, check=False, timeout=60
        )
        a, b = map(load, paths)
        found = differences(a, b, Tolerance())["w"]
        assert done.returncode == (0 if found.same else 1)
        if not found.same:
            assert f"{found.differing} differences found" in done.stdout
