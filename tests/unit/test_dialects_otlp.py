"""What OpenTelemetry's collectors send, and what they hear."""

import json
from typing import Any

import pytest

from tests.support.dialect_requests import AWAY, BAD, KEY, NOW, TAKEN, dialect, read, request
from tracker.dialects.dialect import ClientHit, HitOutcome
from tracker.errors import Refused

HALF_A_MINUTE_AGO = str((int(NOW.timestamp()) - 30) * 1_000_000_000 + 123_456_789)


def told(**attributes: Any) -> list[dict[str, Any]]:
    return [{"key": name.replace("__", "."), "value": value} for name, value in attributes.items()]


def text(value: str) -> dict[str, str]:
    return {"stringValue": value}


def logs(*records: Any, resource: Any = ()) -> dict[str, Any]:
    return {
        "resourceLogs": [{"resource": {"attributes": list(resource)}, "scopeLogs": [{"logRecords": list(records)}]}]
    }


def values(record: Any, **resource: Any) -> dict[str, Any]:
    [hit] = read("/v1/logs", "", logs(record, resource=told(**resource)), HTTP_X_API_KEY=KEY)
    assert (hit.site, hit.key) == (None, KEY)
    columns: dict[str, Any] = hit.values
    return columns


def test_a_request_that_a_web_server_tells_is_a_hit() -> None:
    record = {
        "timeUnixNano": HALF_A_MINUTE_AGO,
        "body": text("GET /a"),
        "attributes": told(
            url__path=text("/a"), url__query=text("x=1"), client__address=text("203.0.113.9"),
            user_agent__original=text("Browser/1"), log__record__uid=text("01KB6K"),
            http__response__status_code={"intValue": "200"},
            http__request__header__referer={"arrayValue": {"values": [text("https://x.example/")]}},
        ),
    }  # fmt: skip
    hit = values(record, server__address=text("shop.example"), service__name=text("web"))
    assert hit == {
        "url": "https://shop.example/a?x=1", "referrer": "https://x.example/", "user_agent": "Browser/1",
        "ip_address": "203.0.113.9", "event_id": hit["event_id"], "timestamp": "2026-11-29T11:59:30.123456+00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "url"),
    [
        ({"server.port": "8443"}, "https://shop.example:8443/a"),
        ({"server.port": "443"}, "https://shop.example/a"),
        ({"server.port": "80", "url.scheme": "http"}, "http://shop.example/a"),
        ({"server.port": "80"}, "https://shop.example/a"),
        ({"server.port": "8443", "server.address": "shop.example:8443"}, "https://shop.example:8443/a"),
        ({"server.port": "8443", "server.address": "2001:db8::1"}, "https://[2001:db8::1]:8443/a"),
        ({"server.address": "2001:db8::1"}, "https://[2001:db8::1]/a"),
        # That of the older convention has its port, and a process behind a proxy one of its own.
        ({"server.address": "", "http.host": "shop.example:8443", "server.port": "80"}, "https://shop.example:8443/a"),
    ],
)
def test_the_port_of_a_server_is_of_the_page_where_it_is_no_usual_one(attributes: dict[str, str], url: str) -> None:
    named = {"url.path": "/a", "server.address": "shop.example", **attributes}
    pairs = [
        {"key": name, "value": {"intValue": value} if name == "server.port" else text(value)}
        for name, value in named.items()
    ]
    assert values({"attributes": pairs})["url"] == url


def test_a_browser_tells_its_language_once_for_all_of_its_records() -> None:
    assert values({"attributes": told(url__full=text("/a"))}, browser__language=text("ja-JP"))["language"] == "ja-JP"


