"""Checkpoints as TensorFlow reads them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.analysis import values
from scopecli.formats.opening import load
from tests import bundles

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf: Any = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from scopecli.model.model import Model
    from scopecli.model.variable import Variable


def assert_same_as_tensorflow(prefix: str) -> Model:
    """Keys, shapes, dtypes and all values are what `tf.train.load_checkpoint` reads."""
    reader = tf.train.load_checkpoint(prefix)
    shapes: dict[str, list[int]] = reader.get_variable_to_shape_map()
    dtypes: dict[str, Any] = reader.get_variable_to_dtype_map()
    model = load(prefix)
    assert sorted(variable.key for variable in model.variables) == sorted(shapes)
    for variable in model.variables:
        assert variable.shape is not None
        assert list(variable.shape) == shapes[variable.key], variable.key
        assert variable.dtype == dtypes[variable.key].name, variable.key
        assert_same_values(model, variable, reader.get_tensor(variable.key))
    return model


def assert_same_values(model: Model, variable: Variable, expected: Any) -> None:
    """Bit for bit, NaN and all."""
    if variable.dtype == "string":
        assert values.strings(model, variable) == list(np.ravel(expected))
        return
    found = values.section(model, variable, ())
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    assert found.tobytes() == expected.astype(found.dtype, copy=False).tobytes(), variable.key
    joined = b"".join(chunk.tobytes() for chunk in values.chunks(model, variable))
    assert joined == found.tobytes()
    if variable.storage is not None:
        assert variable.storage.checksum is not None
        stored = variable.storage.checksum.value.to_bytes(4, "little")
        assert stored == bundles.masked_crc(found.tobytes())
