"""Which kind a variable is: a reference, or a resource where that is asked for."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.variables.scope import get_variable_scope

_enabled: list[bool] = [False]


def enable_resource_variables() -> None:
    """Make resources from now on."""
    _enabled[0] = True


def disable_resource_variables() -> None:
    """Make references from now on."""
    _enabled[0] = False


def resource_variables_enabled() -> bool:
    """Whether variables are resources where nothing else is said."""
    return _enabled[0]


def resources_wanted(use_resource: Any) -> bool:
    """Whether a variable is to be a resource: as it says, as its scope says, as is the default."""
    if use_resource is None:
        use_resource = get_variable_scope().use_resource
    return _enabled[0] if use_resource is None else bool(use_resource)
