"""`collections` and `reuse`, and what graphs add to `tree`, `info` and `show`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.schemas import check

if TYPE_CHECKING:
    from pathlib import Path

    from tests.commands import Run

GAN = "tf1_gan/model.ckpt-200.meta"


@pytest.fixture
def gan(samples: Path) -> str:
    return str(samples / GAN)


def test_collections_with_kinds_and_sizes(run: Run, gan: str) -> None:
    document = check("collections", run("collections", "--format", "json", gan).out)
    sizes = {
        key: (row["kind"], len(row["members"])) for key, row in document["collections"].items()
    }
    assert sizes == {
        "global_step": ("variables", 1),
        "image_size": ("values", 1),
        "learning_rate": ("values", 1),
        "sampler": ("nodes", 1),
        "summaries": ("nodes", 2),
        "train_op": ("nodes", 2),
        "trainable_variables": ("variables", 12),
        "variables": ("variables", 41),
    }


def test_members_of_one_collection(run: Run, gan: str) -> None:
    lines = run("collections", gan, "trainable_variables").out.splitlines()
    assert len(lines) == 12
    assert "discriminator/h0/w   (8, 6) float32" in lines


def test_tensorflows_constant_for_a_key(run: Run, gan: str) -> None:
    assert run("collections", gan, "GLOBAL_VARIABLES") == run("collections", gan, "variables")


def test_an_unknown_collection(run: Run, gan: str) -> None:
    result = run("collections", gan, "trainable_variable")
    assert result.code == 2
    assert result.err.endswith("did you mean trainable_variables?\n")


def test_a_checkpoint_has_the_collections_of_its_graph(run: Run, samples: Path, gan: str) -> None:
    of_checkpoint = run("collections", "--format", "json", str(samples / "tf1_gan"))
    of_graph = run("collections", "--format", "json", gan)
    assert json.loads(of_checkpoint.out)["collections"] == json.loads(of_graph.out)["collections"]


def test_reuse_names_entries_and_shared_variables(run: Run, gan: str) -> None:
    document = check("reuse", run("reuse", "--format", "json", gan).out)
    scopes = {row["scope"]: row for row in document["scopes"]}
    assert scopes["discriminator"]["entries"] == ["discriminator/", "discriminator_1/"]
    assert [row["variable"] for row in scopes["discriminator"]["shared"]] == [
        "discriminator/h0/b",
        "discriminator/h0/w",
        "discriminator/out/b",
        "discriminator/out/w",
    ]
    assert document["twins"] == []


def test_reuse_of_a_keras_layer(run: Run, samples: Path) -> None:
    result = run("reuse", "--format", "json", str(samples / "keras2_functional.h5"))
    (scope,) = check("reuse", result.out)["scopes"]
    assert scope["scope"] == "shared"
    assert len(scope["entries"]) == 2
    assert scope["variables"] == ["shared/bias", "shared/kernel"]


def test_reuse_needs_a_graph(run: Run, samples: Path) -> None:
    result = run("reuse", str(samples / "keras2_weights.h5"))
    assert result.code == 2
    assert "has no graph" in result.err


def test_the_tree_marks_scopes_that_were_entered_again(run: Run, gan: str) -> None:
    lines = run("tree", "--depth", "1", gan).out.splitlines()
    assert [line.rpartition("  ")[2] for line in lines if line.startswith("disc")] == [
        "entered 2\u00d7"
    ]


def test_the_tree_of_a_collection(run: Run, gan: str) -> None:
    out = run("tree", "--collections", "trainable_variables", "--format", "json", gan).out
    assert json.loads(out)["scopes"]["totals"]["count"] == 12


def test_operations_by_scope(run: Run, gan: str) -> None:
    lines = run("tree", "--ops", "--depth", "1", gan).out.splitlines()
    (again,) = (line for line in lines if line.startswith("discriminator_1"))
    assert again.endswith("5 ops: BiasAdd 2, MatMul 2, Relu 1")


def test_operations_need_a_graph(run: Run, samples: Path) -> None:
    assert run("tree", "--ops", str(samples / "keras2_weights.h5")).code == 2


def test_info_of_a_graph(run: Run, gan: str) -> None:
    graph = check("info", run("info", "--format", "json", gan).out)["graph"]
    assert graph["nodes"] == sum(graph["ops"].values())
    assert graph["ops"]["VariableV2"] == 41
    assert graph["saver"] == {"scope": "save", "version": "V2", "entries": 41}


def test_a_node(run: Run, gan: str) -> None:
    result = run("show", "--format", "json", gan, "discriminator_1/h0/MatMul")
    node = check("show", result.out)["node"]
    assert node["op"] == "MatMul"
    assert node["inputs"] == ["generator/Tanh", "discriminator/h0/w/read"]
    assert node["consumers"] == ["discriminator_1/h0/BiasAdd"]


def test_a_wrong_node_gets_the_nearest(run: Run, gan: str) -> None:
    result = run("show", gan, "discriminator_1/h0/MatMull")
    assert result.code == 2
    assert "did you mean discriminator_1/h0/MatMul" in result.err


def test_a_tag_set(run: Run, samples: Path) -> None:
    path = str(samples / "tf1_saved_model")
    assert run("tree", "--tag-set", "serve", path).code == 0
    wrong = run("tree", "--tag-set", "no,such", path)
    assert wrong.code == 2
    assert "serve" in wrong.err


def test_only_a_saved_model_has_tags(run: Run, gan: str) -> None:
    assert run("tree", "--tag-set", "serve", gan).code == 2


def test_what_only_the_graph_or_the_checkpoint_has(run: Run, samples: Path) -> None:
    out = run("tree", str(samples / "tf1_averages")).out
    document = json.loads(run("info", "--format", "json", str(samples / "tf1_averages")).out)
    only = document["metadata"]["only_in_graph"]
    assert only
    assert f"only in the graph: {', '.join(only[:5])}" in out
