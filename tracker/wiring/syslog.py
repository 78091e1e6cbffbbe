"""What the process holds that receives syslog: the same servers, and the same way of a hit, as an import."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from tracker.agreed_clock import AgreedClock
from tracker.application import Application
from tracker.config import Settings
from tracker.errors import QueueUnavailable, TryAgain
from tracker.hit import Hit
from tracker.importing.arriving_lines import SOURCE, ArrivingLines, by_name
from tracker.importing.kept_period import KeptPeriod
from tracker.importing.paced_queue import PacedQueue
from tracker.importing.patient import Patient, Stopped
from tracker.importing.run import Import
from tracker.importing.runs import ImportRuns
from tracker.instance.check import InstanceCheck
from tracker.instruments import Untold
from tracker.log import logger
from tracker.queueing.connection import Connection, connect
from tracker.queueing.wakeup import wake_worker
from tracker.server.message_buffer import MessageBuffer
from tracker.store import applications
from tracker.store.database import Database
from tracker.store.imports import TakenHits
from tracker.wiring.clock import agreed_clock
from tracker.wiring.metrics import untold_metrics

_NAME: Final = "tracker-syslog"
_AT_ONCE: Final = 1000
_WAIT_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 30.0
"""Between two looks at applications and clocks; a new application's lines count so much later."""
_REPORT_SECONDS: Final = 60.0
_MAX_APPLICATIONS: Final = 10_000

_log = logger(__name__)


def consume(settings: Settings, app_id: str | None, buffer: MessageBuffer, is_ending: threading.Event) -> None:
    """Take messages until the buffer is closed and empty; all lines are of `app_id`, or of whose domain they name.

    Servers that are unavailable are waited for, until the process is to end.
    """
    with (
        closing(connect(settings.redis_url, name=_NAME)) as redis,
        closing(Database(settings.database_url, name=_NAME, connections=1, wait=10)) as database,
    ):
        clock = agreed_clock(database, redis)
        listener = _Listener(settings, app_id, redis, database, clock, is_ending)
        while (messages := buffer.take(_AT_ONCE, seconds=_WAIT_SECONDS)) is not None:
            try:
                listener.turn(messages)
            except Stopped:
                _log.error("syslog lines are lost: a server was unavailable at the end", lines=len(messages))
        listener.report()


class _Ending(Exception):
    """The process is to end: what it holds is queued, however much waits there."""


@dataclass(frozen=True, slots=True)
class _QueueOfAProcess:
    """Waits for room in the queue, unless the process is to end."""

    paced: PacedQueue

    def add(self, import_id: int, hits: Sequence[Hit]) -> TakenHits:
        """Raises QueueUnavailable."""
        with contextlib.suppress(_Ending):  # It waits after it has added.
            self.paced.add(import_id, hits)
        return TakenHits(queued=len(hits))


@dataclass(slots=True)
class _Listener:
    settings: Settings
    app_id: str | None
    redis: Connection
    database: Database
    clock: AgreedClock
    is_ending: threading.Event
    _lines: ArrivingLines = field(init=False)
    _untold: Untold = field(init=False)
    _works: dict[str, Import] = field(default_factory=dict)
    _looked_at: float = float("-inf")
    _reported_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._untold = untold_metrics(self.redis)  # One for all applications: two would tell the same counts twice.
        self._lines = ArrivingLines(work_of=self._work_of, takes_all=self.app_id is not None)

    def turn(self, messages: list[bytes]) -> None:
        """Take some messages, or none. Raises Stopped."""
        if messages:
            if time.monotonic() - self._looked_at > _LOOK_SECONDS:
                self._until_done(self._look)
                self._looked_at = time.monotonic()
            self._lines.take(messages)
            with contextlib.suppress(QueueUnavailable):  # The workers look by themselves every few seconds.
                self._wake_a_worker()
        if time.monotonic() - self._reported_at > _REPORT_SECONDS:
            self.report()

    def report(self) -> None:
        """Say what became of the lines since the last time."""
        self._reported_at = time.monotonic()
        if self._lines.counts:
            _log.info("syslog lines taken", **self._lines.counts, first_malformed=self._lines.first_malformed)
            self._lines.counts, self._lines.first_malformed = Counter(), None

    def _look(self) -> None:
        """See which applications there are, what time it is, and that Redis is this database's."""
        self.clock.measure()
        InstanceCheck(self.database, self.redis, self.clock).look()
        with self.database.transaction() as tx:
            if self.app_id is not None:
                names = [self.app_id]
            else:
                rows = applications.list_rows(tx, limit=_MAX_APPLICATIONS)
                names = [row["app_id"] for row in rows if row["domain"]]
            known = applications.find_many(tx, names)
        self._lines.applications = by_name(known)
        self._works.clear()
        if not self._lines.applications:
            _log.warning(
                "no application takes the lines that come by syslog",
                app_id=self.app_id,
                advice="name one by TRACKER_SYSLOG_APP_ID, or give applications their domains",
            )

    def _work_of(self, application: Application) -> Import:
        if application.app_id not in self._works:
            runs = ImportRuns(self.database, application.id, self.clock)
            paced = PacedQueue(
                self.redis,
                wake=self._wake_a_worker,
                tell=_log.warning,
                clock=self.clock,
                pause=self._pause_for_room,
                publish=self._untold.flush,
                max_retries=self.settings.max_retries,
                max_bytes=self.settings.queue_max_bytes,
            )
            patient = Patient(_QueueOfAProcess(paced), lambda _: None, runs, self._pause, _log.warning)
            self._until_done(partial(runs.import_id, SOURCE))
            self._works[application.app_id] = Import(
                application=application,
                period=KeptPeriod(first=_last_month(self.clock.now()), retention_months=1),
                destination=patient,
                prepare_month=patient.prepare_month,
                clock=self.clock,
                import_id=runs.import_id,
                count_filtered=patient.count_filtered,
            )
        return self._works[application.app_id]

    def _wake_a_worker(self) -> None:
        wake_worker(self.redis, self.settings.rq_queue, drain_seconds=self.settings.drain_seconds)

    def _pause(self, seconds: float) -> None:
        if self.is_ending.wait(seconds):
            raise Stopped

    def _pause_for_room(self, seconds: float) -> None:
        if self.is_ending.wait(seconds):
            raise _Ending

    def _until_done(self, what: Callable[[], object]) -> None:
        while True:
            try:
                what()
            except TryAgain as error:
                _log.warning("syslog lines wait", reason=str(error))
                self._pause(1.0)
            else:
                return


def _last_month(now: datetime) -> datetime:
    """Return the beginning of the month before: its partition is there, and no live line is older."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first - timedelta(days=1)).replace(day=1)
