"""Writing a model under new names: which files are written together, and where they go.

A checkpoint and the graph beside it (`model.ckpt.meta`) are two models that belong together. Both
are renamed by one mapping and written through one `Staging`, the graph first and the checkpoint's
index last, because the index is what makes a checkpoint of the files.

In place these are two files, each of which is the old or the new at any time. Killed between the
two, the graph is new and the checkpoint is not; the same command again does the rest.
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from typing import TYPE_CHECKING, cast

from scopecli.errors import PathError, UnsupportedError
from scopecli.formats import registry, shard_index
from scopecli.formats.opening import locate
from scopecli.formats.tensorflow import checkpoint_state
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from scopecli.formats.registry import Writer
    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming, Subject

    Refusals = Callable[[Model, Renaming], Iterable[tuple[str, str]]]

_CHECKPOINTS = frozenset({"tf-v2-checkpoint", "tf-v1-checkpoint"})
_FOLDERS = frozenset({"tf-saved-model"})
_GRAPH = ".meta"
_TEXT_OR_NOT = {".pb", ".pbtxt"}
_NOT_CONVERTED = "nothing is converted: choose another name"
# What a checkpoint's files have behind its prefix.
_CHECKPOINT_FILE = re.compile(r"|\.index|\.meta|\.data-\d{5}-of-\d{5}|-\d{5}-of-\d{5}")


class Part(NamedTuple):
    """One model that is written.

    Attributes:
        model: as it was read; its path is where it is.
        writer: writes its format.
        suffix: what its path has behind the path of the whole.
    """

    model: Model
    writer: Writer
    suffix: str = ""


class Parts(NamedTuple):
    """All that is written in one go.

    Attributes:
        main: what the path led to.
        graph: the graph beside it; None where there is none, or it is left alone.
    """

    main: Part
    graph: Part | None = None

    def in_order(self) -> list[Part]:
        """The parts in the order in which they are written."""
        return [self.main] if self.graph is None else [self.graph, self.main]

    @property
    def path(self) -> str:
        """Where the whole is: a file, a folder, or the prefix of a checkpoint."""
        model = self.main.model
        if self.is_checkpoint:
            return checkpoint_state.prefix_of(model.path, model.format)
        return model.path

    @property
    def is_checkpoint(self) -> bool:
        """Whether the whole is a TensorFlow checkpoint, which is known by a prefix."""
        return self.main.model.format in _CHECKPOINTS


def open_parts(path: str, *, input_format: str | None = None, with_graph: bool = True) -> Parts:
    """Read what a path leads to, to be written again.

    Raises:
        UnsupportedError: the format cannot be written, or not that of the graph beside it.
        ScopecliError: it cannot be read.
    """
    model = locate(path, input_format=input_format)
    parts = Parts(Part(model, _writer(model)))
    graph_path = parts.path + _GRAPH
    if not with_graph or not parts.is_checkpoint or not os.path.isfile(graph_path):
        return parts
    graph = locate(graph_path)
    try:
        return parts._replace(graph=Part(graph, _writer(graph), _GRAPH))
    except UnsupportedError as error:
        error.hint = "leave the graph out with --no-graph"
        raise


def _writer(model: Model) -> Writer:
    row = registry.get(model.format)
    if not row.writer:
        raise UnsupportedError(
            f"cannot be renamed: this version does not write the format {row.id}", path=model.path
        )
    return cast("Writer", import_module(row.writer))


def subjects(parts: Parts) -> list[Subject]:
    """The names of all parts; those of different parts may be the same."""
    found = list(parts.main.writer.subjects(parts.main.model))
    if parts.graph is not None:
        found += [
            subject._replace(space=f"{parts.graph.suffix}:{subject.space}")
            for subject in parts.graph.writer.subjects(parts.graph.model)
        ]
    return found


def complaints(parts: Parts, names: Sequence[str]) -> list[tuple[str, str]]:
    """What the formats of the parts say against names."""
    found = [complaint for part in parts.in_order() for complaint in part.writer.complaints(names)]
    return list(dict.fromkeys(found))


def refusals(parts: Parts, renaming: Renaming) -> list[tuple[str, str]]:
    """What speaks against a renaming of just these models: (name, what is wrong with it).

    A writer has `refusals(model, renaming)` where names alone do not tell.
    """
    found: list[tuple[str, str]] = []
    for part in parts.in_order():
        check: Refusals | None = getattr(part.writer, "refusals", None)
        if check is not None:
            found.extend(check(part.model, renaming))
    if parts.graph is not None and renaming.drops:
        problem = "saves and restores what is dropped: leave the graph out with --no-graph"
        found.append((parts.graph.model.path, problem))
    return list(dict.fromkeys(found))


def destination(parts: Parts, out: str | None, *, force: bool = False) -> str:
    """Where the result goes: a path, or a name in a folder; None is the place of the input.

    Raises:
        PathError: something is there already, or it is the input.
        UnsupportedError: the path has the suffix of another format.
    """
    if out is None:
        return parts.path
    if out in {"", "-"}:
        raise PathError(
            "is not a path to write to", path=out or '""', hint="name a file, a folder or a prefix"
        )
    given = out
    # A model of many files gets a folder, and is not strewn into the one that this would be in.
    is_sharded = parts.main.model.path.endswith(shard_index.SUFFIXES)
    is_new = is_sharded and not os.path.isdir(out) and not out.endswith(shard_index.SUFFIXES)
    is_folder = is_new or out.endswith(os.sep) or os.path.isdir(out)
    if is_folder and parts.main.model.format not in _FOLDERS:
        out = os.path.join(out, os.path.basename(parts.path))
    if parts.is_checkpoint:
        out = checkpoint_state.prefix_meant(out, parts.main.model.format)
    if _real(out) == _real(parts.path):
        raise PathError(
            "is the input", path=given, hint="choose another path, or replace it with --in-place"
        )
    inside = os.path.realpath(parts.path) + os.sep
    if parts.main.model.format in _FOLDERS and os.path.realpath(out).startswith(inside):
        raise PathError("is inside of the input", path=given, hint="choose another path")
    _refuse_other_suffix(parts.main.model, out)
    parent = os.path.dirname((given if is_new else out).rstrip(os.sep))
    if parent and not os.path.isdir(parent):
        raise PathError("cannot be written: no such folder", path=parent, hint="make it first")
    there = existing(parts, out)
    if there and not force:
        raise PathError("is there already", path=there[0], hint="replace it with --force")
    return out


def _refuse_other_suffix(model: Model, out: str) -> None:
    """Nothing is converted: no HDF5 file under a name that says safetensors."""
    before, suffix = (os.path.splitext(path)[1].lower() for path in (model.path, out))
    if {before, suffix} == _TEXT_OR_NOT:
        problem = f"has the suffix {suffix}, and would be what {before} stands for"
        raise UnsupportedError(problem, path=out, hint=_NOT_CONVERTED)
    own = (*registry.get(model.format).suffixes, before)
    others = [row for row in registry.FORMATS if suffix in row.suffixes]
    if others and not any(mine.endswith(suffix) for mine in own):
        raise UnsupportedError(
            f"has the suffix of {others[0].id}, and would be {model.format}",
            path=out,
            hint=_NOT_CONVERTED,
        )


def existing(parts: Parts, out: str) -> list[str]:
    """The files that are there under the path of the result.

    Raises:
        PathError: the folder cannot be looked into.
    """
    if not parts.is_checkpoint:
        return [out] if os.path.lexists(out) else []
    folder, base = os.path.split(out)
    try:
        names = sorted(os.listdir(folder or "."))
    except OSError as error:
        raise PathError(f"cannot be listed: {error.strerror}", path=folder) from error
    return [
        os.path.join(folder, name)
        for name in names
        if name.startswith(base) and _CHECKPOINT_FILE.fullmatch(name[len(base) :])
    ]


def write(parts: Parts, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write all parts to a path that `destination` gave; the caller commits.

    Raises:
        ScopecliError: the model cannot be read again, or the target cannot be written.
    """
    for part in parts.in_order():
        part.writer.write(part.model, renaming, out + part.suffix, staging)
    if out == parts.path:
        return
    if parts.is_checkpoint:
        _write_state(parts, out, staging)
        # What another checkpoint left under this prefix would be taken for a part of the new one.
        for path in existing(parts, out):
            if path not in staging.paths:
                staging.remove(path)


def _write_state(parts: Parts, out: str, staging: Staging) -> None:
    """A `checkpoint` file in a new folder, where the old folder's names this checkpoint.

    So `tf.train.latest_checkpoint` finds the copy as it found the original. A folder that has such
    a file keeps it: what is the latest there is not a rename's business.
    """
    old = os.path.join(os.path.dirname(parts.path), checkpoint_state.FILE_NAME)
    new = os.path.join(os.path.dirname(out), checkpoint_state.FILE_NAME)
    if os.path.lexists(new) or not os.path.isfile(old):
        return
    try:
        latest, _ = checkpoint_state.latest(old)
    except PathError:
        return
    if _real(latest) == _real(parts.path):
        with open(staging.create(new), "w", encoding="utf-8") as file:
            file.write(checkpoint_state.text(os.path.basename(out)))


def _real(path: str) -> str:
    """A path by which two ways to write it can be compared; the last part may be a prefix."""
    folder, base = os.path.split(path.rstrip(os.sep))
    return os.path.join(os.path.realpath(folder or "."), base)
