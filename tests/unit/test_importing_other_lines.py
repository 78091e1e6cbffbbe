"""Lines as other servers, frameworks, clouds and loggers are documented to write them; what is no access log is named."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tracker.errors import Refused
from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed

HEAD = '203.0.113.9 - - [29/Nov/2026:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 5'
LINE = HEAD + ' "https://r.example/" "UA x"'
TIME = datetime(2026, 11, 29, 10, 5, 3, tzinfo=UTC)
HEADERS = {"user-agent": "UA x", "referer": "https://r.example/", "host": "site.example"}


def read(line: str, format_: str | None = None) -> tuple[LogReader, dict[str, Any]]:
    reader = reader_of(format_, rules=ReadingRules(assume_zone=UTC))
    record = reader(line.encode())
    assert record is not None
    assert record.created_at.replace(microsecond=0) == TIME
    return reader, dict(record.columns)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        # nginx and what is made of it
        ("combined", LINE + " 454 0.003 [default-web-80] [] 10.0.0.7:8080 5 0.003 200 7a1cbb6fd2c6b6b8a"),
        ("combined", LINE + ' rt=0.004 uct="0.000" uht="0.003" urt="0.003"'),
        ("combined", LINE + " 0.004 0.003 ."),
        ("combined", LINE + ' kong_request_id: "0123abcd"'),
        ("ingress", LINE.replace(" - - ", " - [203.0.113.9] - - ") + " 454 0.003 [x] 10.0.0.7:8080 5 0.003 200 7a1c"),
        ("combined-wide", LINE.replace('] "', '] site.example "')),
        ("host", "site.example " + LINE),
        ("host in compose", "nginx.1    | site.example " + LINE + ' "10.0.0.1:80"'),
        ("combined", LINE.replace("29/Nov/2026:10:05:03 +0000", "2026-11-29T10:05:03+00:00")),
        # Apache, Tomcat, Jetty
        ("combined", LINE + " 455 777"),
        ("combined", LINE + " 1234"),
        ("combined-wide", LINE.replace(' 5 "h', ' 5 12 "h')),
        ("combined", LINE + ' "JSESSIONID=abc" 12'),
        # Traefik, WEBrick, OpenBSD's httpd, Fastly
        ("combined", LINE + ' 1 "web@docker" "http://10.0.0.2:80" 3ms'),
        ("combined", LINE.replace("+0000", "UTC")),
        ("host", "site.example " + LINE + " 203.0.113.8 -"),
        ("fastly in syslog", "<134>2026-11-29T10:05:03Z cache-fra-1 mylog[4711]: " + LINE.replace("- -", '"-" "-"')),
        ("s3", '79a5 bucket [29/Nov/2026:10:05:03 +0000] 203.0.113.9 79a5 3E57 WEBSITE.GET.OBJECT a "GET /a?b=c HTTP/1.1" 200 - 5 5 7 6 "https://r.example/" "UA x" - s9lz= - - - b.s3-website.us-west-1.amazonaws.com - - -'),
        ("actix in logging", '[2026-11-29T10:05:03Z INFO  actix_web::middleware::logger] 203.0.113.9 "GET /a?b=c HTTP/1.1" 200 5 "https://r.example/" "UA x" 0.000123'),
        ("log4js in logging", '[2026-11-29T10:05:03.123] [INFO] http - 203.0.113.9 - - "GET /a?b=c HTTP/1.1" 200 5 "https://r.example/" "UA x"'),
    ],
)  # fmt: skip
def test_a_line_with_the_usual_headers(name: str, line: str) -> None:
    reader, columns = read(line)
    assert set(reader.counts) == {name}
    assert (columns["ip_address"], columns["url"]) == ("203.0.113.9", "/a?b=c")
    assert (columns["user_agent"], columns["referrer"]) == ("UA x", "https://r.example/")
    assert columns["event_data"] == {"method": "GET", "status": 200, "bytes": 5}


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("host-common", "site.example " + HEAD),
        ("common", HEAD + " 0.0012"),
        ("gin", '[GIN] 2026/11/29 - 10:05:03 | 200 |     123.4µs |     203.0.113.9 | GET      "/a?b=c"'),
        ("chi", '2026/11/29 10:05:03 "GET http://site.example/a?b=c HTTP/1.1" from 203.0.113.9:4711 - 200 5B in 12.3µs'),
        ("rails", 'Started GET "/a?b=c" for 203.0.113.9 at 2026-11-29 10:05:03 +0000'),
        ("rails", 'I, [2026-11-29T10:05:03.1 #12]  INFO -- : Started GET "/a?b=c" for 203.0.113.9 at 2026-11-29 10:05:03 +0000'),
        ("sanic-22", "[2026-11-29 10:05:03 +0000] - (sanic.access)[INFO][203.0.113.9:51234]: GET http://site.example/a?b=c  200 5"),
        ("tornado in logging", "2026-11-29 10:05:03,123 INFO [tornado.access] 200 GET /a?b=c (203.0.113.9) 0.48ms"),
        ("php", "[Sun Nov 29 10:05:03 2026] 203.0.113.9:51234 [404]: GET /a?b=c - No such file or directory"),
    ],
)  # fmt: skip
def test_a_line_of_a_server_that_writes_no_user_agent(name: str, line: str) -> None:
    reader, columns = read(line)
    assert set(reader.counts) == {name}
    assert columns["ip_address"] == "203.0.113.9"
    assert columns["url"].removeprefix("http://site.example") == "/a?b=c"


@pytest.mark.parametrize(
    "values",
    [
        {"time": "2026-11-29T10:05:03Z", "category": "FrontDoorAccessLog", "properties": {
            "httpMethod": "GET", "requestUri": "https://site.example:443/a?b=c", "responseBytes": "5", "userAgent": "UA x",
            "clientIp": "203.0.113.9", "hostName": "site.example", "httpStatusCode": "200", "referer": "https://r.example/"}},
        {"timestamp": "2026-11-29T10:05:03+0000", "client_ip": "203.0.113.9", "host": "site.example", "url": "/a?b=c",
         "request_method": "GET", "request_referer": "https://r.example/", "request_user_agent": "UA x",
         "response_status": 200, "response_body_size": 5},
        {":authority": "site.example", "bytes_sent": 5, "downstream_remote_address": "203.0.113.9:4711", "method": "GET",
         "response_code": 200, "start_time": "2026-11-29T10:05:03.310Z", "user-agent": "UA x", "referer": "https://r.example/",
         "x-envoy-origin-path": "/a?b=c", "x-forwarded-for": "203.0.113.9"},
        {"time": "2026-11-29T10:05:03+0000", "remoteIP": "203.0.113.9", "host": "site.example", "request": "/a", "query": "?b=c",
         "method": "GET", "status": "200", "size": "5", "userAgent": "UA x", "referer": "https://r.example/"},
        {"time": "2026-11-29T10:05:03+00:00", "remote_addr": "203.0.113.9", "vhost": "site.example", "path": "/a",
         "request_query": "b=c", "method": "GET", "http_referrer": "https://r.example/", "http_user_agent": "UA x", "status": 200,
         "bytes_sent": 5},
        {"timestamp": 1795946703123, "event": "response", "method": "get", "path": "/a", "query": {"b": "c"}, "statusCode": 200,
         "size": 5, "source": {"remoteAddress": "203.0.113.9", "userAgent": "UA x", "referer": "https://r.example/"}},
        {"time": 1795946703123, "req": {"method": "get", "url": "/a", "query": {"b": "c"}, "headers": HEADERS,
         "remoteAddress": "203.0.113.9"}, "res": {"statusCode": 200}, "length": 5},
        {"name": "audit", "remoteAddress": "203.0.113.9", "req": {"method": "GET", "url": "/a?b=c", "headers": HEADERS},
         "res": {"statusCode": 200}, "time": "2026-11-29T10:05:03.123Z", "size": 5},
        {"id": "1", "timestamp": 1795946703123, "proxy": {"method": "GET", "host": "site.example", "path": "/a?b=c",
         "userAgent": ["UA x"], "referer": "https://r.example/", "clientIp": "203.0.113.9", "statusCode": 200}, "size": 5},
    ],
)  # fmt: skip
def test_an_object_of_a_cloud_or_a_framework(values: dict[str, Any]) -> None:
    _, columns = read(orjson.dumps(values).decode())
    assert columns["url"].removeprefix("https://site.example") == "/a?b=c"
    assert columns["event_data"] == {"method": "GET", "status": 200, "bytes": 5}
    described = (columns["ip_address"], columns["user_agent"], columns["referrer"])
    assert described == ("203.0.113.9", "UA x", "https://r.example/")


@pytest.mark.parametrize(
    ("carried", "wrappers"),
    [
        ("[pod/web-7d4b9c6f5-abcde/nginx] {}", "pod"),
        ("[pod/web-7d4b9c6f5-abcde/nginx] 2026-11-29T10:05:03.123456789Z {}", "timestamps in pod"),
        ("web-1  | 2026-11-29T10:05:03.123456789Z {}", "timestamps in compose"),
        ("\x1b[36mweb_1  |\x1b[0m {}", "compose"),
        ("web.1.x7f@host    | {}", "compose"),
        ("0|app  | {}", "compose"),
        ("1795946703.123456 web1 nginx[12]: {}", "syslog"),
        ("Nov 29 10:05:03 web1 app[12]: INFO:wsgi:{}", "logging in syslog"),
        ("2026-11-29 10:05:03,123 INFO  [wsgi:107][waitress-0] {}", "logging"),
        ("2026-11-29 10:05:03,123 - werkzeug - INFO - {}", None),
        ("[2026-11-29 10:05:03 +0000] [1234] [INFO] {}", "logging"),
        ("2026-11-29 10:05:03.123  INFO 1 --- [exec-1] access : {}", "logging"),
        ("2026-11-29T10:05:03 INFO access - {}", "logging"),
        ("2026-11-29T10:05:03: {}", "logging"),
    ],
)
def test_what_carries_a_line(carried: str, wrappers: str | None) -> None:
    line = carried.format(LINE)
    if wrappers is None:  # Not known: then it is no line.
        with pytest.raises(Malformed):
            read(line)
        return
    reader, columns = read(line)
    assert set(reader.counts) == {f"combined in {wrappers}"}
    assert columns == read(LINE)[1]


@pytest.mark.parametrize(
    "values",
    [
        {"@timestamp": "2026-11-29T10:05:03.1Z", "message": LINE, "log": {"offset": 1}, "host": {"name": "h"}},
        {"file": "/var/log/nginx/access.log", "host": "web1", "message": LINE, "timestamp": "2026-11-29T10:05:03.1Z"},
        {"line": LINE, "timestamp": "2026-11-29T10:05:03.1Z", "labels": {"a": "b"}},
        {"asctime": "2026-11-29 10:05:03,123", "levelname": "INFO", "message": LINE},
    ],
)
def test_a_shipper_s_object_around_a_line(values: dict[str, Any]) -> None:
    line = orjson.dumps(values).decode()
    reader, columns = read(line)
    assert set(reader.counts) == {"combined in json"}
    assert columns == read(LINE)[1] == read(line, "nginx")[1]


@pytest.mark.parametrize(
    ("times", "spelled"),
    [
        ("[%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %{%z}t]", "[29/Nov/2026:10:05:{:02}.123 +0900]"),
        ("%{%s}t.%{msec_frac}t", "17959143{:02}.123"),
        ("%{%Y-%m-%d}t %{%T}t.%{msec_frac}t %{%z}t", "2026-11-29 10:05:{:02}.123 +0900"),
    ],
)
def test_a_time_in_parts_is_one_time_on_each_line(times: str, spelled: str) -> None:
    """The first line of a format is read by trying all, those after it by the last one that fitted."""
    reader = reader_of(f'%h %l %u {times} "%r" %>s %b')
    for second in range(3):
        line = f'203.0.113.9 - - {spelled.replace("{:02}", f"{second:02}")} "GET /a HTTP/1.1" 200 5'.encode()
        record = reader(line)
        assert record is not None
        assert record.created_at == datetime(2026, 11, 29, 1, 5, second, 123_000, UTC), f"line {second}"


def test_a_time_in_parts_is_one_time() -> None:
    split = '%h %l %u %{%d/%b/%Y}t %{%T}t.%{msec_frac}t %{%z}t "%r" %>s %b'
    line = HEAD.replace("[29/Nov/2026:10:05:03 +0000]", "29/Nov/2026 11:05:03.123 +0100")
    assert read(line, split)[1]["url"] == "/a?b=c"
    assert read(HEAD.replace("[29/Nov/2026:10:05:03 +0000]", "1795946703 500"), split.replace(
        "%{%d/%b/%Y}t %{%T}t.%{msec_frac}t %{%z}t", "%{%s}t %{msec_frac}t"
    ))[1]["ip_address"] == "203.0.113.9"  # fmt: skip
    for part in ("%{%Y-%m-%d}t", "%{%T}t", "%{%Y %Q}t"):
        with pytest.raises(Refused, match=r"a part of a time only|a time that cannot be read"):
            reader_of(f'%h {part} "%r"')


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("[Sun Nov 29 10:05:03.123456 2026] [core:error] [pid 1234:tid 140] [client 203.0.113.9:4711] AH00126: Invalid", "Apache's error log"),
        ('2026/11/29 10:05:03 [error] 1234#1234: *5 open() "/x" failed, client: 203.0.113.9, request: "GET /x HTTP/1.1"', "nginx' error log"),
        ("+19776:6b0c2dec:0|GET /a?b=c HTTP/1.1|Host:site.example", "forensic log"), ("-19776:6b0c2dec:0", "forensic log"),
        ('[29/Nov/2026:10:05:03 +0000] 203.0.113.9 TLSv1.3 TLS_AES_256_GCM_SHA384 "GET /a HTTP/1.1" 5', "ssl_request_log"),
        ("https://r.example/ -> /a", "referrers"), ("Mozilla/5.0 (X11; Linux x86_64)", "user agents"),
        ("Nov 29 10:05:03 lb haproxy[1]: 203.0.113.9:33313 [29/Nov/2026:10:05:03.655] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0", "tcplog"),
        ("Nov 29 10:05:03 lb haproxy[1]: 203.0.113.9:34549 [29/Nov/2026:10:05:03.655] fe/1: Connection error during SSL handshake", "without a request"),
        ("203.0.113.9, -, 11/29/26, 10:05:03, W3SVC1, SRV, 10.0.0.1, 15, 454, 5, 200, 0, GET, /a, b=c,", "choose W3C"),
        ("tls 2.0 2026-11-29T10:05:03 net/my-lb/c6e7 g3d4 203.0.113.9:51341 10.0.0.1:443 5 2 98 246 - arn - ECDHE", "Network Load Balancer"),
        ("MESSAGE=" + LINE, "--output=json"), ("  --> GET /a?b=c 200 2ms 5b", "koa-logger"),
        ("261129/100503.123, (1:vm:1:x:1) [response] http://h:3000: get /a {} 200 (2ms)", "good-console"),
        (" HTTP  11/29/2026 10:05:03 AM 203.0.113.9 GET /a?b=c", "npm's serve"),
        ('- -  29/Nov/2026:10:05:03 +0000 "GET /index.php" 200', "php-fpm"),
        ("[Sun Nov 29 13:47:45 2026] 127.0.0.1:36072 Accepted", "PHP's own server"),
        ("[", "jq -c"), ("{", "jq -c"), ('  "a": "b",', "jq -c"), ("},", "jq -c"), ('[{"a": 1}, {"b": 2}]', "jq -c"),
        (LINE.replace("UA x", 'A "q" b'), "up to the referrer"),
        (LINE.replace(" 200 ", " OK "), "up to the request in quotes"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_by_what_it_looks_like(line: str, what: str) -> None:
    with pytest.raises(Malformed, match=rf"not a line of a format that is known: .*{what}"):
        read(line)


def test_words_of_a_program_before_a_line_are_named_beside_two_records() -> None:
    with pytest.raises(Malformed, match="two records in one line, or one behind words"):
        read(f"web-7d nginx {LINE}")


HAPROXY = "203.0.113.9:42 [29/Nov/2026:10:05:03.1] web web/1 0/0/1/4/5 200 5 - - ---- 1/1/0/0/0 0/0 "


def test_what_haproxy_captured_has_its_place_by_what_it_is() -> None:
    captured = "{site.example|unknown, 2001:db8::7, 10.0.0.1|UA x|https://r.example/} "
    _, columns = read(HAPROXY + captured + '"GET /a HTTP/1.1"')
    assert (columns["user_agent"], columns["referrer"]) == ("UA x", "https://r.example/")
    with pytest.raises(Malformed, match="that was cut"):
        read(HAPROXY + captured + '"GET /a')


def test_lighttpd_writes_no_host_for_what_it_refused() -> None:
    assert read(LINE, "lighttpd")[1] == read(LINE)[1]
    assert read(LINE.replace(" - - ", " site.example - "), "lighttpd")[1] == read(LINE)[1]


def test_a_line_without_a_time_is_none_whose_time_is_spoilt() -> None:
    with pytest.raises(Malformed):
        read("[2026-11-29T10:05:03.123] [INFO] http - " + LINE.replace("29/Nov", "2\0009/Nov"))


@pytest.mark.parametrize(
    "line",
    [
        '[GIN] 2026/11/29 - 10:05:03 | 200 | 123.4µs | 203.0.113.9 | GET "/tw192.0.2.1 - - [29/Nov/2026:10:05:01 +0000] "',
        '[2026-11-29T10:05:03.134Z] 203.0.113.9 "GET /a" "Age192.0.2.1 - - [29/Nov/2026:10:05:01 +0000] "',
        "[Sun Nov 29 10:05:03 2026] 203.0.113.9:51234 [404]: GET /a - 192.0.2.1 - - [29/Nov/2026:10:05:01 +0000] x",
    ],
)
def test_a_line_whose_own_time_is_not_in_brackets_has_none_in_them(line: str) -> None:
    with pytest.raises(Malformed, match="two records"):
        read(line)


def test_addresses_that_a_proxy_passed_on_and_that_were_not_read_are_said() -> None:
    reader, columns = read(LINE.replace("203.0.113.9", "10.0.0.1") + ' "203.0.113.9, 10.0.0.2"')
    assert columns["ip_address"] == "10.0.0.1"
    assert "X-Forwarded-For (read with --address-from forwarded)" in reader.unread
    assert not any("Forwarded" in name for name in read(LINE)[0].unread)


def test_an_object_without_a_request_says_which_names_it_has() -> None:
    with pytest.raises(Malformed, match=r"request's target \(time, remotehost, userAgent\).*--map target="):
        read('{"time": "2026-11-29T10:05:03Z", "remotehost": "203.0.113.9", "userAgent": "UA"}')
