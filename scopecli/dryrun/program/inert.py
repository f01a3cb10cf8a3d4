"""What a program touches around its graph, and what makes no variable: it does nothing here."""

from __future__ import annotations

import sys
from itertools import count
from typing import Any

from scopecli.dryrun.graph.devices import parsed, written


class Coordinator:
    """Threads that are never started."""

    def should_stop(self) -> bool:
        """Always."""
        return True

    def request_stop(self, *_: Any) -> None:
        """Nothing runs."""

    join = request_stop


def start_queue_runners(*_: Any, **__: Any) -> list[Any]:
    """Nothing is started."""
    return []


class ClusterSpec:
    """The jobs of a cluster.

    Attributes:
        jobs: the addresses of each job's tasks.
    """

    def __init__(self, cluster: Any) -> None:
        self.jobs: dict[str, Any] = dict(getattr(cluster, "jobs", cluster))

    def as_dict(self) -> dict[str, Any]:
        """The addresses of each job's tasks."""
        return self.jobs


class Server:
    """A task of a cluster that is never started.

    Attributes:
        target: what a session would connect to.
    """

    def __init__(self, *_: Any, **__: Any) -> None:
        self.target = ""

    def start(self) -> None:
        """Nothing is started."""

    join = start


def replica_device_setter(
    ps_tasks: int = 0,
    ps_device: str = "/job:ps",
    worker_device: str = "/job:worker",
    merge_devices: bool = True,
    cluster: Any = None,
    ps_ops: Any = None,
    ps_strategy: Any = None,
) -> Any:
    """A device function that puts variables on the parameter servers in turn."""
    if cluster is not None:
        ps_tasks = len(ClusterSpec(cluster).jobs.get(parsed(ps_device).get("job", ""), ()))
    if not ps_tasks:
        return None
    kept = {"VariableV2", "VarHandleOp"} if ps_ops is None else set(ps_ops)
    turns = count()

    def device(op: Any) -> str:
        if op.device and not merge_devices:
            return str(op.device)
        asked = parsed(op.device)
        if op.type not in kept:
            return written({**parsed(worker_device), **asked})
        server = parsed(ps_device)
        if server.get("job") and asked.get("job") in {None, server["job"]}:
            number = ps_strategy(op) if ps_strategy else next(turns)
            if not isinstance(number, int):  # a way to share them that is not known
                number = next(turns)
            server["task"] = str(number % ps_tasks)
        return written({**server, **asked})

    return device


class ConfigProto:
    """How a session would run."""

    def __init__(self, **options: Any) -> None:
        self.gpu_options = GPUOptions()
        self.__dict__.update(options)


class GPUOptions:
    """How a session would use a GPU."""

    def __init__(self, **options: Any) -> None:
        self.__dict__.update(options)


def run(main: Any = None, argv: Any = None) -> None:
    """Call the program's `main`.

    Raises:
        SystemExit: it is done.
    """
    if main is None:
        frame = sys._getframe(1)  # noqa: SLF001 - the program's own module is meant
        main = frame.f_globals["main"]
    sys.exit(main(argv or sys.argv))
