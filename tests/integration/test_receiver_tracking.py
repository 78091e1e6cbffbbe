import gzip
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from tests.support.receiving import Receiving, code, fields_named, queued, queued_hits
from tracker import log
from tracker.application import Application, hash_key
from tracker.config import Settings
from tracker.hit import tracking_id_of
from tracker.management import keys
from tracker.queueing.connection import Connection
from tracker.queueing.entry import BULK, URGENT
from tracker.receiver.application_directory import ApplicationDirectory
from tracker.store import applications
from tracker.store.database import Database

pytestmark = pytest.mark.usefixtures("application")


@pytest.fixture(params=["json", "console"])
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is logged, as a process of ours logs it."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    log.configure(request.param)
    return written


def change(database: Database, **columns: object) -> None:
    with database.transaction() as tx:
        assert applications.update(tx, "shop", columns)


def test_a_hit_is_queued_with_everything_it_says(
    receiving: Receiving, redis: Connection, application: Application
) -> None:
    before = datetime.now(UTC)
    answer = receiving.track(
        {
            "app_id": "shop",
            "client_sub_id": "c1",
            "module_id": "m1",
            "url": "https://shop.example/é",
            "referrer": "https://search.example/",
            "session_id": "s1",
            "screen_resolution": "1x1",
            "language": "ja",
            "timezone": "Asia/Tokyo",
            "event_name": "seen",
            "event_data": {"a": [1, {"b": None}]},
            "custom_params": {"price": 1.5},
        },
        headers={"User-Agent": "Browser/1"},
    )
    assert code(answer) == (200, None)
    (hit,) = queued_hits(redis)
    (entry,) = queued(redis)
    data = answer.get_json()["data"]
    assert before <= hit.created_at <= datetime.now(UTC)
    assert UUID(data["tracking_id"]) == hit.tracking_id == entry.id == tracking_id_of(hit.id, hit.created_at)
    assert datetime.fromisoformat(data["timestamp"]) == hit.created_at
    assert hit.application_id == application.id
    assert (hit.app_id, hit.client_sub_id, hit.module_id, hit.session_id) == ("shop", "c1", "m1", "s1")
    assert (hit.url, hit.referrer) == ("https://shop.example/é", "https://search.example/")
    assert (hit.user_agent, hit.ip_address) == ("Browser/1", "127.0.0.0")
    assert (hit.screen_resolution, hit.language, hit.timezone) == ("1x1", "ja", "Asia/Tokyo")
    assert (hit.event_name, hit.event_data) == ("seen", {"a": [1, {"b": None}]})
    assert hit.custom_params == {"price": 1.5}
    assert (entry.priority, entry.retry_count, entry.max_retries, entry.status) == (0, 0, 3, "queued")
    assert redis.exists("tracker:nudge")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain;charset=UTF-8", "image/png", ""])
def test_the_content_type_does_not_matter(receiving: Receiving, content_type: str) -> None:
    assert code(receiving.track(b'{"app_id":"shop"}', content_type=content_type)) == (200, None)


def test_a_compressed_hit_is_taken(receiving: Receiving, redis: Connection) -> None:
    body = gzip.compress(b'{"app_id":"shop","url":"https://x.example/"}')
    assert code(receiving.track(body, headers={"Content-Encoding": "gzip"})) == (200, None)
    assert queued_hits(redis)[0].url == "https://x.example/"


def test_an_unknown_application_is_404(receiving: Receiving) -> None:
    assert code(receiving.track({"app_id": "nobody"})) == (404, "APPLICATION_NOT_FOUND")


@pytest.mark.parametrize(
    "columns",
    [{"status": "inactive"}, {"status": "suspended"}, {"deleted_at": datetime(2026, 1, 1, tzinfo=UTC).isoformat()}],
)
def test_an_application_that_takes_no_hits_is_403(
    receiving: Receiving, database: Database, columns: dict[str, object]
) -> None:
    change(database, **columns)
    assert code(receiving.track({"app_id": "shop"})) == (403, "APPLICATION_INACTIVE")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"app_id=shop", ["body"]),
        (b"[]", ["body"]),
        (b'"shop"', ["body"]),
        (b"{}", ["app_id"]),
        (b'{"app_id":null}', ["app_id"]),
        (b'{"app_id":7}', ["app_id"]),
        (b'{"app_id":"' + b"x" * 51 + b'"}', ["app_id"]),
        (b'{"app_id":"shop","custom_params":{"a":NaN}}', ["custom_params.a"]),
        (b'{"app_id":"shop","unknown":{"a":1e999}}', ["unknown.a"]),
        (b'{"app_id":"shop","session_id":"a\\u0000"}', ["session_id"]),
        (b'{"app_id":"shop","event_data":{"a":"\\ud800"}}', ["event_data.a"]),
        (b'{"app_id":"shop","session_id":[],"custom_params":"x"}', ["session_id", "custom_params"]),
    ],
)
def test_a_bad_hit_is_refused_by_the_name_of_its_field(
    receiving: Receiving, redis: Connection, body: bytes, fields: list[str]
) -> None:
    assert fields_named(receiving.track(body)) == fields
    assert queued(redis) == []


