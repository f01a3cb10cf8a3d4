"""Graphs made in a test, byte by byte, after TensorFlow's own descriptions.

It knows nothing of `scopecli.formats`, so that a reader's mistake is not repeated here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bundles import message, shape_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FLOAT, INT32, STRING, INT64 = 1, 3, 7, 9


def map_entry(key: str, value: bytes) -> bytes:
    """An entry of a map from names to messages."""
    return message((1, key.encode()), (2, value))


def node(
    name: str, op: str, inputs: Sequence[str] = (), attributes: Mapping[str, bytes] | None = None
) -> bytes:
    """A NodeDef; attributes are AttrValue messages."""
    return message(
        (1, name.encode()),
        (2, op.encode()),
        *((3, one.encode()) for one in inputs),
        *((5, map_entry(key, value)) for key, value in (attributes or {}).items()),
    )


def variable(name: str, shape: Sequence[int] = (2, 3), op: str = "VariableV2") -> bytes:
    """The node of a variable of floats."""
    attributes = {"dtype": message((6, FLOAT)), "shape": message((7, shape_message(shape)))}
    return node(name, op, (), attributes)


def tensor(dtype: int, shape: Sequence[int], *fields: tuple[int, int | bytes]) -> bytes:
    """A TensorProto with its values in these fields."""
    return message((1, dtype), (2, shape_message(shape)), *fields)


def constant(name: str, value: bytes) -> bytes:
    """A Const node; the value is a TensorProto."""
    dtype = value[1]
    return node(name, "Const", (), {"dtype": message((6, dtype)), "value": message((8, value))})


def strings(name: str, *values: str) -> bytes:
    """A Const node with strings."""
    fields = [(8, value.encode()) for value in values]
    return constant(name, tensor(STRING, (len(values),), *fields))


def graph(*nodes: bytes, library: bytes = b"") -> bytes:
    """A GraphDef."""
    functions = [(2, library)] if library else []
    return message(*((1, one) for one in nodes), *functions, (4, message((1, 22), (2, 12))))


def variable_def(name: str, *, trainable: bool = False, extra: bytes = b"") -> bytes:
    """A VariableDef."""
    named = message((1, f"{name}:0".encode()), (2, f"{name}/Assign".encode()))
    return named + (message((7, 1)) if trainable else b"") + extra


def collection(key: str, number: int, *values: bytes) -> bytes:
    """A map entry of collections: 1 names of nodes, 2 bytes."""
    members = message(*((1, value) for value in values))
    return map_entry(key, message((number, members)))


def meta_graph(graph_def: bytes, *collections: bytes, saver: bytes = b"") -> bytes:
    """A MetaGraphDef."""
    info = message((4, b"serve"), (5, b"1.15.0"))
    savers = [(3, saver)] if saver else []
    entries = ((4, entry) for entry in collections)
    return message((1, info), (2, graph_def), *savers, *entries)


def saver_nodes(scope: str, entries: Mapping[str, str]) -> list[bytes]:
    """The nodes of a Saver that writes these tensors under these keys, and its start node."""
    return [
        strings(f"{scope}/Const", "model"),
        strings(f"{scope}/SaveV2/tensor_names", *entries),
        strings(f"{scope}/SaveV2/shape_and_slices", *("" for _ in entries)),
        node(
            f"{scope}/SaveV2",
            "SaveV2",
            [
                f"{scope}/Const",
                f"{scope}/SaveV2/tensor_names",
                f"{scope}/SaveV2/shape_and_slices",
                *entries.values(),
            ],
        ),
        node(f"{scope}/control_dependency", "Identity", [f"{scope}/Const", f"^{scope}/SaveV2"]),
    ]


def saver_def(scope: str) -> bytes:
    """A SaverDef of version 2."""
    return message(
        (1, f"{scope}/Const:0".encode()),
        (2, f"{scope}/control_dependency:0".encode()),
        (3, f"{scope}/restore_all".encode()),
        (7, 2),
    )
