"""Each place in which something of a person may stand, and what happens to it when it moves just then."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb

from tests.support.counted import assert_exact, fold_everything, statistics
from tests.support.erasing import erase, keys_with, tables_with
from tests.support.failed_hits import fail
from tests.support.queued_hits import NOON, claims_of, define, drain, enqueue, entry_of, hit_of, rows
from tracker.application import Application
from tracker.clock import SystemClock
from tracker.erasure import identifiers, person, preview
from tracker.queueing import removal
from tracker.queueing.connection import Connection
from tracker.queueing.consumer import RETRIES
from tracker.queueing.entry import Entry
from tracker.queueing.inspection import depths
from tracker.stats import retire
from tracker.stats.verify import verify
from tracker.store import access_logs, batch_queue
from tracker.store.batch_queue import QueueRow
from tracker.store.database import Database

WHO = "somebody-1"


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person, "RETRY_SECONDS", 0.1)


def hits(application: Application, count: int = 6, **columns: Any) -> list[Any]:
    """Every second one is WHO's."""
    return [
        hit_of(application, n, client_sub_id=WHO if n % 2 else "other", session_id=f"s{n % 2}", **columns)
        for n in range(1, count + 1)
    ]


def waiting(redis: Connection) -> list[int]:
    return [depth.waiting + depth.pending for depth in depths(redis)]


def test_entries_that_wait_in_any_stream_or_as_retries_are_taken_out(
    redis: Connection, database: Database, application: Application
) -> None:
    theirs, others = hits(application, 2)[0], hits(application, 2)[1]
    for priority in (1, 0, -5):
        enqueue(
            redis,
            [entry_of(hit.replace(id=hit.id + 10 * priority + 100), priority=priority) for hit in (theirs, others)],
        )
    for hit in (theirs, others):
        redis.zadd(RETRIES, {entry_of(hit, retry_count=1).to_member(): 1.0})
    receipt = erase(database, redis, clients=[WHO])
    assert (receipt.counts["redis_streams"], receipt.counts["redis_retries"]) == (3, 1)
    assert waiting(redis) == [1, 1, 1, 0, 1]
    assert keys_with(redis, WHO) == []


