"""Whatever comes in is answered, and whatever is accepted can be stored."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.queued_hits import drain, rows
from tests.support.receiving import Receiving, code, queued_hits
from tracker.queueing.connection import Connection
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = (
    st.text(max_size=30) | st.text(st.characters(codec="utf-8"), max_size=300) | st.sampled_from(["", "\0", "\ud800"])
)
anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(texts, below, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(texts | st.sampled_from(["page_type", "price"]), anything, max_size=4)
names = [
    *("client_sub_id", "module_id", "session_id", "event_name", "url", "referrer", "screen_resolution", "screen_res"),
    *("language", "timezone", "event_data", "custom_params", "event_id", "age_ms", "timestamp", "priority"),
    *("ip_address", "user_agent", "unknown", "message", "id", "created_at"),
]
times = st.datetimes().map(lambda time: time.isoformat() + "Z")
likely = {
    "event_data": objects,
    "custom_params": objects,
    "event_id": st.uuids().map(str),
    "age_ms": st.integers(0, 86_400_000) | st.floats(0, 86_400_000),
    "timestamp": times,
    "priority": st.integers(-(2**31), 2**31 - 1),
    "ip_address": st.ip_addresses().map(str),
}
hits = st.fixed_dictionaries({}, optional={name: likely.get(name, texts) | anything for name in names})
headers = st.dictionaries(
    st.sampled_from(
        ["HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_X_FORWARDED_FOR", "HTTP_ORIGIN", "HTTP_CONTENT_ENCODING"]
    ),
    st.text(st.characters(max_codepoint=255), max_size=50) | st.sampled_from(["gzip", "deflate", "identity"]),
)


def everything_taken_is_stored(redis: Connection, database: Database, taken: int) -> None:
    """Every accepted hit, whatever stream it took, becomes a row; none fails, none is retried."""
    drained = drain(redis, database)
    assert (drained.stored, drained.failed, drained.postponed) == (taken, 0, 0)


@MANY
@given(hit=hits, given_headers=headers)
def test_any_hit_is_refused_or_stored(
    receiving: Receiving, redis: Connection, database: Database, hit: dict[str, Any], given_headers: dict[str, str]
) -> None:
    redis.flushall()  # An event_id of an earlier example would make this hit a repeat of that one.
    body = json.dumps({"app_id": "shop", **hit}).encode()
    answer = receiving.track(body, environ_overrides=given_headers)
    status, reason = code(answer)
    assert status in (200, 400), (status, reason)
    everything_taken_is_stored(redis, database, int(status == 200))


@MANY
@given(events=st.lists(hits | anything, min_size=1, max_size=8))
def test_any_batch_is_judged_event_by_event_and_what_is_taken_is_stored(
    receiving: Receiving, redis: Connection, database: Database, application_key: str, events: list[Any]
) -> None:
    redis.flushall()
    answer = receiving.batch(json.dumps({"app_id": "shop", "events": events}).encode(), key=application_key)
    assert code(answer) == (200, None)
    data = answer.get_json()["data"]
    assert len(data["results"]) == len(events)
    identities = {result["tracking_id"] for result in data["results"] if result["success"]}
    everything_taken_is_stored(redis, database, len(identities))


@MANY
@given(
    query=st.lists(
        st.tuples(
            st.sampled_from([*names, "cp.a", "cp.page_type", "cp."]),
            st.binary(max_size=30)
            | texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
            | objects.map(lambda value: json.dumps(value).encode()),
        ),
        max_size=6,
    ),
    given_headers=headers,
)
def test_any_pixel_is_an_image_and_refused_or_stored(
    receiving: Receiving,
    redis: Connection,
    database: Database,
    query: list[tuple[str, bytes]],
    given_headers: dict[str, str],
) -> None:
    redis.flushall()
    text = "&".join(["app_id=shop", *(f"{name}={quote(value)}" for name, value in query)])
    answer = receiving.pixel(text, environ_overrides=given_headers)
    status, reason = code(answer)
    assert (status, reason) in ((200, None), (200, "VALIDATION_ERROR"))
    everything_taken_is_stored(redis, database, int(reason is None))


@MANY
@given(body=st.binary(max_size=300), path=st.sampled_from(["/v1/track", "/v1/track/batch", "/pixel.gif", "/", "/%00é"]))
def test_any_bytes_to_any_path_are_answered_below_500(
    receiving: Receiving, redis: Connection, body: bytes, path: str
) -> None:
    for key in (None, "wrong", "shop"):
        assert receiving.post(path, body, key=key).status_code < 500
    assert receiving.client.get(path, query_string=body.decode("latin-1")).status_code < 500
    assert queued_hits(redis) == []


def test_values_that_postgresql_is_known_to_mind_are_stored(
    receiving: Receiving, redis: Connection, database: Database, application_key: str
) -> None:
    odd: list[dict[str, Any]] = [
        {"custom_params": {"page_type": "x" * 9000}},
        {"custom_params": {"page_type": "é" * 2712}},
        {"custom_params": {"": {"": [[]]}}},
        {"custom_params": {"n": 5e-324, "m": -0.0, "k": 9007199254740991}},
        {"session_id": "😀" * 100, "client_sub_id": "😀" * 100, "module_id": "\\N", "event_name": "\\."},
        {"url": "\t\n\r\\", "event_data": {"a": "\\u0000", "b": "\u2028\ufeff\uffff"}},
        {"custom_params": {str(number): "v" * 200 for number in range(200)}},
        {"ip_address": "fe80::1%eth0", "user_agent": "\x7f"},
    ]
    answer = receiving.batch({"app_id": "shop", "events": odd}, key=application_key)
    assert answer.get_json()["data"]["failed"] == 0
    everything_taken_is_stored(redis, database, len(odd))
    assert rows(database, "SELECT count(*) FROM access_logs") == [(len(odd),)]
