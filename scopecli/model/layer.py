"""A layer as a framework's own description of the model has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Layer(NamedTuple):
    """A layer of a model, or of a model inside it. The reader's own may know more.

    Attributes:
        path: names from the top-level layer down, joined with `/`.
        parent: path of the model or wrapper that it is in; empty at the top.
        name: its own name, which may hold a `/`.
        class_name: as registered: `Dense`, `Custom>MyLayer`.
        config: its own settings.
    """

    path: str
    parent: str
    name: str
    class_name: str
    config: Mapping[str, object]
