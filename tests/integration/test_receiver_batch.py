import gzip
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from werkzeug.test import TestResponse

from tests.support.receiving import Receiving, code, fields_named, in_one_minute, queued, queued_hits
from tests.support.servers_away import redis_away
from tests.support.waiting import wait_until
from tracker.application import hash_key
from tracker.embedded import Valkey
from tracker.management import applications, keys, settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")


def results(answer: Any) -> list[str | None]:
    """For each event None where it was taken, else the code of its error."""
    assert code(answer) == (200, None)
    data = answer.get_json()["data"]
    assert [result["index"] for result in data["results"]] == list(range(len(data["results"])))
    assert data["processed"] == sum(result["success"] for result in data["results"])
    assert data["failed"] == len(data["results"]) - data["processed"]
    return [None if result["success"] else result["error"]["code"] for result in data["results"]]


def test_bad_events_are_refused_one_by_one_and_the_others_are_taken(
    receiving: Receiving, redis: Connection, application_key: str
) -> None:
    receiving.receiver.context.months.look()
    now = datetime.now(UTC)
    events = [
        {"url": "https://shop.example/1", "timestamp": (now - timedelta(hours=2)).isoformat()},
        {"session_id": 7},
        "no event",
        {"timestamp": "yesterday"},
        {"timestamp": (now - timedelta(days=100)).isoformat()},
        {"timestamp": (now + timedelta(minutes=6)).isoformat()},
        {"custom_params": {"a": 2**60}},
        {"event_data": {"a": "\0"}},
        {"custom_params": {"k" * 101: 1}},
        {"app_id": "other"},
        {"url": "https://shop.example/2", "app_id": "shop"},
    ]
    answer = receiving.batch({"app_id": "shop", "events": events}, key=application_key)
    assert results(answer) == [None, *["VALIDATION_ERROR"] * 8, "FORBIDDEN", None]
    taken = [result for result in answer.get_json()["data"]["results"] if result["success"]]
    hits = queued_hits(redis)
    assert [(str(hit.tracking_id), hit.url) for hit in hits] == [
        (taken[0]["tracking_id"], "https://shop.example/1"),
        (taken[1]["tracking_id"], "https://shop.example/2"),
    ]
    assert hits[0].created_at == now - timedelta(hours=2) == datetime.fromisoformat(taken[0]["timestamp"])


def test_what_is_no_unicode_or_no_number_spoils_only_its_event(receiving: Receiving, application_key: str) -> None:
    body = b'{"app_id":"shop","events":[{"url":"\\ud800"},{"url":"a"},{"custom_params":{"a":NaN}},{"url":"\xff"}]}'
    answer = receiving.batch(body, key=application_key)
    assert results(answer) == ["VALIDATION_ERROR", None, "VALIDATION_ERROR", "VALIDATION_ERROR"]
    assert [
        list(result["error"]["details"]) for result in answer.get_json()["data"]["results"] if not result["success"]
    ] == [
        ["url"],
        ["custom_params.a"],
        ["url"],
    ]


def test_the_application_may_stand_in_the_events_alone(
    receiving: Receiving, application_key: str, database: Database
) -> None:
    applications.create(database, name="Other", app_id="other")
    events = [{"app_id": 7}, {"app_id": "nobody"}, {"app_id": "other"}, {"app_id": "shop"}, {}]
    answer = receiving.batch({"events": events}, key=application_key)
    assert results(answer) == ["VALIDATION_ERROR", "FORBIDDEN", "FORBIDDEN", None, None]


@pytest.mark.parametrize("key", [None, "null", "undefined", "shop"])
def test_a_batch_needs_a_key(receiving: Receiving, key: str | None) -> None:
    answer = receiving.batch({"app_id": "shop", "events": [{}]}, key=key)
    assert code(answer) == (401, "AUTHENTICATION_ERROR")


def test_a_key_of_another_application_is_401(receiving: Receiving, database: Database) -> None:
    _, other = applications.create(database, name="Other", app_id="other")
    assert code(receiving.batch({"app_id": "shop", "events": [{}]}, key=other)) == (401, "INVALID_API_KEY")
    assert code(receiving.batch({"events": [{"app_id": "shop"}]}, key=other)) == (401, "INVALID_API_KEY")


def test_a_key_without_the_permission_is_403(receiving: Receiving, database: Database) -> None:
    with database.transaction() as tx:
        tx.execute(
            "INSERT INTO api_keys (application_id, key_hash, permissions) "
            "SELECT id, %s, '{\"read\": true}' FROM applications WHERE app_id = 'shop'",
            (hash_key("reads"),),
        )
    assert code(receiving.batch({"app_id": "shop", "events": [{}]}, key="reads")) == (403, "FORBIDDEN")
    assert code(receiving.track({"app_id": "shop"}, key="reads")) == (403, "FORBIDDEN")