def test_an_app_id_named_like_an_argument_of_ours_harms_nothing(receiving: Receiving) -> None:
    assert fields_named(receiving.track(b'{"app_id":"shop","message":"\\u0000","code":1}')) == ["message"]


def test_a_wrong_key_is_401_and_no_key_is_none(receiving: Receiving, application_key: str) -> None:
    hit = {"app_id": "shop"}
    assert code(receiving.track(hit, key="wrong")) == (401, "INVALID_API_KEY")
    assert code(receiving.track(hit, headers={"Authorization": "Bearer wrong"})) == (401, "INVALID_API_KEY")
    for key in ("shop", "null", "undefined", application_key):
        assert code(receiving.track(hit, key=key)) == (200, None)


def test_a_beacon_may_name_the_application_in_the_header(receiving: Receiving) -> None:
    assert code(receiving.track({"url": "https://x.example/"}, key="shop")) == (200, None)
    assert fields_named(receiving.track({"url": "https://x.example/"}, key="nobody")) == ["app_id"]


def test_a_key_never_becomes_the_name_of_a_look_up(
    receiving: Receiving, application_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    directory = cast(ApplicationDirectory, receiving.receiver.context.applications)
    for cache in (directory.by_app_id, directory.by_alias, directory.by_key):
        look_up = cache._look_up
        monkeypatch.setattr(cache, "_look_up", lambda name, look_up=look_up: (asked.append(name), look_up(name))[1])
    assert code(receiving.track({"url": "https://x.example/"}, key=application_key)) == (200, None)
    assert asked == [hash_key(application_key), "shop"]


def test_the_visitor_is_the_peer_unless_a_key_says_otherwise(
    receiving: Receiving, redis: Connection, application_key: str
) -> None:
    said = {"app_id": "shop", "ip_address": "203.0.113.9", "user_agent": "Other/1"}
    assert code(receiving.track(said, headers={"User-Agent": "Own/1", "X-Forwarded-For": "6.6.6.6"})) == (200, None)
    assert code(receiving.track(said, key=application_key)) == (200, None)
    assert [(hit.ip_address, hit.user_agent) for hit in queued_hits(redis)] == [
        ("127.0.0.0", "Own/1"),
        ("203.0.113.0", "Other/1"),
    ]


def test_a_trusted_proxy_says_who_the_visitor_is(settings: Settings, redis: Connection) -> None:
    behind = Receiving(replace(settings, trusted_proxies=1))
    behind.track({"app_id": "shop"}, headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9:80"})
    behind.close()
    assert queued_hits(redis)[0].ip_address == "203.0.113.0"


def test_headers_may_hold_anything(receiving: Receiving, redis: Connection) -> None:
    environ = {"HTTP_USER_AGENT": "a\x00\xff" + "x" * 9000, "HTTP_X_FORWARDED_FOR": "\x00", "HTTP_REFERER": "\xe9"}
    assert code(receiving.track({"app_id": "shop"}, environ_overrides=environ)) == (200, None)
    assert queued_hits(redis)[0].user_agent == ("a�" + "x" * 9000)[:2000]


def test_the_age_in_the_browser_counts_back(receiving: Receiving, redis: Connection) -> None:
    answer = receiving.track({"app_id": "shop", "age_ms": 3_600_000})
    happened = datetime.fromisoformat(answer.get_json()["data"]["timestamp"])
    assert timedelta(minutes=59) < datetime.now(UTC) - happened < timedelta(minutes=61)
    assert queued_hits(redis)[0].created_at == happened


def test_a_key_may_say_when(receiving: Receiving, application: Application, database: Database) -> None:
    _, key = keys.create(database, application.app_id, permissions=["track"])
    now = datetime.now(UTC)
    for offset, expected in (
        (timedelta(hours=-23, minutes=-59), (200, None)),
        (timedelta(minutes=4), (200, None)),
        (timedelta(hours=-24, seconds=-5), (400, "VALIDATION_ERROR")),
        (timedelta(minutes=6), (400, "VALIDATION_ERROR")),
    ):
        hit = {"app_id": "shop", "timestamp": (now + offset).isoformat()}
        assert code(receiving.track(hit, key=key)) == expected


def test_the_priority_chooses_the_stream(receiving: Receiving, redis: Connection, application_key: str) -> None:
    for priority in (5, 0, -5):
        assert code(receiving.track({"app_id": "shop", "priority": priority}, key=application_key)) == (200, None)
    assert code(receiving.track({"app_id": "shop", "priority": 5})) == (200, None)
    assert [[entry.priority for entry in queued(redis, stream)] for stream in (URGENT, BULK)] == [[5], [-5]]
    assert len(queued(redis)) == 2


def test_a_repeated_event_is_the_same_hit(receiving: Receiving, redis: Connection) -> None:
    hit = {"app_id": "shop", "event_id": str(uuid4())}
    first, second = receiving.track(hit), receiving.track(hit | {"event_id": hit["event_id"].upper(), "age_ms": 5000})
    assert first.get_json()["data"] == second.get_json()["data"]
    assert len(queued(redis)) == 1


def test_the_limit_is_told_with_every_hit_and_ends_in_429(
    receiving: Receiving, redis: Connection, database: Database
) -> None:
    change(database, rate_limit_per_minute=2)
    answers: list[Any] = []
    # With the next minute the count begins again: all six must be in one.
    while len({answer.headers["X-RateLimit-Reset"] for answer in answers}) != 1:
        redis.flushall()
        asked_at = datetime.now(UTC).timestamp()
        answers = [receiving.track({"app_id": "shop"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429, 429, 429]
    assert code(answers[2]) == (429, "RATE_LIMIT_EXCEEDED")
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"2"}
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0", "0", "0", "0"]
    assert asked_at < int(answers[0].headers["X-RateLimit-Reset"]) <= datetime.now(UTC).timestamp() + 60


def test_a_body_over_64_kib_is_413_and_one_without_length_411(receiving: Receiving) -> None:
    fitting = b'{"app_id":"shop","url":"' + b"x" * (65_536 - 26) + b'"}'
    assert len(fitting) == 65_536
    assert code(receiving.track(fitting)) == (200, None)
    assert code(receiving.track(fitting + b" ")) == (413, "PAYLOAD_TOO_LARGE")
    assert code(receiving.track(b"{}", environ_overrides={"CONTENT_LENGTH": ""})) == (411, "LENGTH_REQUIRED")


def test_an_answer_can_be_read_by_any_page(receiving: Receiving) -> None:
    page = {"Origin": "https://shop.example"}
    for answer in (
        receiving.track({"app_id": "shop"}, headers=page),
        receiving.track(b"[", headers=page),
        receiving.pixel("app_id=shop", headers=page),
    ):
        # `sendBeacon` sends credentials, and browsers take `*` for a refusal then.
        assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Vary"] == "Origin"
        assert "X-RateLimit-Remaining" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/track", "/v1/track/batch", "/pixel.gif"])
def test_a_preflight_is_answered_for_a_day(receiving: Receiving, path: str) -> None:
    answer = receiving.client.options(path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert {"Content-Type", "X-API-Key"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"GET", "POST"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert answer.headers["Access-Control-Max-Age"] == "86400"


def test_every_error_has_the_one_shape(receiving: Receiving) -> None:
    client = receiving.client
    assert code(client.get("/")) == (404, "NOT_FOUND")
    assert code(client.post("/v1/track/")) == (404, "NOT_FOUND")
    assert code(client.get("//v1//track")) == (404, "NOT_FOUND")
    refused = client.get("/v1/track")
    assert (code(refused), refused.headers["Allow"]) == ((405, "METHOD_NOT_ALLOWED"), "POST, OPTIONS")
    assert code(client.delete("/v1/track/batch")) == (405, "METHOD_NOT_ALLOWED")
    assert code(client.post("/health")) == (405, "METHOD_NOT_ALLOWED")


def test_a_fault_of_ours_is_a_500_that_gives_nothing_away(
    receiving: Receiving, monkeypatch: pytest.MonkeyPatch, lines: io.StringIO
) -> None:
    monkeypatch.setattr(receiving.receiver.context.hit_queue, "_producer", None)
    answer = receiving.track({"app_id": "shop", "url": "https://secret.example/"})
    assert code(answer) == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.data
    assert code(receiving.pixel("app_id=shop")) == (200, "INTERNAL_ERROR")
    assert "AttributeError" in lines.getvalue()
    assert "secret" not in lines.getvalue()
