"""The rules about optimizer slots, on files of TensorFlow with each fault and without."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import scopecli
from tests.oracle.rule_checkpoints import checked, saved

if TYPE_CHECKING:
    from collections.abc import Callable

tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1
pytestmark = pytest.mark.filterwarnings("ignore")


def training(steps: int = 3, *, count: bool = True) -> Callable[[], list[Any]]:
    """A layer that Adam trains, with its count of steps."""

    def build() -> list[Any]:
        w, b = tf.get_variable("net/w", [4, 3]), tf.get_variable("net/b", [3])
        loss = tf.reduce_sum(tf.square(w)) + tf.reduce_sum(tf.square(b - 1.0))
        step = tf.train.get_or_create_global_step()
        train = tf.train.AdamOptimizer().minimize(loss, global_step=step if count else None)
        late = [] if count else [tf.assign(step, 1000)]
        return [*([train] * steps), *late]

    return build


def rewritten(folder: Path, prefix: str, rename: Callable[[str], str]) -> str:
    """A copy as scripts that rename make it: tensors under new names, or left out."""
    reader = tensorflow.train.load_checkpoint(prefix)
    names = {name: rename(name) for name in reader.get_variable_to_shape_map()}
    kept = sorted((new, old) for old, new in names.items() if new)
    target = str(folder / "renamed")
    with tf.Graph().as_default(), tf.Session() as session:
        values = [tf.constant(reader.get_tensor(old)) for _, old in kept]
        save = tf.raw_ops.SaveV2(
            prefix=target,
            tensor_names=[new for new, _ in kept],
            shape_and_slices=[""] * len(kept),
            tensors=values,
        )
        session.run(save)
    merged = str(folder / "merged")
    for path in folder.glob("renamed*"):
        shutil.copy(path, merged + path.name.removeprefix("renamed"))
    return merged


@pytest.mark.rules("O501")
def test_slots_that_were_lost(tmp_path: Path) -> None:
    prefix = saved(tmp_path / "a", training())
    lost = rewritten(tmp_path, prefix, lambda name: "" if name == "net/b/Adam_1" else name)
    assert checked(lost, "O5") == ["net/b"]
    assert checked(prefix, "O5") == []


def alone(*, partitioned: bool) -> Callable[[], list[Any]]:
    """A scope for each weight, so that none has one beside it."""

    def build() -> list[Any]:
        x = tf.ones([2, 4])
        for scope in "abc":
            parts = tf.fixed_size_partitioner(2) if partitioned else None
            with tf.variable_scope(scope, partitioner=parts):
                x = tf.matmul(x, tf.get_variable("w", [4, 4]))
        return [tf.train.AdamOptimizer().minimize(tf.reduce_sum(x))]

    return build


@pytest.mark.rules("O501")
@pytest.mark.parametrize("partitioned", [False, True])
def test_slots_that_only_the_graph_has(tmp_path: Path, *, partitioned: bool) -> None:
    """All of a variable: without the graph it could be one that is not trained."""
    good = saved(tmp_path / "good", alone(partitioned=partitioned))
    assert checked(good, "O501") == []
    lost = rewritten(tmp_path, good, lambda name: "" if name.startswith("b/w/") else name)
    assert checked(lost, "O501") == []
    shutil.copy(f"{good}.meta", f"{lost}.meta")
    assert checked(lost, "O501") == ["b/w"]


def embedding(*, resource: bool) -> list[Any]:
    """Rows of `table` have gradients: Adam has no operation for those, and assigns."""
    with tf.variable_scope("net", use_resource=resource):
        table = tf.get_variable("table", [6, 4])
        scale = tf.get_variable("scale", [4], initializer=tf.ones_initializer())
        loss = tf.reduce_sum(tf.nn.embedding_lookup(table, [1, 2]) * scale)
    return [tf.train.AdamOptimizer().minimize(loss)]


@pytest.mark.rules("O501")
@pytest.mark.parametrize("resource", [False, True])
def test_slots_of_rows(tmp_path: Path, *, resource: bool) -> None:
    good = saved(tmp_path / "good", lambda: embedding(resource=resource))
    assert checked(good, "O501") == checked(good, "T") == []
    lost = rewritten(tmp_path, good, lambda name: "" if name == "net/table/Adam" else name)
    assert checked(lost, "O501") == ["net/table"]
    shutil.copy(f"{good}.meta", f"{lost}.meta")
    assert checked(lost, "O501") == ["net/table"]


class Descent(tf.train.Optimizer):  # type: ignore[misc]
    """An optimizer of a program's own, which assigns."""

    def __init__(self) -> None:
        super().__init__(False, "Descent")

    def _create_slots(self, var_list: list[Any]) -> None:
        for variable in var_list:
            self._zeros_slot(variable, "g", self._name)

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        slot = self.get_slot(var, "g").assign(grad)
        return tf.assign_sub(var, 0.1 * slot + 0.01 * var)

    def _resource_apply_dense(self, grad: Any, handle: Any) -> Any:
        return self._apply_dense(grad, handle)


