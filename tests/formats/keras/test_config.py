from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scopecli.formats.keras import config as keras_config
from scopecli.formats.keras import model as keras_model

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "class_name",
                    "config",
                    "name",
                    "layers",
                    "layer",
                    "cells",
                    "cell",
                    "trainable",
                    "inbound_nodes",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=40,
)


def layer(class_name: str, name: str, *inbound: list[Any], **config: Any) -> dict[str, Any]:
    return {
        "class_name": class_name,
        "name": name,
        "config": {"name": name, **config},
        "inbound_nodes": list(inbound),
    }


def model(*layers: dict[str, Any], name: str = "model", **config: Any) -> dict[str, Any]:
    return {"class_name": "Functional", "config": {"name": name, "layers": [*layers], **config}}


def walked(document: dict[str, Any]) -> keras_config.ModelConfig:
    config = keras_config.parse(json.dumps(document))
    assert config is not None
    return config


def test_layers_come_in_keras_order_each_before_those_inside_it() -> None:
    inner = layer("Functional", "encoder", layers=[layer("Dense", "d1"), layer("Dense", "d2")])
    config = walked(model(layer("InputLayer", "in"), inner, layer("Dense", "out"), name="outer"))
    assert (config.class_name, config.name) == ("Functional", "outer")
    assert [(found.path, found.class_name, found.top) for found in config.layers] == [
        ("in", "InputLayer", "in"),
        ("encoder", "Functional", "encoder"),
        ("encoder/d1", "Dense", "encoder"),
        ("encoder/d2", "Dense", "encoder"),
        ("out", "Dense", "out"),
    ]
    assert [found.is_container for found in config.layers] == [False, True, False, False, False]


def test_what_is_inside_a_layer_of_a_huge_name_is_left_out() -> None:
    inner = layer("Functional", "x" * 100_000, layers=[layer("Dense", "d")] * 1_000)
    config = walked(model(inner, layer("Dense", "out")))
    assert [found.name[:3] for found in config.layers] == ["xxx", "out"]


def test_a_sequential_config_may_be_a_list_as_before_keras_2_2_3() -> None:
    config = walked({"class_name": "Sequential", "config": [layer("Dense", "dense_1")]})
    assert [found.path for found in config.layers] == ["dense_1"]


def test_a_frozen_model_freezes_what_is_inside() -> None:
    inner = layer(
        "Functional", "base", layers=[layer("Dense", "a"), layer("Dense", "b", trainable=True)]
    )
    inner["config"]["trainable"] = False
    wrapped = layer("TimeDistributed", "td", layer=layer("Dense", "c"), trainable=False)
    config = walked(model(inner, wrapped, layer("Dense", "head", trainable=True)))
    assert {found.path: found.trainable for found in config.layers} == {
        "base": False,
        "base/a": False,
        "base/b": False,
        "td": False,
        "td/c": False,
        "head": True,
    }
    frozen = walked(model(layer("Dense", "head", trainable=True), trainable=False))
    assert [found.trainable for found in frozen.layers] == [False]


def test_in_keras_3_a_frozen_wrapper_freezes_only_itself() -> None:
    wrapped = layer("TimeDistributed", "td", layer=layer("Dense", "c"), trainable=False)
    config = keras_config.walk(model(wrapped, layer("Dense", "d", trainable=False)), "3.1.0")
    assert {found.path: found.trainable for found in config.layers} == {
        "td": False,
        "td/c": True,
        "d": False,
    }
    frozen = keras_config.walk(model(layer("Dense", "d"), trainable=False), "3.1.0")
    assert [found.trainable for found in frozen.layers] == [False]


def test_a_bidirectional_wrapper_has_two_layers() -> None:
    one = layer("Bidirectional", "both", layer=layer("LSTM", "lstm"))
    other = layer(
        "Bidirectional",
        "mixed",
        layer=layer("LSTM", "forward_lstm"),
        backward_layer=layer("GRU", "gru"),
    )
    assert [(found.path, found.class_name) for found in walked(model(one, other)).layers] == [
        ("both", "Bidirectional"),
        ("both/forward_lstm", "LSTM"),
        ("both/backward_lstm", "LSTM"),
        ("mixed", "Bidirectional"),
        ("mixed/forward_lstm", "LSTM"),
        ("mixed/backward_gru", "GRU"),
    ]


def test_calls_of_keras_1_and_2_and_tf_keras() -> None:
    shared = layer(
        "Dense",
        "shared",
        [["in_a", 0, 0, {}]],
        [["in_b", 0, 0, {"mask": ["masking", 0, 1]}]],
    )
    keras_1 = layer("Merge", "merge", [["shared", 0, 0], ["shared", 1, 0]])
    operation = layer("TFOpLambda", "tf.add", ["merge", 0, 0, {"y": 1.0}])
    calls = {found.path: found.calls for found in walked(model(shared, keras_1, operation)).layers}
    assert calls["shared"] == (("in_a",), ("in_b", "masking"))
    assert calls["merge"] == (("shared",),)
    assert calls["tf.add"] == (("merge",),)


def test_calls_of_keras_3() -> None:
    def tensor(name: str) -> dict[str, Any]:
        history = {"shape": [None, 4], "dtype": "float32", "keras_history": [name, 0, 0]}
        return {"class_name": "__keras_tensor__", "config": history}

    both: Any = {"args": [[tensor("in_a"), tensor("in_b")]], "kwargs": {"mask": None}}
    again: Any = {"args": [tensor("in_c")], "kwargs": {"training": True}}
    config = walked(model(layer("Dense", "shared", both, again)))
    assert config.layers[0].calls == (("in_a", "in_b"), ("in_c",))
    (reuse,) = keras_model.reuse(config)
    assert reuse.scope == "shared"
    assert reuse.entries == ("call 1: in_a, in_b", "call 2: in_c")


def test_a_layer_called_once_is_not_reused() -> None:
    assert keras_model.reuse(walked(model(layer("Dense", "d", [["in", 0, 0, {}]])))) == []


def test_a_custom_model_without_layers_has_none() -> None:
    config = walked({"class_name": "Custom>Net", "config": {"units": 3}})
    assert config.layers == []
    assert config.class_name == "Custom>Net"


def test_what_is_no_model_is_none() -> None:
    for text in ("", "[]", "{", "null", "[" * 100_000, b"\xff\xfe", '"model"'):
        assert keras_config.parse(text) is None


def test_nesting_is_bounded() -> None:
    document: dict[str, Any] = model(layer("Dense", "deepest"))
    for number in range(400):
        document = model({**document, "name": str(number)})
        document["config"]["name"] = f"m{number}"
    assert 40 < len(keras_config.walk(document).layers) < 60


@given(JSON)
def test_any_json_is_walked(value: Any) -> None:
    document = {"class_name": "Model", "config": {"layers": [value, {"config": value}]}}
    for found in (document, {"config": value}, {"config": [value]}):
        keras_model.reuse(keras_config.walk(found))
        for each in keras_config.walk(found).layers:
            assert each.path.startswith(each.parent)
            assert each.name
