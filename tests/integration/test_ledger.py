"""The ledger: what was accepted is what was stored, or stands where a person finds it, at every moment."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.support.command_line import tracker
from tests.support.ledger import CLOCK, counts, look, offer, write_down
from tests.support.queued_hits import drain, enqueue, entry_of, hit_of, rows
from tests.support.raw_hits import count_days
from tests.support.receiving import Receiving, code
from tests.support.servers_away import redis_away
from tests.support.with_constants import NOTHING_MOVES
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.errors import Refused
from tracker.ingest import filtered
from tracker.ledger import balance as ledger_balance
from tracker.maintenance.requeue_waiting import requeue_waiting
from tracker.management import failed_hits
from tracker.queueing import adding, ledger_counts
from tracker.queueing.accept_command import Offer
from tracker.queueing.connection import Connection
from tracker.queueing.entry import IMPORT_PRIORITY, NORMAL
from tracker.queueing.producer import Producer
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")
HIT = {"app_id": "shop", "url": "https://shop.example/"}


def test_hits_are_accepted_then_waiting_then_stored(
    receiving: Receiving, redis: Connection, database: Database, application: Application
) -> None:
    assert counts(look(database, redis)) == {}
    for _ in range(5):
        assert code(receiving.track(HIT)) == (200, None)
    for _ in range(2):
        assert code(receiving.pixel("app_id=shop")) == (200, None)
    assert counts(look(database, redis)) == {"accepted": 7, "waiting": 7}
    drain(redis, database)
    assert counts(look(database, redis)) == {"accepted": 7, "stored": 7}
    for _ in range(2):
        write_down(database, redis)
        assert counts(look(database, redis)) == {"accepted": 7, "stored": 7}
    now = datetime.now(UTC)
    (hour,) = ledger_balance.hours(database, now - timedelta(hours=2), now)
    assert (hour.app_id, hour.accepted, hour.stored, hour.open) == ("shop", 7, 7, 0)
    assert rows(database, "SELECT count(*) FROM ledger_changes") == [(0,)]
    assert rows(database, "SELECT accepted, stored FROM ledger") == [(7, 7)]


def test_a_hit_is_in_the_hour_in_which_it_was_accepted(
    redis: Connection, database: Database, application: Application
) -> None:
    accepted = datetime.now(UTC)
    late = hit_of(application, 1, created_at=accepted - timedelta(hours=30))
    offer(
        redis, application, entry_of(late, created_at=accepted), entry_of(hit_of(application, 2), created_at=accepted)
    )
    drain(redis, database)
    write_down(database, redis)
    hours = ledger_balance.hours(database, accepted - timedelta(days=3), accepted + timedelta(hours=1))
    assert [(hour.accepted, hour.stored) for hour in hours] == [(2, 2)]


def test_an_hour_that_is_counted_anew_is_stored_once(
    redis: Connection, database: Database, application: Application
) -> None:
    day = hit_of(application).created_at.date()
    for first in (1, 6):
        offer(redis, application, *(entry_of(hit_of(application, n)) for n in range(first, first + 5)))
        drain(redis, database)
        known = {"accepted": first + 4, "stored": first + 4}
        assert counts(look(database, redis)) == known
        for _ in range(2):
            count_days(database, day, day)
            assert counts(look(database, redis)) == known
    write_down(database, redis)
    assert counts(look(database, redis)) == {"accepted": 10, "stored": 10}


def test_what_a_dead_worker_stored_is_stored_once(
    redis: Connection, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(redis, application, *(entry_of(hit_of(application, n)) for n in range(1, 6)))
    with monkeypatch.context() as broken:
        broken.setattr("tracker.ingest.in_flight.InFlight.settle", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            drain(redis, database)
    assert counts(look(database, redis)) == {"accepted": 5, "stored": 5, "waiting": 5}
    monkeypatch.setattr("tracker.queueing.consumer.TAKE_OVER_SECONDS", 0.0)
    drain(redis, database)
    assert counts(look(database, redis)) == {"accepted": 5, "stored": 5}


def test_a_hit_that_was_offered_twice_is_a_repeat(
    redis: Connection, database: Database, application: Application
) -> None:
    entry = entry_of(hit_of(application, 1))
    offer(redis, application, entry)
    offer(redis, application, entry)
    drain(redis, database)
    offer(redis, application, entry)
    drain(redis, database)
    assert counts(look(database, redis)) == {"accepted": 3, "stored": 1, "repeated": 2}


def test_a_failed_hit_is_failed_until_it_is_discarded_or_stored(
    redis: Connection, database: Database, application: Application
) -> None:
    bad = [entry_of(hit_of(application, n, ip_address="nonsense")) for n in (1, 2)]
    offer(redis, application, *bad, entry_of(hit_of(application, 3)))
    drain(redis, database)
    assert counts(look(database, redis)) == {"accepted": 3, "stored": 1, "failed": 2}
    failed_hits.discard(database, [bad[0].id])
    assert counts(look(database, redis)) == {"accepted": 3, "stored": 1, "failed": 1, "discarded": 1}
    failed_hits.retry(database, redis, [bad[1].id], datetime.now(UTC))
    drain(redis, database)
    write_down(database, redis)
    assert counts(look(database, redis)) == {"accepted": 3, "stored": 1, "failed": 1, "discarded": 1}


def test_hits_that_came_while_redis_was_away_are_in_it(
    receiving: Receiving, valkey: Valkey, redis: Connection, database: Database
) -> None:
    with redis_away(valkey):
        for _ in range(3):
            assert code(receiving.track(HIT)) == (200, None)
    assert counts(look(database, redis)) == {"accepted": 3, "waiting": 3}
    requeue_waiting(database, redis, CLOCK, queue="tracker", drain_seconds=20, queue_limit=1000)
    assert counts(look(database, redis)) == {"accepted": 3, "waiting": 3}
    drain(redis, database)
    assert counts(look(database, redis)) == {"accepted": 3, "stored": 3}


def test_imported_hits_are_not_in_it(redis: Connection, database: Database, application: Application) -> None:
    adding.add(redis, [entry_of(hit_of(application, n), priority=IMPORT_PRIORITY) for n in (1, 2)])
    offer(redis, application, entry_of(hit_of(application, 3), priority=-5))
    assert counts(look(database, redis)) == {"accepted": 1, "waiting": 1}
    drain(redis, database)
    write_down(database, redis)
    assert counts(look(database, redis)) == {"accepted": 1, "stored": 1}


def test_a_lost_hit_is_missed_and_its_hour_is_named(
    settings: Settings, redis: Connection, database: Database, application: Application
) -> None:
    now = datetime.now(UTC)
    offer(redis, application, *(entry_of(hit_of(application, n), created_at=now) for n in range(1, 6)))
    ((first, _), *_) = redis.xrange(NORMAL, count=1)
    redis.xdel(NORMAL, first)
    drain(redis, database)
    write_down(database, redis)
    assert counts(look(database, redis)) == {"accepted": 5, "stored": 4, "lost": 1}
    finished = tracker(settings, "ledger", "--json", constants=NOTHING_MOVES)
    assert finished.status == 1
    assert "1 accepted hits are neither stored nor waiting" in finished.errors
    assert finished.json["balance"]["lost"] == 1
    (hour,) = finished.json["hours"]
    assert (hour["hour"][:13], hour["accepted"], hour["stored"], hour["waiting"]) == (now.isoformat()[:13], 5, 4, 1)
    offer(redis, application, entry_of(hit_of(application, 9), created_at=now))
    refused = tracker(settings, "ledger", "--accept-loss", constants=NOTHING_MOVES)
    assert (refused.status, "1 hits wait" in refused.errors) == (1, True)
    drain(redis, database)
    write_down(database, redis)
    accepted = tracker(settings, "ledger", "--accept-loss", "--json", constants=NOTHING_MOVES)
    assert (accepted.status, accepted.json["balance"]["written_off"]) == (0, 1)
    assert "1 hits written off" in accepted.errors
    write_down(database, redis)
    assert counts(look(database, redis)) == {"accepted": 6, "stored": 5}


def test_a_redis_that_lost_everything_is_marked(
    settings: Settings, redis: Connection, database: Database, application: Application
) -> None:
    write_down(database, redis)
    offer(redis, application, *(entry_of(hit_of(application, n)) for n in range(1, 4)))
    write_down(database, redis)
    for key in redis.keys("tracker:hits:*"):
        redis.delete(key)
    redis.delete("tracker:ledger:epoch")
    write_down(database, redis)
    balance = look(database, redis)
    assert counts(balance) == {"accepted": 3, "lost": 3}
    assert len(balance.uncertain_since) == 1
    assert "Redis began without its data" in tracker(settings, "ledger", constants=NOTHING_MOVES).errors


def test_a_loss_is_written_off_with_what_only_redis_has_counted(
    settings: Settings, redis: Connection, database: Database, application: Application
) -> None:
    """What was accepted within the last minute stands in no hour yet, and is neither lost nor a surplus."""
    offer(redis, application, *(entry_of(hit_of(application, n), created_at=datetime.now(UTC)) for n in range(1, 6)))
    ((first, _), *_) = redis.xrange(NORMAL, count=1)
    redis.xdel(NORMAL, first)
    drain(redis, database)
    accepted = tracker(settings, "ledger", "--accept-loss", "--json", constants=NOTHING_MOVES)
    assert (accepted.status, accepted.json["balance"]["written_off"]) == (0, 1)
    write_down(database, redis)
    assert counts(look(database, redis)) == {"accepted": 5, "stored": 4}


def test_nothing_is_written_off_while_hits_come(
    redis: Connection, database: Database, application: Application
) -> None:
    numbers = iter(range(1, 100))

    def one_more() -> None:
        write_down(database, redis)
        offer(redis, application, entry_of(hit_of(application, next(numbers)), created_at=datetime.now(UTC)))
        drain(redis, database)

    with pytest.raises(Refused, match="Hits come in"):
        ledger_balance.write_off(database, redis, CLOCK, write_down=one_more, sleep=lambda _: None)
    write_down(database, redis)
    assert counts(look(database, redis)) == {"accepted": 4, "stored": 4}


def test_a_surplus_is_said_and_noted(
    settings: Settings, redis: Connection, database: Database, application: Application
) -> None:
    enqueue(redis, [entry_of(hit_of(application, n), created_at=datetime.now(UTC)) for n in (1, 2)])
    drain(redis, database)
    assert counts(look(database, redis)) == {"stored": 2, "surplus": 2}
    said = tracker(settings, "ledger", constants=NOTHING_MOVES)
    assert (said.status, "2 more hits were stored" in said.errors) == (1, True)
    assert tracker(settings, "ledger", "--accept-loss", constants=NOTHING_MOVES).status == 0
    assert look(database, redis).is_balanced


def test_counts_that_were_moved_aside_count_once(
    redis: Connection, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(redis, application, entry_of(hit_of(application, 1)))
    with monkeypatch.context() as broken:
        broken.setattr("tracker.queueing.filtered.forget", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            filtered.fold_now(redis, database, CLOCK)
    assert list(ledger_counts.look(redis).moved_aside.values()) == [1]
    assert counts(look(database, redis)) == {"accepted": 1, "waiting": 1}
    filtered.fold_now(redis, database, CLOCK)
    assert counts(look(database, redis)) == {"accepted": 1, "waiting": 1}


def test_it_balances_at_every_moment_while_hits_come_and_are_written(
    redis: Connection, database: Database, application: Application
) -> None:
    is_over = threading.Event()
    producer = Producer(redis, queue_limit=100_000)

    def send() -> None:
        number = 0
        while not is_over.is_set():
            entries = [entry_of(hit_of(application, number + n)) for n in range(1, 8)]
            number += 7
            producer.enqueue(Offer(application, entries, datetime.now(UTC), is_limited=False))

    def write() -> None:
        while not is_over.is_set():
            drain(redis, database, seconds=0.3)
            write_down(database, redis)

    threads = [threading.Thread(target=target) for target in (send, write)]
    for thread in threads:
        thread.start()
    try:
        looks = [ledger_balance._look(database, redis, datetime.now(UTC)) for _ in range(25)]
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert [balance.lost for balance in looks] == [0] * len(looks)
    assert all(look(database, redis).is_balanced for _ in range(2))
    assert looks[-1].accepted > looks[0].accepted
    drain(redis, database)
    done = look(database, redis)
    assert counts(done) == {"accepted": done.accepted, "stored": done.accepted}


def test_the_command_shows_hours_and_sums(settings: Settings, receiving: Receiving, redis: Connection) -> None:
    receiving.track({**HIT, "event_id": str(uuid4())})
    shown = tracker(settings, "ledger", constants=NOTHING_MOVES)
    assert shown.status == 0
    assert "accepted" in shown.output
    assert tracker(settings, "ledger", "--app-id", "other", "--json").json["hours"] == []
