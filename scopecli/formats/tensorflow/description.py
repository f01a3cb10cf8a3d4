"""What a checkpoint's entry is called and what it is for."""

from __future__ import annotations

from collections.abc import Mapping

from scopecli.model.variable import Kind

# The part of a `Variable` that is known from names and object graph, not from the entry: name,
# kind, attributes. A bare tuple, because there are as many as variables, living for one pass.
Description = tuple[str, Kind, Mapping[str, object]]
