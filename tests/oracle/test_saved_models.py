"""SavedModels of Keras 3, held against the checkpoint inside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from scopecli.formats.opening import load
from tests.oracle.keras_models import needs_keras_3

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")
keras = pytest.importorskip("keras", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from pathlib import Path


@needs_keras_3
def test_what_keras_exports(tmp_path: Path) -> None:
    """A third of its variables are left over from tracing: nothing is saved for them."""
    inputs = keras.Input((3,))
    normed = keras.layers.BatchNormalization(name="bn")(inputs)
    keras.Model(inputs, keras.layers.Dense(2, name="fc")(normed)).export(tmp_path / "model")
    model = load(tmp_path / "model")
    saved = dict(tf.train.list_variables(str(tmp_path / "model/variables/variables")))
    saved.pop("_CHECKPOINTABLE_OBJECT_GRAPH")
    found = {
        str(variable.attributes["checkpoint_key"]): list(variable.shape or ())
        for variable in model.variables
        if variable.kind == "variable"
    }
    assert found == saved
