import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.importing.json_lines import json_object
from tracker.importing.record import Malformed

TIME = "2026-01-31T12:00:00Z"


def columns(**values: Any) -> dict[str, Any]:
    return dict(json_object(orjson.dumps({"timestamp": TIME, **values})).columns)


def test_only_columns_are_taken() -> None:
    assert columns(url="https://a/", app_id="other", id=5, priority=1, event_name="view") == {
        "url": "https://a/",
        "event_name": "view",
    }


@pytest.mark.parametrize("value", [None, "", " ", "\u3000\t"])
def test_a_null_or_empty_value_is_an_absent_one(value: str | None) -> None:
    assert columns(session_id=value, url=value, ip_address=value, custom_params=value) == {}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"session_id": "x" * 101}, "session_id is longer than 100 characters"),
        ({"event_name": 5}, "event_name is not a text"),
        ({"url": ["a"]}, "url is not a text"),
        ({"event_data": [1]}, "event_data is not a JSON object"),
        ({"custom_params": "x"}, "custom_params is not a JSON object"),
        ({"custom_params": {"k" * 101: 1}}, "a key of custom_params is longer than 100 characters"),
        ({"ip_address": "localhost"}, "ip_address is not an IP address"),
        ({"event_data": {"a": "b\0"}}, "NUL"),
        ({"event_data": {"a\0": "b"}}, "NUL"),
        ({"event_data": {"n": 2**53}}, "beyond"),
        ({"event_data": {"n": -1e300}}, "beyond"),
        ({"event_data": {"n": 10**30}}, "beyond"),
    ],
)
def test_what_the_receiver_would_refuse_is_malformed(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        json_object(_dumps({"timestamp": TIME, **values}))


def _dumps(values: Any) -> bytes:
    return json.dumps(values).encode()


@pytest.mark.parametrize("text", [b"[]", b"5", b"{", b"", b'{"url": NaN}', b'{"url": "\\ud800"}', b"[" * 5000])
def test_what_is_no_json_object_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        json_object(text)


def test_nesting_has_a_limit_of_twenty_levels() -> None:
    def nested(levels: int) -> bytes:
        return b'{"timestamp": "%s", "event_data": %s1%s}' % (TIME.encode(), b'{"a":' * levels, b"}" * levels)

    assert json_object(nested(19)).columns
    with pytest.raises(Malformed, match="20 levels"):
        json_object(nested(20))


def test_descriptions_are_cut() -> None:
    cut = columns(language="x" * 99, timezone="x" * 99, screen_res="x" * 99, url="x" * 9999, user_agent="x" * 9999)
    assert {name: len(value) for name, value in cut.items()} == {
        "language": 10, "timezone": 50, "screen_resolution": 20, "url": 8192, "user_agent": 2000
    }  # fmt: skip


@pytest.mark.parametrize(
    ("timestamp", "time"),
    [
        (TIME, datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.123456+09:00", datetime(2026, 1, 31, 3, 0, 0, 123456, tzinfo=UTC)),
        (1_000_000_000, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (1_000_000_000.5, datetime(2001, 9, 9, 1, 46, 40, 500_000, tzinfo=UTC)),
    ],
)
def test_a_time_is_rfc_3339_or_seconds(timestamp: Any, time: datetime) -> None:
    assert json_object(orjson.dumps({"timestamp": timestamp})).created_at == time


@pytest.mark.parametrize("timestamp", [None, "", "yesterday", True, 1e17, -1e17, "2026-01-31T12:00:00", [], {}])
def test_what_is_no_time_is_malformed(timestamp: Any) -> None:
    with pytest.raises(Malformed, match=r"timestamp"):
        json_object(orjson.dumps({"timestamp": timestamp}))


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_being_malformed(text: bytes) -> None:
    with contextlib.suppress(Malformed):
        json_object(text)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["url", "session_id", "ip_address", "event_data", "custom_params"]), _json))
def test_no_values_do_more_than_being_malformed(values: dict[str, Any]) -> None:
    try:
        record = json_object(_dumps({"timestamp": TIME, **values}))
    except Malformed:
        return
    assert b"\\u0000" not in orjson.dumps(dict(record.columns))


@pytest.mark.parametrize(
    "line",
    [
        {"timestamp": TIME, "level": "info", "message": "started", "meta": {"port": 80}},
        {"time": TIME, "res": {"statusCode": 200}, "reqId": "1"},
        {"timestamp": TIME, "status": 200, "host": "web1"},
    ],
)
def test_an_object_that_says_of_no_request_is_malformed_with_its_names(line: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match=r"none of its names is known \(.*, .*\)"):
        json_object(orjson.dumps(line))


def test_a_host_that_is_an_address_is_the_visitor_where_tomcat_calls_it_so_and_nowhere_else() -> None:
    tomcat = {"host": "192.0.2.1", "time": "[29/Nov/2026:06:00:23 +0000]", "request": "-", "statusCode": "400"}
    assert json_object(orjson.dumps(tomcat)).columns["ip_address"] == "192.0.2.1"
    node = {"timestamp": TIME, "meta": {"req": {"headers": {"host": "192.0.2.1"}, "method": "GET", "url": "/"}}}
    record = json_object(orjson.dumps(node))
    assert (record.columns["ip_address"], record.host) == (None, "192.0.2.1")


def test_cloudfront_s_json_has_the_names_of_its_files() -> None:
    line = {
        "date": "2026-11-29", "time": "10:05:03", "x-edge-location": "FRA2", "sc-bytes": "5", "c-ip": "203.0.113.9",
        "cs-method": "GET", "cs(Host)": "d1.cloudfront.net", "cs-uri-stem": "/a", "sc-status": "200",
        "cs(Referer)": "-", "cs(User-Agent)": "Mozilla/5.0%20(X11)", "cs-uri-query": "b=c",
        "x-host-header": "site.example",
    }  # fmt: skip
    record = json_object(orjson.dumps(line))
    assert record.created_at == datetime(2026, 11, 29, 10, 5, 3, tzinfo=UTC)
    assert (record.host, record.columns["url"], record.columns["user_agent"], record.columns["ip_address"]) == (
        "site.example", "/a?b=c", "Mozilla/5.0 (X11)", "203.0.113.9"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ('/s%20a"b', '/s%20a"b'),
        ("/s%20<b>", "/s%20<b>"),
        ('/s a"b', "/s%20a%22b"),
        ('/s"b', "/s%22b"),
        ('/100%"b', "/100%25%22b"),
    ],
)
@pytest.mark.parametrize("query", [None, "q=1"])
def test_a_quote_beside_escapes_was_sent_as_it_is(path: str, url: str, query: str | None) -> None:
    values = {"time": "2026-11-29T10:05:03Z", "remote_addr": "203.0.113.9", "status": 200, "args": query, "uri": path}
    record = json_object(orjson.dumps({name: value for name, value in values.items() if value is not None}))
    assert record.columns["url"].partition("?")[0] == url
