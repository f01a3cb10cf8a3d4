"""Checkpoints that TensorFlow saves, and what rules find in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import scopecli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scopecli.model.finding import Finding

tensorflow = pytest.importorskip("tensorflow", reason="pip install -e '.[oracle]'")
tf: Any = tensorflow.compat.v1


def subjects(found: list[Finding]) -> list[str]:
    return [finding.subject for finding in found]


def checked(path: object, code: str, **options: Any) -> list[str]:
    return subjects(scopecli.validate(str(path), select=[code], **options))


def saved(folder: Path, build: Callable[[], object], **options: Any) -> str:
    """Save what a program builds, after the runs that it asks for; the prefix."""
    folder.mkdir(exist_ok=True)
    prefix = str(folder / "model.ckpt")
    with tf.Graph().as_default(), tf.Session() as session:
        runs = build()
        saver = tf.train.Saver(**options)
        session.run(tf.global_variables_initializer())
        for operation in runs if isinstance(runs, list) else ():
            session.run(operation)
        saver.save(session, prefix)
    return prefix
