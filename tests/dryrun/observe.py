"""Run programs and write down what they made, line by line: on the engine or on TensorFlow.

As a program (`python -m tests.dryrun.observe tensorflow|engine < in.json > out.json`) it takes a
list of `{id, source}` and gives the lines of each by id.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PROGRAMS = Path(__file__).parent / "programs"
MODELS = Path(__file__).parent / "models"

_HEADER = re.compile(r"^=== (\S+)$", re.MULTILINE)
# A shape function says more in TensorFlow, after these words: the node as a protobuf.
_DETAILS = re.compile(r"( for '\{\{node| with input shapes|\. Shapes are \[| \(Op:).*")
_GRADIENTS = re.compile(r"(^|[/^])gradients\w*(/|$)")


def programs(path: Path) -> dict[str, str]:
    """The programs of a file by id: sections that begin with `=== id`."""
    parts = _HEADER.split(path.read_text("utf-8"))
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert len(found) == len(parts) // 2, f"an id comes twice in {path.name}"
    return {f"{path.stem}/{name}": source for name, source in found.items()}


def all_programs() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(PROGRAMS.glob("*.txt")):
        found.update(programs(path))
    return found


def observe(tf: Any, name: str, source: str) -> list[str]:
    """What a program made, said and raised."""
    said: list[str] = []

    def show(*values: Any) -> None:
        said.append("said " + " ".join(text(value) for value in values))

    raised = []
    start_anew(tf)
    try:
        exec(
            compile(source, f"<{name}>", "exec"),
            {"tf": tf, "slim": slim(tf), "show": show, "__name__": "program"},
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        if os.environ.get("OBSERVE_TRACEBACK"):
            import traceback

            traceback.print_exc()
        raised = [f"raised {type(error).__name__}: {first_line(error)}"]
    graph = tf.get_default_graph()
    return [*said, *graph_lines(graph), *raised]


def start_anew(tf: Any) -> None:
    """Forget every graph, also those that a program left open."""
    if tf.__name__.startswith("scopecli"):
        from scopecli.dryrun.graph.default import forget_graphs

        forget_graphs()
    else:
        from tensorflow.python.framework import ops

        ops._default_graph_stack.reset()


def first_line(error: BaseException) -> str:
    words = str(error.args[0] if error.args else error).partition("\n")[0]
    return _DETAILS.sub("", words).rstrip(" .")


def graph_lines(graph: Any) -> list[str]:
    lines = [line for op in graph.get_operations() for line in op_lines(op)]
    for key in sorted(graph.get_all_collection_keys()):
        members = graph.get_collection(key)
        if members and not key.startswith("_"):
            lines.append(f"collection {key}: {' '.join(text(member) for member in members)}")
    return lines


def op_lines(op: Any) -> list[str]:
    """A line for a node; the gradients are one node to the engine, and not compared."""
    if _GRADIENTS.search(op.name):
        return []
    parts = [op.name, op.type]
    inputs = [tensor.name for tensor in op.inputs]
    inputs += sorted(f"^{control.name}" for control in op.control_inputs)
    if not any(_GRADIENTS.search(name) for name in inputs):
        parts += inputs
    parts += [f"{tensor.shape}:{tensor.dtype.name}" for tensor in op.outputs]
    return ["op " + " ".join(parts)]


def text(value: Any) -> str:
    """A value as both write it."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(text(item) for item in value) + "]"
    name = getattr(value, "name", None)
    if isinstance(name, str):
        return name
    return str(value)


def slim(tf: Any) -> Any:
    """Slim; of TensorFlow it is a package of its own."""
    if tf.__name__.startswith("scopecli"):
        return tf.contrib.slim
    # The newest tf_slim asks for some things where TensorFlow 2.21 no longer has them.
    from tensorflow.python.framework import ops

    ops.Tensor, ops.IndexedSlices = tf.Tensor, tf.IndexedSlices
    for part in ("", ".convolutional", ".core", ".normalization", ".pooling"):
        module = importlib.import_module(f"tf_keras.src.legacy_tf_layers{part}")
        sys.modules[f"tf_keras.legacy_tf_layers{part}"] = module
    import tf_slim

    return tf_slim


def engine() -> Any:
    import scopecli.dryrun as tf

    return tf


def tensorflow() -> Any:
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import warnings

    warnings.simplefilter("ignore")
    import tensorflow as tf

    tf = tf.compat.v1
    tf.disable_v2_behavior()
    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.logging.set_verbosity = lambda *_: None
    return tf


def model_names() -> list[str]:
    return sorted(path.stem for path in MODELS.glob("*.py") if path.stem != "__init__")


def write_metas(folder: Path) -> None:
    """Build every model with TensorFlow under its own name, and write its graph to a `.meta`."""
    tf = tensorflow()
    aliases = {"tensorflow": tf, "tensorflow.contrib": ModuleType("contrib")}
    aliases["tensorflow.contrib"].slim = slim(tf)
    for name in model_names():
        start_anew(tf)
        before = sys.modules["tensorflow"]
        sys.modules.update(aliases)
        module = ModuleType(name)
        exec((MODELS / f"{name}.py").read_text("utf-8"), module.__dict__)
        sys.modules["tensorflow"] = before
        module.__dict__["build"]()
        graph = tf.get_default_graph()
        (folder / f"{name}.json").write_text(json.dumps(graph_lines(graph)), "utf-8")
        tf.train.export_meta_graph(str(folder / f"{name}.meta"), clear_devices=True)


def main(which: str, *rest: str) -> None:
    if which == "metas":
        write_metas(Path(rest[0]))
        return
    tf = tensorflow() if which == "tensorflow" else engine()
    wanted = json.load(sys.stdin)
    found = {item["id"]: observe(tf, item["id"], item["source"]) for item in wanted}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
