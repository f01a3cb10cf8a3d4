"""Renaming in `keras-h5`: groups and datasets, the attributes that name them, and the config.

`load_model` and `load_weights(by_name=True)` find a layer's group by its name, and the weights in
it by their order in `weight_names`; those of the optimizer by their order alone. All are kept.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from scopecli.formats.hdf5 import attributes, editing
from scopecli.formats.hdf5 import links as hdf5_links
from scopecli.formats.hdf5 import structure as hdf5_structure
from scopecli.formats.hdf5 import writer as hdf5_writer
from scopecli.formats.hdf5.structure import attribute, strings
from scopecli.formats.keras import config as keras_config
from scopecli.formats.keras import config_names, h5
from scopecli.formats.keras import h5_changes as keras_h5_changes
from scopecli.formats.keras import layers as keras_layers
from scopecli.model.renaming import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scopecli.formats.hdf5.file import Hdf5File
    from scopecli.formats.keras.h5_changes import Changes
    from scopecli.formats.staging import Staging
    from scopecli.model.model import Model
    from scopecli.model.renaming import Renaming

_OPTIMIZER_SPACE = "optimizer"


def subjects(model: Model) -> Sequence[Subject]:
    """Layers, whose names end with `/`, their weights, and the optimizer's variables.

    Those are all of the kind `slot`, even the step: Keras loads all of them or none.

    Raises:
        ScopecliError: the file cannot be read, or nothing in it has a name.
    """
    with hdf5_structure.opened_path(model.path) as file:
        parents = keras_h5_changes.parents(file, h5.read_contents(file))
    found = list(keras_layers.subjects(parents))
    by_key = {variable.key: variable for variable in model.variables}
    seen: dict[str, int] = {}
    for variable in model.variables:
        if keras_h5_changes.is_slot(variable):
            owner = by_key.get(str(variable.attributes.get("slot_of")))
            follows = owner.path if owner else ""
            found.append(Subject(variable.name, "slot", follows, _OPTIMIZER_SPACE))
            continue
        count = seen[variable.path] = seen.get(variable.path, 0) + 1
        home = keras_layers.home(variable.path, parents)
        # Weights in different groups may have the same name.
        space = str(count) if count > 1 else ""
        found.append(Subject(variable.path, "variable", f"{home}/" if home else "", space))
    return found


def complaints(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names that HDF5 cannot hold, each with why."""
    return hdf5_writer.unusable(names)


def write(model: Model, renaming: Renaming, out: str, staging: Staging) -> None:
    """Write the file with other names.

    Raises:
        UnsupportedError: values and names are in one file, so data cannot be linked; or
            what is asked for is more than a change of names.
        ScopecliError: the file cannot be changed, or the copy not written.
    """
    staging.refuse_to_share(model.path)
    with hdf5_structure.opened_path(model.path) as file:
        changes = keras_h5_changes.changes(file, model, renaming)
    copy = editing.smaller_copy if changes.dropped else editing.edited_copy
    copy(model.path, staging.create(out), partial(_edit, changes=changes))


def _edit(file: Hdf5File, changes: Changes) -> None:
    _rename_config(file, changes)
    hdf5_links.unlink(file, changes.dropped)
    holder = file.group(changes.top)
    names = [name for name in strings(file, holder, "layer_names") if name in changes.groups]
    new = [changes.groups[name] for name in names]
    attributes.rewrite_list(file, holder, "layer_names", new)
    for path, weights in changes.weights.items():
        group = file.group(path)
        if group is not None:
            attributes.rewrite_list(file, group, "weight_names", weights)
    hdf5_links.relink(file, changes.links)


def _rename_config(file: Hdf5File, changes: Changes) -> None:
    root = file.group("")
    text = attribute(file, root, "model_config")
    document = _parsed(text)
    if document is None or not changes.layers:
        return
    version = attribute(file, root, "keras_version")
    config = keras_config.walk(document, version if isinstance(version, str) else "")
    config_names.rename(document, config, changes.layers, file.name)
    new = config_names.as_written(document, text, file.name)
    attributes.rewrite_text(file, root, "model_config", new)
    text = attribute(file, root, "training_config")
    compiled = _parsed(text)
    if compiled is not None:
        config_names.rename_outputs(document, changes.layers, compiled)
        new = config_names.as_written(compiled, text, file.name)
        attributes.rewrite_text(file, root, "training_config", new)


def _parsed(text: object) -> dict[str, Any] | None:
    """A JSON object; None where it is not one."""
    try:
        document = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
