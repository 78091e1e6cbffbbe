"""The queue and the failed hits, by command."""

from uuid import uuid4

import pytest

from tests.support.command_line import tracker, work_until_dry
from tests.support.failed_hits import fail
from tests.support.queued_hits import enqueue, entry_of, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database


def test_status_shows_streams_failed_hits_and_workers(
    settings: Settings, redis: Connection, database: Database, application: Application
) -> None:
    enqueue(redis, [hit_of(application, 1), entry_of(hit_of(application, 2), priority=-1)])
    fail(database, application, 3)
    status = tracker(settings, "queue", "status", "--json").json
    assert {stream["name"]: stream["waiting"] for stream in status["streams"]} == {
        "urgent": 0, "normal": 1, "bulk": 1, "overflow": 0, "retries": 0
    }  # fmt: skip
    assert status["batch_queue"] == {"failed": 1}
    assert status["workers"] == []
    assert "start `python -m tracker worker`" in tracker(settings, "queue", "status").output


def test_status_shows_the_queue_while_postgresql_is_away(settings: Settings) -> None:
    finished = tracker(settings, "queue", "status", "--json", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert finished.status == 1
    assert finished.json["batch_queue"] is None
    assert len(finished.json["streams"]) == 5
    assert "batch_queue is not known" in finished.errors


def test_failed_hits_are_listed_with_reason_and_payload(
    settings: Settings, database: Database, application: Application
) -> None:
    ids = [fail(database, application, number) for number in (1, 2)]
    rows = tracker(settings, "queue", "failed", "--json").json
    assert {row["id"] for row in rows} == {str(value) for value in ids}
    assert rows[0]["error_message"] == "it could not be"
    assert rows[0]["tracking_data"]["app_id"] == "shop"
    assert len(tracker(settings, "queue", "failed", "--limit", "1", "--json").json) == 1
    assert tracker(settings, "queue", "failed", "--app-id", "other", "--json").json == []
    assert "it could not be" in tracker(settings, "queue", "failed").output


def test_a_hit_is_found_by_its_tracking_id_wherever_it_is(
    settings: Settings, redis: Connection, database: Database, application: Application
) -> None:
    waiting = hit_of(application, 1)
    enqueue(redis, [hit_of(application, 5), waiting])
    shown = tracker(settings, "queue", "show", str(waiting.tracking_id), "--json").json
    assert (shown["state"], shown["where"]) == ("waiting", "normal")
    assert shown["tracking_data"]["url"] == waiting.url
    work_until_dry(settings)
    shown = tracker(settings, "queue", "show", str(waiting.tracking_id), "--json").json
    assert (shown["state"], shown["url"]) == ("stored", waiting.url)
    failed = fail(database, application, 2)
    shown = tracker(settings, "queue", "show", str(failed), "--json").json
    assert (shown["state"], shown["error_message"]) == ("failed", "it could not be")
    assert "it could not be" in tracker(settings, "queue", "show", str(failed)).output
    unknown = tracker(settings, "queue", "show", str(uuid4()))
    assert (unknown.status, unknown.output) == (1, "")
    assert "is stored, failed or waiting" in unknown.errors


def test_a_failed_hit_is_sent_in_again_and_stored_once(
    settings: Settings, database: Database, application: Application
) -> None:
    ids = [fail(database, application, number) for number in (1, 2, 3)]
    first = tracker(settings, "queue", "retry", str(ids[0]))
    assert (first.status, first.output) == (0, "1 of 1 sent in again.\n")
    again = tracker(settings, "queue", "retry", "--all")
    assert again.output == "3 of 3 sent in again.\n"
    work_until_dry(settings)
    assert tracker(settings, "queue", "failed", "--json").json == []
    with database.transaction() as tx:
        assert tx.execute("SELECT count(*) FROM access_logs").fetchone() == (3,)
    gone = tracker(settings, "queue", "retry", str(ids[0]))
    assert gone.status == 1
    assert "has failed" in gone.errors


def test_a_hit_that_fails_again_says_why(settings: Settings, database: Database, application: Application) -> None:
    failed = fail(database, application, 1)
    with database.transaction() as tx:
        tx.execute("""UPDATE batch_queue SET tracking_data = '{"raw": "nonsense"}'""")
    tracker(settings, "queue", "retry", str(failed))
    work_until_dry(settings)
    shown = tracker(settings, "queue", "show", str(failed), "--json").json
    assert shown["state"] == "failed"
    assert shown["error_message"] not in (None, "it could not be")


@pytest.mark.parametrize("arguments", [[], ["--all", str(uuid4())]])
def test_retry_wants_ids_or_all(settings: Settings, arguments: list[str]) -> None:
    assert tracker(settings, "queue", "retry", *arguments).status == 2


def test_discarding_asks_first(settings: Settings, database: Database, application: Application) -> None:
    failed = fail(database, application, 1)
    assert tracker(settings, "queue", "discard", str(failed), given=b"n\n").status == 1
    assert len(tracker(settings, "queue", "failed", "--json").json) == 1
    assert tracker(settings, "queue", "discard", str(failed), given=b"y\n").output == "1 of 1 discarded.\n"
    gone = tracker(settings, "queue", "discard", str(failed), "--yes")
    assert (gone.status, gone.output) == (1, "0 of 1 discarded.\n")


def test_what_was_sent_in_again_or_discarded_is_told_to_programs_too(
    settings: Settings, database: Database, application: Application
) -> None:
    failed, unknown = str(fail(database, application, 1)), str(uuid4())
    retried = tracker(settings, "queue", "retry", failed, unknown, "--json")
    assert (retried.status, retried.json) == (1, {"sent_in_again": [failed], "not_failed": [unknown]})
    discarded = tracker(settings, "queue", "discard", failed, unknown, "--yes", "--json")
    assert (discarded.status, discarded.json) == (1, {"discarded": [failed], "not_failed": [unknown]})


def test_failed_hits_are_chosen_by_their_reason(
    settings: Settings, database: Database, application: Application
) -> None:
    ids = [fail(database, application, number) for number in (1, 2)]
    assert tracker(settings, "queue", "discard", "--yes").status == 2
    assert tracker(settings, "queue", "retry", str(ids[0]), "--reason", "it").status == 2
    none = tracker(settings, "queue", "discard", "--reason", "another reason", "--yes", "--json")
    assert none.json == {"discarded": [], "not_failed": []}
    assert tracker(settings, "queue", "retry", "--app-id", "other").output == "0 of 0 sent in again.\n"
    gone = tracker(settings, "queue", "discard", "--reason", "could not", "--yes", "--json")
    assert set(gone.json["discarded"]) == {str(tracking_id) for tracking_id in ids}
    assert tracker(settings, "queue", "failed", "--json").json == []
