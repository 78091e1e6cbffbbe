import importlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.integration.conftest import MovableClock
from tests.support.queued_hits import claims_of, define, drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.hit import Hit
from tracker.ingest.bisect_batch import delay_before
from tracker.ingest.drain import Drain
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import RETRIES, Consumer
from tracker.queueing.entry import Entry
from tracker.queueing.inspection import depths
from tracker.store.database import Database

FAILED = "SELECT id, retry_count, error_message FROM batch_queue WHERE status = 'failed' ORDER BY processed_at, id"
LONG_AGO = datetime(1999, 5, 17, tzinfo=UTC)
"""A month that has no partition."""


def waiting(redis: Connection) -> int:
    return sum(depth.waiting + depth.pending for depth in depths(redis))


def make_due(redis: Connection) -> None:
    """Let the time of all suspects come."""
    for member in redis.zrange(RETRIES, 0, -1):
        redis.zadd(RETRIES, {member: 0})


def test_of_a_hundred_hits_three_bad_ones_of_different_kinds_stand_aside_and_the_others_are_stored_at_once(
    database: Database, redis: Connection, application: Application
) -> None:
    hits: list[Hit | Entry] = [hit_of(application, number, session_id=f"s{number}") for number in range(1, 101)]
    no_address = hit_of(application, 17, ip_address="not an address")
    hits[16] = no_address
    hits[50] = entry_of(hit_of(application, 51), tracking_data=b'{"url": "\\u0000"')
    hits[99] = hit_of(application, 100, created_at=LONG_AGO)
    enqueue(redis, hits)

    drained = drain(redis, database)

    assert (drained.ended, drained.stored, drained.failed, drained.postponed) == ("dry", 97, 2, 1)
    assert rows(database, "SELECT count(*) FROM access_logs") == [(97,)]
    assert rows(database, "SELECT count(*), sum(page_views) FROM sessions") == [(97, 97)]
    failed = {row[0]: row[2] for row in rows(database, FAILED)}
    assert set(failed) == {no_address.tracking_id, hit_of(application, 51).tracking_id}
    assert "inet" in failed[no_address.tracking_id]
    assert "not an address" not in failed[no_address.tracking_id]
    assert waiting(redis) == redis.zcard(RETRIES) == 1


def test_what_cannot_be_told_apart_is_tried_alone_with_growing_delays_and_then_fails(
    database: Database, redis: Connection, application: Application
) -> None:
    suspect = hit_of(application, 1, created_at=LONG_AGO)
    enqueue(redis, [entry_of(suspect, max_retries=2), hit_of(application, 2)])

    delays = []
    for _ in range(2):
        before = datetime.now(UTC).timestamp()
        assert drain(redis, database).postponed == 1
        [(_, due)] = redis.zrange(RETRIES, 0, -1, withscores=True)
        delays.append(due - before)
        make_due(redis)
    drained = drain(redis, database)

    assert delays == pytest.approx([2, 8], abs=1.5)
    assert (drained.postponed, drained.failed) == (0, 1)
    [(failed_id, retries, reason)] = rows(database, FAILED)
    assert (failed_id, retries) == (suspect.tracking_id, 2)
    assert "partitions create 1999-05" in reason
    assert waiting(redis) == 0
    assert rows(database, "SELECT id FROM access_logs") == [(2,)]


def test_halves_of_a_refused_batch_are_written_though_their_application_has_gone_meanwhile(
    database: Database, redis: Connection, application: Application, clock: MovableClock
) -> None:
    define(database, application, "size", "string")
    hits = [hit_of(application, number, custom_params={"size": f"s{number}"}) for number in range(1, 9)]
    enqueue(redis, [*hits, hit_of(application, 9, ip_address="not an address")])
    claims = Consumer(redis, consumer="halving", batch_size=100, clock=clock)
    draining = Drain(claims, database, clock, seconds=60, sleep=lambda _: None)

    assert draining.turn()
    with database.transaction() as tx:
        tx.execute(b"DELETE FROM applications WHERE id = %s", [application.id])
    clock.advance(10)
    drained = draining.run()

    assert (drained.ended, drained.stored) == ("dry", 0)
    assert drained.failed + drained.postponed == 9
    assert waiting(redis) == drained.postponed


