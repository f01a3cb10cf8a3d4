"""Object-based checkpoints: names, kinds and owners from the object graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scopecli.errors import DamagedFileError
from scopecli.formats.opening import load
from scopecli.formats.tensorflow.checkpoints.v2_checkpoint import OBJECT_GRAPH_KEY
from scopecli.formats.tensorflow.objects.graph import SlotVariable, describe, object_path, parse
from tests import bundles
from tests.bundles import Tensor, message
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from scopecli.formats.tensorflow.description import Description

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


def attribute(full_name: str, key: str) -> tuple[int, bytes]:
    """A node's attribute field."""
    return 2, message((1, b"VARIABLE_VALUE"), (2, full_name.encode()), (3, key.encode()))


def slot(original: int, name: str, variable: int) -> tuple[int, bytes]:
    """A node's slot field; protobuf leaves zeros out."""
    fields: list[tuple[int, int | bytes]] = [(2, name.encode())]
    fields += [(number, value) for number, value in ((1, original), (3, variable)) if value]
    return 3, message(*fields)


GRAPH = bundles.object_graph(
    [
        message(attribute("dense/kernel", f"model/kernel{VALUE}"), (1, message((1, 1), (2, b"x")))),
        message(
            attribute("dense/kernel/Adam/m", f"model/kernel/.OPTIMIZER_SLOT/optimizer/m{VALUE}")
        ),
        message(slot(0, "m", 1), slot(0, "gone", 9)),
        message(attribute("", f"optimizer/iter{VALUE}")),
    ]
)


def told(keys: list[str], graph: bytes) -> dict[str, Description]:
    """What is said of each key."""
    return dict(zip(keys, describe(keys, graph), strict=True))


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (f"model/kernel{VALUE}", "model/kernel"),
        (f"heads/left.Sright/kernel{VALUE}", "heads/left/right/kernel"),
        (f"a..b/c{VALUE}", "a.b/c"),
        (f"a...S/c{VALUE}", "a./" + "/c"),
        (f"w/.OPTIMIZER_SLOT/optimizer/m{VALUE}", "w/optimizer/m"),
        ("layer/.ATTRIBUTES/OBJECT_CONFIG_JSON", "layer/OBJECT_CONFIG_JSON"),
        ("plain", "plain"),
        ("_CHECKPOINTABLE_OBJECT_GRAPH", "_CHECKPOINTABLE_OBJECT_GRAPH"),
    ],
)
def test_object_path(key: str, path: str) -> None:
    assert object_path(key) == path


def test_parse() -> None:
    graph = parse(GRAPH)
    kernel, moment = (key for key in graph.full_names)
    assert graph.full_names == {kernel: "dense/kernel", moment: "dense/kernel/Adam/m"}
    assert graph.slots == (SlotVariable(moment, kernel, "m"),)


@pytest.mark.parametrize("data", [b"\x0a\x05abc", b"\xff", b"\x0a\x02\x12\x05", GRAPH[:-3]])
def test_parse_damaged(data: bytes) -> None:
    with pytest.raises(DamagedFileError):
        parse(data)


def test_describe() -> None:
    kernel, moment, count = (
        f"model/kernel{VALUE}",
        f"model/kernel/.OPTIMIZER_SLOT/optimizer/m{VALUE}",
        f"optimizer/iter{VALUE}",
    )
    found = told([kernel, moment, count, OBJECT_GRAPH_KEY], GRAPH)
    assert found[kernel] == ("dense/kernel", "variable", {"object_path": "model/kernel"})
    assert found[moment] == (
        "dense/kernel/Adam/m",
        "slot",
        {
            "slot_of": kernel,
            "slot_name": "m",
            "evidence": "object graph",
            "object_path": "model/kernel/optimizer/m",
        },
    )
    assert found[count] == ("optimizer/iter", "bookkeeping", {})
    assert found[OBJECT_GRAPH_KEY] == (OBJECT_GRAPH_KEY, "bookkeeping", {})


def test_names_that_are_not_unique_stand_under_their_object_paths() -> None:
    keys = [f"a/kernel{VALUE}", f"b/kernel{VALUE}"]
    data = bundles.object_graph([message(attribute("model/kernel", key)) for key in keys])
    assert [name for name, _, _ in describe(keys, data)] == ["model/kernel", "model/kernel"]
    assert [row["path"] for _, _, row in describe(keys, data)] == ["a/kernel", "b/kernel"]


def test_optimizer_variables_are_slots_of_what_their_names_say() -> None:
    kernel, moment = f"model/kernel{VALUE}", f"optimizer/_variables/2{VALUE}"
    data = bundles.object_graph(
        [
            message(attribute("dense/kernel", kernel)),
            message(attribute("Adam/m/dense/kernel", moment)),
        ]
    )
    _, kind, attributes = told([kernel, moment], data)[moment]
    assert (kind, attributes["slot_of"], attributes["slot_name"]) == ("slot", kernel, "m")


def checkpoint(tmp_path: Path, graph: bytes) -> str:
    return bundles.write(
        tmp_path / "m",
        {
            f"model/kernel{VALUE}": Tensor(),
            OBJECT_GRAPH_KEY: Tensor(bundles.STRING, (), bundles.strings(graph)),
        },
    )


def test_a_checkpoint(tmp_path: Path) -> None:
    model = load(checkpoint(tmp_path, GRAPH))
    assert model.metadata["object_based"] is True
    assert [(v.name, v.kind) for v in model.variables] == [
        ("_CHECKPOINTABLE_OBJECT_GRAPH", "bookkeeping"),
        ("dense/kernel", "variable"),
    ]
    assert not model.notes


@pytest.mark.parametrize("harm", ["no shard", "short shard", "damaged graph"])
def test_without_its_graph_names_are_object_paths(tmp_path: Path, harm: str) -> None:
    prefix = checkpoint(tmp_path, b"\xff\xff" if harm == "damaged graph" else GRAPH)
    shard = Path(f"{prefix}.data-00000-of-00001")
    if harm == "no shard":
        shard.unlink()
    elif harm == "short shard":
        shard.write_bytes(b"\0\0")
    model = load(prefix)
    assert [v.name for v in model.variables] == ["_CHECKPOINTABLE_OBJECT_GRAPH", "model/kernel"]
    assert "no-object-graph" in [note.code for note in model.notes]


def test_the_samples() -> None:
    """Slots have owners with the same shape, and what is shared is listed once."""
    for sample in ("tf2_object", "tf2_object_keras3"):
        model = load(SAMPLES / sample)
        by_key = {v.key: v for v in model.variables}
        slots = [v for v in model.variables if v.kind == "slot"]
        assert len(slots) == 20
        for variable in slots:
            owner = by_key.get(str(variable.attributes.get("slot_of")))
            assert owner is None or owner.shape == variable.shape
    names = [v.name for v in load(SAMPLES / "tf2_object").variables]
    assert len(names) == len(set(names))
