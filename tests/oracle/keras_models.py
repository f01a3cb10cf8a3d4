"""Models of Keras 2 and 3 with all that nests."""

from __future__ import annotations

import os
from typing import Any

import pytest

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("tensorflow", reason="the oracle extra is not installed")
tf_keras = pytest.importorskip("tf_keras", reason="the oracle extra is not installed")
keras = pytest.importorskip("keras", reason="the oracle extra is not installed")


KERAS_3 = keras.__version__.startswith("3")
needs_keras_3 = pytest.mark.skipif(not KERAS_3, reason="keras is not Keras 3")


def functional(k: Any) -> Any:
    """A model with all that nests, in Keras 2 (`tf_keras`) or 3 (`keras`)."""
    layers = k.layers
    inner_in = k.Input((4,), name="inner_in")
    x = layers.Dense(5, kernel_regularizer="l2", name="d1")(inner_in)
    x = layers.BatchNormalization(name="bn")(x)
    x = k.Sequential([k.Input((5,)), layers.Dense(3, name="deep")], name="subsub")(x)
    encoder = k.Model(inner_in, x, name="encoder")
    a, b = k.Input((4,), name="in_a"), k.Input((4,), name="in_b")
    shared = layers.Dense(2, bias_regularizer="l1", name="shared")
    x = layers.Concatenate()([shared(encoder(a)), shared(encoder(b))])
    x = layers.Reshape((2, 2))(x)
    x = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both")(x)
    x = layers.TimeDistributed(layers.Dense(2, name="step"), name="td")(x)
    x = layers.MultiHeadAttention(2, 2, name="mha")(x, x)
    x = layers.BatchNormalization(name="frozen_bn", trainable=False)(x)
    x = layers.GRU(2, name="gru")(x)
    x = layers.Dense(2, name="frozen", trainable=False)(x)
    x = layers.Dense(1, name="head/out" if k is tf_keras else "head")(x)
    return k.Model([a, b], x, name="outer")


def frozen_inside(k: Any) -> Any:
    """A frozen model in a model, and a frozen wrapper."""
    base = k.Sequential(
        [k.Input((3,)), k.layers.Dense(4, name="b1"), k.layers.BatchNormalization(name="b2")],
        name="base",
    )
    base.trainable = False
    wrapper = k.layers.TimeDistributed(k.layers.Dense(2, name="w"), name="wrap", trainable=False)
    x = inputs = k.Input((5, 3))
    x = k.layers.TimeDistributed(base, name="td_base")(x)
    x = wrapper(x)
    return k.Model(inputs, k.layers.Dense(1, name="top")(x))
