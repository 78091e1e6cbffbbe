"""One turn of ending sessions: those without a hit for their application's `session_timeout_minutes`."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from tracker.application_settings import SESSION_TIMEOUT_MINUTES
from tracker.clock import Clock
from tracker.log import logger
from tracker.store import application_settings, batch_jobs, sessions
from tracker.store.database import Database, Transaction
from tracker.store.sessions import EndedSession

JOB_TYPE = "end_sessions"
BATCH = 500
"""Sessions a transaction."""

_log = logger(__name__)


def _publish_nothing(_tx: Transaction, _ended: Sequence[EndedSession]) -> None:
    pass


def end_sessions(
    database: Database,
    clock: Clock,
    *,
    agreed_time: Callable[[], datetime | None],
    publish: Callable[[Transaction, Sequence[EndedSession]], None] = _publish_nothing,
    should_continue: Callable[[], bool] = lambda: True,
) -> int:
    """End what is idle, a batch a transaction, until nothing is left or `should_continue` says no; how many ended.

    `agreed_time` says what the time is, or None where no clock is to be trusted: then no session ends.
    `publish` hears of the sessions in the transaction that ends them, so that it happens with it or not at all. A hit
    that arrives meanwhile keeps its session; one that arrives later starts it again. Raises DatabaseUnavailable.
    """
    started_at = clock.now()
    now = agreed_time()
    if now is None:
        return 0
    ended = 0
    while should_continue():
        with database.transaction() as tx:
            key = SESSION_TIMEOUT_MINUTES.key
            idle_since = {
                row["application_id"]: now
                - timedelta(minutes=SESSION_TIMEOUT_MINUTES.value({key: row["setting_value"]}))
                for row in application_settings.of_all(tx, key)
            }
            batch = sessions.end_idle(tx, idle_since, limit=BATCH)
            if batch:
                publish(tx, batch)
                batch_jobs.add_run(tx, JOB_TYPE, count=len(batch), started_at=started_at, completed_at=clock.now())
        ended += len(batch)
        if len(batch) < BATCH:
            break
    if ended:
        _log.info("sessions ended", sessions=ended)
    return ended
