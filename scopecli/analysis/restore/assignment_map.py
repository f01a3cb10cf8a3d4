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
    """What of the checkpoint is for which variable: names, or whole scopes as `a/` to `b/`.

    A scope stands for all its variables where each of them has its value in one scope of the
    checkpoint. Likely renames are in it, and what no entry is found for is not.

    Raises:
        UnsupportedError: variables are not found by name.
    """
    attempt = prediction.attempts[0]
    if attempt.way != "saver":
        raise UnsupportedError(
            "is no graph whose variables go by names, and only for such is there an assignment map",
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
    """The variable that a graph's node is, or is a part of."""
    return target.partition(_PART)[0] if spec else target


def _scopes(sources: Mapping[str, str]) -> dict[str, str | None]:
    """For each scope of the graph, the one scope of the checkpoint that has all of it; or None."""
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
