"""JSON objects of platforms and servers, by the names of their documentation and of what many configure."""

from typing import Any

import orjson
import pytest

from tracker.importing.formats import LogReader, reader_of
from tracker.importing.record import Record

ISO = "2026-11-29T10:05:03Z"
ADDRESS = "203.0.113.9"


def read(line: bytes) -> tuple[LogReader, Record]:
    reader = reader_of(None)
    record = reader(line)
    assert record is not None
    return reader, record


RAILWAY = {
    "timestamp": ISO,
    "method": "GET",
    "path": "/a?b=c",
    "host": "site.example",
    "httpStatus": 200,
    "clientUa": "UA x",
    "txBytes": 5,
    "srcIp": ADDRESS,
}
NETLIFY = {
    "timestamp": ISO,
    "clientIP": ADDRESS,
    "method": "GET",
    "url": "https://site.example/a?b=c",
    "statusCode": 200,
    "responseSize": 5,
    "userAgent": "UA x",
}
ORACLE = {
    "time": ISO,
    "data": {
        "timestamp": ISO,
        "clientAddr": f"{ADDRESS}:4711",
        "host": "site.example",
        "userAgent": "UA x",
        "request": "GET http://site.example:80/a?b=c HTTP/1.1",
        "statusCode": 200,
        "sentBytes": 5,
    },
}
CLOUDFLARE = {
    "ClientIP": ADDRESS,
    "ClientRequestHost": "site.example",
    "ClientRequestMethod": "GET",
    "ClientRequestURI": "/a?b=c",
    "EdgeEndTimestamp": ISO,
    "EdgeResponseBytes": 5,
    "EdgeResponseStatus": 200,
    "ClientRequestUserAgent": "UA x",
}
LOGSTASH = {
    "@timestamp": ISO,
    "clientip": ADDRESS,
    "ident": "-",
    "auth": "-",
    "timestamp": "29/Nov/2026:10:05:03 +0000",
    "verb": "GET",
    "request": "/a?b=c",
    "httpversion": "1.1",
    "response": "200",
    "bytes": "5",
    "agent": '"UA x"',
    "referrer": '"https://r.example/"',
    "host": "web1",
    "path": "/var/log/nginx/access.log",
}
GUNICORN = {
    "time_local": "[29/Nov/2026:10:05:03 +0000]",
    "remote_ip": ADDRESS,
    "response_code": "200",
    "user_agent": "UA x",
    "request_method": "GET",
    "request_path": "/a",
    "request_querystring": "b=c",
    "response_length": "5",
}
UWSGI = {
    "address": ADDRESS,
    "host": "site.example",
    "method": "GET",
    "uri": "/a?b=c",
    "resp_size": "5",
    "time": ISO,
    "resp_status": "200",
    "user_agent": "UA x",
}
SHORT = {
    "vhost": "site.example",
    "client": ADDRESS,
    "ts": ISO,
    "req": "GET /a?b=c HTTP/1.1",
    "code": 200,
    "len": "5",
    "ua": "UA x",
}


@pytest.mark.parametrize(
    ("values", "is_of_a_host"),
    [
        *((values, True) for values in (RAILWAY, ORACLE, CLOUDFLARE, UWSGI, SHORT)),
        *((values, False) for values in (NETLIFY, LOGSTASH, GUNICORN)),
    ],
)
def test_an_object_is_read_whole(values: dict[str, Any], is_of_a_host: bool) -> None:  # noqa: FBT001
    _, record = read(orjson.dumps(values))
    columns = record.columns
    assert record.created_at.isoformat()[:19] == ISO[:19]
    assert (columns["ip_address"], columns["user_agent"]) == (ADDRESS, "UA x")
    assert columns["url"].removeprefix("https://site.example").removeprefix("http://site.example") == "/a?b=c"
    assert columns["event_data"] == {"method": "GET", "status": 200, "bytes": 5}
    assert record.host == ("site.example" if is_of_a_host else None)
    assert columns.get("referrer") == ("https://r.example/" if values is LOGSTASH else None)


@pytest.mark.parametrize(
    ("names", "url"),
    [
        ({"uri": "/日 本", "args": ""}, "/%E6%97%A5%20%E6%9C%AC"),
        ({"uri": "/日本", "args": "b=c"}, "/%E6%97%A5%E6%9C%AC?b=c"),
        ({"uri": "/日本", "args": ""}, "/%E6%97%A5%E6%9C%AC"),
        ({"uri": "/日本"}, "/日本"),
        ({"uri": "/a b?b=%22 "}, "/a%20b?b=%22 "),
        ({"uri": "/a%20b", "args": "b=c"}, "/a%20b?b=c"),
        ({"request": "GET /日本 HTTP/1.1"}, "/日本"),
        # What was sent has them, but for what somebody did not escape.
        ({"request_uri": '/s%20a"b?q=1'}, '/s%20a"b?q=1'),
        ({"request_uri": '/s%20a"b'}, '/s%20a"b'),
        ({"request_uri": "/café%20x?q=1", "args": "q=1"}, "/café%20x?q=1"),
        ({"request_uri": "/café%20x", "args": ""}, "/café%20x"),
        ({"ClientRequestURI": '/s%20a"b?q=1'}, '/s%20a"b?q=1'),
        ({"url": {"original": '/s%20a"b?q=1'}}, '/s%20a"b?q=1'),
        ({"uri": "/café%20x?q=1", "args": "q=1"}, "/café%20x?q=1"),
        ({"url": {"path": "/a b"}}, "/a%20b"),
        ({"url.path": "/a b"}, "/a%20b"),
        ({"url": "/a b", "args": "q=1"}, "/a%20b?q=1"),
    ],
)
def test_a_path_whose_escapes_nginx_undid_is_the_page_that_was_asked_for(names: dict[str, str], url: str) -> None:
    _, record = read(orjson.dumps({"time": ISO, "remote_addr": ADDRESS, "status": 200, **names}))
    assert record.columns["url"] == url


