"""From a path to a model: which files are meant, which format they have, which reader reads them.

A path may be a file, the prefix of a TensorFlow checkpoint, one of its files, or a folder with a
`checkpoint` file. Contents decide; a suffix never does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scopecli.binary.source import Source
from scopecli.errors import (
    DamagedFileError,
    NotAModelError,
    PathError,
    ScopecliError,
    UnsupportedError,
)
from scopecli.formats import registry
from scopecli.formats.tensorflow import checkpoint_state
from scopecli.model.names import listed
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from scopecli.model.model import Model, Note

_V2 = "tf-v2-checkpoint"
_V1 = "tf-v1-checkpoint"
_SAVED_MODEL = "tf-saved-model"
_TORCH = "torch"
_PREFERRED = "safetensors"
_ONNX = "onnx"
_ORBAX = "orbax"
_KERAS = "keras-v3"
# What a folder is told by: the names of files that are in it.
_MARKED = (
    (frozenset({"saved_model.pb"}), _SAVED_MODEL),
    (frozenset({"saved_model.pbtxt"}), _SAVED_MODEL),
    (frozenset({".metadata"}), _TORCH),
    (frozenset({"config.json", "metadata.json", "model.weights.h5"}), _KERAS),
)
_INDEX = ".index"
_GRAPH = ".meta"
_ONNX_SUFFIX = ".onnx"
_SAFETENSORS_SUFFIX = ".safetensors"
_CORE_ML = os.path.join("Data", "com.apple.CoreML")
_MAX_NAMED = 5


class Target(NamedTuple):
    """What a path leads to."""

    path: str
    format: str
    notes: tuple[Note, ...] = ()


# What every loader of the format refuses. The structure is readable all the same, so `survey`
# gives it, with the notes.
_REFUSED = frozenset({"hole", "overlap", "short-data", "size-mismatch"})


def load(
    path: str | os.PathLike[str], *, input_format: str | None = None, tag_set: str | None = None
) -> Model:
    """Open a saved model and read its structure. No tensor is read, no framework imported.

    Args:
        path: a file, a checkpoint prefix or one of its files, or a folder that holds one.
        input_format: a format id, where the contents should not decide.
        tag_set: which graph of a SavedModel is meant: its tags, joined with commas. Without, the
            one for serving, or the first.

    Returns:
        The model. Its values are read when they are asked for, so the files must stay in place.

    Raises:
        ScopecliError: nothing usable is there, or the file is damaged; `str()` of it is one line.
    """
    given = os.fspath(path)
    return locate(given, input_format=input_format, tag_set=tag_set)._replace(path=given)


def locate(path: str, *, input_format: str | None = None, tag_set: str | None = None) -> Model:
    """`load`, but the model's path is what the given one leads to: a file, prefix or SavedModel.

    Raises:
        ScopecliError: as `load` does.
    """
    model = survey(path, input_format=input_format, tag_set=tag_set)
    for note in model.notes:
        if note.code in _REFUSED:
            raise DamagedFileError(
                f"{note.subject} {note.message}".lstrip(),
                path=path,
                hint="the file is cut short or damaged: copy it again",
            )
    return model


def survey(
    path: str | os.PathLike[str], *, input_format: str | None = None, tag_set: str | None = None
) -> Model:
    """`locate` for a file too that loaders refuse: what is wrong with it is in the notes.

    Raises:
        ScopecliError: not even the structure can be read.
    """
    given = os.fspath(path)
    try:
        target = _resolve(given, input_format)
        model = _with_graph(_read(target, tag_set))
    except ScopecliError as error:
        error.path = error.path or given
        if input_format in registry.BY_ID and os.path.isfile(given):
            error.hint = _hint_of_contents(given, input_format) or error.hint
        raise
    return model._replace(notes=(*target.notes, *model.notes))


def _hint_of_contents(path: str, asked: str) -> str | None:
    """What a file is that could not be read as the format that was asked for."""
    try:
        found = _resolve(path, None).format
    except ScopecliError as error:  # without a hint where it is certain what the file is
        return None if error.hint else f"it {error.problem}"
    return f"it looks like {found}: try without --input-format" if found != asked else None


def _read(target: Target, tag_set: str | None) -> Model:
    if tag_set is None:
        return registry.get(target.format).reader().read(target.path)
    if target.format != _SAVED_MODEL:
        raise UnsupportedError("is not a SavedModel, so there are no tags to choose by")
    from scopecli.formats.tensorflow import saved_model

    return saved_model.read(target.path, tag_set)


def _with_graph(model: Model) -> Model:
    """A checkpoint with what the graph beside it knows; any other model as it is."""
    if model.format not in {_V2, _V1}:
        return model
    graph = checkpoint_state.prefix_of(model.path, model.format) + _GRAPH
    if not os.path.isfile(graph):
        return model
    from scopecli.formats.tensorflow import enrichment

    return enrichment.enrich(model, graph)


def _resolve(path: str, input_format: str | None) -> Target:
    found = _of_several_files(path)
    if found is None:
        return Target(path, input_format) if input_format is not None else _of_file(path)
    if input_format not in {None, found.format}:
        raise UnsupportedError(
            f"cannot be read as {registry.get(input_format).id}: it leads to several files, which"
            f" are {found.format}",
            path=path,
            hint="name one file",
        )
    return found


def _of_several_files(path: str) -> Target | None:
    """What a folder, a prefix or a shard of a checkpoint leads to; None for a file."""
    if os.path.isdir(path):
        return _in_folder(path)
    if not os.path.exists(path):
        return _beside_prefix(path)
    from scopecli.formats import detection  # a checkpoint's prefix does without

    prefix = detection.data_shard_prefix(path)
    return None if prefix is None else _of_shard(path, prefix)


def _of_file(path: str) -> Target:
    from scopecli.formats import detection

    with Source(path) as source:
        if checkpoint_state.is_state(source.head(detection.HEAD_SIZE)):
            return _of_state(path)
        return Target(path, detection.identify(source))


def _of_state(state_path: str) -> Target:
    prefix, notes = checkpoint_state.latest(state_path)
    found = _V2 if os.path.isfile(prefix + _INDEX) else _V1
    return Target(prefix, found, tuple(notes))


def _of_shard(path: str, prefix: str) -> Target:
    if os.path.isfile(prefix + _INDEX):
        return Target(prefix, _V2)
    raise PathError(
        "is a data shard without its index: it has values and no names",
        path=path,
        hint=f"look for {os.path.basename(prefix)}{_INDEX}",
    )


def _in_folder(path: str) -> Target:
    state = os.path.join(path, checkpoint_state.FILE_NAME)
    if os.path.isfile(state) and not _is_tree_of_names(state):
        return _of_state(state)
    names = _listing(path)
    if os.path.isfile(state) or _is_orbax(names):
        return Target(path, _ORBAX)
    marked = next((of for marks, of in _MARKED if marks.issubset(names)), None)
    if marked is not None:
        return Target(path, marked)
    index = _shard_index(path, names)
    if index is not None:
        return index
    found = {name.removesuffix(_INDEX): _V2 for name in names if name.endswith(_INDEX)}
    found |= dict.fromkeys(checkpoint_state.v1_prefixes(names), _V1)
    found |= {name: _ONNX for name in names if name.endswith(_ONNX_SUFFIX)}
    found |= {name: _PREFERRED for name in names if name.endswith(_SAFETENSORS_SUFFIX)}
    if len(found) == 1:
        ((prefix, format_id),) = found.items()
        return Target(os.path.join(path, prefix), format_id)
    if found:
        raise PathError(
            f"has {len(found)} checkpoints: {listed(sorted(found), _MAX_NAMED)}",
            path=path,
            hint="name one",
        )
    if os.path.isdir(os.path.join(path, _CORE_ML)):
        raise NotAModelError("is a Core ML package, which is not read", path=path)
    step = _last_step(path, names)
    if step is not None:
        return Target(step, _ORBAX)
    from scopecli.formats import missing

    raise missing.in_folder(path, names)


def _is_tree_of_names(path: str) -> bool:
    """Whether a `checkpoint` file is that of T5X or an old Orbax: MessagePack beside arrays."""
    with Source(path) as source:
        return source.head(1) >= b"\x80"


def _is_orbax(names: list[str]) -> bool:
    """Whether a folder is one of Orbax's; another one does not cost the import."""
    marks = ("zarr", "ocdbt", ".zgroup")
    if not any(name.startswith("_") or any(mark in name for mark in marks) for name in names):
        return False
    from scopecli.formats.orbax import folders as orbax_folders

    return orbax_folders.is_folder(names)


