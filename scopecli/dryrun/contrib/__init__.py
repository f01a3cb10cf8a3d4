"""`tf.contrib`: slim, and the newer home of what moved out of it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scopecli.dryrun.namespaces import attributes

_SPACES = {
    "slim": "contrib.slim",
    "framework": "contrib.slim",
    "layers": "contrib.slim",
    "rnn": "contrib.rnn",
    "metrics": "contrib.slim.metrics",
    "distributions": "distributions",
    "lookup": "lookup",
    "data": "data.experimental",
    "seq2seq": "contrib.seq2seq",
    "legacy_seq2seq": "contrib.legacy_seq2seq",
}
_names = attributes(__name__, {})


def __getattr__(name: str) -> Any:
    """A part of contrib, or something that is not known."""
    if name in _SPACES:
        return import_module(f"scopecli.dryrun.{_SPACES[name]}")
    return _names(name)
