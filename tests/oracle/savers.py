"""Graphs with a saver, what it saves, and what it really does with a checkpoint."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from scopecli.analysis.restore.predict import predict
from scopecli.analysis.restore.slices import parsed
from scopecli.formats.opening import load
from tests import rename_searches

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow", reason="the oracle extra is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from scopecli.analysis.restore.prediction import Attempt, Entry

    Make = Callable[[], Any]  # makes variables in the default graph; the saver's list or dict

v1 = tf.compat.v1


def values(shape: Sequence[int], dtype: str) -> Any:
    return np.arange(1, 1 + int(np.prod(shape))).reshape(shape).astype(dtype)


Specs = dict[str, tuple[Any, ...]]


def plain(specs: Specs, *, resource: bool = False) -> Make:
    """Variables with a shape, whose last part may be a dtype instead."""

    def make() -> None:
        for name, spec in specs.items():
            shape, dtype = (spec[:-1], spec[-1]) if isinstance(spec[-1], str) else (spec, "float32")
            v1.get_variable(name, initializer=values(shape, dtype), use_resource=resource)

    return make


def parts(count: int, rows: int = 10, saved: slice = slice(None)) -> Make:
    """A partitioned variable, of which some parts are saved."""

    def make() -> list[Any]:
        split = v1.fixed_size_partitioner(count)
        start = v1.random_uniform_initializer(seed=1)
        return list(v1.get_variable("w", (rows, 2), partitioner=split, initializer=start))[saved]

    return make


def graph_of(make: Make, **options: Any) -> tuple[Any, Any]:
    graph = tf.Graph()
    with graph.as_default():
        return graph, v1.train.Saver(make(), **options)


def saved(folder: Path, make: Make, **options: Any) -> str:
    graph, saver = graph_of(make, **options)
    with v1.Session(graph=graph) as session:
        for variable in graph.get_collection("variables"):  # an average starts from its variable
            session.run(variable.initializer)
        return str(saver.save(session, str(folder / "saved"), write_meta_graph=False))


def meta_of(folder: Path, make: Make, **options: Any) -> str:
    graph, saver = graph_of(make, **options)
    path = str(folder / "graph.meta")
    with graph.as_default():
        v1.train.export_meta_graph(path, saver_def=saver.saver_def)
    return path


def run_restore(meta: str, prefix: str, **options: Any) -> tuple[Exception | None, dict[str, Any]]:
    """What the real saver does: what it raises, and the variables that then have values."""
    with tf.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph(meta, **options)
        raised: Exception | None = None
        try:
            saver.restore(session, prefix)
        except tf.errors.OpError as error:
            raised = error
        found = {
            variable.op.name: session.run(variable)
            for variable in v1.global_variables()
            if session.run(v1.is_variable_initialized(variable))
        }
    return raised, found


def stored_value(prefix: str, entry: Entry) -> Any:
    assert entry.found is not None
    (value,) = tf.raw_ops.RestoreV2(
        prefix=prefix,
        tensor_names=[entry.source],
        shape_and_slices=[""],
        dtypes=[tf.as_dtype(entry.found.dtype)],
    )
    value = value.numpy()
    part = parsed(entry.spec) if entry.spec else None
    if part is None:
        return value
    return value[tuple(slice(a, a + n) for a, n in zip(part.starts, part.lengths, strict=True))]


def held_against_saver(meta: str, prefix: str) -> Attempt:
    """The prediction, once the real saver has done what it says."""
    (attempt,) = predict(load(meta), load(prefix), rename_searches.nothing).attempts
    raised, found = run_restore(meta, prefix)
    if attempt.error is not None:
        assert type(raised).__name__ == attempt.error.kind
        for line in attempt.error.message.splitlines():
            assert line in str(raised)
        return attempt
    assert raised is None
    for entry in attempt.entries:
        if entry.status in {"restored", "shape"}:
            value = stored_value(prefix, entry)
            if entry.expected and entry.expected.shape == entry.found.shape:  # type: ignore[union-attr]
                assert found[entry.target].shape == value.shape
            assert np.array_equal(found[entry.target].reshape(-1), value.reshape(-1))
    assert set(found) == {e.target for e in attempt.entries if e.status in {"restored", "shape"}}
    return attempt
