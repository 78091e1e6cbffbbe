"""Workers' claims for the tests of the queue."""

import itertools

from tests.integration.conftest import MovableClock
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import Consumer
from tracker.queueing.inspection import depths

names = itertools.count()


def claims_of(queue: Connection, clock: MovableClock, *, batch_size: int = 10) -> Consumer:
    """The claims of a worker with a name of its own."""
    return Consumer(queue, consumer=f"worker-{next(names)}", batch_size=batch_size, clock=clock)


def held(queue: Connection) -> tuple[int, int, int]:
    """What waits, what is pending, what is to be retried."""
    *streams, retries = depths(queue)
    return sum(s.waiting for s in streams), sum(s.pending for s in streams), retries.waiting
