"""Optimizer state told by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scopecli.formats.opening import load
from scopecli.formats.tensorflow.slots import describe
from tests.samples import SAMPLES

if TYPE_CHECKING:
    from scopecli.formats.tensorflow.description import Description


def told(names: list[str]) -> dict[str, Description]:
    """What is said of each name, where that is more than a plain variable."""
    found = dict(zip(names, describe(names), strict=True))
    return {name: row for name, row in found.items() if row != (name, "variable", {})}


@pytest.mark.parametrize(
    ("names", "slot", "owner", "slot_name"),
    [
        (["w", "w/Adam"], "w/Adam", "w", "Adam"),
        (["w", "w/Adam", "w/Adam_1"], "w/Adam_1", "w", "Adam_1"),
        (["a/w", "a/w/Momentum"], "a/w/Momentum", "a/w", "Momentum"),
        (["net/w", "train/net/w/Adam"], "train/net/w/Adam", "net/w", "Adam"),
        (["w", "train/net/w/Adam"], "train/net/w/Adam", "w", "Adam"),
        (["w", "net/w", "train/net/w/Adam"], "train/net/w/Adam", "net/w", "Adam"),
        (["w", "w/RMSProp_12"], "w/RMSProp_12", "w", "RMSProp_12"),
        (["b/kernel", "b/kernel/adam_m"], "b/kernel/adam_m", "b/kernel", "adam_m"),
        (["w", "w/v"], "w/v", "w", "v"),
    ],
)
def test_slots(names: list[str], slot: str, owner: str, slot_name: str) -> None:
    attributes = {"slot_of": owner, "slot_name": slot_name, "evidence": "name pattern"}
    assert told(names)[slot] == (slot, "slot", attributes)


@pytest.mark.parametrize(
    "names",
    [
        ["w", "b"],
        ["w/Adam"],  # whose variable is not there
        ["Adam"],
        ["w", "w/kernel"],
        ["w", "w/Adamant"],
        ["w", "w/Adam_x"],
        ["w", "v"],
        ["net/w", "other/Adam"],
        ["w", "W/Adam"],
        ["w", "w/"],
        [""],
    ],
)
def test_no_slots(names: list[str]) -> None:
    assert told(names) == {}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("beta1_power", "bookkeeping"),
        ("beta2_power_1", "bookkeeping"),
        ("train/beta1_power", "bookkeeping"),
        ("save_counter", "bookkeeping"),
        ("beta3_power", None),
        ("my_beta1_power", None),
        ("beta1_power/w", None),
        ("global_step", None),
    ],
)
def test_bookkeeping(name: str, kind: str | None) -> None:
    assert told([name]) == ({name: (name, kind, {})} if kind else {})


def test_averaged_copies_are_variables() -> None:
    name = "w/ExponentialMovingAverage"
    attributes = {"average_of": "w", "evidence": "name pattern"}
    assert told(["w", name]) == {name: (name, "variable", attributes)}


def test_the_gan() -> None:
    """Two Adams share their slots' names: each variable has one pair, the scalars are numbered."""
    model = load(SAMPLES / "tf1_gan")
    kinds = {v.key: v.kind for v in model.variables}
    slots = {key for key, kind in kinds.items() if kind == "slot"}
    trained = {key for key in kinds if key.startswith(("generator/", "discriminator/"))} - slots
    assert slots == {f"{key}/{slot}" for key in trained for slot in ("Adam", "Adam_1")}
    assert {key for key, kind in kinds.items() if kind == "bookkeeping"} == {
        "beta1_power",
        "beta1_power_1",
        "beta2_power",
        "beta2_power_1",
    }


def test_the_batch_norm_net() -> None:
    model = load(SAMPLES / "tf1_batchnorm")
    averages = {
        v.key: v.attributes["average_of"] for v in model.variables if "average_of" in v.attributes
    }
    assert averages
    assert all(key == f"{owner}/ExponentialMovingAverage" for key, owner in averages.items())
    slots = [v for v in model.variables if v.kind == "slot"]
    assert slots
    assert all(v.key == f"{v.attributes['slot_of']}/Momentum" for v in slots)
