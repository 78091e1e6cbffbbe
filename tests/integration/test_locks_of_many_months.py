"""Many months: what looks at all of them locks few at once, since the server's lock table is for everybody."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.counted import fold_everything
from tests.support.erasing import erase
from tests.support.queued_hits import NOON, drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.diagnostics import doctor
from tracker.maintenance.delete_expired_hits import MAX_MONTHS_PER_STATEMENT, delete_expired_hits
from tracker.stats.verify import verify
from tracker.store import application_settings, partition_making, statistics
from tracker.store import database as store_database
from tracker.store.database import Database
from tracker.store.partitions import Month

MONTHS = 30
MAX_LOCKS = 150
"""A statement on all these months would hold about three hundred, one on a hundred months a thousand."""
FEW_LOCKS = 50
LOCKS_OF_A_MONTH = 11
"""The month of `access_logs` and its indexes, rounded up."""

pytestmark = pytest.mark.slow


@pytest.fixture
def most_locks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many locks each transaction of this process held when it was committed."""
    held: list[int] = []
    commit = store_database._commit

    def counted(connection: Any) -> None:
        if connection.info.transaction_status is not store_database.TransactionStatus.INERROR:
            [count] = connection.execute("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()").fetchone()
            held.append(count)
        commit(connection)

    monkeypatch.setattr(store_database, "_commit", counted)
    return held


def test_what_looks_at_all_months_locks_few_of_them(
    settings: Settings, database: Database, redis: Any, application: Application, most_locks: list[int]
) -> None:
    first = Month.of(NOON).plus(-MONTHS)
    partition_making.create(settings.database_maintenance_url, [first.plus(number) for number in range(MONTHS)])
    old = [first.plus(number).start + timedelta(days=3) for number in (2, 15, MONTHS - 1)]
    hits = [
        hit_of(application, number, created_at=time, client_sub_id=f"somebody-{number % 2}", session_id=f"s{number}")
        for number, time in enumerate([*old, NOON, NOON], 1)
    ]
    enqueue(redis, [entry_of(hit) for hit in hits])
    drain(redis, database)
    fold_everything(database)
    most_locks.clear()

    assert verify(database, SystemClock(), first=NOON.date(), last=NOON.date()).differences == []
    doctor.examine(settings, SystemClock())
    erase(database, redis, sessions=["s1", "s5"])
    assert max(most_locks) <= MAX_LOCKS, most_locks
    assert rows(database, "SELECT count(*) FROM access_logs") == [(3,)]
    most_locks.clear()

    with database.transaction() as tx:
        application_settings.put(tx, application.id, "retention_days", "3")
    assert delete_expired_hits(database, SystemClock(), deletion_time=lambda: NOON) == 2
    assert 0 < max(most_locks) <= MAX_MONTHS_PER_STATEMENT * LOCKS_OF_A_MONTH + FEW_LOCKS, most_locks
    assert rows(database, "SELECT created_at FROM access_logs") == [(NOON,)]


def test_the_first_hit_of_all_is_found_without_looking_at_all_months(
    settings: Settings, database: Database, application: Application, most_locks: list[int]
) -> None:
    first = Month.of(NOON).plus(-20)
    partition_making.create(settings.database_maintenance_url, [first.plus(number) for number in range(20)])
    times = [first.start + timedelta(hours=5), NOON]
    with database.transaction() as tx:
        for time in times:
            tx.execute(
                "INSERT INTO access_logs (application_id, app_id, created_at) VALUES (%s, %s, %s)",
                [application.id, application.app_id, time],
            )
    most_locks.clear()
    with database.transaction() as tx:
        assert statistics.first_day(tx) == times[0].date()
    assert max(most_locks) <= FEW_LOCKS
