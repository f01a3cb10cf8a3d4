"""What shells complete beside options and files: codes of rules, and names in a model."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from scopecli.errors import ScopecliError
from scopecli.model.names import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from scopecli.model.model import Model

_MOST = 500  # nobody reads more


def codes(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The codes that begin as what was typed after the last comma, with their rules' names."""
    from scopecli.rules import registry

    typed, comma, last = begun.rpartition(",")
    known = registry.names().items()
    return [
        CompletionItem(f"{typed}{comma}{code}", help=name)
        for code, name in known
        if code.startswith(last)
    ]


def names(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The variables of the model at PATH whose names begin as what was typed."""
    model = _model(context)
    return _beginning(begun, (variable.name for variable in model.variables) if model else ())


def collections(
    context: click.Context, _parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """The collections of the model at PATH."""
    model = _model(context)
    return _beginning(begun, model.collections if model else ())


def _beginning(begun: str, known: Iterable[str]) -> list[CompletionItem]:
    # The shell reads a line for each, and shows it.
    safe = (name for name in dict.fromkeys(known) if printable(name) == name)
    found = (name for name in safe if name.startswith(begun))
    return [CompletionItem(name) for name in islice(found, _MOST)]


def _model(context: click.Context) -> Model | None:
    from scopecli.formats.opening import load

    try:
        return load(context.params["path"])
    except (ScopecliError, KeyError, TypeError):  # there is no path yet, or no model there
        return None