def _last_step(path: str, names: list[str]) -> str | None:
    """The last step of a run of Orbax's; any other folder does not cost the import."""
    if not any(name[-1].isdigit() and os.path.isdir(os.path.join(path, name)) for name in names):
        return None
    from scopecli.formats.orbax import folders as orbax_folders

    return orbax_folders.latest_step(path, names)


def _shard_index(folder: str, names: list[str]) -> Target | None:
    """The model that an index in a folder puts together; None where there is no index.

    One model is often there twice, for two frameworks: then the index that can be read is meant,
    and of two such that of safetensors, whose files cannot hold programs.
    """
    from scopecli.formats import shard_index

    found: list[Target] = []
    refusal = None
    for name in sorted(names):
        path = os.path.join(folder, name)
        if name.endswith(shard_index.SUFFIXES) and os.path.isfile(path):
            try:
                found.append(Target(path, shard_index.identify(path)))
            except ScopecliError as error:
                refusal = error
    found = [target for target in found if target.format == _PREFERRED] or found
    if len(found) > 1:
        several = listed([os.path.basename(target.path) for target in found], _MAX_NAMED)
        raise PathError(f"has {len(found)} models: {several}", path=folder, hint="name one")
    if not found and refusal is not None:
        raise refusal
    return found[0] if found else None


def _beside_prefix(path: str) -> Target:
    """A path that is no file: the prefix of a checkpoint, or a mistake."""
    if not path:
        raise PathError("the path is empty")
    if os.path.isfile(path + _INDEX):
        return Target(path, _V2)
    if checkpoint_state.has_v1_shards(path):
        return Target(path, _V1)
    folder = os.path.dirname(path) or "."
    names = _listing(folder) if os.path.isdir(folder) else []
    base = os.path.basename(path)
    if any(name.startswith(f"{base}.data-") for name in names):
        raise PathError(
            f"has data shards and no index: {base}{_INDEX} is missing",
            path=path,
            hint="the names are in the index: copy it too",
        )
    if f"{base}.meta" in names:
        raise PathError(
            f"has a graph ({base}.meta) and no checkpoint: {base}{_INDEX} is missing", path=path
        )
    from scopecli.formats import missing

    raise missing.at_path(path, names)


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        raise PathError(f"cannot be listed: {error.strerror}", path=folder) from error
