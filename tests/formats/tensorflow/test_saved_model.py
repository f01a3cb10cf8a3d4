"""SavedModel folders: which graph is meant, its objects, its values."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from scopecli.analysis import values
from scopecli.errors import DamagedFileError, PathError, UnknownNameError
from scopecli.formats.opening import load
from scopecli.formats.tensorflow import saved_model
from scopecli.formats.tensorflow.graphs import text
from tests import graphs
from tests.bundles import message
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from pathlib import Path

TF1, TF2 = SAMPLES / "tf1_saved_model", SAMPLES / "tf2_saved_model"


def test_every_way_to_name_one_opens_the_same() -> None:
    for folder in (TF1, TF2):
        expected = load(folder)
        assert expected.format == "tf-saved-model"
        assert [v.key for v in load(folder / "saved_model.pb").variables] == [
            v.key for v in expected.variables
        ]


def test_the_graph_for_serving_is_read_and_the_others_are_named() -> None:
    model = load(TF1)
    assert model.metadata["tags"] == ["serve"]
    assert model.metadata["signatures"] == ["serving_default"]
    assert [note.message for note in model.notes] == ["has other graphs too, with the tags train"]
    assert {v.key for v in model.variables} == {"net/w", "net/b"}


def test_a_graph_by_its_tags() -> None:
    model = saved_model.read(str(TF1), "train")
    assert {v.key: v.kind for v in model.variables} == {
        "net/w": "variable",
        "net/b": "variable",
        "net/w/Momentum": "slot",
        "net/b/Momentum": "slot",
    }
    with pytest.raises(UnknownNameError) as caught:
        saved_model.read(str(TF1), "train,gpu")
    assert caught.value.hint == "there are: train; serve"


def test_signatures() -> None:
    graph = load(TF1).graph
    assert graph is not None
    (signature,) = graph.signatures
    assert signature.method == "tensorflow/serving/predict"
    (found,) = signature.inputs.values()
    assert (list(signature.inputs), found.name, found.dtype, found.shape) == (
        ["x"],
        "inputs:0",
        "float32",
        (None, 3),
    )


def test_objects_say_names_paths_and_what_is_trainable() -> None:
    found = {str(v.attributes["object_path"]): v for v in load(TF2).variables}
    assert {path: (v.name, v.shape, v.trainable) for path, v in found.items()} == {
        "calls": ("calls", (), False),
        "layers/0/b": ("b", (4,), True),
        "layers/0/w": ("w", (3, 4), True),
        "layers/1/b": ("b", (2,), True),
        "layers/1/w": ("w", (4, 2), True),
    }
    # Names come twice, places in the tree do not.
    assert len({v.path for v in found.values()}) == 5


def test_a_variable_that_no_object_holds_is_left_over(tmp_path: Path) -> None:
    """Keras 3 leaves one of each in the graph that it exports; nothing is saved for them."""
    window = text.opened(str(TF2 / "saved_model.pb"), "SavedModel")
    fields = {field: (a, b) for field, _, a, b in window.fields(0, window.size)}
    again = graphs.graph(graphs.variable("w/left_over", op="VarHandleOp"))  # which is merged
    whole = window.read(*fields[2]) + message((2, again))
    (tmp_path / "saved_model.pb").write_bytes(message((1, 1), (2, whole)))
    kinds = {variable.key: variable.kind for variable in load(tmp_path).variables}
    assert kinds.pop("w/left_over") == "bookkeeping"
    assert kinds == {variable.key: variable.kind for variable in load(TF2).variables}


def test_values_are_in_the_checkpoint_inside() -> None:
    model = load(TF2)
    found = {v.attributes["object_path"]: v for v in model.variables}
    assert values.preview(model, found["layers/0/w"]).tolist() == [1.0] * 8
    storage = found["calls"].storage
    assert storage is not None
    assert storage.shard == "variables.data-00000-of-00001"


def test_without_its_values(tmp_path: Path) -> None:
    shutil.copy(TF2 / "saved_model.pb", tmp_path)
    model = load(tmp_path)
    assert len(model.variables) == 5
    assert [note.code for note in model.notes] == ["no-values"]


def test_text(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pbtxt").write_text(
        """saved_model_schema_version: 1
        meta_graphs {
          meta_info_def { tags: "serve" tags: "gpu" }
          graph_def {
            node {
              name: "w" op: "VarHandleOp"
              attr { key: "dtype" value { type: DT_HALF } }
              attr { key: "shape" value { shape { dim { size: 3 } } } }
            }
          }
        }"""
    )
    model = load(tmp_path)
    assert [(v.key, v.shape, v.dtype) for v in model.variables] == [("w", (3,), "float16")]
    assert model.metadata["tags"] == ["serve", "gpu"]


def test_what_is_no_saved_model(tmp_path: Path) -> None:
    with pytest.raises(PathError, match=r"has no saved_model\.pb"):
        saved_model.read(str(tmp_path))
    path = tmp_path / "saved_model.pb"
    path.write_bytes(message((1, 1)))
    with pytest.raises(DamagedFileError, match="has no graph"):
        load(tmp_path)
    path.write_bytes(message((1, 1), (2, graphs.meta_graph(graphs.graph()))))
    assert load(tmp_path).variables == []


def test_objects_that_point_nowhere(tmp_path: Path) -> None:
    """Numbers of objects that are not there, and circles, do no harm."""
    key = "a/a/a/.ATTRIBUTES/VARIABLE_VALUE"
    nodes = [graphs.variable("w", op="VarHandleOp"), *graphs.saver_nodes("s", {key: "w"})]
    child = message((1, message((1, 0), (2, b"a"))), (3, message((1, 9), (2, b"m"), (3, 7))))
    meta = graphs.meta_graph(graphs.graph(*nodes), saver=graphs.saver_def("s"))
    for objects in (message((1, child)), message((1, message((1, message((1, 5), (2, b"a"))))))):
        (tmp_path / "saved_model.pb").write_bytes(
            message((1, 1), (2, meta + message((7, objects))))
        )
        (variable,) = load(tmp_path).variables
        assert variable.attributes["checkpoint_key"] == key
        assert variable.trainable is None