def test_an_entry_in_a_workers_hands_is_waited_for_and_erased_from_where_it_went(
    redis: Connection, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    enqueue(redis, hits(application, created_at=NOON - timedelta(days=1)))
    claims = claims_of(redis)
    held = claims.claim()
    rounds = []
    withdraw = removal.remove_entries

    def withdraw_and_let_the_worker_go_on(*arguments: Any, **named: Any) -> Any:
        taken = withdraw(*arguments, **named)
        rounds.append(taken)
        if len(rounds) == 2:
            with database.transaction() as tx:
                access_logs.copy(tx, [hit for claim in held if (hit := _hit_of(claim.entry))])
            claims.settle(held)
        return taken

    monkeypatch.setattr(removal, "remove_entries", withdraw_and_let_the_worker_go_on)
    receipt = erase(database, redis, clients=[WHO])
    assert [taken.in_hand for taken in rounds][:2] == [3, 3]
    assert len(rounds) >= 3
    assert receipt.counts["access_logs"] == 3
    assert tables_with(database, WHO) == {}
    assert rows(database, "SELECT count(*) FROM access_logs") == [(3,)]


def _hit_of(entry: Entry) -> Any:
    from tracker.hit import Hit

    return Hit.decode(entry.tracking_data)


def test_what_a_dead_worker_had_in_its_hands_is_taken_out_once_it_has_been_silent_for_long(
    redis: Connection, database: Database, application: Application
) -> None:
    enqueue(redis, hits(application))
    assert len(claims_of(redis).claim()) == 6
    named = identifiers.checked([WHO], [], [])
    owned = person.of_person(identifiers.person_of(application, named))
    assert removal.remove_entries(redis, owned).in_hand == 3
    assert removal.remove_entries(redis, owned, silent_seconds=0).streams == 3
    assert waiting(redis) == [0, 3, 0, 0, 0]


def test_what_a_worker_gave_back_is_in_nobodys_hands(
    redis: Connection, database: Database, application: Application
) -> None:
    enqueue(redis, hits(application))
    claims = claims_of(redis)
    claims.release(claims.claim())
    assert erase(database, redis, clients=[WHO]).counts["redis_streams"] == 3


def test_failed_and_kept_entries_are_erased_and_what_is_no_hit_where_it_names_the_person(
    redis: Connection, database: Database, application: Application
) -> None:
    now = SystemClock().now()
    theirs, others = hits(application, 2)
    garbage = f'{{"app_id":"shop","client_sub_id":"{WHO}","created_at":'.encode()
    # Another application's, whose name has this one's in it.
    foreign = garbage.replace(b'"shop"', b'"shop-elsewhere"')
    with database.transaction() as tx:
        for status in ("failed", "queued", "completed"):
            for data in (theirs.encode(), others.encode(), garbage, foreign):
                row = QueueRow(id=uuid4(), tracking_data=data, status=status, created_at=now, updated_at=now)
                batch_queue.add(tx, [replace(row, processed_at=now)])
    fail(database, application, 9)
    receipt = erase(database, redis, clients=[WHO])
    assert receipt.counts["batch_queue"] == 6
    assert rows(database, "SELECT count(*) FROM batch_queue") == [(7,)]
    assert rows(database, "SELECT count(*) FROM batch_queue WHERE tracking_data::text LIKE '%elsewhere%'") == [(3,)]


@pytest.mark.parametrize("at_once", [1, 3, 8, 5000])
def test_deliveries_about_their_hits_and_sessions_go(
    redis: Connection,
    database: Database,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    for module in (person, preview):
        monkeypatch.setattr(module, "DELIVERY_BATCH_SIZE", at_once)
    enqueue(redis, hits(application))
    drain(redis, database)
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO webhooks (application_id, url, events) VALUES (%s, 'https://example.com', '[]')",
            [application.id],
        )
        for event_id, data in (
            *((f"hit_{hit.tracking_id.hex}", {"n": hit.id}) for hit in hits(application)),
            ("session_a", {"client_sub_id": WHO, "session_id": "s1"}),
            ("session_b", {"client_sub_id": "other", "session_id": "s0"}),
        ):
            tx.execute(
                """INSERT INTO webhook_deliveries (webhook_id, event_id, event_type, payload, due_at, created_at)
                   SELECT id, %s, 'x', %s::jsonb::text, now(), now() FROM webhooks""",
                [event_id, Jsonb({"type": "x", "data": data})],
            )
    named = identifiers.checked([WHO], [], [])
    seen = preview.count(database, redis, identifiers.person_of(application, named))
    assert seen["webhook_deliveries"] == 4
    assert erase(database, redis, clients=[WHO]).counts["webhook_deliveries"] == 4
    assert rows(database, "SELECT count(*) FROM webhook_deliveries") == [(4,)]


def test_a_session_that_others_share_becomes_theirs_alone(
    redis: Connection, database: Database, application: Application
) -> None:
    shared = [
        hit_of(
            application, n, session_id="shared", client_sub_id=who, user_agent=f"agent of {who}", custom_params={who: n}
        )
        for n, who in ((1, WHO), (2, "other"), (3, WHO))
    ]
    enqueue(redis, shared)
    drain(redis, database)
    receipt = erase(database, redis, clients=[WHO])
    assert receipt.counts["sessions_kept_for_others"] == 1
    query = "SELECT client_sub_id, user_agent, page_views, first_accessed_at, session_custom_params FROM sessions"
    assert rows(database, query) == [("other", "agent of other", 1, NOON + timedelta(seconds=2), {"other": 2})]


def test_a_session_goes_whose_hits_went_before_and_anothers_of_the_same_name_stays(
    redis: Connection, database: Database, application: Application
) -> None:
    with database.transaction() as tx:
        tx.execute(
            """INSERT INTO sessions (session_id, application_id, app_id, client_sub_id, last_accessed_at)
               VALUES ('old', %s, 'shop', %s, '2019-05-05'), ('older', %s, 'shop', 'other', '2019-05-05')""",
            [application.id, WHO, application.id],
        )
    assert erase(database, redis, clients=[WHO]).counts == {"sessions": 1}
    assert rows(database, "SELECT session_id FROM sessions") == [("older",)]


def test_days_whose_raw_rows_are_gone_keep_anonymous_numbers_and_lose_the_digests(
    redis: Connection, database: Database, application: Application
) -> None:
    enqueue(redis, [*hits(application), *hits(application, created_at=NOON - timedelta(days=1))])
    drain(redis, database)
    fold_everything(database)
    with database.transaction() as tx:
        retire.note_removal(tx, NOON.replace(hour=0), application.id)
        tx.execute("DELETE FROM access_logs WHERE created_at < %s", [NOON.replace(hour=0)])
    receipt = erase(database, redis, clients=[WHO], sessions=["s1"])
    assert "had been removed by the retention" in receipt.notes[0]
    query = "SELECT total_requests, unique_visitors, unique_sessions FROM daily_statistics ORDER BY date"
    assert rows(database, query) == [(6, 1, 1), (3, 1, 1)]
    assert rows(database, "SELECT count(*) FROM statistics_visitors") == [(2,)]
    assert rows(database, "SELECT count(*) FROM statistics_sessions") == [(2,)]
    assert verify(database, SystemClock()).differences == []


def test_least_and_greatest_numbers_and_the_hundred_most_frequent_values_are_found_anew(
    redis: Connection, database: Database, application: Application
) -> None:
    define(database, application, "price", "number")
    define(database, application, "label", "string")
    others = [
        hit_of(application, n, client_sub_id="other", custom_params={"price": n, "label": f"label {n}"})
        for n in range(1, 121)
    ]
    theirs = [
        hit_of(application, 200 + n, client_sub_id=WHO, custom_params={"price": price, "label": f"label {100 + n}"})
        for n, price in enumerate((-5, 1000, 7, 8, 9))
    ]
    enqueue(redis, others)
    drain(redis, database)
    fold_everything(database)
    expected = statistics(database)
    enqueue(redis, theirs)
    drain(redis, database)
    fold_everything(database)
    assert statistics(database) != expected
    erase(database, redis, clients=[WHO])
    assert statistics(database) == expected
    assert_exact(database)