def test_an_unknown_application_is_refused_and_a_missing_one_is_that_of_the_key(
    receiving: Receiving, application_key: str
) -> None:
    assert code(receiving.batch({"app_id": "nobody", "events": [{}]}, key=application_key)) == (
        404,
        "APPLICATION_NOT_FOUND",
    )
    assert code(receiving.batch({"events": [{}]}, key=application_key)) == (200, None)
    assert code(receiving.batch({"events": [{}]}, key="alt_unknown")) == (401, "INVALID_API_KEY")
    assert fields_named(receiving.batch({"events": [{}]}, key="unknown")) == ["app_id"]


@pytest.mark.parametrize("events", [None, {}, "x", [], [{}] * 1001])
def test_a_batch_has_one_to_a_thousand_events(receiving: Receiving, application_key: str, events: object) -> None:
    answer = receiving.batch({"app_id": "shop", "events": events}, key=application_key)
    assert fields_named(answer) == ["events"]


def test_a_thousand_events_are_taken_at_once(receiving: Receiving, redis: Connection, application_key: str) -> None:
    body = gzip.compress(orjson.dumps({"app_id": "shop", "events": [{"url": "https://x.example/"}] * 1000}))
    answer = receiving.batch(body, key=application_key, headers={"Content-Encoding": "gzip"})
    assert results(answer) == [None] * 1000
    assert len({entry.id for entry in queued(redis)}) == 1000


