"""Sessions: a program that begins to compute has built its graph, and the run ends there."""

from __future__ import annotations

from typing import Any

from scopecli.dryrun.graph.default import get_default_graph
from scopecli.dryrun.graph.stack import user_stack


class GraphComplete(BaseException):
    """The program asked for a value. Not an Exception, so that no program catches it by accident.

    Attributes:
        file: where the program asked.
        line: in the file.
    """

    def __init__(self) -> None:
        frames = user_stack(1)
        self.file, self.line = frames[0][:2] if frames else ("", 0)
        super().__init__(f"{self.file}:{self.line}")


class Session:
    """`with tf.Session() as sess:`.

    Attributes:
        graph: the graph that it would run.
    """

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        self.graph = graph or get_default_graph()

    def run(self, fetches: Any, feed_dict: Any = None, *_: Any, **__: Any) -> Any:
        """End the run: nothing is computed.

        Raises:
            GraphComplete: always.
        """
        raise GraphComplete

    def close(self) -> None:
        """Nothing was opened."""

    def as_default(self) -> Session:
        """Nothing needs a session here."""
        return self

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        return None


InteractiveSession = Session
