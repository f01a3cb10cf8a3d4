"""The rules about integrity and drift, on files of TensorFlow that are damaged in one place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import scopecli

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scopecli.model.finding import Finding

tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1
pytestmark = pytest.mark.filterwarnings("ignore")

TENSORS = {
    "net/w": np.arange(12, dtype="f4").reshape(4, 3),
    "net/b": np.arange(5, dtype="f8"),
    "words": np.array([b"one", b"", b"three" * 60]),
    "word": np.array(b"alone"),
    "flags": np.array([True, False]),
    "none": np.zeros([0, 3], "f4"),
    "halves": np.array([1.5, 2.5], "f2"),
}


def written(prefix: Path, tensors: Mapping[str, Any]) -> str:
    """A V2 checkpoint as its own operation writes it."""
    tensorflow.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(tensors),
        shape_and_slices=[""] * len(tensors),
        tensors=[tensorflow.constant(value) for value in tensors.values()],
    )
    return str(prefix)


def codes(path: object, **options: Any) -> list[str]:
    found: list[Finding] = scopecli.validate(path, select=["F"], **options)  # type: ignore[arg-type]
    return [finding.code for finding in found]


def flip(path: str, offset: int) -> None:
    data = bytearray(Path(path).read_bytes())
    data[offset] ^= 1
    Path(path).write_bytes(data)


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    return written(tmp_path / "ckpt", TENSORS)


def data_of(prefix: str) -> str:
    return f"{prefix}.data-00000-of-00001"


def test_what_is_whole_has_no_findings(prefix: str) -> None:
    assert codes(prefix, values=True) == []


@pytest.mark.rules("F701")
def test_every_byte_of_the_data_is_covered(prefix: str) -> None:
    """F701, where TensorFlow itself finds it only when it reads that tensor."""
    size = os.path.getsize(data_of(prefix))
    for offset in range(0, size, 7):
        flip(data_of(prefix), offset)
        (finding,) = scopecli.validate(prefix, select=["F"], values=True)
        assert finding.code == "F701"
        assert codes(prefix) == []  # data is not read without leave
        reader = tensorflow.train.load_checkpoint(prefix)
        with pytest.raises((tf.errors.DataLossError, tf.errors.OpError)):
            reader.get_tensor(finding.subject)
        flip(data_of(prefix), offset)


@pytest.mark.parametrize("parts", [2])
def test_parts_have_checksums_of_their_own(parts: int, tmp_path: Path) -> None:
    prefix = str(tmp_path / "parts")
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("w", [6, 2], partitioner=tf.fixed_size_partitioner(parts))
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, prefix)
    assert codes(prefix, values=True) == []
    flip(data_of(prefix), 40)
    (finding,) = scopecli.validate(prefix, select=["F701"], values=True)
    assert finding.subject == "w"


@pytest.mark.rules("F702")
def test_one_bit_in_the_index(tmp_path: Path) -> None:
    """F702: TensorFlow lists what is before it, and says nothing."""
    names = [f"layer_{number}/kernel" for number in range(10_000)]
    prefix = written(tmp_path / "ckpt", dict.fromkeys(names, tensorflow.constant(1.0)))
    index = f"{prefix}.index"
    assert codes(prefix) == []
    flip(index, os.path.getsize(index) - 5000)
    assert codes(prefix) == ["F702"]
    assert 0 < len(tensorflow.train.list_variables(prefix)) < len(names)


@pytest.mark.parametrize("kept", [0.3, 0.95])
def test_an_index_that_is_cut_short(prefix: str, kept: float) -> None:
    index = Path(f"{prefix}.index")
    index.write_bytes(index.read_bytes()[: int(index.stat().st_size * kept)])
    assert codes(prefix) == ["F703"]
    with pytest.raises((tf.errors.OpError, ValueError)):
        tensorflow.train.list_variables(prefix)


@pytest.mark.rules("F703")
def test_data_that_is_cut_short(prefix: str) -> None:
    """F703: listing goes on as if nothing were."""
    os.truncate(data_of(prefix), os.path.getsize(data_of(prefix)) - 1)
    assert codes(prefix) == ["F703"]
    assert len(tensorflow.train.list_variables(prefix)) == len(TENSORS)


@pytest.mark.rules("F704")
def test_a_missing_shard(prefix: str) -> None:
    os.remove(data_of(prefix))
    assert codes(prefix, values=True) == ["F704"]
    assert len(tensorflow.train.list_variables(prefix)) == len(TENSORS)


@pytest.mark.rules("F705")
def test_a_path_that_tensorflow_does_not_take(prefix: str) -> None:
    assert tensorflow.train.list_variables(f"{prefix}.index") == []
    assert codes(f"{prefix}.index") == codes(data_of(prefix)) == ["F705"]
    assert codes(prefix) == []


@pytest.mark.rules("F706")
def test_a_state_that_is_stale(prefix: str) -> None:
    folder = os.path.dirname(prefix)
    gone = os.path.join(folder, "gone-7")
    tf.train.update_checkpoint_state(folder, gone, [prefix, gone])
    assert codes(folder) == ["F706"]
    tf.train.update_checkpoint_state(folder, prefix)
    assert codes(folder) == []
    assert tensorflow.train.latest_checkpoint(folder) == prefix


@pytest.mark.rules("F710")
def test_equal_values(tmp_path: Path) -> None:
    random = np.random.default_rng(0).normal(size=[4, 3]).astype("f4")
    zeros = np.zeros([9], "f4")
    bad = written(tmp_path / "bad", {"a": random, "b": random, "c": zeros, "d": zeros})
    (finding,) = scopecli.validate(bad, select=["F710"])
    assert finding.text == "b: holds the same values as a"
    good = written(tmp_path / "good", {"a": random, "b": random + 1, "c": zeros, "d": zeros})
    assert codes(good) == []


# Drift


@pytest.mark.rules("L901", "L902", "L903")
def test_drift_from_a_checkpoint(tmp_path: Path) -> None:
    w, b = np.ones([4, 3], "f4"), np.ones([3], "f4")
    lock = written(tmp_path / "lock", {"net/w": w, "net/b": b, "net/old": b})
    later = written(tmp_path / "later", {"net/w": 2 * w, "net/b": b, "net/old": b})
    other = written(tmp_path / "other", {"net/w": w, "net/b": b[:2], "head/w": b.astype("f8")})
    found = scopecli.validate(other, against=lock, select=["L"])
    assert [(finding.code, finding.subject) for finding in found] == [
        ("L901", "net/old"),
        ("L902", "head/w"),
        ("L903", "net/b"),
    ]
    assert scopecli.validate(later, against=lock, select=["L"]) == []


@pytest.mark.rules("L904")
def test_drift_of_collections(tmp_path: Path) -> None:
    """Of a graph, from the one that was exported before."""

    def exported(name: str, **options: Any) -> str:
        path = str(tmp_path / name)
        with tf.Graph().as_default():
            tf.get_variable("net/w", [3])
            tf.add_to_collection("losses", tf.nn.l2_loss(tf.get_variable("net/b", [3], **options)))
            tf.train.export_meta_graph(path)
        return path

    lock, same = exported("lock.meta"), exported("same.meta")
    frozen = exported("frozen.meta", trainable=False)
    found = scopecli.validate(frozen, against=lock, select=["L904"])
    assert [finding.text for finding in found] == [
        "net/b: is no longer in trainable_variables",
    ]
    assert scopecli.validate(same, against=lock, select=["L"]) == []