def test_of_a_batch_over_the_limit_the_first_events_are_taken(receiving: Receiving, database: Database) -> None:
    _, key = applications.create(database, name="Small", app_id="small", rate_limit=3)
    batch = {"app_id": "small", "events": [{}, {"session_id": 1}, {}, {}, {}]}
    # A minute may end between the first batch and the others, never twice.
    first = receiving.batch(batch, key=key)
    assert results(first) == [None, "VALIDATION_ERROR", None, None, "RATE_LIMIT_EXCEEDED"]
    assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == ("3", "0")
    receiving.batch(batch, key=key)
    none = receiving.batch(batch, key=key)
    assert code(none) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(none.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("form", ["list", "lines"])
def test_what_a_shipper_sends_is_taken_all_or_none(
    receiving: Receiving, redis: Connection, database: Database, form: str
) -> None:
    """A shipper reads the status alone: what is over the limit comes again with the whole batch, bad events do not."""
    _, key = applications.create(database, name="Small", app_id="small", rate_limit=4)
    bad, bot = {"session_id": 1, "event_id": str(uuid4())}, {"user_agent": "Googlebot/2.1"}

    def sent(*events: dict[str, Any]) -> TestResponse:
        lines = [orjson.dumps(event) for event in events]
        body = b"[" + b",".join(lines) + b"]" if form == "list" else b"\n".join(lines)
        return receiving.batch(body, key=key, content_type="application/x-ndjson" if form == "lines" else None)

    def all_of_it() -> list[TestResponse]:
        receiving.receiver.context.filtered.flush()
        redis.delete("tracker:filtered")
        return [
            sent({"url": "a"}, bad, {"url": "b"}),
            sent({"url": "c"}, bad, bot, {"url": "d"}, {"url": "e"}),
            sent({"url": "c"}, bad, {"url": "d"}),
        ]

    first, refused, last = in_one_minute(redis, all_of_it)
    assert results(first) == results(last) == [None, "VALIDATION_ERROR", None]
    assert code(refused) == (429, "RATE_LIMIT_EXCEEDED")
    assert int(refused.headers["Retry-After"]) >= 1
    # What does not fit uses nothing up: two hits still do.
    assert refused.headers["X-RateLimit-Remaining"] == "2"
    assert [hit.url for hit in queued_hits(redis)] == ["a", "b", "c", "d"]
    # The bad event is counted with the two batches that were taken, not with the one that came again.
    receiving.receiver.context.filtered.flush()
    counts = {field.decode().rpartition(":")[2]: int(hits) for field, hits in redis.hgetall("tracker:filtered").items()}
    assert counts == {"accepted": 4, "VALIDATION_ERROR": 2, "rate_limit": 3}
    # Where it can never fit, a second attempt is in vain: it is told what to do instead.
    never = sent(*[{}] * 5)
    assert code(never) == (413, "PAYLOAD_TOO_LARGE")
    assert "send fewer in one request, or raise the limit" in never.get_json()["error"]["message"]


def test_a_batch_is_taken_all_or_none_while_redis_is_unavailable(
    receiving: Receiving, valkey: Valkey, database: Database
) -> None:
    _, key = applications.create(database, name="Small", app_id="small", rate_limit=4)
    assert code(receiving.batch(b"[{}]", key=key)) == (200, None)
    with redis_away(valkey):
        # What the minute before has used up is counted no more once another has begun.
        answers = [receiving.batch(b"[%s]" % b",".join([b"{}"] * size), key=key).status_code for size in (3, 5)]
        wait_until(lambda: receiving.batch(b"[{},{},{}]", key=key).status_code == 429)
    assert answers == [200, 413]


def test_repeated_events_are_the_same_hits(receiving: Receiving, redis: Connection, application_key: str) -> None:
    twice = str(uuid4())
    batch = {"app_id": "shop", "events": [{"event_id": twice}, {"event_id": twice}, {}, {"event_id": str(uuid4())}]}
    first = [
        result["tracking_id"] for result in receiving.batch(batch, key=application_key).get_json()["data"]["results"]
    ]
    again = [
        result["tracking_id"] for result in receiving.batch(batch, key=application_key).get_json()["data"]["results"]
    ]
    assert first[0] == first[1] == again[0] == again[1]
    assert first[3] == again[3]
    assert first[2] != again[2]
    assert len(queued(redis)) == 4


def test_a_batch_may_have_a_mebibyte_and_an_event_of_it_64_kib(receiving: Receiving, application_key: str) -> None:
    big = {"event_data": {"a": "x" * 70_000}}
    answer = receiving.batch({"app_id": "shop", "events": [{}, big]}, key=application_key)
    assert results(answer) == [None, "PAYLOAD_TOO_LARGE"]
    too_much = orjson.dumps({"app_id": "shop", "events": [{"event_data": {"a": "x" * 60_000}}] * 18})
    assert code(receiving.batch(too_much, key=application_key)) == (413, "PAYLOAD_TOO_LARGE")


LINES = b'{"url":"a"}\n\r\n{"url":"b"}\r\nno json\n{"url":"c"}{"url":"d"}\n'


@pytest.mark.parametrize("content_type", ["application/x-ndjson", "application/json", "text/plain"])
def test_events_come_in_lines_each_judged_alone(
    receiving: Receiving, redis: Connection, application_key: str, content_type: str
) -> None:
    answer = receiving.batch(LINES, key=application_key, content_type=content_type)
    data = answer.get_json()["data"]
    assert (data["processed"], data["failed"]) == (4, 1)
    assert data["results"][2]["error"]["code"] == "VALIDATION_ERROR"
    assert [hit.url for hit in queued_hits(redis)] == ["a", "b", "c", "d"]


def test_events_come_as_a_list_and_one_event_as_a_line(
    receiving: Receiving, redis: Connection, application_key: str
) -> None:
    assert code(receiving.batch(b'[{"url":"a"},{"url":"b"}]', key=application_key)) == (200, None)
    lines = {"content_type": "application/x-ndjson"}
    assert code(receiving.batch(b'{"url":"c"}', key=application_key, **lines)) == (200, None)
    assert code(receiving.batch(b'{"events":[{"url":"d"}]}\n', key=application_key, **lines)) == (200, None)
    assert [hit.url for hit in queued_hits(redis)] == ["a", "b", "c", "d"]
    for body in (b"no json\nno json", b"[]", b"7", b"\n", b"{\n}"):
        assert receiving.batch(body, key=application_key).status_code == 400
    assert fields_named(receiving.batch(b"\n\n", key=application_key, **lines)) == ["events"]


def test_a_trusted_key_brings_hits_as_old_as_there_are_months_for_them(
    receiving: Receiving, redis: Connection, database: Database, application_key: str
) -> None:
    receiving.receiver.context.months.look()
    now = datetime.now(UTC)
    first = (now.replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)).replace(day=1)

    def sent(time: datetime, key: str) -> str | None:
        event = orjson.dumps([{"timestamp": time.isoformat()}])
        [result] = receiving.batch(event, key=key).get_json()["data"]["results"]
        return None if result["success"] else result["error"]["message"]

    _, shipper = keys.create(database, "shop", permissions=["track"])
    assert sent(first, application_key) is None
    assert sent(first - timedelta(seconds=1), application_key) == (
        f"timestamp: Must not lie before {first:%Y-%m-%d}, and at most 5 minutes ahead."
    )
    assert "24 hours" in str(sent(now - timedelta(days=2), shipper))
    [hit] = queued_hits(redis)
    assert hit.created_at == first
    settings.set_(database, "shop", "retention_days", "3")

    def is_too_old() -> bool:
        return sent(now - timedelta(days=5), application_key) is not None

    wait_until(is_too_old)
    assert sent(now - timedelta(days=2), application_key) is None
