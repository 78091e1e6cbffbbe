"""Where the hits of an import go: into the tables at once, and into the queue where that cannot be."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Final, NamedTuple

from tracker.clock import Clock
from tracker.config import Settings
from tracker.importing.paced_queue import PacedQueue
from tracker.ingest.block_writer import BlockWriter
from tracker.queueing import adding
from tracker.queueing.connection import Connection
from tracker.queueing.wakeup import wake_worker
from tracker.store.database import Database
from tracker.wiring.metrics import untold_metrics

_NAME: Final = "tracker-import"


class Destinations(NamedTuple):
    """The queue, the writer before it, and the database connection of the thread that writes."""

    queue: PacedQueue
    writer: BlockWriter
    database: Database


@contextmanager
def destinations(
    settings: Settings,
    redis: Connection,
    clock: Clock,
    *,
    tell: Callable[[str], None],
    pause: Callable[[float], None],
) -> Iterator[Destinations]:
    """Make them; `tell` hears why they wait, `pause` waits."""
    queue = PacedQueue(
        redis,
        wake=partial(wake_worker, redis, settings.rq_queue, drain_seconds=settings.drain_seconds),
        tell=tell,
        clock=clock,
        pause=pause,
        publish=untold_metrics(redis).flush,
        max_retries=settings.max_retries,
        max_bytes=settings.queue_max_bytes,
    )
    with closing(Database(settings.database_url, name=_NAME, connections=1, wait=10)) as database:
        writer = BlockWriter(
            database,
            queue,
            clock,
            urgent_waiting=partial(adding.urgent_waiting, redis),
            publish=queue.publish_when_due,
            pause=pause,
        )
        yield Destinations(queue, writer, database)
