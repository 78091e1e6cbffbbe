"""`import --replace`: hits that stand otherwise than their lines are read now are stored anew.

The old hit goes and the new one waits in `batch_queue` in one transaction; from there it takes the way of all hits.
"""

import time
from collections.abc import Sequence
from typing import Final

from tracker.application import Application
from tracker.clock import Clock
from tracker.config import Settings
from tracker.erasure.imported import erase_to_store_anew
from tracker.errors import Refused
from tracker.hit import Hit
from tracker.importing.known_lines import Replace
from tracker.importing.paced_queue import MAX_WAITING
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.queueing import adding
from tracker.queueing.connection import Connection
from tracker.queueing.entry import Entry
from tracker.queueing.wakeup import wake_worker
from tracker.store.access_logs import HitIdentity
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database
from tracker.store.person_rows import Person

_LOOK_AGAIN: Final = 0.2
_PATIENCE: Final = 10.0
"""Seconds without any progress of the workers after which nothing is replaced."""


def wait_for_earlier(settings: Settings, redis: Connection, clock: Clock) -> None:
    """Wait until what was imported before is stored: a line that still waits would be written as it was read then.

    Raises Refused where nothing takes it, QueueUnavailable.
    """
    wake_worker(redis, settings.rq_queue, drain_seconds=settings.drain_seconds)
    fewest, since = adding.bulk_waiting(redis), clock.monotonic()
    while waiting := adding.bulk_waiting(redis):
        if waiting < fewest:
            fewest, since = waiting, clock.monotonic()
        if clock.monotonic() - since > _PATIENCE:
            raise Refused(
                "CONFLICT",
                409,
                f"{waiting} hits of earlier imports wait, and nothing takes them: run workers "
                "(`python -m tracker worker`), then replace.",
            )
        time.sleep(_LOOK_AGAIN)


def replacing(
    settings: Settings, database: Database, redis: Connection, clock: Clock, application: Application
) -> Replace:
    """Return what takes hits out and brings them back as they are read now.

    Raises DatabaseUnavailable, QueueUnavailable.
    """
    owner = Person(application_id=application.id, app_id=application.app_id)

    def replace_stored(import_id: int, stored: Sequence[HitIdentity], hits: Sequence[Hit]) -> None:
        now = clock.now()
        entries = [Entry.imported(hit, import_id, max_retries=settings.max_retries, now=now) for hit in hits]
        rows = [QueueRow(**entry._asdict()) for entry in entries]
        with database.transaction() as tx:
            erase_to_store_anew(tx, owner, import_id, stored, rows, now=now)
        # The scheduler would take them in too.
        requeue_waiting(
            database,
            redis,
            clock,
            queue=settings.rq_queue,
            drain_seconds=settings.drain_seconds,
            queue_limit=MAX_WAITING,
        )

    return replace_stored
