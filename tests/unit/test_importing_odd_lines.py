"""Odd but valid lines: two of a field in one format string, streams that interleave, addresses with their ports."""

from datetime import UTC
from typing import Any

import orjson
import pytest

from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed

CLOCK = "29/Nov/2026:10:05:03"
REQUEST = f'[{CLOCK} +0000] "GET /a?b=c HTTP/1.1"'
LINE = f'203.0.113.9 - - {REQUEST} 200 5 "https://r.example/" "UA x"'
ISO = "2026-11-29T10:05:03.123Z"
FORWARDED = "X-Forwarded-For (read with --address-from forwarded)"


def read(line: str, format_: str | None = None) -> tuple[LogReader, dict[str, Any]]:
    reader = reader_of(format_, rules=ReadingRules(assume_zone=UTC))
    record = reader(line.encode())
    assert record is not None
    return reader, {**record.columns, "host": record.host}


@pytest.mark.parametrize(
    ("format_", "line", "name", "value", "unread"),
    [
        ('%{c}a %a %t "%r" %>s %b', f"10.0.0.1 203.0.113.9 {REQUEST} 200 5", "ip_address", "203.0.113.9", "%{c}a"),
        ('%h %a %t "%r" %>s %b', f"crawl.example 203.0.113.9 {REQUEST} 200 5", "ip_address", "203.0.113.9", "%h"),
        ('%{c}a %t "%r" %>s %b', f"203.0.113.9 {REQUEST} 200 5", "ip_address", "203.0.113.9", None),
        (
            '%a %t "%r" %s %>s %b',
            f"203.0.113.9 {REQUEST} 301 200 5",
            "event_data",
            {"method": "GET", "status": 200, "bytes": 5},
            "%s",
        ),
        (
            '$remote_addr [$time_local] $server_name $host "$request" $status',
            f'203.0.113.9 [{CLOCK} +0000] _ site.example "GET / HTTP/1.1" 200',
            "host",
            "site.example",
            "$server_name",
        ),
    ],
)
def test_of_two_fields_the_one_that_says_more_is_read(
    format_: str, line: str, name: str, value: Any, unread: str | None
) -> None:
    reader, columns = read(line, format_)
    assert columns[name] == value
    assert unread is None or unread in reader.unread


def test_headers_that_haproxy_captured_are_read_from_a_format_string_each_whole() -> None:
    format_ = (
        "%ci:%cp [%trg] %{+Q}[capture.req.hdr(0)] %{+Q}[capture.req.hdr(1)] %{+Q}[capture.req.hdr(2)] %{+Q}r %ST %B"
    )
    line = f'203.0.113.9:4711 [{CLOCK} +0000] "{{}}" "GET / HTTP/1.1" 200 5'
    reader, columns = read(line.format('site.example" "UA {z} | #22q#22" "https://r.example/'), format_)
    assert (columns["host"], columns["referrer"]) == ("site.example", "https://r.example/")
    assert columns["user_agent"] == 'UA {z} | "q"'
    assert reader.unread == {"%cp"}
    assert "user_agent" not in read(line.format('" "-" "'), format_)[1]


def test_what_haproxy_wrote_as_json_is_undone_as_json() -> None:
    format_ = '{"t":"%tr","ip":"%ci","m":"%HM","u":"%HU","s":%ST,"ua":"%[capture.req.hdr(0),json(utf8s)]"}'
    line = f'{{"t":"{CLOCK}.123","ip":"203.0.113.9","m":"GET","u":"/a","s":200,"ua":"UA\\/5 \\"q\\""}}'
    assert read(line, format_)[1]["user_agent"] == 'UA/5 "q"'


def test_a_format_string_in_its_quotes_is_one_without_them() -> None:
    format_ = r'"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""'
    assert read(LINE, format_)[1]["user_agent"] == "UA x"


def test_bytes_that_haproxy_counted_before_the_end_are_a_number() -> None:
    line = f'203.0.113.9:4711 [{CLOCK}.123] fe be/s 0/0/1/2/+3 200 +5 - - ---- 1/1/1/1/0 0/0 "GET /a HTTP/1.1"'
    assert read(line)[1]["event_data"]["bytes"] == 5


@pytest.mark.parametrize("address", ["2001:db8::1:2817", "[2001:db8::1]:2817"])
@pytest.mark.parametrize(
    "line",
    [
        (
            f'h2 {ISO} app/lb/50 {{}} 10.0.0.1:80 0 0 0 200 200 3 5 "GET https://a.example:443/ HTTP/2.0" "UA" '
            f'E T arn:x "Root=1" "site.example" "arn:c" 1 {ISO} "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"'
        ),
        f'{ISO} stdout F INFO:     {{}} - "GET /a HTTP/1.1" 200 OK',
        f'{{}} - - [{CLOCK} +0000] "GET /a 2" 200 5 "-" "UA"',
        f'{{}} - - [{CLOCK}] "GET /a" 200 5',
    ],
    ids=["alb", "uvicorn", "hypercorn", "daphne"],
)
def test_a_port_behind_an_address_of_ipv6_is_no_part_of_it(line: str, address: str) -> None:
    assert read(line.format(address))[1]["ip_address"] == "2001:db8::1"


