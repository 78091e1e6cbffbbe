"""An import that is undone, or written anew, and broken off at any step: numbers agree each time, nothing else goes."""

from datetime import timedelta

import pytest

from tests.support.counted import assert_exact, fold_everything, statistics
from tests.support.facts import make_facts
from tests.support.failed_hits import fail
from tests.support.queued_hits import NOON, define, drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.cli.replacing import replacing
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.erasure import imported, requests
from tracker.erasure.run import erase_waiting, until_done
from tracker.errors import QueueUnavailable
from tracker.hit import Hit
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.queueing.entry import Entry, import_priority
from tracker.store import imports
from tracker.store.database import Database


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imported, "AT_ONCE", 1)
    monkeypatch.setattr(imported, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(imported, "RETRY_SECONDS", 0.1)


def hits_of(application: Application, count: int, first: int = 1) -> list[Hit]:
    """Over two days, of visitors and sessions that other hits have too, with values of a parameter."""
    return [
        hit_of(
            application,
            n,
            created_at=NOON - timedelta(hours=n % 40),
            ip_address=f"192.0.2.{n % 5}",
            session_id=f"s{n % 7}",
            custom_params={"p": n % 11},
        )
        for n in range(first, first + count)
    ]


def import_id_of(database: Database, application: Application, source: str = "access.log") -> int:
    with database.transaction() as tx:
        return imports.place(tx, application.id, source)


def entries_of(hits: list[Hit], import_id: int) -> list[Entry]:
    """As queued just now, whenever the hits were."""
    now = SystemClock().now()
    return [entry_of(hit, priority=import_priority(import_id), created_at=now) for hit in hits]


def test_undoing_that_is_broken_off_at_every_step(
    redis: Connection, database: Database, application: Application
) -> None:
    define(database, application, "p", "number")
    import_id, other_id = import_id_of(database, application), import_id_of(database, application, "other.log")
    theirs, others = hits_of(application, 60), hits_of(application, 30, 101)
    enqueue(redis, [*others[:10], *entries_of(others[10:], other_id)])
    drain(redis, database, batch_size=10)
    fold_everything(database)
    before = statistics(database), rows(database, "SELECT session_id, page_views FROM sessions ORDER BY session_id")
    enqueue(redis, entries_of(theirs[:50], import_id))
    drain(redis, database, batch_size=10)
    enqueue(redis, entries_of(theirs[50:], import_id))
    fail(database, application, 3)
    requests.request_undoing(database, "shop", "access.log", now=SystemClock().now())
    turns = done = 0
    while not done:
        left = iter(range(turns + 2))  # Each time one step further.
        done = erase_waiting(
            database, redis, SystemClock(), owner="test", should_continue=lambda left=left: next(left, None) is not None
        )
        fold_everything(database)
        assert_exact(database)
        turns += 1
        assert turns < 60
    assert turns > 3
    drain(redis, database)
    fold_everything(database)
    assert (
        statistics(database),
        rows(database, "SELECT session_id, page_views FROM sessions ORDER BY session_id"),
    ) == before
    assert rows(database, "SELECT count(*) FROM access_logs") == [(30,)]
    assert rows(database, "SELECT import_id, sum(hits) FROM imported_hits GROUP BY 1") == [(other_id, 20)]
    assert rows(database, "SELECT count(*) FROM batch_queue") == [(1,)]
    [receipt] = requests.receipts(database, "shop")
    assert (receipt.kind, receipt.state, receipt.counts["access_logs"]) == ("import", "done", 50)


def test_what_another_application_calls_the_same_stays(
    redis: Connection, database: Database, application: Application
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other", rate_limit=1)
    import_id = import_id_of(database, application)
    assert import_id_of(database, other) != import_id
    enqueue(redis, entries_of(hits_of(other, 5), import_id_of(database, other)))
    # Whoever can write to the queue may name an import that is not the application's own.
    enqueue(redis, entries_of(hits_of(other, 5, 11), import_id))
    drain(redis, database)
    requests.request_undoing(database, "shop", "access.log", now=SystemClock().now())
    assert erase_waiting(database, redis, SystemClock(), owner="test") == 1
    assert rows(database, "SELECT count(*) FROM access_logs") == [(10,)]


def test_what_is_queued_after_the_undoing_was_asked_for_stays(
    redis: Connection, database: Database, application: Application
) -> None:
    import_id = import_id_of(database, application)
    clock = SystemClock()
    later = [
        entry._replace(created_at=clock.now() + timedelta(minutes=1))
        for entry in entries_of(hits_of(application, 4), import_id)
    ]
    enqueue(redis, later[:2])
    drain(redis, database)
    enqueue(redis, later[2:])
    requests.request_undoing(database, "shop", "access.log", now=clock.now())
    assert erase_waiting(database, redis, clock, owner="test") == 1
    drain(redis, database)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(4,)]


def test_a_hit_that_is_written_anew_waits_where_redis_goes_away_in_the_middle(
    *,
    settings: Settings,
    redis: Connection,
    database: Database,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import_id = import_id_of(database, application)
    stored = hits_of(application, 20)
    enqueue(redis, entries_of(stored, import_id))
    drain(redis, database)
    fold_everything(database)

    def away(*_arguments: object, **_named: object) -> int:
        raise QueueUnavailable("Redis is unavailable.")

    rewrite = replacing(settings, database, redis, SystemClock(), application)
    anew = [hit.replace(ip_address="198.51.100.1") for hit in stored]
    for _ in range(2):  # The second time they are not stored: they wait, as they were read.
        with monkeypatch.context() as patched:
            patched.setattr("tracker.cli.replacing.requeue_waiting", away)
            with pytest.raises(QueueUnavailable):
                rewrite(import_id, [(hit.id, hit.created_at) for hit in stored], anew)
        fold_everything(database)
        assert_exact(database)
    queue = {"queue": "tracker", "drain_seconds": 1, "queue_limit": 1000}
    assert requeue_waiting(database, redis, SystemClock(), **queue) == 20
    drain(redis, database)
    fold_everything(database)
    assert rows(database, "SELECT count(*), count(DISTINCT ip_address) FROM access_logs") == [(20, 1)]
    assert rows(database, "SELECT sum(hits) FROM imported_hits") == [(0,)]
    assert_exact(database)


def test_hits_of_dropped_months_are_forgotten_and_a_purged_application_leaves_nothing(
    redis: Connection, database: Database, application: Application
) -> None:
    import_id = import_id_of(database, application)
    enqueue(redis, entries_of(hits_of(application, 4), import_id))
    drain(redis, database)
    assert rows(database, "SELECT count(*) FROM imported_hits") == [(1,)]
    far = SystemClock().now() + timedelta(days=200)
    with database.transaction() as tx:
        assert imports.delete_old(tx, before=NOON - timedelta(days=100), limit=10) == 0
        assert imports.delete_old(tx, before=far, limit=10) == 1


def test_undoing_says_what_it_waits_for(
    settings: Settings, database: Database, redis: Connection, application: Application
) -> None:
    """The columnar copy is another process's: it is waited for, and who waits is told for whom."""
    import_id = import_id_of(database, application)
    enqueue(redis, entries_of(hits_of(application, 20), import_id))
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    requested = requests.request_undoing(
        database, application.app_id, "access.log", now=SystemClock().now(), note=lambda *_: None
    )
    told = list[str]()

    def sleep(_seconds: float) -> None:
        if told:
            make_facts(database, settings.facts_url)  # As the scheduler does.

    until_done(database, redis, SystemClock(), requested.id, owner="test", tell=told.append, sleep=sleep)
    assert len(told) == 1
    assert "Waiting for the scheduler" in told[0]
    assert rows(database, "SELECT count(*) FROM access_logs") == [(0,)]
