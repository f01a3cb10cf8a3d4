"""What trains in a graph, and along which edges."""

from __future__ import annotations

from scopecli.analysis.training import Training
from scopecli.analysis.wiring import Wiring
from scopecli.rules.notation import parse

TEXT = """
    w: float32[3]
    v: float32[3]
    mean: float32[3]
    alone: float32[3]
    zeros = Const()
    w/Assign = Assign(w, zeros)
    mean/Assign = Assign(mean, zeros)
    save/RestoreV2 = RestoreV2(save/Const)
    save/Assign = Assign(mean, save/RestoreV2)
    Mul = Mul(w/read, v/read)
    cond/Switch = RefSwitch(mean, flag)
    cond/AssignSub = AssignSub(cond/Switch:1, Mul)
    updates = NoOp(^cond/AssignSub)
    w/Regularizer/L2Loss = L2Loss(w/read)
    L2Loss = L2Loss(v/read)
    train/gradients_1/w/Regularizer/L2Loss_grad/mul = Mul(a, b)
    train/gradients_1/w/Regularizer/L2Loss_grad/mul_1 = Mul(a, b)
    Adam/update_w/ApplyAdam = ApplyAdam(w, m, v, gradient)
    Adam = NoOp(^Adam/update_w/ApplyAdam)
    step = AssignAdd(count, one, ^Adam)
    HistogramSummary = HistogramSummary(tag, alone/read)
    save/SaveV2 = SaveV2(alone, w)
"""


def training(more: str = "") -> Training:
    model = parse(TEXT + more).model
    assert model.graph is not None
    return Training(model.graph, Wiring(model.graph))


def names(found: Training, numbers: set[int]) -> set[str]:
    return {found.wiring.names[number] for number in numbers}


def test_what_an_optimizer_updates() -> None:
    assert training().exists
    assert training().updated == {"w"}
    model = parse("w: float32[3]\ny = Mul(w/read, w/read)").model
    assert model.graph is not None
    assert not Training(model.graph, Wiring(model.graph)).exists


def test_what_an_optimizer_assigns() -> None:
    more = """
    update_v/w: float32[3]
    Own/update_v/AssignSub = AssignSub(v, step)
    Own/update_v/Assign = Assign(mean, step)
    Own/update_update_v/w/Scatter = ScatterAdd(update_v/w, rows, step)
    Own/update_v/w/Assign = Assign(alone, step)
    """
    assert training(more).updated == {"w", "v", "update_v/w"}


def test_what_runs_is_all_before_and_after() -> None:
    found = training()
    assert names(found, found.run) == {
        "w",
        "v",
        "Adam/update_w/ApplyAdam",
        "Adam",
        "step",
    }
    later = training("all = NoOp(^step, ^updates)")
    assert {"all", "updates", "cond/AssignSub", "Mul"} <= names(later, later.run)


def test_writers_are_neither_initializers_nor_restored() -> None:
    found = training()
    assert {
        name: [found.wiring.names[number] for number in numbers]
        for name, numbers in found.writers.items()
    } == {"mean": ["cond/AssignSub"]}
    assert not found.is_written("mean")
    assert training("all = NoOp(^step, ^updates)").is_written("mean")
    assert found.written_by(found.wiring.find("updates")) == {"mean"}
    assert found.written_by(found.wiring.find("zeros")) == frozenset()


def test_a_layer_that_calls_its_weight_otherwise() -> None:
    """As the layers of slim: `fc/weights` is `kernel` to the layer that penalizes it."""
    found = training(
        """
        fc/weights: float32[3]
        fc/kernel/Regularizer/Const = Const()
        fc/kernel/Regularizer/L2Loss = L2Loss(fc/weights/read)
        gradients/fc/kernel/Regularizer/L2Loss_grad/mul = Mul(fc/weights/read, x)
        """
    )
    scope = "fc/kernel/Regularizer"
    expected = {scope: [f"{scope}/Const", f"{scope}/L2Loss"]}
    assert found.penalties["fc/weights"] == found.regularizers("fc/weights") == expected
    assert f"{scope}/L2Loss" in found.differentiated


def test_penalties_and_their_gradients() -> None:
    found = training()
    assert found.penalties == {
        "w": {"w/Regularizer": ["w/Regularizer/L2Loss"]},
        "v": {"L2Loss": ["L2Loss"]},
    }
    assert found.regularizers("v") == {}
    assert found.differentiated == {"w/Regularizer/L2Loss": frozenset({"train/gradients_1/"})}


def test_saving_and_looking_is_no_use() -> None:
    found = training()
    assert [name for name in ("w", "v", "mean", "alone") if not found.is_used(name)] == ["alone"]


def test_wiring_survives_circles_and_gaps() -> None:
    model = parse("a = Identity(b)\nb = Identity(a)\nc = Add(a, gone, ^nowhere)").model
    assert model.graph is not None
    wiring = Wiring(model.graph)
    a, b, c = (wiring.find(name) for name in "abc")
    assert wiring.inputs[c] == [a]
    assert wiring.controls[c] == []
    assert wiring.origin(a) in {a, b}
    assert wiring.before([c]) == {a, b, c}
    assert wiring.after([b]) == {a, b, c}


def test_an_assignment_without_data_restores_nothing() -> None:
    assert training("odd = Assign(^alone)").is_used("alone")


def test_inputs_that_repeat_are_followed_once() -> None:
    """Three hundred times the same input, six nodes deep, are 300**6 paths."""
    chain = "\n".join(f"n{i} = AddN({', '.join([f'n{i + 1}'] * 300)})" for i in range(6))
    found = training(f"{chain}\nn6 = NoOp()")
    assert found.written_by(found.wiring.find("n0")) == frozenset()