def test_a_classic_load_balancer_writes_0_where_nothing_answered() -> None:
    line = f'{ISO} lb 203.0.113.9:2817 - -1 -1 -1 504 0 0 0 "GET http://site.example:80/ HTTP/1.1" "UA" - -'
    assert read(line)[1]["event_data"]["status"] == 504


def test_s3_leaves_quotes_in_a_user_agent() -> None:
    line = (
        f'79a5 bucket [{CLOCK} +0000] 203.0.113.9 - 3E57 WEBSITE.GET.OBJECT a "GET /a HTTP/1.1" 404 NoSuchKey 1 - 7 - '
        '"-" "UA "quoted" x" - s9lz= - - - site.example - - -'
    )
    columns = read(line)[1]
    assert (columns["user_agent"], columns["host"]) == ('UA "quoted" x', "site.example")


@pytest.mark.parametrize("is_docker", [False, True], ids=["cri", "docker"])
def test_a_line_of_stderr_between_the_parts_of_one_is_its_own(is_docker: bool) -> None:  # noqa: FBT001
    def carried(text: str, stream: str, *, is_part: bool) -> bytes:
        if is_docker:
            return orjson.dumps({"log": text if is_part else f"{text}\n", "stream": stream, "time": ISO})
        return f"{ISO} {stream} {'P' if is_part else 'F'} {text}".encode()

    reader = reader_of(None)
    assert reader(carried(LINE[:60], "stdout", is_part=True)) is None
    with pytest.raises(Malformed):
        reader(carried("starting", "stderr", is_part=False))
    record = reader(carried(LINE[60:], "stdout", is_part=False))
    assert record is not None
    assert (record.columns["url"], record.columns["user_agent"]) == ("/a?b=c", "UA x")


@pytest.mark.parametrize("message", [[1, 999], ["a"], [None]])
def test_a_message_of_journald_that_is_none_is_malformed(message: list[Any]) -> None:
    line = orjson.dumps({"__REALTIME_TIMESTAMP": "1795946400000000", "MESSAGE": message}).decode()
    with pytest.raises(Malformed, match="MESSAGE is neither"):
        read(line)


def test_a_syslog_head_may_have_a_year() -> None:
    assert read(f"<190>Nov 29 2026 10:05:03 web1 nginx: {LINE}")[1]["user_agent"] == "UA x"


def test_objects_say_addresses_that_were_passed_over_too() -> None:
    istio = {"start_time": ISO, "method": "GET", "path": "/a", "downstream_remote_address": "10.2.2.2:4711"}
    reader, columns = read(orjson.dumps({**istio, "x_forwarded_for": "203.0.113.9"}).decode())
    assert (columns["ip_address"], FORWARDED in reader.unread) == ("10.2.2.2", True)
    assert not read(orjson.dumps({**istio, "x_forwarded_for": "-"}).decode())[0].unread
    request = {"remote_ip": "10.2.2.2", "client_ip": "203.0.113.9", "method": "GET", "uri": "/", "headers": {}}
    request["headers"] = {"X-Forwarded-For": ["203.0.113.9"]}
    reader, columns = read(orjson.dumps({"ts": 1795946400.123, "request": request}).decode())
    assert (columns["ip_address"], reader.unread) == ("203.0.113.9", set())  # Caddy has followed it already.


def test_paths_and_queries_of_the_elastic_common_schema_are_targets() -> None:
    values = {"@timestamp": ISO, "client": {"ip": "203.0.113.9"}, "http": {"response": {"status_code": 200.0}}}
    _, columns = read(orjson.dumps({**values, "url": {"path": "/a", "query": "b=c"}}).decode())
    assert (columns["url"], columns["event_data"]) == ("/a?b=c", {"status": 200})
    assert read(orjson.dumps({**values, "url.path": "/a", "url.query": "b=c"}).decode())[1]["url"] == "/a?b=c"


def test_cloudfront_s_real_time_logs_are_read_behind_a_line_of_their_names() -> None:
    line = "1795946703.123\t203.0.113.9\t200\t239\tGET\tsite.example\t/a?b=c\tFRA2\td1.cloudfront.net\tUA%20x\thttps://r/\tb=c"
    with pytest.raises(Malformed, match=r"real-time log.*#Fields"):
        read(line)
    reader = reader_of(None)
    names = (
        "timestamp c-ip sc-status sc-bytes cs-method cs-host cs-uri-stem x-edge-location x-host-header cs-user-agent"
    )
    assert reader(f"#Fields: {names} cs-referer cs-uri-query".encode()) is None
    record = reader(line.encode())
    assert record is not None
    assert (record.columns["url"], record.host, record.columns["user_agent"]) == ("/a?b=c", "site.example", "UA x")


