"""Which format a zip archive has, by the names of its members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.binary import zipdir
from scopecli.errors import NotAModelError, UnsupportedError
from scopecli.formats.torch import marks as torch_marks

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from scopecli.binary.source import Source

# `keras/src/saving/saving_lib.py`: _CONFIG_FILENAME, _METADATA_FILENAME, _VARS_FNAME.
CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS_H5 = "model.weights.h5"
WEIGHTS_NPZ = "model.weights.npz"

# Archives that hold models for which there is no reader, by what only they have.
_OTHERS = {
    "serialized_exported_program.json": "a program of torch.export of before PyTorch 2.8",
    "/model.json": "a TorchScript archive of before PyTorch 1.4",
    "/.data/extern_modules": "a torch.package",
}

_MAX_NAMED = 5


def identify(source: Source) -> str:
    """The format id of a zip archive.

    Raises:
        NotAModelError: no model, and the message says what is in it.
        UnsupportedError: a model of a kind that is not read.
        DamagedFileError: its directory cannot be read.
    """
    if torch_marks.is_pickle(zipdir.first_name(source)):
        return "torch"  # which need not be looked for among thousands of storages
    names = {member.name for member in zipdir.members(source)}
    if names & {WEIGHTS_H5, WEIGHTS_NPZ} or names >= {CONFIG, METADATA}:
        return "keras-v3"
    if _is_torch(names):
        return "torch"
    for member, what in _OTHERS.items():
        if any(name.endswith(member) for name in names):
            raise UnsupportedError(f"is {what}, which this version does not read", path=source.name)
    if any(name.endswith(".npy") for name in names):
        return "npz"
    some = ", ".join(sorted(names)[:_MAX_NAMED]) or "nothing"
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    raise NotAModelError(
        f"is a zip archive of {some}{more}",
        path=source.name,
        hint="if a model is in it, unpack it and name that",
    )


def _is_torch(names: AbstractSet[str]) -> bool:
    return any(torch_marks.is_pickle(name) or torch_marks.is_program(name) for name in names)
