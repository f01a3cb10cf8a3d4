"""Tensors of one number, and counts of steps, told from checksums."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

import scopecli
from scopecli.analysis import constants, fingerprints, steps
from tests import bundles
from tests.models import only

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model

STEP = bundles.Tensor(bundles.INT64, (), (1234).to_bytes(8, "little"))


def float32(*values: float) -> bundles.Tensor:
    return bundles.Tensor(bundles.FLOAT, (len(values),), struct.pack(f"<{len(values)}f", *values))


def scalar(value: float) -> bundles.Tensor:
    return bundles.Tensor(bundles.FLOAT, (), struct.pack("<f", value))


def written(folder: Path, **tensors: bundles.Tensor) -> Model:
    """A checkpoint without its data, so that only the index can tell."""
    named = {name.replace("__", "/"): tensor for name, tensor in tensors.items()}
    prefix = bundles.write(folder / "m", named)
    (folder / "m.data-00000-of-00001").unlink()
    return scopecli.load(prefix)


@pytest.mark.parametrize(
    ("values", "number"), [((0.0,) * 7, 0), ((1.0,) * 9, 1), ((0.0, 0.0, 1.0), None)]
)
def test_constants(values: tuple[float, ...], number: int | None, tmp_path: Path) -> None:
    variable = only(written(tmp_path, w=float32(*values)))
    found = [candidate for candidate in (0, 1) if constants.stored(variable, candidate)]
    assert found == ([] if number is None else [number])


def test_bfloat16_is_half_a_float(tmp_path: Path) -> None:
    tensor = bundles.Tensor(bundles.BFLOAT16, (3,), b"\x80\x3f" * 3)
    assert constants.stored(only(written(tmp_path, w=tensor)), 1) is True


def test_of_what_nothing_is_stored_nothing_is_known() -> None:
    variable = scopecli.Variable("w", "w", (3,), "float32", 12)
    assert constants.stored(variable, 0) is None
    assert constants.stored(variable._replace(dtype="string"), 0) is None
    assert constants.read(scopecli.Model("m", "hdf5", [variable]), variable, 0) is None


def test_parts_are_all_looked_at(tmp_path: Path) -> None:
    whole = bundles.entry(bundles.FLOAT, (4,))
    zero, one = struct.pack("<2f", 0, 0), struct.pack("<2f", 1, 1)

    def parts(second: bytes) -> Model:
        pairs = [bundles.header(), (b"w", whole)]
        for at, data in ((0, zero), (2, second)):
            key = bundles.slice_key(b"w", [(at, 2)])
            pairs.append((key, bundles.entry(bundles.FLOAT, (2,), offset=4 * at, data=data)))
        return scopecli.load(bundles.write_pairs(tmp_path / "m", pairs, [zero + second]))

    assert constants.stored(only(parts(zero)), 0) is True
    assert constants.stored(only(parts(one)), 0) is False


def test_steps_are_in_the_index(tmp_path: Path) -> None:
    model = written(tmp_path, global_step=STEP, beta2_power=scalar(0.999**11))
    assert steps.counted(model) == ("global_step", 1234)
    assert steps.training_step(model) == 1234
    (power,) = steps.powers(model)
    assert round(power.steps(steps.DEFAULT_BETA2)) == 10


def test_steps_of_the_optimizer_alone(tmp_path: Path) -> None:
    assert steps.training_step(written(tmp_path, a__beta2_power=scalar(0.999**501))) == 500
    assert steps.training_step(written(tmp_path, beta2_power=scalar(0.0))) is None
    assert steps.training_step(written(tmp_path, w=float32(1.0))) is None


def test_steps_that_have_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez(path, global_step=np.int64(77))
    assert steps.training_step(scopecli.load(path)) == 77


@pytest.mark.filterwarnings("error")
def test_a_nan_that_signals_is_quiet(tmp_path: Path) -> None:
    """Of bfloat16, on which ml_dtypes warns."""
    signalling = bundles.Tensor(bundles.BFLOAT16, (3,), b"\x81\x7f" * 3)
    model = scopecli.load(bundles.write(tmp_path / "m", {"w": signalling}))
    assert constants.read(model, only(model), 0) is False
    assert fingerprints.read(model)(only(model)) is not None
    (finding,) = scopecli.validate(model, select=["H803"], values=True)
    assert finding.text == "w: holds 3 NaN of 3 elements"