@pytest.mark.rules("T301", "O501")
def test_an_optimizer_of_its_own(tmp_path: Path) -> None:
    def build(*misses: str) -> Callable[[], list[Any]]:
        def graph() -> list[Any]:
            with tf.variable_scope("net", use_resource=False):
                loss = tf.reduce_sum(
                    tf.matmul(tf.ones([2, 4]), tf.get_variable("w", [4, 4]))
                    + tf.get_variable("b", [4])
                )
            wanted = [v for v in tf.trainable_variables() if v.op.name not in misses]
            return [Descent().minimize(loss, var_list=wanted)]

        return graph

    good, bad = saved(tmp_path / "good", build()), saved(tmp_path / "bad", build("net/b"))
    assert checked(good, "T") == checked(good, "O5") == checked(good, "S") == []
    assert checked(bad, "T") == ["net/b"]


@pytest.mark.rules("O502")
def test_slots_that_stayed_behind(tmp_path: Path) -> None:
    prefix = saved(tmp_path / "a", training())
    renamed = rewritten(tmp_path, prefix, lambda name: "net/bias" if name == "net/b" else name)
    assert checked(renamed, "O502") == ["net/b/Adam", "net/b/Adam_1"]
    assert checked(prefix, "O502") == []


@pytest.mark.rules("O503")
@pytest.mark.parametrize("values_are_there", [True, False])
def test_steps_of_the_optimizer(tmp_path: Path, values_are_there: bool) -> None:
    """They are in the checksums, so that the data need not be there."""
    good = saved(tmp_path / "good", training(120))
    bad = saved(tmp_path / "bad", training(120, count=False))
    if not values_are_there:
        for prefix in (good, bad):
            Path(f"{prefix}.data-00000-of-00001").unlink()
    (finding,) = scopecli.validate(bad, select=["O503"])
    assert finding.text == "beta2_power: is that of step 120, and global_step is 1000"
    assert checked(good, "O503") == []


@pytest.mark.rules("O503")
@pytest.mark.parametrize("resource", [False, True])
def test_several_steps_of_the_optimizer_for_one(tmp_path: Path, *, resource: bool) -> None:
    """A critic has five steps for each of the generator, and a beta that the graph says."""

    def build() -> list[Any]:
        with tf.variable_scope("net", use_resource=resource):
            generator, critic = tf.get_variable("g", [4]), tf.get_variable("c", [4])
        step = tf.train.get_or_create_global_step()
        one, other = (tf.train.AdamOptimizer(0.1, beta1=0.0, beta2=0.9) for _ in range(2))
        both = tf.reduce_sum(tf.square(generator * critic + 1.0))
        trained = one.minimize(both, var_list=[critic])
        train = other.minimize(both, var_list=[generator], global_step=step)
        return [*[trained] * 5, train] * 12

    prefix = saved(tmp_path / "a", build)
    assert checked(prefix, "O503") == []
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(f"{prefix}.meta")
        saver.restore(session, prefix)
        session.run("beta2_power/Assign")  # a critic that was made anew
        saver.save(session, prefix)
    (finding,) = scopecli.validate(prefix, select=["O503"])
    assert finding.text == "beta2_power: is that of step 0, and global_step is 12"
