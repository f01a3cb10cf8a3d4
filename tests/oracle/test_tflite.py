"""Held against TensorFlow Lite's own interpreter."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.formats.opening import load
from scopecli.formats.tflite.layout import DTYPES
from tests.samples import SAMPLES

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model

pytestmark = pytest.mark.skipif(sys.byteorder == "big", reason="written for little-endian machines")


def schema() -> Any:
    from tensorflow.lite.python import schema_py_generated

    return schema_py_generated


def test_the_table_of_types() -> None:
    numbers = {name: n for name, n in vars(schema().TensorType).items() if isinstance(n, int)}
    assert {n: name.lower() for name, n in numbers.items()} == DTYPES


def held_against(model: Model, path: Path) -> None:
    """The tables by the generated reader, the values by the interpreter."""
    root = schema().ModelT.InitFromPackedBuf(path.read_bytes())
    theirs = []
    for graph in root.subgraphs:
        for tensor in graph.tensors:
            data = root.buffers[tensor.buffer].data
            if data is not None and len(data):
                theirs.append((tensor, bytes(data)))
    assert len(model.variables) == len(theirs)
    for variable, (tensor, data) in zip(model.variables, theirs, strict=True):
        assert variable.name == tensor.name.decode()
        assert variable.shape == tuple([] if tensor.shape is None else tensor.shape)
        assert variable.dtype == DTYPES[tensor.type]
        assert model.tensors is not None
        assert model.tensors.read(variable, 0, variable.params) == data
        quantization = variable.attributes.get("quantization")
        if tensor.quantization is not None and tensor.quantization.scale is not None:
            assert isinstance(quantization, dict)
            assert quantization["scale"] == tuple(tensor.quantization.scale)
            assert quantization["zero_point"] == tuple(tensor.quantization.zeroPoint)
        else:
            assert quantization is None


def by_the_interpreter(model: Model, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = tf.lite.Interpreter(str(path))
    interpreter.allocate_tensors()
    names = {detail["name"]: detail for detail in interpreter.get_tensor_details()}
    seen = 0
    for variable in model.variables:
        detail = names.get(variable.name)
        if detail is None or variable.name != variable.key:
            continue  # of another subgraph, which it does not show
        assert tuple(detail["shape"]) == variable.shape
        assert np.dtype(detail["dtype"]).name == variable.dtype
        assert model.tensors is not None
        data = model.tensors.read(variable, 0, variable.params)
        assert data == interpreter.get_tensor(detail["index"]).tobytes()
        seen += 1
    assert seen


def test_the_sample() -> None:
    path = SAMPLES / "mobile.tflite"
    held_against(load(path), path)
    by_the_interpreter(load(path), path)


def test_half_floats_and_plain_ones(tmp_path: Path) -> None:
    @tf.function(input_signature=[tf.TensorSpec([2, 3], tf.float32)])  # type: ignore[untyped-decorator]
    def call(x: Any) -> Any:
        return tf.nn.relu(x @ tf.constant(np.arange(12).reshape(3, 4), tf.float32)) + 0.5

    for types in ([], [tf.float16]):
        function = call.get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
        if types:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = types
        path = tmp_path / f"m{len(types)}.tflite"
        path.write_bytes(converter.convert())
        held_against(load(path), path)
