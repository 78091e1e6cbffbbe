"""The workers that have registered with RQ: ours and stock `rq worker`s, as `rq info` lists them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from rq import Worker
from rq.suspension import is_suspended
from rq.worker import BaseWorker

from tracker.queueing.connection import Connection, translated

_SILENT: Final = timedelta(minutes=8)
"""A stock `rq worker` with nothing to do speaks every 405 seconds."""
OUR_WORKERS: Final = "tracker-"
"""How the names of `worker.py`'s workers begin. Others that read the queue may be another program's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredWorker:
    """One worker. Redis forgets a killed one of ours by itself, `rq_worker.ALIVE_SECONDS` after its last word."""

    name: str
    queues: tuple[str, ...]
    state: str
    hostname: str | None
    pid: int | None
    last_heartbeat: datetime | None

    @property
    def is_ours(self) -> bool:
        """Return whether `worker.py` started it."""
        return self.name.startswith(OUR_WORKERS)

    def is_alive(self, now: datetime) -> bool:
        """Return whether it has spoken of late. One of ours has: Redis has forgotten those that have not."""
        return self.is_ours or (self.last_heartbeat is not None and now - self.last_heartbeat < _SILENT)

    def reads(self, queue: str, now: datetime) -> bool:
        """Return whether it is alive and takes the jobs of this queue."""
        return queue in self.queues and self.is_alive(now)


def registered_workers(redis: Connection) -> list[RegisteredWorker]:
    """Return all of them, by name. Raises QueueUnavailable."""
    with translated():
        workers = [_registered(worker) for worker in Worker.all(connection=redis)]
    return sorted(workers, key=lambda worker: worker.name)


def are_suspended(redis: Connection) -> bool:
    """Return whether somebody told all workers to wait (`rq suspend`). Raises QueueUnavailable."""
    with translated():
        return bool(is_suspended(redis))


def _registered(worker: BaseWorker) -> RegisteredWorker:
    heartbeat = worker.last_heartbeat
    return RegisteredWorker(
        name=worker.name,
        queues=tuple(worker.queue_names()),
        state=str(worker.get_state()),
        hostname=worker.hostname,
        pid=worker.pid,
        # RQ's times are in UTC and, in older versions, do not say so.
        last_heartbeat=heartbeat.replace(tzinfo=UTC) if heartbeat and heartbeat.tzinfo is None else heartbeat,
    )
