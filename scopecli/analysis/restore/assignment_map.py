"""A prediction as a map for `tf.compat.v1.train.init_from_checkpoint`.

https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/init_from_checkpoint
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scopecli.errors import UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scopecli.analysis.restore.prediction import Prediction

_ROOT = "/"
_PART = "/part_"


def assignment_map(prediction: Prediction) -> Mapping[str, str]:
    """Names in the checkpoint to names of variables; or whole scopes, as `a/` to `b/`.

    A scope stands for all its variables if their values are all in one scope of the checkpoint.
    Likely renames are in the map; variables without an entry in the checkpoint are not.

    Raises:
        UnsupportedError: the variables are not restored by name.
    """
    attempt = prediction.attempts[0]
    if attempt.way != "saver":
        raise UnsupportedError(
            "does not restore its variables by name, so there is no assignment map",
            path=prediction.graph,
        )
    sources: dict[str, str] = {}
    for entry in attempt.entries:
        if entry.target:
            fits = entry.status == "restored"
            sources[_variable(entry.target, entry.spec)] = entry.source if fits else entry.rename
    sources |= dict.fromkeys(attempt.apart, "")
    scopes = _scopes(sources)
    found: dict[str, str] = {}
    for name, source in sources.items():
        own, other = next(
            ((s, scopes[s]) for s in _around(name) if scopes.get(s) is not None), (name, source)
        )
        if other and found.setdefault(other, own) != own:
            found[source] = name
    return found


def _variable(target: str, spec: str) -> str:
    """The variable of a graph's node; for a part of a partitioned one, the whole."""
    return target.partition(_PART)[0] if spec else target


def _scopes(sources: Mapping[str, str]) -> dict[str, str | None]:
    """For each scope of the graph, the scope of the checkpoint with all its values; or None."""
    found: dict[str, str | None] = {}
    for name, source in sources.items():
        for scope in _around(name):
            inside = name if scope == _ROOT else name.removeprefix(scope)
            other = source.removesuffix(inside) if source.endswith(inside) else None
            if other is not None and (not other or not other.endswith("/")):
                other = None if other else _ROOT
            found[scope] = other if found.setdefault(scope, other) == other else None
    return found


def _around(name: str) -> Iterator[str]:
    """The scopes that a name is in, from the root inwards: `/`, `a/`, `a/b/`."""
    yield _ROOT
    end = name.find("/")
    while end >= 0:
        yield name[: end + 1]
        end = name.find("/", end + 1)
