"""The classes of a TorchScript archive: which of their tensors are parameters, which buffers.

Each is in a file of `code/` that has the module's name, as a class of Python begins:
`class Linear(Module):`, `__parameters__ = ["weight", "bias", ]`, `__buffers__ = []`. What neither
names is a plain attribute, and not in `state_dict()`. Before 1.6 there were no `__buffers__`.
https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scopecli.formats.torch.marks import CLASSES
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scopecli.binary.pickle.values import Global

_CODE = "code/{}.py"
_LISTS = re.compile(
    rb"^class (\w+)\(Module\):\n"
    rb"(?:  __parameters__ = \[([^\n]*)\]\n)?"
    rb"(?:  __buffers__ = \[([^\n]*)\]\n)?",
    re.MULTILINE,
)
_TEXT = re.compile(rb'"((?:[^"\\]|\\.)*)"')


class Members(NamedTuple):
    """What a class says of its tensors.

    Attributes:
        parameters: their names.
        buffers: their names; None where the class is older than this list.
    """

    parameters: frozenset[str]
    buffers: frozenset[str] | None

    def has(self, name: str) -> bool:
        """Whether `state_dict()` would have a tensor of this name."""
        return self.buffers is None or name in self.parameters or name in self.buffers


_SILENT = Members(frozenset(), None)


class Classes:
    """The classes of an archive, each looked up when a module of it is met."""

    __slots__ = ("_files", "_read")

    def __init__(self, read: Callable[[str], bytes]) -> None:
        """Read their files with `read`, which gives nothing where there is none."""
        self._read = read
        self._files: dict[str, Mapping[str, Members] | None] = {}

    def of(self, found: Global) -> Members | None:
        """What a class says, nothing where its file is gone; None where it is no module."""
        if not f"{found.module}.".startswith(CLASSES):
            return None
        if found.module not in self._files:
            text = self._read(_CODE.format(found.module.replace(".", "/")))
            self._files[found.module] = _parsed(text) if text else None
        classes = self._files[found.module]
        return _SILENT if classes is None else classes.get(found.name)


def _parsed(text: bytes) -> Mapping[str, Members]:
    return {
        name.decode(): Members(_names(parameters), None if buffers is None else _names(buffers))
        for name, parameters, buffers in (match.groups() for match in _LISTS.finditer(text))
    }


def _names(listed: bytes | None) -> frozenset[str]:
    return frozenset(name.decode("utf-8", "replace") for name in _TEXT.findall(listed or b""))
