"""What a name on the command line means."""

from __future__ import annotations

import pytest

from scopecli.analysis.lookup import look_up
from scopecli.errors import UnknownNameError
from scopecli.model.variable import Variable
from tests.analysis.models import model

MODEL = model(
    "gen/h0/w",
    "gen/h0/w/Adam",
    "gen/h1/w",
    Variable("layers/dense/vars/0", "dense/kernel", (), "float32", 4),
    Variable("k1", "tower/kernel", (), "float32", 4, attributes={"path": "block/0/kernel"}),
    Variable("k2", "tower/kernel", (), "float32", 4, attributes={"path": "block/1/kernel"}),
    Variable("k3", "k1", (), "float32", 4),
)


@pytest.mark.parametrize(
    ("name", "keys", "scope"),
    [
        ("gen/h1/w", ["gen/h1/w"], None),
        ("gen/h1/w:0", ["gen/h1/w"], None),
        ("gen/h0/w", ["gen/h0/w"], "gen/h0/w"),
        ("gen/h0", [], "gen/h0"),
        ("gen/", [], "gen"),
        ("dense/kernel", ["layers/dense/vars/0"], None),
        ("layers/dense/vars/0", ["layers/dense/vars/0"], None),
        ("tower/kernel", ["k1", "k2"], None),
        ("block/1/kernel", ["k2"], None),
        ("block", [], "block"),
        ("k1", ["k1"], None),
    ],
)
def test_look_up(name: str, keys: list[str], scope: str | None) -> None:
    (found,) = look_up(MODEL, [name])
    assert found.name == name
    assert [v.key for v in found.variables] == keys
    assert (found.scope.path if found.scope else None) == scope


def test_several_names_keep_their_order() -> None:
    assert [f.name for f in look_up(MODEL, ["k2", "gen", "k1"])] == ["k2", "gen", "k1"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("gen/h9/w", "gen/h1/w"),
        ("gen/h8", "gen/h"),
        ("dense/kernal", "dense/kernel"),
        ("layers/dense/vars", None),
        ("zzz", None),
        ("\x1b[2J", None),
    ],
)
def test_an_unknown_name(name: str, hint: str | None) -> None:
    with pytest.raises(UnknownNameError, match="has no variable or scope") as caught:
        look_up(MODEL, ["gen", name])
    assert (caught.value.hint is None) == (hint is None)
    assert (hint or "") in (caught.value.hint or "")
