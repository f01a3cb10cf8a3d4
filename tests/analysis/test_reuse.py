"""Reuse in the samples; `tests/oracle/test_reuse.py` holds it against graphs made on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import scopecli
from scopecli.analysis.dataflow import without_number
from scopecli.analysis.reuse import ReuseReport, find_reuse, times_used
from scopecli.errors import UnsupportedError
from scopecli.rules.notation import parse

if TYPE_CHECKING:
    from pathlib import Path


def report(samples: Path, name: str) -> ReuseReport:
    return find_reuse(scopecli.load(samples / name))


def test_a_gan_that_was_built_by_mistake_twice(samples: Path) -> None:
    found = report(samples, "graphs/gan_twins.meta")
    assert found.scopes == ()
    (twins,) = found.twins
    assert twins.scopes == ("discriminator", "discriminator_1")
    assert twins.variables == ("h0/b", "h0/w", "out/b", "out/w")


def test_twins_by_default_name(samples: Path) -> None:
    (twins,) = report(samples, "graphs/twins.meta").twins
    assert twins.scopes == ("net", "net_1")


def test_a_scope_without_a_name_scope(samples: Path) -> None:
    (scope,) = report(samples, "graphs/no_scope.meta").scopes
    assert scope.scope == "net"
    assert scope.entries == ("net/", "net_1/")


@pytest.mark.parametrize(
    "name",
    ["graphs/update_ops.meta", "graphs/control_v1.meta", "graphs/control_v2.meta", "tf1_batchnorm"],
)
def test_nothing_is_shared(samples: Path, name: str) -> None:
    assert report(samples, name) == ReuseReport((), ())


def test_a_checkpoint_has_the_reuse_of_the_graph_beside_it(samples: Path) -> None:
    assert report(samples, "tf1_gan") == report(samples, "tf1_gan/model.ckpt-200.meta")


def test_how_often_scopes_are_used(samples: Path) -> None:
    model = scopecli.load(samples / "tf1_gan")
    assert times_used(model) == {"discriminator": "entered 2", "generator": "entered 2"}
    keras = scopecli.load(samples / "keras2_functional.h5")
    assert times_used(keras) == {"shared": "called 2"}


def test_a_checkpoint_alone_does_not_say(samples: Path) -> None:
    with pytest.raises(UnsupportedError, match="has no graph"):
        report(samples, "tf2_object")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gradients_1", "gradients"),
        ("gradients", "gradients"),
        ("_1", "_1"),
        ("a_b", "a_b"),
        ("a_1_2", "a_1"),
        ("a_" + "9" * 5000, "a"),
    ],
)
def test_without_number(name: str, expected: str) -> None:
    assert without_number(name) == expected


def test_variables_that_other_scopes_read() -> None:
    """Each scope comes with its own variables, those that are read once too."""
    found = find_reuse(
        parse(
            """
            a/v: float32[3]
            a/w: float32[3]
            b/w: float32[3]
            x1/MatMul = MatMul(x, a/w/read)
            x2/MatMul = MatMul(x, a/w/read)
            x2/Add = Add(x, a/v/read)
            y1/MatMul = MatMul(x, b/w/read)
            y2/MatMul = MatMul(x, b/w/read)
            """
        ).model
    )
    assert [(scope.scope, scope.variables) for scope in found.scopes] == [
        ("a", ("a/v", "a/w")),
        ("b", ("b/w",)),
    ]
    assert [scope.shared[0].read_by for scope in found.scopes] == [("x1/", "x2/"), ("y1/", "y2/")]
