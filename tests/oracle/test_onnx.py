"""Held against the onnx package.

`pip install scopecli[oracle]` brings it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.analysis.values import strings
from scopecli.formats.onnx.layout import DTYPES
from scopecli.formats.opening import load
from scopecli.model.dtypes import BITS
from tests.models import get
from tests.samples import SAMPLES

onnx = pytest.importorskip("onnx", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model

pytestmark = pytest.mark.skipif(sys.byteorder == "big", reason="written for little-endian machines")


def test_the_table_of_types() -> None:
    for name, number in onnx.TensorProto.DataType.items():
        if name in {"UNDEFINED", "STRING"}:
            continue
        theirs = onnx.helper.tensor_dtype_to_np_dtype(number)
        assert DTYPES[number] == theirs.name, name


def tensors_of(model: Any, folder: Path) -> dict[str, Any]:
    """Initializers and constants as arrays, by the name that the model has for them."""
    found = {}
    for tensor in model.graph.initializer:
        found[tensor.name] = onnx.numpy_helper.to_array(tensor, str(folder))
    waiting = [model.graph.node, *(function.node for function in model.functions)]
    while waiting:
        for node in waiting.pop():
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    waiting.append(attribute.g.node)
                    for tensor in attribute.g.initializer:
                        found[tensor.name] = onnx.numpy_helper.to_array(tensor)
                elif node.op_type == "Constant" and not attribute.HasField("sparse_tensor"):
                    value = onnx.helper.get_attribute_value(attribute)
                    if attribute.HasField("t"):
                        value = onnx.numpy_helper.to_array(value)
                    found[node.output[0]] = np.asarray(value)
    return found


def held_against(ours: Model, path: Path) -> None:
    theirs = tensors_of(onnx.load(path, load_external_data=False), path.parent)
    seen = set()
    for variable in ours.variables:
        name = variable.key.rpartition("/")[2] if variable.kind == "constant" else variable.key
        if "sparse" in variable.attributes:
            continue
        array = theirs[name]
        seen.add(name)
        assert variable.shape == array.shape, name
        if variable.dtype == "string":
            expected = [v if isinstance(v, bytes) else str(v).encode() for v in array.ravel()]
            assert strings(ours, variable) == expected, name
            continue
        assert ours.tensors is not None
        data = ours.tensors.read(variable, 0, variable.params)
        if BITS[variable.dtype] < 8:  # the bits beside are nobody's
            mask = (1 << BITS[variable.dtype]) - 1
            both = [np.frombuffer(run, "u1") & mask for run in (data, array.tobytes())]
            assert both[0].tolist() == both[1].tolist(), name
        else:
            if variable.kind == "variable":
                assert variable.dtype == array.dtype.name, name
            assert data == array.astype(variable.dtype).tobytes(), name
    assert seen == set(theirs)


@pytest.mark.parametrize("path", ["branches.onnx", "onnx_external/model.onnx"])
def test_the_samples(path: str) -> None:
    held_against(load(SAMPLES / path), SAMPLES / path)


def test_sparse_tensors() -> None:
    """The package has no reader of them; its reference gives what they stand for."""
    model = onnx.load(SAMPLES / "branches.onnx")
    ours = load(SAMPLES / "branches.onnx")
    (sparse,) = model.graph.sparse_initializer
    dense = np.zeros(list(sparse.dims), "f4")
    dense.ravel()[onnx.numpy_helper.to_array(sparse.indices)] = onnx.numpy_helper.to_array(
        sparse.values
    )
    variable = get(ours, sparse.values.name)
    assert variable.shape == dense.shape
    assert ours.tensors is not None
    assert ours.tensors.read(variable, 0, variable.params) == dense.tobytes()