def test_of_cloudfront_s_json_no_field_that_was_read_is_named_as_unread() -> None:
    values = {
        "date": "2026-11-29",
        "time": "10:05:03",
        "c-ip": ADDRESS,
        "cs-method": "GET",
        "cs-uri-stem": "/a",
        "sc-status": "200",
        "cs(User-Agent)": "UA%20x",
        "x-edge-location": "A",
        "x-host-header": "site.example",
    }
    reader, record = read(orjson.dumps(values))
    assert record.columns["user_agent"] == "UA x"
    assert reader.unread == set()


def test_what_wordops_has_nginx_write_is_read_whatever_the_cache_did() -> None:
    for between in ("0.012 -", "0.012, 0.001 MISS", "- HIT"):
        behind = '[29/Nov/2026:10:05:03 +0000] site.example "GET /a?b=c HTTP/2.0" 200 5 "-" "UA x" "HTTP/2.0"'
        _, record = read(f"{ADDRESS} {between} {behind}".encode())
        assert (record.columns["ip_address"], record.columns["url"], record.host) == (ADDRESS, "/a?b=c", "site.example")


@pytest.mark.parametrize("request_", ["8f3a-id", "checkout", "/x"])
@pytest.mark.parametrize("name", ["req", "request"])
def test_a_request_that_is_no_request_line_hides_no_target(name: str, request_: str) -> None:
    values = {"time": ISO, "ip": ADDRESS, "method": "GET", "path": "/x", "status": 200, "user_agent": "M"}
    columns = read(orjson.dumps(values | {name: request_}))[1].columns
    assert (columns["url"], columns["user_agent"]) == ("/x", "M")
    for line in ("GET /line HTTP/1.1", "get /line HTTP/1.1", "GET https://site.example/line HTTP/1.1"):
        assert read(orjson.dumps(values | {name: line}))[1].columns["url"].endswith("/line")


@pytest.mark.parametrize("further", [{"len": 3}, {"address": "Main st 5"}, {"req": "8f3a-id"}, {"url": "/b"}])
def test_common_words_do_not_take_an_object_from_our_own_names(further: dict[str, Any]) -> None:
    values = {
        "timestamp": ISO,
        "ip_address": "1.2.3.4",
        "url": "https://a.example/x",
        "session_id": "s",
        "event_name": "buy",
    } | further
    columns = read(orjson.dumps(values))[1].columns
    assert columns == {name: values[name] for name in ("ip_address", "url", "session_id", "event_name")}


@pytest.mark.parametrize(
    ("names", "address"),
    [
        ({"http_x_forwarded_for": ADDRESS, "address": ":8080"}, ADDRESS),
        ({"http_x_forwarded_for": ADDRESS, "address": "10.0.0.5"}, ADDRESS),
        ({"remote_addr": ADDRESS, "address": "Main st 5"}, ADDRESS),
        ({"clientAddr": ADDRESS, "address": "10.0.0.5"}, ADDRESS),
        ({"user_agent": "M", "address": "Main st 5"}, None),
        ({"address": ADDRESS, "http_x_forwarded_for": ""}, ADDRESS),
        ({"address": ADDRESS, "remote_addr": ADDRESS, "http_x_forwarded_for": "198.51.100.7"}, ADDRESS),
        ({"address": 5}, None),
        ({"address": ADDRESS, "x_forwarded_for": "unknown"}, ADDRESS),
        ({"address": f"{ADDRESS}, 10.0.0.1"}, ADDRESS),
        ({"address": ADDRESS, "x_forwarded_for": "198.51.100.1"}, ADDRESS),
    ],
)
def test_an_address_is_the_visitors_where_it_is_one_and_no_other_is(names: dict[str, Any], address: str | None) -> None:
    columns = read(orjson.dumps({"time": ISO, "request_uri": "/x"} | names))[1].columns
    assert (columns["ip_address"], columns["url"]) == (address, "/x")


def test_what_logstash_calls_a_client_and_a_verb_leaves_others_their_host() -> None:
    values = {"time": ISO, "clientip": ADDRESS, "verb": "GET", "request": "/x", "host": "site.example", "status": 200}
    _, record = read(orjson.dumps(values))
    assert (record.host, record.columns["url"]) == ("site.example", "/x")


@pytest.mark.parametrize("ident", [{"ident": "-"}, {}])
@pytest.mark.parametrize("request_", ["/real?x=1", "https://site.example/real?x=1"])
def test_logstash_names_its_log_by_path_and_the_page_by_request(ident: dict[str, str], request_: str) -> None:
    values = {"timestamp": ISO, "clientip": ADDRESS, "verb": "GET", "request": request_, "response": "200"} | ident
    _, record = read(orjson.dumps(values | {"path": "/var/log/nginx/access.log", "host": "web01"}))
    assert (record.columns["url"] or "").endswith("/real?x=1")
    assert record.host == (None if ident else "web01")


@pytest.mark.parametrize("name", ["url", "reqPath", "original_path"])
def test_other_names_of_a_path_whose_escapes_were_undone(name: str) -> None:
    for written, query, url in (("/a b", {"args": ""}, "/a%20b"), ("/ä", {"query": ""}, "/%C3%A4")):
        values = {"time": ISO, "clientip": ADDRESS, "status": "200", name: written} | query
        assert read(orjson.dumps(values))[1].columns["url"] == url
