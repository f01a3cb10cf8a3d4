"""Names of TensorFlow's that are found when they are first used, so that importing is cheap."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ENGINE = __name__.rpartition(".")[0]


def places(modules: Mapping[str, str]) -> dict[str, str]:
    """The module of each name.

    Args:
        modules: the names that a module has, in one text, by the module.
    """
    return {name: module for module, names in modules.items() for name in names.split()}


def attributes(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a namespace: names out of modules, wrappers, and otherwise opaque.

    Args:
        package: the namespace's full name.
        modules: the names that a module of the engine has, in one text, by the module.
    """
    where = places(modules)
    known = vars(sys.modules[package])
    path = package.removeprefix(f"{_ENGINE}.")

    def attribute(name: str) -> Any:
        # What is found, the namespace has the next time.
        if name in where:
            found = known[name] = getattr(import_module(f"{_ENGINE}.{where[name]}"), name)
            return found
        if name.startswith("__") or f"{path}.{name}" in modules:
            raise AttributeError(name)  # the import machinery asks before it imports
        from scopecli.dryrun.ops.wrappers import wrapper_in

        found = wrapper_in(path, name)
        if found is None:
            from scopecli.dryrun.ops.opaque import Opaque

            return Opaque(f"tf.{path}.{name}")
        known[name] = found
        return found

    return attribute
