"""Lines of servers and services after their documentation: what each says, and what a summary says of the rest."""

from datetime import UTC
from typing import Any

import orjson
import pytest

from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed

CLOCK = "29/Nov/2026:10:05:03"
ISO = "2026-11-29T10:05:03.123Z"
COMMON = f'203.0.113.9 - - [{CLOCK} +0000] "GET /a?b=c HTTP/1.1" 200 5'
COMBINED = f'{COMMON} "https://r.example/" "UA x"'
BEHIND = "what stands behind the usual fields"


def read(line: str) -> tuple[LogReader, dict[str, Any]]:
    reader = reader_of(None, rules=ReadingRules(assume_zone=UTC))
    record = reader(line.encode())
    assert record is not None
    assert record.created_at.isoformat()[:19] == "2026-11-29T10:05:03"
    return reader, {**record.columns, "host": record.host}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (
            (
                f'[{CLOCK} +0000] - 200 200 - GET https site.example "/a?b=c" [Client 203.0.113.9] [Length 5] [Gzip -] '
                '[Sent-to 10.0.0.2] "UA x" "https://r.example/"'
            ),
            "nginx-proxy-manager",
        ),
        (
            (
                f'[{CLOCK} +0000] 200 - GET http site.example "/a?b=c" [Client 203.0.113.9] [Length 5] [Gzip 3.18] '
                '"UA x" "https://r.example/"'
            ),
            "nginx-proxy-manager",
        ),
        (f'"{COMBINED}"', "openlitespeed"),
        (
            (
                "HIT|200|1795946703123|5|390|203.0.113.9|https://r.example/|https://site.example/a?b=c|WA|UA x|"
                "322b688bd63fb63f2babe9de30a5d262|DE"
            ),
            "bunny",
        ),
        (
            f"2026-11-29 10:05:03.123  INFO 1 --- [app] [nio-2] r.n.h.AccessLog : {COMBINED}",
            "combined in logging",
        ),
        (f"2026-11-29 10:05:03.123:INFO :oejs.Slf4jRequestLogWriter:qtp1-12: {COMBINED}", "combined in logging"),
        (f"2026-11-29 10:05:03,123 INFO  [io.quarkus.access] (executor-thread-0) {COMBINED}", "combined in logging"),
        (f"I, [2026-11-29T10:05:03.123456 #12]  INFO -- : {COMBINED}", "combined in logging"),
    ],
    ids=["manager", "manager of hosts", "openlitespeed", "bunny", "spring", "jetty", "quarkus", "ruby"],
)
def test_a_line_is_read_whole(line: str, name: str) -> None:
    reader, columns = read(line)
    assert columns["ip_address"] == "203.0.113.9"
    assert columns["url"].removeprefix("https://site.example") == "/a?b=c"
    assert (columns["referrer"], columns["user_agent"]) == ("https://r.example/", "UA x")
    assert columns["event_data"]["status"] == 200
    assert list(reader.counts) == [name]


ROUTER = 'at=info method=GET path="/a?b=c" host=site.example request_id=8 fwd="203.0.113.9" dyno=w status=200 bytes=5'


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (f"2026-11-29T10:05:03.123456+00:00 heroku[router]: {ROUTER}", "logfmt in heroku in timestamps"),
        (f"<158>1 2026-11-29T10:05:03.123456+00:00 host heroku router - {ROUTER}", "logfmt in syslog"),
        (f"t={ISO} remote_addr=203.0.113.9 method=GET path=/a?b=c host=site.example status=200 size=5", "logfmt"),
    ],
)
def test_pairs_have_the_names_of_objects(line: str, name: str) -> None:
    reader, columns = read(line)
    assert columns == {
        "ip_address": "203.0.113.9",
        "url": "/a?b=c",
        "host": "site.example",
        "event_data": {"method": "GET", "status": 200, "bytes": 5},
    }
    assert list(reader.counts) == [name]


def test_pairs_say_a_name_once_and_need_names_that_are_known() -> None:
    with pytest.raises(Malformed, match=r"two records.*path twice"):
        read(f"t={ISO} path=/a path=/b fwd=203.0.113.9")
    with pytest.raises(Malformed, match="--map"):
        read(f"t={ISO} colour=red shape=round")
    assert read(f't={ISO} fwd=203.0.113.9 path=/a ua="a \\\\ \\"b\\""')[1]["user_agent"] == 'a \\ "b"'


HEADERS = {"time": ISO, "status": 200}


