"""Each rule on files of the real frameworks: a program with the fault, and the same done right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

import scopecli
from tests.oracle import rule_programs as programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1
pytestmark = pytest.mark.filterwarnings("ignore")


class Case(NamedTuple):
    """A fault: the rule, what it speaks of, and the two programs."""

    code: str
    subjects: list[str]
    bad: Callable[[], object]
    good: Callable[[], object]
    label: str = ""


CASES = [
    Case("N101", ["Encoder"], programs.two_cases, programs.one_case),
    Case("N102", ["w_1"], programs.made_twice, programs.made_once),
    Case("N103", ["w_1"], programs.shadowed, programs.not_shadowed),
    Case("N103", ["Enc/w_1"], programs.shadowed_in_other_case, programs.one_case, "case"),
    Case("N103", ["w_1"], programs.shadowed_resource, programs.not_shadowed, "resource"),
    Case("N104", ["Variable", "Variable_1"], programs.no_name, programs.made_once),
    Case("N107", ["net/w"], programs.variable_in_its_own_scope, programs.slots_in_its_own_scope),
    Case("S201", ["net_1"], programs.forgotten_reuse, programs.reused),
    Case("S201", ["net_1"], programs.both_twins_trained, programs.two_heads, "heads"),
    Case("S201", ["net_1"], programs.forgotten_reuse, programs.numbered_towers, "numbered"),
    Case("S202", ["net_1"], programs.one_twin_trained, programs.both_twins_trained),
    Case("S202", ["net_1"], programs.one_twin_trained, programs.twin_follows, "target network"),
    Case("S203", ["net_1"], programs.reused, programs.entered_once),
    Case("S204", ["net/kernel"], programs.misspelt, programs.spelt),
    Case("S204", ["discriminator"], programs.misspelt_scope, programs.spelt, "scope"),
    Case(
        "S204",
        ["classifier"],
        lambda: programs.misspelt_scope("classifier", "clasifier"),
        programs.spelt,
        "left out",
    ),
    Case(
        "S204",
        ["wieghting"],
        lambda: programs.scoped("weighting", "wieghting"),
        programs.spelt,
        "swapped",
    ),
    Case("S205", ["w"], programs.not_connected, programs.connected),
    Case("S205", ["w"], programs.not_connected_resource, programs.connected, "resource"),
    Case("C301", ["w"], programs.added_twice, programs.partitioned),
    Case("C302", ["w"], programs.trainable_and_hidden, programs.trainable_and_global),
    Case("C303", ["L2Loss", "v"], programs.pruned, programs.all_in_the_graph),
    Case("C304", ["v"], programs.not_collected, programs.collected),
    Case("T301", ["b/w"], programs.var_list_misses_one, programs.var_lists_of_two_optimizers),
    Case("T301", ["base"], programs.var_list_misses_a_scope, programs.scope_is_frozen, "scope"),
    Case("T302", ["net/w"], programs.regularized_and_frozen, programs.regularized),
    Case("T303", ["bn/update"], programs.updates_forgotten, programs.updates_as_dependency),
    Case(
        "T303",
        ["bn/update"],
        programs.updates_forgotten,
        programs.updates_grouped_later,
        "tf.group",
    ),
    Case("T303", [""], programs.several_updates_forgotten, programs.updates_as_dependency, "all"),
    Case("T304", ["bn"], programs.never_in_training, programs.updates_as_dependency),
    Case(
        "T304",
        ["bn"],
        lambda: programs.keras_normalized(run_updates=False),
        lambda: programs.keras_normalized(run_updates=True),
        "tf_keras",
    ),
    Case(
        "T304",
        ["bn"],
        lambda: programs.conditional_updates(dependency=False),
        lambda: programs.conditional_updates(dependency=True),
        "branch",
    ),
    Case("T305", ["net/w"], programs.regularizer_forgotten, programs.regularized),
    Case(
        "T305",
        [""],
        programs.regularizers_forgotten,
        lambda: programs.collection_added(again=False),
        "all",
    ),
    Case("T306", ["net/w"], programs.regularized_twice, programs.regularized),
    Case(
        "T306",
        ["a/w", "b/w"],
        lambda: programs.collection_added(again=True),
        lambda: programs.collection_added(again=False),
        "collection",
    ),
    Case(
        "T306",
        ["net/w"],
        programs.regularized_twice,
        programs.regularized_in_two_losses,
        "two losses",
    ),
]


def exported(build: Callable[[], object], folder: Path) -> str:
    """Export what a program builds, or the message that it makes itself."""
    path = folder / "graph.meta"
    with tf.Graph().as_default():
        message = build()
        if isinstance(message, tf.MetaGraphDef):
            path.write_bytes(message.SerializeToString())
        else:
            tf.train.export_meta_graph(str(path))
    return str(path)


@pytest.fixture(params=[False, True], ids=["references", "resources"])
def _kind_of_graph(request: pytest.FixtureRequest) -> Iterator[None]:
    """Reference variables with control flow of version 1; resources with version 2."""
    if request.param:
        tf.enable_control_flow_v2()
        tf.enable_resource_variables()
    else:
        tf.disable_control_flow_v2()
        tf.disable_resource_variables()
    yield
    tf.disable_control_flow_v2()
    tf.enable_resource_variables()


@pytest.mark.usefixtures("_kind_of_graph")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.label}".strip())
def test_a_graph(case: Case, tmp_path: Path) -> None:
    found = scopecli.validate(exported(case.bad, tmp_path), select=[case.code])
    assert [finding.subject for finding in found] == case.subjects
    assert scopecli.validate(exported(case.good, tmp_path), select=[case.code]) == []


def test_a_clean_program_has_no_findings(tmp_path: Path) -> None:
    """A layer with everything that training needs, under every rule at once."""

    def build() -> None:
        with tf.variable_scope("net"):
            x = tf.matmul(
                programs.image(), tf.get_variable("w", [4, 4], regularizer=programs.l1_l2)
            )
            y = programs.normalized(x, training=True)
        loss = tf.reduce_sum(y) + tf.losses.get_regularization_loss()
        step = tf.train.get_or_create_global_step()
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train = tf.train.AdamOptimizer().minimize(loss, global_step=step)
        with tf.control_dependencies([train]):
            tf.train.ExponentialMovingAverage(0.9).apply(tf.trainable_variables())
        tf.train.Saver()

    assert scopecli.validate(exported(build, tmp_path)) == []


def test_what_is_dangling_cannot_be_imported(tmp_path: Path) -> None:
    path = exported(programs.pruned, tmp_path)
    with tf.Graph().as_default(), pytest.raises(KeyError, match="not in the graph"):
        tf.train.import_meta_graph(path)


def test_a_checkpoint_is_checked_with_its_graph(tmp_path: Path) -> None:
    """And under the names of the graph, where the keys are others."""
    prefix = str(tmp_path / "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session:
        programs.one_twin_trained()
        (w, _) = tf.trainable_variables()
        saver = tf.train.Saver({"elsewhere": w})
        session.run(tf.global_variables_initializer())
        saver.save(session, prefix)
    found = scopecli.validate(prefix, select=["S202"])
    assert [(finding.subject, finding.path) for finding in found] == [("net_1", prefix)]


def saved_together(folder: Path, size: int) -> str:
    prefix = str(folder / f"model-{size}")
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("net/w", [size, 3])
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix, write_meta_graph=False, write_state=False)
    return prefix


@pytest.mark.rules("N110")
def test_files_that_are_loaded_together(tmp_path: Path) -> None:
    """N110, and what TensorFlow says of the same."""
    from scopecli.rules.run import Run
    from scopecli.rules.selection import Selection

    first, second = saved_together(tmp_path, 4), saved_together(tmp_path, 5)
    run = Run(scopecli.load, Selection(("N110",)), together=[])
    for path in (first, second):
        run.check(path)
    assert [(found.path, found.subject) for found in run.findings] == [(second, "net/w")]
    with tf.Graph().as_default(), tf.Session() as session:
        # A resource takes the other shape and says nothing.
        w = tf.get_variable("net/w", [4, 3], use_resource=False)
        tf.train.Saver([w]).restore(session, first)
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.train.Saver([w]).restore(session, second)


@pytest.mark.rules("N108")
def test_two_weights_of_one_name_in_a_layer(tmp_path: Path) -> None:
    """N108: an object-based checkpoint takes what HDF5 does not."""
    keras = pytest.importorskip("tf_keras", reason="pip install -e '.[oracle]'")

    def layer_with(second: str) -> Any:
        layer = keras.layers.Layer()
        layer.first = layer.add_weight(name="w", shape=[3])
        layer.second = layer.add_weight(name=second, shape=[3])
        return layer

    def found(layer: Any) -> list[str]:
        prefix = tensorflow.train.Checkpoint(layer=layer).write(str(tmp_path / "model"))
        return [finding.subject for finding in scopecli.validate(prefix, select=["N108"])]

    bad, good = layer_with("w"), layer_with("v")
    assert found(bad) == ["layer/w"]  # Keras tracks it a second time, under its name
    assert found(good) == []
    model = keras.Sequential([bad])
    model.build([None, 3])
    path = str(tmp_path / "model.h5")
    with pytest.raises(ValueError, match="already exists"):
        model.save_weights(path)
    # What is left of the file says it, too, and that what came behind is missing.
    left = [(finding.code, finding.subject) for finding in scopecli.validate(path)]
    assert ("N108", "layer/w:0") in left


def test_modules_without_names(tmp_path: Path) -> None:
    """N104, N108, S201: what TensorFlow 2 finds by its object may be called as it likes."""

    class Linear(tensorflow.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.weights = tensorflow.Variable(np.eye(3, dtype="f4"))
            self.bias = tensorflow.Variable([1.0, 2.0, 3.0])

    class Two(tensorflow.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.both = [Linear(), Linear()]
            self.scale = tensorflow.Variable(2.0, name="w")
            self.shift = tensorflow.Variable(3.0, name="w")

        @tensorflow.function(input_signature=[tensorflow.TensorSpec([None, 3], "float32")] * 2)  # type: ignore[untyped-decorator]
        def call(self, a: Any, b: Any) -> Any:
            a, b = (x @ one.weights + one.bias for x, one in zip((a, b), self.both, strict=True))
            return a * self.scale + b * self.shift

    module = Two()
    tensorflow.saved_model.save(module, str(tmp_path / "saved_model"))
    tensorflow.train.Checkpoint(module=module).save(str(tmp_path / "checkpoint" / "model"))
    for folder in ("saved_model", "checkpoint"):
        found = scopecli.validate(str(tmp_path / folder))
        assert {finding.code for finding in found} <= {"F710"}  # both weights are one matrix


@pytest.fixture
def keras3() -> Any:
    return pytest.importorskip("keras", minversion="3", reason="pip install -e '.[oracle]'")


def functional(keras: Any, *names: str) -> Any:
    x = inputs = keras.Input([4])
    for name in names:
        x = keras.layers.Dense(4, name=name)(x)
    return keras.Model(inputs, x)


@pytest.mark.rules("N106")
def test_two_layers_of_one_name(keras3: Any, tmp_path: Path) -> None:
    """N106: Keras writes the file, and refuses to read it."""
    path = str(tmp_path / "model.keras")
    model = functional(keras3, "a", "b")
    model.save(path)
    assert scopecli.validate(path, select=["N106"]) == []
    model.layers[2].name = "a"
    model.save(path)
    assert [finding.subject for finding in scopecli.validate(path, select=["N106"])] == ["a"]


def trained(keras: Any, *layers: Any) -> Any:
    model = keras.Sequential([keras.Input([2, 4]), *layers])
    model.compile("adam", "mse")
    model.fit(np.ones([1, 2, 4]), np.ones([1, 2, 4]), verbose=0)
    return model


@pytest.mark.rules("N109")
def test_names_that_an_optimizer_flattens_to_one(keras3: Any, tmp_path: Path) -> None:
    """N109: an archive can hold them, HDF5 cannot."""
    wrap, dense_layer = keras3.layers.TimeDistributed, keras3.layers.Dense
    bad = trained(keras3, wrap(dense_layer(4, name="b"), name="a"), dense_layer(4, name="a_b"))
    path = str(tmp_path / "model.keras")
    bad.save(path)
    assert [finding.code for finding in scopecli.validate(path, select=["N"])] == ["N109"] * 2
    with pytest.raises(ValueError, match="already exists"):
        bad.save(str(tmp_path / "model.h5"))


def test_names_that_inner_models_keep_apart(keras3: Any, tmp_path: Path) -> None:
    inner = (keras3.Sequential([keras3.layers.Dense(4, name="b")], name=name) for name in "xy")
    good = trained(keras3, *inner, keras3.layers.Dense(4, name="z_b"))
    path = tmp_path / "model.keras"
    good.save(str(path))
    assert scopecli.validate(path, ignore=["O504"]) == []
    good.save(str(tmp_path / "model.h5"))
    assert scopecli.validate(tmp_path / "model.h5", ignore=["O504"]) == []
