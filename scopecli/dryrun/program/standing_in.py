"""`import tensorflow as tf` means the engine, for as long as a program runs."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROOTS = ("tensorflow", "tf_slim")
# `tensorflow.python.ops.variable_scope` is a module, what is above it are packages.
_MODULE_DEPTH = 3
# Where the engine has what TensorFlow has in modules that only its own code imports.
_SPACES = ("", "nn", "nn.rnn_cell", "layers", "train", "contrib.slim", "keras.layers")


class _Finder:
    """Gives a module for every name below the ones that are stood in for."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] not in _ROOTS:
            return None
        return ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """It is complete as it is."""


def _module(name: str) -> ModuleType:
    """The engine's module of that name, or one where everything is the engine's or opaque."""
    from scopecli import dryrun

    if name == "tensorflow":
        return _Root(name)
    found: Any = dryrun
    parts = name.split(".")
    if parts[0] == "tf_slim":
        found, parts = dryrun.contrib.slim, ["tf_slim", *parts[1:]]
    for part in parts[1:]:
        found = getattr(found, part, None)
    return found if isinstance(found, ModuleType) else _Namespace(name)


class _Root(ModuleType):
    """`tensorflow` itself: a module of its own, because imports leave what is below in it."""

    def __getattr__(self, name: str) -> Any:
        from scopecli import dryrun

        found = vars(self)[name] = getattr(dryrun, name)
        return found


class _Namespace(ModuleType):
    """`tensorflow.python.framework.ops` and the like."""

    def __getattr__(self, name: str) -> Any:
        packaged = self.__name__.count(".") < _MODULE_DEPTH and not name[:1].isupper()
        if name.startswith("__") or packaged:
            raise AttributeError(name)  # what is in a package is a module
        from scopecli.dryrun.ops.opaque import Opaque

        found = [_in_space(space, name) for space in _SPACES]
        known = (value for value in found if value is not None and not isinstance(value, Opaque))
        return next(known, found[0])


def _in_space(space: str, name: str) -> Any:
    """What the engine has under a name in one of its modules."""
    from scopecli import dryrun

    found: Any = dryrun
    for part in filter(None, space.split(".")):
        found = getattr(found, part)
    return getattr(found, name, None)


@contextmanager
def standing_in(names: Sequence[str]) -> Iterator[None]:
    """Let the engine stand in for these modules.

    Args:
        names: none, or `tensorflow`.
    """
    if not names:
        yield
        return
    before = {name: sys.modules.pop(name) for name in _ours()}
    finder: Any = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in _ours():
            del sys.modules[name]
        sys.modules.update(before)


def _ours() -> list[str]:
    """The modules that are imported and would be stood in for."""
    names = [name for name in list(sys.modules) if name.startswith(_ROOTS)]
    return [name for name in names if name.partition(".")[0] in _ROOTS]
