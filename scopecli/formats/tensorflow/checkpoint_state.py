"""The `checkpoint` file, in which a Saver notes the newest checkpoint of a folder.

It is a CheckpointState in protobuf's text format:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/training/checkpoint_state.proto
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from scopecli.binary.source import read_small_text
from scopecli.errors import PathError
from scopecli.model.model import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE_NAME = "checkpoint"
_LIMIT = 16 << 20
_ENTRY = r'(all_)?model_checkpoint_paths?\s*:\s*"((?:[^"\\\n]|\\.)*)"'
_ESCAPE = r"\\(?:([0-7]{1,3})|(.))"
_V1_SHARD = r"(.+)-\d{5}-of-\d{5}"
_V2 = "tf-v2-checkpoint"
_INDEX = r"\.index\Z"
_SHARD = r"-\d{5}-of-\d{5}\Z"
_ANY_FILE = r"(\.index|\.meta|\.data-\d{5}-of-\d{5})\Z"
_CONTROL = {"n": "\n", "t": "\t", "r": "\r"}


def is_state(head: bytes) -> bool:
    """Whether a file starts as a `checkpoint` file does."""
    return head.lstrip().startswith((b"model_checkpoint_path", b"all_model_checkpoint_paths"))


def latest(state_path: str) -> tuple[str, list[Note]]:
    """The prefix of the newest checkpoint that is there, with notes on what is stale.

    A path that leads nowhere, as after a move to another machine, is looked for beside the state
    file under its base name.

    Raises:
        PathError: none of the checkpoints that the file names is there.
    """
    folder = os.path.dirname(state_path)
    text = read_small_text(state_path, _LIMIT)
    entries = [(bool(match[1]), _unescape(match[2])) for match in re.finditer(_ENTRY, text)]
    newest = [path for is_list, path in entries if not is_list][-1:]
    older = [path for is_list, path in reversed(entries) if is_list]
    for path in dict.fromkeys(newest + older):
        found = _find(folder, path)
        if found:
            return found, _notes(newest[0] if newest else path, path, folder, found)
    named = newest[0] if newest else "nothing"
    raise PathError(
        f"names {named}, which is not there and not beside it either",
        path=state_path,
        hint="give the checkpoint's own prefix",
    )


def text(base: str) -> str:
    """The contents of a state file that names one checkpoint of its folder."""
    quoted = base.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'model_checkpoint_path: "{quoted}"\nall_model_checkpoint_paths: "{quoted}"\n'


def _find(folder: str, path: str) -> str | None:
    """The prefix where a checkpoint of this name is: as written, or beside the state file."""
    slashed = path.replace("\\", "/")
    # `save(session, "model/")` writes `model/.index`: then nothing is behind the last slash.
    bases = [each.rpartition("/")[2] for each in (slashed.rstrip("/"), slashed)]
    for prefix in (os.path.join(folder, name) for name in (path, *bases)):
        if os.path.isfile(prefix + ".index") or os.path.isfile(prefix) or has_v1_shards(prefix):
            return prefix
    return None


def prefix_of(path: str, format_id: str) -> str:
    """The checkpoint prefix that a path stands for: its own, its index's or its V1 shard's."""
    return re.sub(_INDEX if format_id == _V2 else _SHARD, "", path)


def prefix_meant(path: str, format_id: str) -> str:
    """The prefix of a checkpoint to be written, of which somebody may name any file."""
    return re.sub(_ANY_FILE if format_id == _V2 else _SHARD, "", path)


def has_v1_shards(prefix: str) -> bool:
    """Whether shards of a V1 checkpoint with this prefix are there."""
    folder, base = os.path.split(prefix)
    try:
        return base in v1_prefixes(os.listdir(folder or "."))
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return False


def v1_prefixes(names: Iterable[str]) -> set[str]:
    """The prefixes of the V1 checkpoints whose shards are among the names of a folder's files."""
    return {
        match[1]
        for name in names
        if (match := re.fullmatch(_V1_SHARD, name)) and not match[1].endswith(".data")
    }


def _notes(newest: str, used: str, folder: str, found: str) -> list[Note]:
    if used != newest:
        message = f"is the newest and is not there: {used} is shown"
        return [Note("stale-state", message, newest)]
    if found != os.path.join(folder, newest):
        message = "is not where the state file says: the one beside it is shown"
        return [Note("stale-state", message, newest)]
    return []


def _unescape(text: str) -> str:
    r"""Undo text format's escapes; `\303\251` are the bytes of a UTF-8 character."""
    if "\\" not in text:
        return text
    plain = re.sub(
        _ESCAPE,
        lambda match: (
            chr(int(match[1], 8) & 0xFF) if match[1] else _CONTROL.get(match[2], match[2])
        ),
        text,
    )
    try:
        return plain.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return plain
