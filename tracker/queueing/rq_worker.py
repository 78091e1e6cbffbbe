"""RQ's worker as this project runs it: one that waits for Redis, and says so when Redis has forgotten it."""

import contextlib
import logging
from typing import Any, Final

import redis
from redis.client import Pipeline
from rq import Worker
from rq.worker_registration import register

from tracker.log import logger
from tracker.queueing.failures import sentence

log = logger(__name__)

ALIVE_SECONDS: Final = 20
"""So long Redis remembers a worker that says nothing. Each speaks every two seconds, whether it waits or works."""
_LATE_SECONDS = 2


class ForkingWorker(Worker):
    """RQ's worker. Except in a burst its client waits while Redis is unavailable (`tracker.queueing.waiting`)."""

    pubsub_thread: Any

    @property
    def connection_timeout(self) -> int:
        """Return how many seconds an answer is waited for; RQ would wait eight more for a server that hangs."""
        return int(self.dequeue_timeout) + _LATE_SECONDS

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Say that it lives, and register anew: Redis forgets a worker that was silent, and everybody by FLUSHALL.

        RQ itself would go on with a worker that reads a queue and that nobody sees.
        """
        del timeout
        if pipeline is not None:
            super().heartbeat(ALIVE_SECONDS, pipeline)
            register(self, pipeline)
            return
        with self.connection.pipeline() as commands:
            super().heartbeat(ALIVE_SECONDS, commands)
            register(self, commands)
            # Asked for by a field that only an introduction writes: whatever else RQ notes of a worker (a state, a job,
            # a heartbeat among other commands) makes the hash anew too, without what it reads.
            commands.hexists(self.key, "queues")
            *_, is_known = commands.execute()
        if not is_known:
            self._introduce()

    def set_shutdown_requested_date(self) -> None:
        """Note the wish to end, where Redis is there to take it; it is RQ's own, and nobody else's."""
        with contextlib.suppress(redis.RedisError):
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def _introduce(self) -> None:
        """Write what Redis has forgotten of this worker, and listen for commands where it is now."""
        log.info("worker registers anew", worker=self.name)
        self.connection.hset(self.key, mapping={**self.serialize(), "state": str(self._state)})
        if self.pubsub_thread:
            self.unsubscribe()  # type: ignore[no-untyped-call]
            self.subscribe()  # type: ignore[no-untyped-call]

    def _shutdown(self) -> None:
        # RQ ends an idle worker by an exception out of the signal's handler. Where that is lost (a finalizer that
        # happens to run swallows it), the loop still sees this mark. And nothing waits for Redis any more.
        self._stop_requested = True
        super()._shutdown()  # type: ignore[no-untyped-call]


def say_in_a_sentence(record: logging.LogRecord) -> bool:
    """Log one line for an error of Redis instead of RQ's traceback; a filter for the logger `rq.worker`."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, redis.RedisError):
        log.warning("worker ends", reason=sentence(error))
        return False
    return True
