"""Where accepted hits are put: Redis, or PostgreSQL's `batch_queue` while Redis is away."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from tracker.application import Application
from tracker.clock import Clock
from tracker.errors import DatabaseAway, QueueAway, QueueFull, Refused
from tracker.http.outage import Outage
from tracker.log import logger
from tracker.queueing.entry import Entry
from tracker.queueing.intake import Acceptance, Intake
from tracker.queueing.nudges import Nudger
from tracker.receiver.rate_window import RateWindow
from tracker.store import batch_queue
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database

_RETRY_AFTER = 5
"""Seconds after which a client may try again when nothing takes its hit."""
_COLUMNS = tuple(field.name for field in fields(QueueRow))

_log = logger(__name__)


class Shelf:
    """Puts hits where the workers find them. Thread-safe."""

    def __init__(
        self,
        intake: Intake,
        nudger: Nudger,
        database: Database,
        clock: Clock,
        *,
        redis_outage: Outage,
        database_outage: Outage,
    ) -> None:
        self._intake, self._nudger, self._database = intake, nudger, database
        self._redis_outage, self._database_outage = redis_outage, database_outage
        self._window = RateWindow()
        self._is_full = False
        self._clock = clock

    def offer(
        self, application: Application, entries: Sequence[Entry], now: datetime, event_ids: Sequence[str | None] = ()
    ) -> Acceptance:
        """Put as many entries, from the first, as the application's limit allows.

        Raises Refused (503) where neither Redis nor PostgreSQL takes them. While Redis is away the limit counts per
        process and `event_ids` are not looked at: a hit whose first answer was lost then counts twice.
        """
        if not self._redis_outage.keeps_away():
            try:
                acceptance = self._intake.offer(
                    application.id, application.rate_limit_per_minute, entries, now, event_ids
                )
            except QueueFull as error:
                self._redis_outage.over()
                if not self._is_full:
                    # Once: a line for each refused hit would fill the disk in the middle of the trouble.
                    self._is_full = True
                    _log.error("queue full", reason=str(error))
                raise _nobody_takes_it("There is no room for more hits at the moment.") from error
            except QueueAway as error:
                if self._redis_outage.met():
                    _log.warning("redis away, hits go into batch_queue", reason=str(error))
            else:
                if self._redis_outage.over():
                    _log.info("redis back")
                if self._is_full:
                    self._is_full = False
                    _log.info("queue has room again")
                if acceptance.nudge_due:
                    self._nudger.ring()
                return acceptance
        return self._into_batch_queue(application, entries, now)

    def _into_batch_queue(self, application: Application, entries: Sequence[Entry], now: datetime) -> Acceptance:
        if self._database_outage.keeps_away():
            raise _nobody_takes_it("The hit cannot be stored at the moment.")
        limit = application.rate_limit_per_minute
        window = self._window.take(application.id, limit, len(entries), now)
        if window.taken:
            rows = [QueueRow(**{name: getattr(entry, name) for name in _COLUMNS}) for entry in entries[: window.taken]]
            try:
                with self._database.transaction() as tx:
                    batch_queue.add(tx, rows)
            except DatabaseAway as error:
                if self._database_outage.met():
                    _log.warning("postgresql away", reason=str(error))
                raise _nobody_takes_it("The hit cannot be stored at the moment.") from error
            self._database_outage.over()
        return Acceptance(
            taken=window.taken,
            limit=limit,
            remaining=window.remaining,
            reset=window.reset,
            repeats={},
            nudge_due=False,
        )


def _nobody_takes_it(sentence: str) -> Refused:
    return Refused("SERVICE_UNAVAILABLE", 503, sentence, retry_after=_RETRY_AFTER)
