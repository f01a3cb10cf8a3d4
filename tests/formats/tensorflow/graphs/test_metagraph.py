"""MetaGraphDef files: collections, optimizers, savers; and checkpoints with one beside them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from scopecli.errors import DamagedFileError
from scopecli.formats.opening import load
from tests import bundles, graphs
from tests.bundles import Tensor, message
from tests.graphs import node, variable, variable_def
from tests.models import by_key
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

    from scopecli.model.model import Model


def opened(folder: Path, data: bytes) -> Model:
    path = folder / "model.meta"
    path.write_bytes(data)
    model = load(path)
    assert model.format == "tf-metagraph"
    return model


def test_collections_of_all_kinds(tmp_path: Path) -> None:
    data = graphs.meta_graph(
        graphs.graph(variable("w"), variable("b"), variable("local")),
        graphs.collection("variables", 2, variable_def("w", trainable=True), variable_def("b")),
        graphs.collection("trainable_variables", 2, variable_def("w", trainable=True)),
        graphs.collection("mine", 2, variable_def("b")),
        graphs.collection("by_name", 1, b"w:0", b"b:0"),
        graphs.collection("mixed", 1, b"w:0", b"loss:0", b"train"),
        graphs.collection("texts", 2, b"one", b"two"),
        graphs.collection("raw", 2, b"\x08\x01\x80"),
        graphs.collection("cond_context", 2, message((1, b"cond/cond_text"), (2, b"pred:0"))),
        graphs.collection("queue_runners", 2, message((1, b"queue"), (2, b"enqueue"))),
        graphs.map_entry("sizes", message((3, message((1, b"\x08\x7f"), (1, -1))))),
        graphs.map_entry("rates", message((4, b"\x0a\x04\xcd\xcc\xcc\x3d"))),
        graphs.map_entry("empty", b""),
        graphs.map_entry(
            "any",
            message((5, message((1, message((1, b"host/tensorflow.AssetFileDef"),
                                            (2, message((2, b"vocabulary.txt"))))))))),
    )  # fmt: skip
    model = opened(tmp_path, data)
    assert {key: (c.kind, c.members) for key, c in model.collections.items()} == {
        "variables": ("variables", ("w", "b")),
        "trainable_variables": ("variables", ("w",)),
        "mine": ("variables", ("b",)),
        "by_name": ("variables", ("w", "b")),
        "mixed": ("nodes", ("w:0", "loss:0", "train")),
        "texts": ("values", ("one", "two")),
        "raw": ("protos", ("message of 3 bytes",)),
        "cond_context": ("protos", ("cond/cond_text",)),
        "queue_runners": ("protos", ("queue",)),
        "sizes": ("values", ("8", "127", "-1")),
        "rates": ("values", ("0.1",)),
        "empty": ("nodes", ()),
        "any": ("protos", ("AssetFileDef vocabulary.txt",)),
    }
    assert {v.key: v.trainable for v in model.variables} == {"w": True, "b": False, "local": False}
    assert model.metadata["tensorflow_version"] == "1.15.0"


def test_trainable_is_unknown_without_a_word_about_it(tmp_path: Path) -> None:
    definition = graphs.collection("variables", 2, variable_def("w"))
    model = opened(tmp_path, graphs.meta_graph(graphs.graph(variable("w")), definition))
    assert model.variables[0].trainable is None


def test_a_part_of_a_partitioned_variable(tmp_path: Path) -> None:
    part = message((1, b"table"), (2, b"\x0a\x04"), (3, b"\x05\x00"), (4, 5), (4, 4))
    extra = message((4, part), (6, b"table/part_1/Initializer/zeros:0"))
    definition = variable_def("table/part_1", extra=extra)
    model = opened(
        tmp_path,
        graphs.meta_graph(
            graphs.graph(variable("table/part_1", (5, 4))),
            graphs.collection("variables", 2, definition),
        ),
    )
    assert model.variables[0].attributes == {
        "op": "VariableV2",
        "initializer": "table/part_1/Initializer/zeros",
        "partition_of": "table",
        "slice": "10 4 5,5:0,4",
    }


def test_a_damaged_definition(tmp_path: Path) -> None:
    broken = graphs.collection("variables", 2, b"\x0a\x50w")
    with pytest.raises(DamagedFileError):
        opened(tmp_path, graphs.meta_graph(graphs.graph(variable("w")), broken))


def number(name: str, value: bytes) -> bytes:
    return graphs.constant(name, graphs.tensor(graphs.FLOAT, (), (5, value)))


def test_slots_come_from_inputs_and_not_from_names(tmp_path: Path) -> None:
    nodes = [
        *(variable(name) for name in ("w", "train/w/Adam", "second", "v/Adam", "v", "b1", "own")),
        node("w/read", "Identity", ["w"]),
        node("b1/read", "Identity", ["b1"]),
        number("lr", b"\xcd\xcc\xcc\x3d"),
        number("beta", b"\x66\x66\x66\x3f"),
        node("grad", "Mul", ["w/read", "lr"]),
        node(
            "train/update_w/ApplyAdam",
            "ApplyAdam",
            ["w", "train/w/Adam", "second", "b1/read", "b1/read", "lr", "beta", "beta", "rate",
             "grad"],
        ),
        node("train/update_v/ApplyOwn", "ApplyOwn", ["v", "own", "grad"]),
    ]  # fmt: skip
    definition = graphs.collection(
        "variables", 2, *(variable_def(name, trainable=True) for name in ("w", "v"))
    )
    model = opened(tmp_path, graphs.meta_graph(graphs.graph(*nodes), definition))
    kinds = {v.key: (v.kind, v.attributes.get("slot_of")) for v in model.variables}
    assert kinds == {
        "w": ("variable", None),
        "train/w/Adam": ("slot", "w"),
        "second": ("slot", "w"),
        "v/Adam": ("slot", "v"),
        "v": ("variable", None),
        "b1": ("bookkeeping", None),
        "own": ("slot", "v"),
    }
    found = by_key(model)
    assert found["second"].attributes["slot_name"] == "v"
    assert found["second"].attributes["evidence"] == "graph"
    assert found["v/Adam"].attributes["evidence"] == "name pattern"
    assert model.metadata["optimizer"] == [
        {
            "name": "Adam",
            "variables": 1,
            "hyperparameters": {"lr": 0.1, "beta1": 0.9, "beta2": 0.9, "epsilon": "rate"},
        },
        {"name": "Own", "variables": 1, "hyperparameters": {}},
    ]


@pytest.mark.parametrize(
    ("scope", "kind"), [("train/update_w", "slot"), ("update_/" * 20_000, "variable")]
)
def test_a_slot_that_an_optimizer_assigns(tmp_path: Path, scope: str, kind: str) -> None:
    """And a name that is all scopes of updates takes no time worth mentioning."""
    nodes = [variable("w"), variable("m"), node(f"{scope}/Assign", "Assign", ["m", "grad"])]
    model = opened(tmp_path, graphs.meta_graph(graphs.graph(*nodes)))
    assert by_key(model)["m"].kind == kind


def saving(entries: dict[str, str], *names: str) -> bytes:
    """A graph with these variables and a saver with these entries, and a stale one."""
    nodes = [variable(name) for name in names] + [node("w/read", "Identity", ["w"])]
    nodes += graphs.saver_nodes("save", entries)
    nodes += graphs.saver_nodes("old", {"w": "w"})
    return graphs.meta_graph(graphs.graph(*nodes), saver=graphs.saver_def("save"))


def test_savers(tmp_path: Path) -> None:
    model = opened(tmp_path, saving({"weights": "w/read", "ema": "w/EMA"}, "w", "w/EMA", "x"))
    assert model.graph is not None
    saver, (stale,) = model.graph.saver, model.graph.stale_savers
    assert saver is not None
    assert [(one.key, one.tensor, one.variable) for one in saver.saves] == [
        ("weights", "w/read", "w"),
        ("ema", "w/EMA", "w/EMA"),
    ]
    assert (saver.scope, saver.version, saver.restore) == ("save", "V2", "save/restore_all")
    assert (stale.scope, [one.key for one in stale.saves]) == ("old", ["w"])
    assert by_key(model)["w"].attributes["checkpoint_key"] == "weights"
    assert "checkpoint_key" not in by_key(model)["x"].attributes


def test_a_saver_that_reshapes(tmp_path: Path) -> None:
    nodes = [
        variable("w"),
        graphs.strings("save/keys", "w"),
        graphs.strings("save/specs", ""),
        node("save/RestoreV2", "RestoreV2", ["save/Const", "save/keys", "save/specs"]),
        node("save/Reshape", "Reshape", ["save/RestoreV2", "shape"]),
        node("save/Identity", "Identity", ["save/Reshape"]),
        node("save/Assign", "Assign", ["w", "save/Identity"]),
    ]
    data = graphs.meta_graph(graphs.graph(*nodes), saver=graphs.saver_def("save"))
    graph = opened(tmp_path, data).graph
    assert graph is not None
    assert graph.saver is not None
    (entry,) = graph.saver.restores
    assert (entry.key, entry.tensor, entry.variable) == ("w", "save/Assign", "w")


class TestEnrichment:
    def write(self, folder: Path, keys: list[str], graph: bytes) -> Model:
        prefix = bundles.write(folder / "m", {key: Tensor() for key in keys})
        (folder / "m.meta").write_bytes(graph)
        return load(prefix)

    def test_it_adds_to_entries_and_adds_none(self, tmp_path: Path) -> None:
        graph = saving({"weights": "w", "w": "w/EMA"}, "w", "w/EMA", "x")
        model = self.write(tmp_path, ["weights", "w", "unknown"], graph)
        found = by_key(model)
        assert set(found) == {"weights", "w", "unknown"}
        assert found["weights"].attributes == {"graph_variable": "w"}
        assert found["w"].attributes == {
            "graph_variable": "w/EMA",
            "average_of": "weights",
            "evidence": "name pattern",
        }
        assert model.metadata["only_in_graph"] == ["x"]
        assert model.metadata["only_in_checkpoint"] == ["unknown"]
        assert [file.role for file in model.files] == ["index", "data", "graph"]
        assert model.graph is not None
        assert model.graph.node("x") is not None

    @pytest.mark.parametrize("graph", [b"", b"\x0a", b"\x12\x50short", b"node { what: 1 }", b"{}"])
    def test_a_damaged_graph_is_a_note(self, tmp_path: Path, graph: bytes) -> None:
        model = self.write(tmp_path, ["w", "w/Adam"], graph)
        assert [v.kind for v in model.variables] == ["variable", "slot"]
        if graph:
            assert [note.code for note in model.notes] == ["unusable-graph"]

    def test_the_index_gets_it_too(self) -> None:
        for path in ("tf1_gan", "tf1_gan/model.ckpt-200", "tf1_gan/model.ckpt-200.index"):
            model = load(SAMPLES / path)
            assert len(model.collections["trainable_variables"].members) == 12
            assert by_key(model)["generator/h0/w"].trainable is True

    def test_a_partitioned_variable_is_one_entry(self) -> None:
        model = load(SAMPLES / "tf1_partitioned")
        table = by_key(model)["embedding/table"]
        assert table.trainable is True
        assert len(table.attributes["slices"]) == 3  # type: ignore[arg-type]
        assert set(model.collections["variables"].members) == {v.key for v in model.variables}

    def test_averages_that_are_saved_under_the_variables_names(self) -> None:
        model = load(SAMPLES / "tf1_averages")
        found = by_key(model)
        assert found["net/w"].attributes["graph_variable"] == "net/w/ExponentialMovingAverage"
        assert found["raw/w"].trainable is True
        assert found["net/w"].trainable is False
        assert found["training/step"].attributes["graph_variable"] == "global_step"
        assert model.metadata["only_in_graph"] == ["net/scratch"]

    def test_without_the_graph_nothing_is_known(self, tmp_path: Path) -> None:
        for suffix in ("index", "data-00000-of-00001"):
            shutil.copy(SAMPLES / f"tf1_averages/model.ckpt.{suffix}", tmp_path)
        model = load(tmp_path)
        assert model.collections == {}
        assert model.graph is None
        assert {v.trainable for v in model.variables} == {None}


def test_an_imported_graph_keeps_its_keys() -> None:
    model = load(SAMPLES / "graphs/import_scope.meta")
    found = by_key(model)
    assert found["imported/layer/w"].attributes["checkpoint_key"] == "layer/w"
    assert model.graph is not None
    assert [saver.scope for saver in model.graph.stale_savers] == ["whole"]


def test_bodies_of_functions() -> None:
    graph = load(SAMPLES / "graphs/control_v2.meta").graph
    assert graph is not None
    loop = graph.node("loop")
    assert loop is not None
    body = graph.functions[str(loop.attributes["body"])]
    assert "ReadVariableOp" in " ".join(body.nodes.ops) or "MatMul" in body.nodes.ops
    assert len(body.arguments) == len(loop.inputs)