def test_a_suspect_is_stored_as_soon_as_the_reason_is_gone(
    database: Database, redis: Connection, application: Application
) -> None:
    enqueue(redis, [hit_of(application, 1, created_at=LONG_AGO, session_id="s")])
    drain(redis, database)
    with database.transaction() as tx:
        tx.execute("SELECT create_monthly_partition('1999-05')")
    make_due(redis)

    assert drain(redis, database).stored == 1

    assert rows(database, "SELECT created_at FROM access_logs") == [(LONG_AGO,)]
    assert rows(database, FAILED) == []
    assert waiting(redis) == 0


def test_the_delays_grow() -> None:
    assert [delay_before(retry) for retry in range(4)] == [2, 8, 32, 128]
    assert {delay_before(retry) for retry in (8, 100, 2**31 - 2)} == {86_400}


def test_a_hit_of_an_application_that_is_gone_fails_and_its_neighbours_do_not(
    database: Database, redis: Connection, application: Application
) -> None:
    gone = [
        hit_of(application, 1, application_id=UUID(int=1)),
        hit_of(application, 2, app_id="never", application_id=UUID(int=2), session_id="s"),
    ]
    enqueue(redis, [*gone, hit_of(application, 3, session_id="s")])

    drained = drain(redis, database)

    assert (drained.batches, drained.stored, drained.failed) == (1, 1, 2)
    assert {row[0] for row in rows(database, FAILED)} == {hit.tracking_id for hit in gone}
    assert rows(database, "SELECT id FROM access_logs") == [(3,)]


def test_an_application_that_vanishes_after_it_was_read_costs_its_own_hits_alone(
    database: Database, redis: Connection, application: Application
) -> None:
    """Its row goes while the batch is under way: the foreign key of sessions says so, and bisecting finds the hit."""
    with database.transaction() as tx:
        tx.execute(
            "CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "DELETE FROM applications WHERE app_id = 'doomed'; RETURN NULL; END $$"
        )
        tx.execute("CREATE TRIGGER vanish BEFORE INSERT ON sessions FOR EACH STATEMENT EXECUTE FUNCTION vanish()")
        tx.execute(
            "INSERT INTO applications (id, app_id, name, api_key_hash) VALUES (%s, 'doomed', 'D', 'x')", (UUID(int=9),)
        )
    doomed = hit_of(application, 1, application_id=UUID(int=9), app_id="doomed", session_id="d")
    enqueue(redis, [doomed, hit_of(application, 2, session_id="s")])

    drained = drain(redis, database)

    assert (drained.stored, drained.failed) == (1, 1)
    assert rows(database, "SELECT id FROM access_logs") == [(2,)]
    assert [row[0] for row in rows(database, FAILED)] == [doomed.tracking_id]


def test_an_entry_that_is_no_json_is_kept_as_its_raw_text(database: Database, redis: Connection) -> None:
    redis.xadd("tracker:hits:normal", {"nonsense": b"\xff"})
    redis.xadd("tracker:hits:normal", {"tracking_data": b"a \xff \x00 b"})
    redis.xadd("tracker:hits:normal", {"tracking_data": b'{"a": "\\u0000"}'})

    drained = drain(redis, database)

    assert (drained.batches, drained.failed) == (1, 3)
    kept = {row[0]["raw"] for row in rows(database, "SELECT tracking_data FROM batch_queue")}
    assert kept == {"", r"a \xff \x00 b", '{"a": "\\u0000"}'}
    assert waiting(redis) == 0


def test_failing_twice_leaves_one_row(database: Database, redis: Connection, application: Application) -> None:
    bad = entry_of(hit_of(application, 1, ip_address="nowhere"))
    for _ in range(2):
        enqueue(redis, [bad])
        assert drain(redis, database).failed == 1
    assert rows(database, "SELECT count(*) FROM batch_queue") == [(1,)]


def test_a_hit_that_is_stored_after_all_no_longer_stands_as_failed(
    database: Database, redis: Connection, application: Application
) -> None:
    bad = hit_of(application, 1, ip_address="nowhere")
    enqueue(redis, [bad])
    drain(redis, database)
    assert [row[0] for row in rows(database, FAILED)] == [bad.tracking_id]

    enqueue(redis, [entry_of(hit_of(application, 1, ip_address="192.0.2.1"))])
    drain(redis, database)

    assert rows(database, "SELECT id FROM access_logs") == [(1,)]
    assert rows(database, FAILED) == []