@pytest.mark.parametrize(
    "values",
    [
        {
            "cliIP": "203.0.113.9",
            "reqTimeSec": "1795946703.123",
            "reqMethod": "GET",
            "reqHost": "site.example",
            "reqPath": "/a",
            "queryStr": "b=c",
            "statusCode": "200",
            "UA": "UA%20x",
            "referer": "https%3A%2F%2Fr.example%2F",
        },
        {
            "time": ISO,
            "request": {"method": "GET", "host": "site.example", "path": "/a", "query": "b=c", "ip": "203.0.113.9"}
            | {"referer": "https://r.example/", "user-agent": "UA x"},
            "response": {"status": 200},
        },
        {
            **HEADERS,
            "client.addr": "203.0.113.9:51234",
            "method": "GET",
            "uri": "/a?b=c",
            "host": "site.example",
            "ua": "UA x",
            "referer": "https://r.example/",
        },
        {
            "ibm_datetime": "2026-11-29T10:05:03.123+0000",
            "host": "machine",
            "ibm_serverName": "s",
            "ibm_remoteHost": "203.0.113.9",
            "ibm_requestMethod": "GET",
            "ibm_uriPath": "/a",
            "ibm_queryString": "b=c",
            "ibm_requestHost": "site.example",
            "ibm_responseCode": 200,
            "ibm_userAgent": "UA x",
            "referer": "https://r.example/",
        },
        {
            "timestamp": 1795946703123,
            "host": "site.vercel.app",
            "path": "/a",
            "proxy": {
                "method": "GET",
                "host": "site.example",
                "path": "/a?b=c",
                "userAgent": ["UA x"],
                "statusCode": 200,
            }
            | {"referer": "https://r.example/", "clientIp": "203.0.113.9"},
        },
        {
            "timestamp": ISO,
            "message": "Response: 200 OK",
            "httpRequest": {
                "url": "https://site.example/a?b=c",
                "method": "GET",
                "path": "/a",
                "remoteIP": "203.0.113.9:51234",
                "proto": "HTTP/1.1",
                "header": {"user-agent": "UA x", "referer": "https://r.example/"},
            },
            "httpResponse": {"status": 200, "elapsed": 0.1},
        },
        {
            "datetime": 1795946703123,
            "logContent": {
                "data": {
                    "clientAddr": "203.0.113.9:51234",
                    "request": "GET https://site.example/a?b=c HTTP/1.1",
                    "statusCode": "200",
                    "httpUserAgent": "UA x",
                    "httpReferrer": "https://r.example/",
                },
                "time": ISO,
            },
        },
    ],
    ids=["akamai", "slog", "linkerd", "liberty", "vercel", "httplog", "oracle"],
)
def test_an_object_is_read_whole(values: dict[str, Any]) -> None:
    _, columns = read(orjson.dumps(values).decode())
    if columns["url"] == "https://site.example/a?b=c":  # Where the whole of it is said, its host is not said apart.
        columns |= {"url": "/a?b=c", "host": "site.example"}
    assert columns == {
        "ip_address": "203.0.113.9",
        "url": "/a?b=c",
        "referrer": "https://r.example/",
        "user_agent": "UA x",
        "host": "site.example",
        "event_data": {"method": "GET", "status": 200},
    }


OF_ZAP = '{"status": 200, "method": "GET", "URI": "/a?b=c", "remote_address": "203.0.113.9:51", "host": "site.example"}'


@pytest.mark.parametrize(
    "head",
    [
        "2026-11-29T10:05:03+0000\tINFO\thttp\thttp log",
        "2026-11-29T19:05:03.123+0900\tINFO\tserver/log.go:12\trequest",
        "2026/11/29 10:05:03.123\t\x1b[34minfo\x1b[0m\thttp.log.access\thandled request",
    ],
)
def test_an_object_stands_behind_what_zap_writes_for_terminals(head: str) -> None:
    reader, columns = read(f"{head}\t{OF_ZAP}")
    assert (columns["ip_address"], columns["url"], columns["host"]) == ("203.0.113.9", "/a?b=c", "site.example")
    assert list(reader.counts) == ["jsonl in console"]
    with pytest.raises(Malformed):
        reader(f"2026-11-29T10:05:01+0000\tINFO\thtt{head}\t{OF_ZAP}".encode())


def test_an_object_whose_request_says_no_target_is_malformed() -> None:
    values = {"time": ISO, "remote_addr": "203.0.113.9", "request": {"verb": "GET", "what": "/a"}, "status": 200}
    with pytest.raises(Malformed, match="target"):
        read(orjson.dumps(values).decode())


def test_the_name_of_a_machine_is_no_site() -> None:
    values = {
        "time": ISO,
        "pid": 1,
        "hostname": "machine",
        "remoteAddress": "203.0.113.9",
        "method": "GET",
        "url": "/a",
    }
    assert read(orjson.dumps(values).decode())[1]["host"] is None
    del values["pid"]
    assert read(orjson.dumps(values).decode())[1]["host"] == "machine"


def test_fields_that_have_no_place_are_said() -> None:
    values = {"time": ISO, "remote_addr": "203.0.113.9", "request": "GET / HTTP/1.1", "upstream": "a", "tls": {"v": 1}}
    assert read(orjson.dumps(values).decode())[0].unread == {"upstream", "tls"}
    assert read(orjson.dumps({"timestamp": ISO, "url": "/a", "colour": "red"}).decode())[0].unread == {"colour"}
    assert read(COMBINED)[0].unread == {"ident", "user"}
    assert BEHIND in read(f'{COMBINED} 120 0.001 [ns-svc-80] "z"')[0].unread
    assert BEHIND in read(f"{COMMON} 0.0123")[0].unread


def test_names_that_were_mapped_are_read() -> None:
    reader = reader_of(None, names={"address": "who", "target": "where.path"})
    assert reader(orjson.dumps({"time": ISO, "who": "203.0.113.9", "where": {"path": "/a"}, "x": 1})) is not None
    assert reader.unread == {"x"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"198.51.100.1, 10.0.0.1 {COMBINED}", "--address-from forwarded --format"),
        (f"- {COMBINED}", "--address-from forwarded --format"),
        ("10:05:03 | 200 |   1.2ms | 203.0.113.9 | GET | /a", "Fiber"),
        ("10:05:03.123 request_id=F1 [info] GET /a", "Phoenix"),
        ('"1795946703123456","203.0.113.9","1","","GET","/a","200"', "without its first line"),
        ("203.0.113.9|Sun 29 Nov 2026 10:05:03 +0000|200|5||GET /a HTTP/1.1", "AccessLogFormat"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_what_helps(line: str, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        read(line)
