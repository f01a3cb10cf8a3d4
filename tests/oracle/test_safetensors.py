"""Held against the safetensors library: keys, shapes, dtypes, metadata, values, and refusals.

`pip install scopecli[oracle]` brings it.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import pytest

from scopecli.errors import ScopecliError
from scopecli.formats.opening import load, locate, survey
from scopecli.formats.safetensors import header as safetensors_header
from scopecli.formats.safetensors import writer as safetensors_writer
from scopecli.formats.staging import Staging
from scopecli.model.renaming import Renaming
from tests.models import data_of
from tests.samples import SAMPLES

safetensors = pytest.importorskip("safetensors", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from pathlib import Path


# The library's own names in Python, and how many elements one of them stores.
_STORED = {"float4_e2m1fn": ("float4_e2m1fn_x2", 2)}
WRITABLE = sorted(
    canonical
    for name, canonical in safetensors_header.DTYPES.items()
    if not name.startswith("F6_")  # the library reads these and has no name to write them by
)


def theirs(path: Path) -> dict[str, dict[str, Any]]:
    """What the library says of each tensor, with its bytes."""
    return dict(safetensors.deserialize(path.read_bytes()))


def save(path: Path, arrays: dict[str, Any], metadata: dict[str, str] | None = None) -> None:
    specs = {}
    for name, array in arrays.items():
        dtype, _ = _STORED.get(array.dtype.name, (array.dtype.name, 1))
        specs[name] = safetensors.TensorSpec(
            dtype=dtype,
            shape=list(array.shape),
            data_ptr=array.ctypes.data,
            data_len=array.nbytes,
        )
    path.write_bytes(safetensors.serialize(specs, metadata))


def held_against(path: Path) -> None:
    model = load(path)
    facts = theirs(path)
    assert {v.key for v in model.variables} == set(facts)
    for variable in model.variables:
        fact = facts[variable.key]
        assert list(variable.shape or ()) == fact["shape"]
        assert variable.dtype == safetensors_header.DTYPES[fact["dtype"]]
        assert variable.nbytes == len(fact["data"])
        if fact["dtype"] != "F4":
            assert data_of(model, variable.key) == bytes(fact["data"])


@pytest.mark.parametrize(
    "path",
    [
        "dtypes.safetensors",
        "sharded_safetensors/model-00001-of-00002.safetensors",
        "sharded_safetensors/model-00002-of-00002.safetensors",
    ],
)
def test_the_samples(path: str) -> None:
    held_against(SAMPLES / path)
    with safetensors.safe_open(SAMPLES / path, "np") as file:
        assert dict(load(SAMPLES / path).metadata) == file.metadata()


@pytest.mark.parametrize("dtype", WRITABLE)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3, 4)])
def test_every_dtype(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    if dtype in _STORED:
        shape = shape or (1,)  # a pair is no scalar
        array = np.arange(np.prod(shape), dtype="u1").reshape(shape) * 37
        stored, pairs = _STORED[dtype]
        spec = safetensors.TensorSpec(
            dtype=stored, shape=list(shape), data_ptr=array.ctypes.data, data_len=array.nbytes
        )
        (tmp_path / "m").write_bytes(safetensors.serialize({"w": spec}, None))
        model = load(tmp_path / "m")
        assert model.variables[0].shape == (*shape[:-1], shape[-1] * pairs)
        numbers = np.frombuffer(data_of(model, "w"), ml_dtypes.float4_e2m1fn)
        low = (array & 15).view(ml_dtypes.float4_e2m1fn).ravel()
        high = (array >> 4).view(ml_dtypes.float4_e2m1fn).ravel()
        assert numbers[::2].tobytes() == low.tobytes()
        assert numbers[1::2].tobytes() == high.tobytes()
    else:
        kind = np.dtype(getattr(ml_dtypes, dtype, None) or dtype)
        values = np.arange(np.prod(shape)).reshape(shape).astype("f4").astype(kind)
        save(tmp_path / "m", {"w": np.asarray(values)})
    held_against(tmp_path / "m")


def test_names_and_metadata(tmp_path: Path) -> None:
    names = ['"', "\\", "\n", "é", "\U0001f600", "a.b.c", "{}", "a" * 5000, "", "\x7f", "__x__"]
    metadata = {"a": '{"b": "}"}', "\n": "é", "": ""}
    save(tmp_path / "m", {name: np.ones(2, "f4") for name in names}, metadata)
    held_against(tmp_path / "m")
    assert load(tmp_path / "m").metadata == metadata


def test_a_large_header(tmp_path: Path) -> None:
    """Both ways to read one: as the library writes it, and with a name that it escapes."""
    for more in ({}, {"\n": np.ones(1)}):
        arrays = {f"model.layers.{n}.weight": np.full((n % 3, 2), n, "f4") for n in range(3000)}
        save(tmp_path / "m", {**arrays, **more})
        held_against(tmp_path / "m")


_PIECES = (
    '"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}',
    '"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}',
    '"a":{"dtype":"U8","shape":[1,2],"data_offsets":[2,4]}',
    '"c":{"dtype":"I16","shape":[],"data_offsets":[2,4]}',
    '"c":{"dtype":"I16","shape":[1],"data_offsets":[1,4]}',
    '"c":{"dtype":"I16","shape":[1],"data_offsets":[3,5]}',
    '"d":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}',
    '"d":{"dtype":"F4","shape":[4],"data_offsets":[0,2]}',
    '"e":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}',
    '"e":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}',
    '"f":{"shape":[2],"data_offsets":[0,2],"dtype":"U8"}',
    '"f":{"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":{"y":[1]}}',
    '"g":{"dtype":"U8","shape":[2]}',
    '"g":[]',
    '"__metadata__":{"a":"b"}',
    '"__metadata__":{}',
    '"__metadata__":null',
    '"__metadata__":{"a":1}',
)


def test_what_the_library_refuses_is_refused(tmp_path: Path) -> None:
    """Headers put together at random: both say yes, or both no."""
    choose = random.Random(5)
    path = tmp_path / "m.safetensors"
    refused = 0
    for _ in range(600):
        pieces = choose.choices(_PIECES, k=choose.randrange(4))
        if sum(piece.startswith('"__metadata__"') for piece in pieces) > 1:
            continue  # a field of its own to the library, which it takes once
        gap = choose.choice(["", " "])
        header = ("{" + f",{gap}".join(pieces) + "}" + gap).encode()
        data = bytes(choose.choice([0, 2, 4, 5]))
        path.write_bytes(len(header).to_bytes(8, "little") + header + data)
        try:
            facts = theirs(path)
        except safetensors.SafetensorError:
            refused += 1
            with pytest.raises(ScopecliError):
                load(path)
            continue
        model = load(path)
        assert {v.key: list(v.shape or ()) for v in model.variables} == {
            name: fact["shape"] for name, fact in facts.items()
        }, header
        assert survey(path).notes == model.notes
        assert json.loads(header).keys() - {"__metadata__"} == facts.keys()
    assert 200 < refused < 560


def test_renamed_files_are_read_by_the_library(tmp_path: Path) -> None:
    path = SAMPLES / "dtypes.safetensors"
    moves = {"bool": "é\n\"'", "scalar": "ints.int8", "ints.int8": "scalar"}
    drops = frozenset({"empty", "floats.bfloat16", "complex64"})
    with Staging() as staging:
        model = locate(str(path))
        safetensors_writer.write(model, Renaming(moves, drops), str(tmp_path / "m"), staging)
        staging.commit()
    held_against(tmp_path / "m")
    expected = {moves.get(k, k): fact for k, fact in theirs(path).items() if k not in drops}
    assert theirs(tmp_path / "m") == expected
