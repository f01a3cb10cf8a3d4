"""Sessions: a program that begins to compute has built its graph, and the run ends there."""

from __future__ import annotations

from typing import Any, Self

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.stack import GraphComplete


class Session:
    """`with tf.Session() as sess:`.

    Attributes:
        graph: the graph that it would run.
    """

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        self.graph = get_default_graph() if graph is None else graph
        self._open: list[Any] = []

    def run(self, fetches: Any, feed_dict: Any = None, *_: Any, **__: Any) -> Any:
        """End the run: nothing is computed.

        Raises:
            GraphComplete: always.
        """
        raise GraphComplete(self.graph)

    def should_stop(self) -> bool:
        """Not before something was run."""
        return False

    def close(self) -> None:
        """Nothing was opened."""

    def as_default(self) -> _AsDefault:
        """`with sess.as_default():`, which leaves the graph as it is."""
        return _AsDefault(self)

    def __enter__(self) -> Self:
        self._open.append(self.graph.as_default())
        self._open[-1].__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.pop().__exit__(*error)


class _AsDefault:
    """A session that others find while it is open."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Session:
        return self._session

    def __exit__(self, *_: object) -> None:
        return None


class Supervisor:
    """Opens sessions that begin with what was saved.

    Attributes:
        saver: would save and restore.
    """

    def __init__(self, *_: Any, **__: Any) -> None:
        self.saver: Any = None

    def managed_session(self, *_: Any, **__: Any) -> Session:
        """A session."""
        return Session()

    prepare_or_wait_for_session = managed_session

    def should_stop(self) -> bool:
        """Not before something was run."""
        return False

    def stop(self, *_: Any, **__: Any) -> None:
        """Nothing was started."""

    start_queue_runners = start_standard_services = stop


def monitored_session(*_: Any, **__: Any) -> Session:
    """A session that saves and restores by itself."""
    return Session()


MonitoredTrainingSession = MonitoredSession = SingularMonitoredSession = monitored_session


class InteractiveSession(Session):
    """A session that is open from the start; of a given graph, so is the graph."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        if graph is not None:
            self.__enter__()

    def close(self) -> None:
        """End it, and the graph is no longer the one that is built."""
        if self._open:
            self.__exit__(None, None, None)