def test_a_shipper_s_lines_without_an_end_are_whole() -> None:
    reader = reader_of(None)
    for page in ("/one", "/two"):
        values = {"log": LINE.replace("/a?b=c", page), "stream": "stdout", "time": ISO, "kubernetes": {"pod_name": "x"}}
        record = reader(orjson.dumps(values))
        assert record is not None
        assert record.columns["url"] == page
    assert reader(orjson.dumps({"log": LINE[:60], "stream": "stdout", "logtag": "P", "time": ISO})) is None
    record = reader(orjson.dumps({"log": LINE[60:], "stream": "stdout", "logtag": "F", "time": ISO}))
    assert record is not None
    assert record.columns["url"] == "/a?b=c"
    assert read(orjson.dumps({"short_message": LINE, "timestamp": 1795946703.1}).decode())[1]["url"] == "/a?b=c"


def test_an_empty_line_that_was_carried_is_skipped() -> None:
    assert reader_of(None)(f"{ISO} stdout F ".encode()) is None
    assert reader_of(None)(orjson.dumps({"log": "\n", "stream": "stdout", "time": ISO})) is None


@pytest.mark.parametrize(
    ("line", "host"),
    [
        (f"[2001:db8::9]:443 {LINE}", "[2001:db8::9]"),
        (f"_:80 {LINE}", None),
        (f"site.example:80 {LINE}", "site.example"),
    ],
)
def test_hosts_in_front_are_addresses_too_or_none(line: str, host: str | None) -> None:
    columns = read(line)[1]
    assert (columns["host"], columns["ip_address"]) == (host, "203.0.113.9")


def test_uwsgi_writes_no_numbers_where_no_application_answered() -> None:
    line = "[pid: 1|app: -|req: -/-] 203.0.113.9 (-) {40 vars in 800 bytes} [Sun Nov 29 10:05:03 2026] GET /a => "
    line += "generated 12 bytes in 1 msecs (HTTP/1.1 200) 2 headers in 79 bytes (1 switches on core 0)"
    assert read(line)[1]["url"] == "/a"


def test_azure_s_application_service_names_are_known() -> None:
    names = {"CsMethod": "GET", "CsUriStem": "/a", "CsUriQuery": "b=c", "CIp": "203.0.113.9", "ScStatus": 200}
    for values in (names, {"category": "AppServiceHTTPLogs", "properties": {**names, "UserAgent": "UA"}}):
        columns = read(orjson.dumps({"time": ISO, **values}).decode())[1]
        assert (columns["url"], columns["ip_address"]) == ("/a?b=c", "203.0.113.9")


@pytest.mark.parametrize("captures", ["", "{site.example|UA x} ", "{site.example|UA x} {text/html} "])
def test_haproxy_s_own_string_of_httplog_reads_its_lines(captures: str) -> None:
    format_ = (
        "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
    )
    line = f'203.0.113.9:4711 [{CLOCK}.123] fe~ be/s 0/0/1/2/3 200 5 - - ---- 1/1/1/1/0 0/0 {captures}"GET /a HTTP/1.1"'
    _, columns = read(line, format_)
    assert columns["url"] == "/a"
    assert columns.get("user_agent") == ("UA x" if captures else None)


def test_a_request_without_quotes_is_read_from_a_format_string() -> None:
    format_ = "$remote_addr [$time_local] $request $status $http_user_agent"
    for request, url in (("GET /a b HTTP/1.1", "/a b"), ("GET /a HTTP/2.0", "/a"), ("-", None), ("", None)):
        _, columns = read(f"203.0.113.9 [{CLOCK} +0000] {request} 200 UA x", format_)
        assert (columns.get("url"), columns["user_agent"]) == (url, "UA x")


def test_kong_s_objects_are_read() -> None:
    request = {"uri": "/a?b=c", "method": "GET", "headers": {"user-agent": "UA x", "host": "site.example"}, "size": 9}
    values = {"request": request, "response": {"status": 200, "size": 5}, "client_ip": "203.0.113.9"}
    _, columns = read(orjson.dumps({**values, "started_at": 1795946703123}).decode())
    assert (columns["url"], columns["host"], columns["user_agent"]) == ("/a?b=c", "site.example", "UA x")
    assert columns["event_data"] == {"method": "GET", "status": 200, "bytes": 5}


def test_names_of_w3c_fields_may_be_carried_as_their_lines_are() -> None:
    reader = reader_of(None)
    head = "<190>1 2026-11-29T10:05:03Z host iis - - - "
    assert reader(f"{head}#Fields: date time c-ip cs-method cs-uri-stem sc-status".encode()) is None
    record = reader(f"{head}2026-11-29 10:05:03 203.0.113.9 GET /a 200".encode())
    assert record is not None
    assert (record.columns["url"], record.columns["ip_address"]) == ("/a", "203.0.113.9")
