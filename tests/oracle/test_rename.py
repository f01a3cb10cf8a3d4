"""Held against TensorFlow itself: what was renamed is restored, under the new names.

`pip install scopecli[oracle]`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import scopecli
from scopecli.analysis.rename.rules import AddPrefix, DropSlots, StripPrefix
from tests.samples import SAMPLES

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf: Any = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scopecli.formats.staging import DataMode

    Values = Mapping[str, Any]

pytestmark = pytest.mark.filterwarnings("ignore")
v1: Any = tf.compat.v1


def same_files(a: str | Path, b: str | Path) -> None:
    """Two checkpoints have the same files, byte for byte, but for graphs."""
    for one, other in ((a, b), (b, a)):
        base = Path(one).name
        names = [p.name for p in Path(one).parent.iterdir() if p.name.startswith(base)]
        suffixes = {name[len(base) :] for name in names} - {".meta"}
        assert suffixes
        for suffix in suffixes:
            assert Path(f"{one}{suffix}").read_bytes() == Path(f"{other}{suffix}").read_bytes()


def save(prefix: Path, build: Callable[[], Any], *, version: Any, sharded: bool = False) -> Values:
    """Run a function that makes variables, save them with a Saver; their values."""
    with tf.Graph().as_default(), v1.Session() as session:
        build()
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(write_version=version, sharded=sharded)
        saver.save(session, str(prefix), write_meta_graph=False, write_state=False)
        variables = v1.global_variables()
        return dict(zip([v.op.name for v in variables], session.run(variables), strict=True))


def restore(prefix: Path, build: Callable[[], Any], *, version: Any, sharded: bool) -> Values:
    """The values that variables have once a Saver has restored them."""
    with tf.Graph().as_default(), v1.Session() as session:
        build()
        path = f"{prefix}-?????-of-?????" if sharded and version == v1.train.SaverDef.V1 else prefix
        v1.train.Saver(write_version=version, sharded=sharded).restore(session, str(path))
        variables = v1.global_variables()
        return dict(zip([v.op.name for v in variables], session.run(variables), strict=True))


def network(scope: str, weights: str) -> Callable[[], None]:
    """A function that makes a small network that is trained, with a partitioned variable."""

    def build() -> None:
        with v1.variable_scope(scope):
            init = v1.random_normal_initializer(seed=1)
            w = v1.get_variable(weights, [4, 3], initializer=init)
            big = v1.get_variable(
                "table", [6, 2], initializer=init, partitioner=v1.fixed_size_partitioner(3)
            )
            flags = v1.get_variable("flags", initializer=["a", "bc"])
        loss = tf.reduce_sum(w) + tf.reduce_sum(tf.convert_to_tensor(big))
        del flags
        v1.train.AdamOptimizer().minimize(loss)

    return build


@pytest.mark.parametrize(
    ("version", "data"),  # a table of version 1 has the values in it
    [
        (v1.train.SaverDef.V2, "copy"),
        (v1.train.SaverDef.V2, "link"),
        (v1.train.SaverDef.V1, "copy"),
    ],
)
@pytest.mark.parametrize("sharded", [False, True])
def test_a_saver_restores_all_values(
    tmp_path: Path, version: Any, data: DataMode, *, sharded: bool
) -> None:
    """Slots, parts of a partitioned variable, strings, the optimizer's own scalars."""
    old = save(tmp_path / "old", network("net", "w"), version=version, sharded=sharded)
    rules = {"net/w": "model/enc/kernel", "net/": "model/enc/"}
    plan = scopecli.rename(tmp_path / "old", tmp_path / "new", rules, data=data)
    assert len(plan.moves) == 7
    new = restore(
        tmp_path / "new", network("model/enc", "kernel"), version=version, sharded=sharded
    )
    assert len(new) == len(old)
    moved = {move.old: move.new for move in plan.moves}
    for name, value in old.items():
        key = name.replace("net/w", "model/enc/kernel").replace("net/", "model/enc/")
        assert np.array_equal(new[key], value), (name, moved)
    back = {"model/enc/kernel": "net/w", "model/enc/": "net/"}
    scopecli.rename(tmp_path / "new", tmp_path / "back", back, data=data)
    same_files(tmp_path / "old", tmp_path / "back")


def test_a_large_index_is_written_as_tensorflow_writes_it(tmp_path: Path) -> None:
    """Several blocks, whose index entries are shortened keys."""
    names = [f"scope_{i % 97}/layer_{i}/kernel" for i in range(15000)]
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "old"),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[np.float32(i) for i in range(len(names))],
    )
    scopecli.rename(tmp_path / "old", tmp_path / "new", [AddPrefix("x")])
    scopecli.rename(tmp_path / "new", tmp_path / "back", [StripPrefix("x")])
    assert (tmp_path / "old.index").stat().st_size > 300_000
    same_files(tmp_path / "old", tmp_path / "back")
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "theirs"),
        tensor_names=[f"x{name}" for name in names],
        shape_and_slices=[""] * len(names),
        tensors=[np.float32(i) for i in range(len(names))],
    )
    same_files(tmp_path / "theirs", tmp_path / "new")


