"""ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makers.sample import sample

if TYPE_CHECKING:
    from pathlib import Path


def onnx_types() -> list[Any]:
    """Give an initializer of every element type, raw or as numbers of the type's own field."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    plain = ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "BOOL", "COMPLEX64", "COMPLEX128")
    small = ("FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT8E8M0")
    packed = ("INT4", "UINT4", "FLOAT4E2M1", "INT2", "UINT2")
    integers = tuple(f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64))
    found = []
    for name in (*plain, *small, *packed, *integers):
        number = getattr(TensorProto, name)
        values = np.array([1, 0, 1, 1, 0], helper.tensor_dtype_to_np_dtype(number))
        found.append(helper.make_tensor(f"types/{name.lower()}", number, [5], values))
        found.append(numpy_helper.from_array(values, f"types/{name.lower()}_raw"))
    texts = [b"one", "na\u00efve".encode()]
    return [*found, helper.make_tensor("types/string", TensorProto.STRING, [2], texts)]


def onnx_constant(name: str, **value: Any) -> Any:
    """Give a Constant node whose output has this name."""
    from onnx import helper

    return helper.make_node("Constant", [], [name], name=f"{name}_node", **value)


def onnx_weights(name: str, *shape: int) -> Any:
    """Give a tensor of random floats."""
    import numpy as np
    from onnx import numpy_helper

    generator = np.random.default_rng(len(name))
    return numpy_helper.from_array(generator.normal(size=shape).astype("f4"), name)


def onnx_branch(name: str) -> Any:
    """Give the body of a branch, which has a constant and an initializer of its own."""
    from onnx import TensorProto, helper

    output = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, [1, 4])
    nodes = [
        onnx_constant(f"{name}_shift", value=onnx_weights("", 4)),
        helper.make_node("Mul", ["hidden", f"{name}_scale"], [f"{name}_scaled"]),
        helper.make_node("Add", [f"{name}_scaled", f"{name}_shift"], [f"{name}_out"]),
    ]
    return helper.make_graph(nodes, name, [], [output], [onnx_weights(f"{name}_scale", 4)])


@sample(
    "branches.onnx",
    "onnx",
    "numpy",
    "ml_dtypes",
    files={"branches.onnx": "one ModelProto"},
)
def make_branches_onnx(out: Path) -> None:
    """An ONNX model that holds weights wherever one can.

    Initializers of every type, raw and as numbers; sparse ones; Constant nodes with tensors and
    plain numbers, in the graph, in both branches of an If and in a function of the model's own.
    """
    import onnx
    from onnx import TensorProto, helper

    values = helper.make_tensor("encoder/pruned", TensorProto.FLOAT, [3], [1.0, -2.0, 0.5])
    places = helper.make_tensor("encoder/pruned_places", TensorProto.INT64, [3], [1, 6, 11])
    axes = helper.make_tensor("", TensorProto.INT64, [2, 2], [0, 1, 2, 0])
    pairs = helper.make_tensor("", TensorProto.FLOAT, [2], [3.0, 4.0])
    nodes = [
        helper.make_node("MatMul", ["x", "encoder/kernel"], ["projected"]),
        helper.make_node("Add", ["projected", "encoder/bias"], ["hidden"]),
        onnx_constant("chosen", value=helper.make_tensor("", TensorProto.BOOL, [], [True])),
        onnx_constant("axes", value_ints=[0, 1, -1]),
        onnx_constant("epsilon", value_float=0.5),
        onnx_constant("labels", value_strings=["cat", "dog"]),
        onnx_constant("mask", sparse_value=helper.make_sparse_tensor(pairs, axes, [3, 2])),
        helper.make_node(
            "If",
            ["chosen"],
            ["switched"],
            name="switch",
            then_branch=onnx_branch("left"),
            else_branch=onnx_branch("right"),
        ),
        helper.make_node("Shifted", ["switched"], ["y"], domain="local"),
    ]
    inside = [
        onnx_constant("offset", value=onnx_weights("offset", 4)),
        helper.make_node("Add", ["v", "offset"], ["w"]),
    ]
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)]
    function = helper.make_function("local", "Shifted", ["v"], ["w"], inside, opsets[:1])
    graph = helper.make_graph(
        nodes,
        "branches",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])],
        [onnx_weights("encoder/kernel", 8, 4), onnx_weights("encoder/bias", 4), *onnx_types()],
        sparse_initializer=[helper.make_sparse_tensor(values, places, [3, 4])],
    )
    model = helper.make_model(
        graph,
        producer_name="scopecli samples",
        opset_imports=opsets,
        functions=[function],
        ir_version=10,
    )
    helper.set_model_props(model, {"task": "toy"})
    (out / "branches.onnx").write_bytes(model.SerializeToString(deterministic=True))
    onnx.checker.check_model(model)


@sample(
    "onnx_external",
    "onnx",
    "numpy",
    files={
        "onnx_external/model.onnx": "names, shapes, and where the values are",
        "onnx_external/model.onnx.data": "the values",
    },
)
def make_onnx_external(out: Path) -> None:
    """An ONNX model with its weights in a file beside it, as PyTorch exports all of them."""
    import onnx
    from onnx import TensorProto, helper

    names = [f"layers.{number}.{part}" for number in range(3) for part in ("weight", "bias")]
    weights = [onnx_weights(name, *((8, 8) if name.endswith("t") else (8,))) for name in names]
    nodes = [
        helper.make_node("Gemm", [f"h{at}", *names[2 * at : 2 * at + 2]], [f"h{at + 1}"])
        for at in range(3)
    ]
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("h0", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("h3", TensorProto.FLOAT, [1, 8])],
        weights,
    )
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, producer_name="scopecli samples", opset_imports=opsets)
    path = out / "onnx_external" / "model.onnx"
    path.with_name("model.onnx.data").unlink(missing_ok=True)
    onnx.save_model(
        model,
        path,
        save_as_external_data=True,
        location="model.onnx.data",
        size_threshold=64,
    )