def test_a_hit_that_is_stored_already_cannot_fail_any_more(
    database: Database, redis: Connection, application: Application
) -> None:
    stored = hit_of(application, 1)
    enqueue(redis, [stored])
    drain(redis, database)
    enqueue(redis, [entry_of(stored, tracking_data=b"no longer readable")])

    drained = drain(redis, database)

    assert (drained.failed, drained.duplicates) == (0, 1)
    assert rows(database, "SELECT count(*) FROM batch_queue") == [(0,)]
    assert waiting(redis) == 0


def test_a_whole_batch_without_a_partition_is_isolated_within_its_time(
    database: Database, redis: Connection, application: Application
) -> None:
    enqueue(redis, [hit_of(application, n, created_at=LONG_AGO + timedelta(seconds=n)) for n in range(1, 101)])

    drained = drain(redis, database, seconds=20)

    # On a slow machine the first suspects are due again before the last one is found.
    assert (drained.ended, drained.stored) == ("dry", 0)
    assert drained.postponed >= redis.zcard(RETRIES) == 100


def test_a_batch_that_is_cut_by_the_time_goes_back_and_is_finished_later(
    database: Database, redis: Connection, application: Application
) -> None:
    hits = [hit_of(application, n) for n in range(1, 100)]
    enqueue(redis, [*hits, hit_of(application, 100, ip_address="nowhere")])
    drained = [drain(redis, database, seconds=0.02)]
    while drained[-1].ended != "dry":
        drained.append(drain(redis, database, seconds=0.2))

    assert sum(drain_result.stored for drain_result in drained) == 99
    assert sum(drain_result.failed for drain_result in drained) == 1


def test_suspects_are_written_alone(database: Database, redis: Connection, application: Application) -> None:
    claims = claims_of(redis)
    enqueue(redis, [hit_of(application, 1), hit_of(application, 2)])
    for claim in claims.claim():
        claims.postpone(claim, reason="a test", delay=-1)

    drained = drain(redis, database)

    assert (drained.batches, drained.stored) == (2, 2)


@pytest.mark.parametrize("step", ["tracker.ingest.drain.check", "tracker.ingest.write.activities_of"])
def test_a_fault_of_ours_over_one_hit_holds_up_no_other(
    database: Database, redis: Connection, application: Application, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    module, _, name = step.rpartition(".")
    sound = getattr(importlib.import_module(module), name)

    def faulty(given: Any, *others: Any) -> Any:
        given = list(given) if name == "activities_of" else given
        hits = given if isinstance(given, list) else [given.hit]
        if any(hit.url == "the one that nobody thought of" for hit in hits):
            raise ValueError("confidential")
        return sound(given, *others)

    monkeypatch.setattr(step, faulty)
    odd = hit_of(application, 51, url="the one that nobody thought of")
    enqueue(redis, [*(hit_of(application, number) for number in range(1, 51)), odd])

    drained = drain(redis, database)

    assert (drained.stored, drained.postponed + drained.failed) == (50, 1)
    for _ in range(3):
        make_due(redis)
        drain(redis, database)
    [(failed_id, _, reason)] = rows(database, FAILED)
    assert failed_id == odd.tracking_id
    assert "fault of this program: ValueError" in reason
    assert "confidential" not in reason
    assert waiting(redis) == 0


@pytest.mark.parametrize(("retry_count", "counted"), [(1000, None), (99, 100), (-2147483648, 1)])
def test_a_count_of_tries_that_others_wrote_ends_no_drain_and_gives_nobody_more_than_a_hundred(
    database: Database, redis: Connection, application: Application, retry_count: int, counted: int | None
) -> None:
    suspect = entry_of(hit_of(application, 1, created_at=LONG_AGO), retry_count=retry_count, max_retries=2**31 - 1)
    enqueue(redis, [suspect, hit_of(application, 2)])

    drained = drain(redis, database, seconds=5)

    assert (drained.ended, drained.stored, drained.postponed + drained.failed) == ("dry", 1, 1)
    tried = [Entry.from_member(member).retry_count for member in redis.zrange(RETRIES, 0, -1)]
    assert tried == ([] if counted is None else [counted])
