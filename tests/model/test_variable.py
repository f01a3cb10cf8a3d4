"""What a variable knows of itself, and the model of its collections."""

from __future__ import annotations

import pytest

from scopecli.model import dtypes
from scopecli.model.collection import Collection
from scopecli.model.model import Model
from scopecli.model.variable import Kind, Slice, StoredAt, Variable


@pytest.mark.parametrize(
    ("shape", "params"),
    [((), 1), ((3,), 3), ((2, 3, 4), 24), ((5, 0), 0), ((2, None), 0), (None, 0)],
)
def test_params(shape: tuple[int | None, ...] | None, params: int) -> None:
    assert Variable("k", "n", shape, "float32", None).params == params


@pytest.mark.parametrize(
    ("kind", "attributes", "expected"),
    [
        ("variable", {}, True),
        ("constant", {}, True),
        ("slot", {}, False),
        ("bookkeeping", {}, False),
        ("variable", {"average_of": "w"}, False),
    ],
)
def test_is_parameter(kind: Kind, attributes: dict[str, object], expected: bool) -> None:
    variable = Variable("k", "n", (), "float32", 4, kind, attributes=attributes)
    assert variable.is_parameter is expected


@pytest.mark.parametrize(
    ("attributes", "path"),
    [({}, "name"), ({"path": "outer/name"}, "outer/name"), ({"path": 1}, "name")],
)
def test_path(attributes: dict[str, object], path: str) -> None:
    assert Variable("k", "name", (), "float32", 4, attributes=attributes).path == path


def test_slice_spec_is_as_tensorflow_writes_it() -> None:
    assert Slice((3, 0), (4, 8), StoredAt("x", 0, 4)).spec == "3,4:0,8"


@pytest.mark.parametrize(
    ("dtype", "elements", "size"),
    [
        ("float32", 3, 12),
        ("bool", 3, 3),
        ("int4", 3, 2),
        ("bfloat16", 3, 6),
        ("complex128", 2, 32),
        ("float8_e5m2", 5, 5),
        ("string", 3, None),
        ("something", 3, None),
    ],
)
def test_nbytes(dtype: str, elements: int, size: int | None) -> None:
    assert dtypes.nbytes(dtype, elements) == size


def test_every_dtype_that_needs_ml_dtypes_is_one() -> None:
    assert set(dtypes.BITS) >= dtypes.ML_DTYPES
    assert set(dtypes.BITS) >= set(dtypes.NUMPY_NAMES)


def test_collections_of() -> None:
    model = Model(
        "p",
        "hdf5",
        [],
        collections={
            "a": Collection("a", "variables", ("x", "y", "x")),
            "b": Collection("b", "variables", ("x",)),
            "ops": Collection("ops", "nodes", ("x",)),
        },
    )
    assert model.collections_of() == {"x": ("a", "b"), "y": ("a",)}