def test_without_slots_the_model_is_restored(tmp_path: Path) -> None:
    """Dropping rewrites the data: TensorFlow writes the same shard for the same variables."""
    version = v1.train.SaverDef.V2
    old = save(tmp_path / "old", network("net", "w"), version=version)
    rules = [DropSlots()]
    scopecli.rename(tmp_path / "old", tmp_path / "new", rules)
    size = (tmp_path / "new.data-00000-of-00001").stat().st_size
    assert size < (tmp_path / "old.data-00000-of-00001").stat().st_size / 2
    with tf.Graph().as_default(), v1.Session() as session:
        network("net", "w")()
        kept = [v for v in v1.global_variables() if "Adam" not in v.op.name]
        v1.train.Saver(kept).restore(session, str(tmp_path / "new"))
        for variable in kept:
            assert np.array_equal(session.run(variable), old[variable.op.name])
        v1.train.Saver(kept).save(
            session, str(tmp_path / "theirs"), write_meta_graph=False, write_state=False
        )
    same_files(tmp_path / "theirs", tmp_path / "new")


class Block(tf.Module):  # type: ignore[misc]
    """Two variables and a list of them."""

    def __init__(self, names: tuple[str, str]) -> None:
        super().__init__()
        setattr(self, names[0], tf.Variable(tf.random.normal([3, 2], seed=1)))
        setattr(self, names[1], [tf.Variable(float(i)) for i in range(12)])


def objects(block: str, names: tuple[str, str], optimizer: str) -> tuple[Any, list[Any]]:
    """A checkpoint of objects that were trained, and their variables."""
    module = Block(names)
    training = tf.keras.optimizers.Adam()
    kernel = getattr(module, names[0])
    training.apply_gradients([(tf.ones_like(kernel), kernel)])
    checkpoint = tf.train.Checkpoint(**{block: module, optimizer: training})
    return checkpoint, [kernel, *getattr(module, names[1]), *training.variables]


@pytest.mark.parametrize("data", ["copy", "link"])
def test_objects_are_restored(tmp_path: Path, data: DataMode) -> None:
    old, variables = objects("model", ("w", "items"), "optimizer")
    prefix = old.write(str(tmp_path / "old"))
    rules = {"model/w": "net/kernel", "model/": "net/", "optimizer/": "training/"}
    scopecli.rename(prefix, tmp_path / "new", rules, data=data)
    new, renamed = objects("net", ("kernel", "items"), "training")
    new.read(str(tmp_path / "new")).assert_consumed()
    for one, other in zip(variables, renamed, strict=True):
        assert np.array_equal(one.numpy(), other.numpy()), one.name
    back = {"net/kernel": "model/w", "net/": "model/", "training/": "optimizer/"}
    scopecli.rename(tmp_path / "new", tmp_path / "back", back)
    if data == "copy":
        same_files(prefix, tmp_path / "back")


def test_objects_without_their_optimizer(tmp_path: Path) -> None:
    old, variables = objects("model", ("w", "items"), "optimizer")
    prefix = old.write(str(tmp_path / "old"))
    scopecli.rename(prefix, tmp_path / "new", [DropSlots(), *_dropping("optimizer/*")])
    new, renamed = objects("model", ("w", "items"), "other")
    status = new.read(str(tmp_path / "new"))
    status.assert_nontrivial_match()
    for one, other in zip(variables[:13], renamed[:13], strict=True):
        assert np.array_equal(one.numpy(), other.numpy())
    tf.train.Checkpoint(model=new.model).read(str(tmp_path / "new")).assert_consumed()


def _dropping(glob: str) -> list[Any]:
    from scopecli.analysis.rename.rules import Drop

    return [Drop(glob)]


def test_slots_of_the_old_optimizers_are_restored(tmp_path: Path) -> None:
    """`w/.OPTIMIZER_SLOT/optimizer/m`, as TensorFlow wrote until 2.10."""
    prefix = str(SAMPLES / "tf2_object/ckpt-1")
    scopecli.rename(prefix, tmp_path / "new", {"model/": "net/", "optimizer/": "opt/"})
    old, new = tf.train.load_checkpoint(prefix), tf.train.load_checkpoint(str(tmp_path / "new"))
    keys = sorted(old.get_variable_to_shape_map())
    graph = "_CHECKPOINTABLE_OBJECT_GRAPH"
    expected = {k: k.replace("model/", "net/").replace("/optimizer/", "/opt/") for k in keys}
    expected = {k: v.replace("optimizer/", "opt/") for k, v in expected.items()}
    assert sorted(expected.values()) == sorted(new.get_variable_to_shape_map())
    for old_key, new_key in expected.items():
        if old_key != graph:
            assert np.array_equal(old.get_tensor(old_key), new.get_tensor(new_key))
    from tensorflow.core.protobuf import trackable_object_graph_pb2 as protobuf

    before = protobuf.TrackableObjectGraph.FromString(old.get_tensor(graph))
    after = protobuf.TrackableObjectGraph.FromString(new.get_tensor(graph))
    assert len(before.nodes) == len(after.nodes)
    keys_after = {a.checkpoint_key for node in after.nodes for a in node.attributes}
    assert keys_after == set(expected.values()) - {graph}
    assert {c.local_name for c in after.nodes[0].children} == {"net", "opt", "save_counter"}
