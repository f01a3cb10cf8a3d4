"""Which lines of the program asked for which variable, and what they got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.stack import user_stack
from scopecli.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scopecli.dryrun.graph.graph import Graph


class Call:
    """One request for a variable.

    Attributes:
        what: `created`, `reused` or `refused`.
        variable: its name.
        stack: where the program stood.
        scope: the variable scope that was open.
    """

    __slots__ = ("_reuse", "scope", "stack", "variable", "what")

    def __init__(
        self,
        what: str,
        variable: str,
        stack: Sequence[tuple[str, int, str]],
        scope: str,
        reuse: Any,
    ) -> None:
        self.what = what
        self.variable = variable
        self.stack = stack
        self.scope = scope
        self._reuse = reuse

    @property
    def reuse(self) -> str:
        """The reuse mode: `None`, `False`, `True`, `AUTO_REUSE`; empty for `tf.Variable`."""
        return getattr(self._reuse, "name", None) or str(self._reuse)

    @property
    def file(self) -> str:
        """Of the program."""
        return self.stack[0][0] if self.stack else ""

    @property
    def line(self) -> int:
        """In the file."""
        return self.stack[0][1] if self.stack else 0


class Refusal(NamedTuple):
    """A request that raised an error, because of what the scopes say.

    Attributes:
        error: what was raised.
        call: the request.
        here: where it stands, innermost first.
        first: where the variable was made, in the same way; empty where it was not.
    """

    error: BaseException
    call: Call
    here: Sequence[tuple[str, int, str]]
    first: Sequence[tuple[str, int, str]]


_DEPTH = 5

_calls: dict[Graph, list[Call]] = {}
_refusals: dict[Graph, Refusal] = {}
# The request that is being answered: scope and reuse mode.
_asking: list[tuple[str, Any]] = []


def asking(scope: str, reuse: Any) -> None:
    """Remember what scope a request comes from."""
    _asking.append((scope, reuse))


def answered() -> None:
    """The request is over."""
    _asking.pop()


def record(what: str, variable: str, stack: Sequence[tuple[str, int, str]] = ()) -> Call:
    """Write a request down.

    Args:
        what: came of it.
        variable: its name.
        stack: where the program stands, if that is known already.
    """
    graph = get_default_graph()
    scope, reuse = _asking[-1] if _asking else (_current_scope(graph), "")
    call = Call(what, variable, stack or user_stack(1), scope, reuse)
    _calls.setdefault(graph, []).append(call)
    return call


def _current_scope(graph: Graph) -> str:
    return graph.variable_scopes.current.name if graph.variable_scopes else ""


def refuse(error: BaseException, variable: str, first: Sequence[tuple[str, int, str]]) -> None:
    """Write down that a request is answered with an error."""
    _refusals[get_default_graph()] = Refusal(
        error, record("refused", variable), user_stack(_DEPTH), first
    )


def calls_of(graph: Graph) -> list[Call]:
    """The requests of a graph, in order."""
    return _calls.get(graph, [])


def refusal_of(error: BaseException) -> Refusal | None:
    """The request that raised an error."""
    return next((found for found in _refusals.values() if found.error is error), None)


def forget() -> None:
    """Drop what is written down."""
    _calls.clear()
    _refusals.clear()
    _asking.clear()