def test_numbers_of_64_bits_are_taken_as_texts_and_as_numbers() -> None:
    # As @opentelemetry/exporter-logs-otlp-http 0.41.2 sends them (npm).
    record = {
        "timeUnixNano": int(HALF_A_MINUTE_AGO), "observedTimeUnixNano": int(HALF_A_MINUTE_AGO), "eventName": "signup",
        "attributes": told(seats={"intValue": 3}, order={"intValue": 2**53}, least={"intValue": -(2**63)}),
    }  # fmt: skip
    assert values(record) == {
        "event_name": "signup", "timestamp": "2026-11-29T11:59:30.123456+00:00",
        "event_data": {"seats": 3, "order": "9007199254740992", "least": "-9223372036854775808"},
    }  # fmt: skip
    assert values(record, user__id={"intValue": 2**60})["client_sub_id"] == "1152921504606846976"
    # A number with a fraction is a double, and no double is exact there.
    [refused] = read("/v1/logs", "", logs({"attributes": told(x={"doubleValue": 2**53})}), HTTP_X_API_KEY=KEY)
    assert isinstance(refused, Refused)


def test_an_event_is_told_by_its_attributes_and_its_body() -> None:
    record = {
        "eventName": "signup",
        "body": {"kvlistValue": {"values": told(price={"doubleValue": 9.5})}},
        "attributes": told(
            plan=text("pro"), seats={"intValue": "3"}, paid={"boolValue": True}, url=text("https://shop.example/a"),
            session__id=text("s1"), user__id=text("u1"), cp__page_type=text("form"),
        ),
    }  # fmt: skip
    assert values(record) == {
        "url": "https://shop.example/a", "event_name": "signup", "session_id": "s1", "client_sub_id": "u1",
        "event_data": {"plan": "pro", "seats": 3, "paid": True, "price": 9.5}, "custom_params": {"page_type": "form"},
    }  # fmt: skip


@pytest.mark.parametrize("time", ["", "0", "-5", "x", "9" * 40, None, 5.5])
def test_a_time_that_is_none_is_now(time: Any) -> None:
    assert values({"timeUnixNano": time, "attributes": told(url=text("https://shop.example/"))}) == {
        "url": "https://shop.example/"
    }


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (logs({}), {}, 401),
        (b"\x0a\x00", {"CONTENT_TYPE": "application/x-protobuf"}, 401),
        (logs(), {"HTTP_X_API_KEY": KEY}, 400),
        (logs(*[{}] * 1001), {"HTTP_X_API_KEY": KEY}, 400),
        ({"resourceLogs": [7]}, {"HTTP_X_API_KEY": KEY}, 400),
        ({"resourceLogs": {}}, {"HTTP_X_API_KEY": KEY}, 400),
    ],
)
def test_what_cannot_be_read_is_refused(body: Any, headers: dict[str, str], status: int) -> None:
    with pytest.raises(Refused) as refused:
        read("/v1/logs", "", body, **headers)
    assert refused.value.status == status


@pytest.mark.parametrize(
    "value", [7, None, [], {}, {"arrayValue": 7}, {"arrayValue": {"values": [7]}}, {"kvlistValue": [7]}, {"url": []}]
)
def test_odd_values_say_nothing(value: Any) -> None:
    record = {"attributes": [7, {"key": 5, "value": value}, {"key": "url.full", "value": value}], "body": value}
    assert "url" not in values(record)


def test_collectors_hear_how_many_were_refused_and_when_to_come_again() -> None:
    sent = request("/v1/logs", "", {})
    answer, refuse = dialect("/v1/logs").answer, dialect("/v1/logs").refuse
    assert json.loads(answer(sent, [TAKEN]).body) == {"partialSuccess": {}}
    assert json.loads(answer(sent, [TAKEN, BAD]).body) == {
        "partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "Bad."}
    }
    away = refuse(sent, AWAY)
    assert (away.status, json.loads(away.body)) == (503, {"message": "Away."})
    assert ("Retry-After", "5") in away.headers


def test_protobuf_is_no_hit_and_its_sender_hears_what_to_change() -> None:
    protobuf = {"HTTP_X_API_KEY": KEY, "CONTENT_TYPE": "application/x-protobuf"}
    assert read("/v1/logs", "", b"\x0a\x00", **protobuf) == [ClientHit(None, None, KEY)]
    answer = dialect("/v1/logs").answer(request("/v1/logs", "", b"\x0a\x00", **protobuf), [HitOutcome()])
    assert answer.status == 400
    assert "encoding: json" in json.loads(answer.body)["message"]
