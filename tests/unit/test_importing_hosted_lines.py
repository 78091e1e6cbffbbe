"""Lines as content delivery networks, hosting services and stores of logs hand them out."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed, Record

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0"
IP = "203.0.113.9"
MOMENT = datetime(2026, 11, 29, 10, 5, 3, tzinfo=UTC)
MILLIS = 1795946703123
COMBINED = f'{IP} - - [29/Nov/2026:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 5 "https://r.example/" "{AGENT}"'
ROUTER = (
    f'method=GET path="/a?b=c" host=site.example request_id=x container=web-1 from="{IP}" protocol=https status=200 '
    f'duration=0.1s bytes=5 referer="https://r.example/" user_agent="{AGENT}"'
)
RENDER = f'[GET] 200 site.example/a?b=c clientIP="{IP}" requestID="0a-0b" responseTimeMS=12 responseBytes=5 userAgent="{AGENT}"'
GCORE = (
    f'"{IP}" "-" "-" "[29/Nov/2026:10:05:03 +0000]" "GET /a?b=c HTTP/1.1" "200" "5" "https://r.example/" "{AGENT}" '
    '"500" "[fr5-up-gc2]" "https" "site.example" "0.003" "-" "-" "HIT"'
)
ALIBABA = (
    f'[29/Nov/2026:18:05:03 +0800] {IP} - 1542 "https://r.example/" "GET http://site.example/a?b=c" 200 191 5 MISS '
    f'"{AGENT}" "text/html"'
)


def read(line: str | dict[str, Any], **rules: Any) -> tuple[LogReader, Record]:
    reader = reader_of(None, rules=ReadingRules(**{"assume_zone": UTC} | rules))
    record = reader(orjson.dumps(line) if isinstance(line, dict) else line.encode())
    assert record is not None
    assert record.created_at.replace(microsecond=0) == MOMENT
    return reader, record


@pytest.mark.parametrize(
    ("line", "name", "referrer"),
    [
        (f"<134>1 2026-11-29T10:05:03.123456Z srv web 1 - - {RENDER}", "render in syslog", None),
        (GCORE, "gcore", "https://r.example/"),
        (ALIBABA, "alibaba-cdn", "https://r.example/"),
        (f"web 2026-11-29T10:05:03.123456789Z {COMBINED}", "combined in digitalocean", "https://r.example/"),
        (f"2026-11-29 11:05:03.123456789 +0100 CET [router] {ROUTER}", "logfmt in scalingo", "https://r.example/"),
        (f"771156\t2026-11-29T10:05:03\t2026-11-29T10:05:04\t7\tweb1\t10.0.0.1\tUser\tInfo\tnginx\t{COMBINED}", "combined in papertrail", "https://r.example/"),
        (f'web.0: [1795946703.123456, {{"log":{orjson.dumps(COMBINED).decode()}}}]', "combined in json in fluent-bit", "https://r.example/"),
        (f'[1795946703.1, {{"log":{orjson.dumps(COMBINED).decode()}}}]', "combined in json in fluent-bit", "https://r.example/"),
    ],
)  # fmt: skip
def test_a_line_of_a_service(line: str, name: str, referrer: str | None) -> None:
    reader, record = read(line)
    assert list(reader.counts) == [name]
    columns = record.columns
    assert columns["url"].removeprefix("http://site.example") == "/a?b=c"
    assert (columns["ip_address"], columns["user_agent"]) == (IP, AGENT)
    assert columns["event_data"] == {"method": "GET", "status": 200, "bytes": 5}
    assert columns.get("referrer") == referrer


@pytest.mark.parametrize("told", ["2026-11-29T10:05:03", "2026-11-29T19:05:03+09:00", "2026-11-29 02:05:03 -0800"])
def test_the_times_of_papertrails_archives_are_utc_where_they_do_not_say(told: str) -> None:
    line = f'771156\t{told}\t{told}\t7\tweb1\t10.0.0.1\tUser\tInfo\tapp/web.1\t{IP}:4711 - "GET /a HTTP/1.1" 200'
    _, record = read(line, assume_zone=timezone(timedelta(hours=9)))
    assert record.columns["url"] == "/a"


def test_what_says_that_a_message_of_syslog_is_json_is_taken_off() -> None:
    values = {"time": "2026-11-29T10:05:03+00:00", "remote_addr": IP, "request": "GET /a HTTP/1.1", "status": 200}
    reader, record = read(f"<190>Nov 29 10:05:03 web nginx: @cee: {orjson.dumps(values).decode()}")
    assert (record.columns["url"], list(reader.counts)) == ("/a", ["jsonl in syslog in syslog"])


AZURE = {
    "time": "2026-11-29T10:05:03.123Z", "category": "StorageRead", "operationName": "GetWebContent", "statusCode": 200,
    "callerIpAddress": f"{IP}:4711", "uri": "https://site.example:443/a?b=c", "protocol": "HTTPS",
    "properties": {"userAgentHeader": AGENT, "referrerHeader": "https://r.example/", "responseBodySize": 5},
}  # fmt: skip
API_MANAGEMENT = {
    "time": "2026-11-29T10:05:03.123Z", "callerIpAddress": IP,
    "properties": {"method": "GET", "url": "https://site.example/a?b=c", "responseCode": 200, "responseSize": 5},
}  # fmt: skip
APP_ENGINE = {
    "protoPayload": {
        "@type": "type.googleapis.com/google.appengine.logging.v1.RequestLog", "ip": IP, "method": "GET",
        "startTime": "2026-11-29T10:05:03.1Z", "resource": "/a?b=c", "httpVersion": "HTTP/1.1", "status": 200,
        "responseSize": "5", "referrer": "https://r.example/", "userAgent": AGENT, "host": "site.example",
    },
    "resource": {"type": "gae_app", "labels": {}}, "timestamp": "2026-11-29T10:05:03.1Z", "insertId": "x",
}  # fmt: skip
CDN77 = {
    "timestamp": "2026-11-29T10:05:03Z", "startTimeMs": 1, "cacheStatus": "HIT", "clientIP": IP, "clientPort": 4711,
    "clientRequestHost": "site.example", "clientRequestMethod": "GET", "clientRequestPath": "/a?b=c",
    "clientRequestProtocol": "HTTP2", "clientRequestReferer": "https://r.example/", "clientRequestScheme": "HTTPS",
    "clientRequestUserAgent": AGENT, "responseStatus": 200, "responseBytes": 5,
}  # fmt: skip
ALIBABA_LIVE = {
    "unixtime": "1795946703", "domain": "site.example", "method": "GET", "scheme": "https", "uri": "/a", "uri_param": "b=c",
    "client_ip": IP, "refer_protocol": "https", "refer_domain": "r.example", "refer_uri": "/", "refer_param": "-",
    "request_time": "12", "response_size": "5", "return_code": "200", "user_agent": AGENT, "xforwordfor": "-",
}  # fmt: skip
HUAWEI_LIVE = {
    **{name: value for name, value in ALIBABA_LIVE.items() if name not in ("unixtime", "return_code")},
    "request_time": str(MILLIS), "http_code": "200",
}  # fmt: skip
DATADOG = {
    "_id": "x", "date": "2026-11-29T10:05:03.123Z", "service": "nginx", "host": "web1", "status": "info",
    "message": "GET /a took 3 ms",
    "attributes": {
        "http": {"url": "/a?b=c", "status_code": 200, "method": "GET", "useragent": AGENT, "referer": "https://r.example/"},
        "network": {"client": {"ip": IP}, "bytes_written": 5},
    },
}  # fmt: skip
WRANGLER = {
    "outcome": "ok", "scriptName": "shop", "exceptions": [], "logs": [], "eventTimestamp": MILLIS,
    "event": {
        "request": {
            "url": "https://site.example/a?b=c", "method": "GET", "cf": {"colo": "FRA"},
            "headers": {"cf-connecting-ip": IP, "user-agent": AGENT, "referer": "https://r.example/"},
        },
        "response": {"status": 200},
    },
}  # fmt: skip
WORDPRESS_VIP = {
    "body_bytes_sent": "5", "http_host": "site.example", "http_referer": "https://r.example/", "http_user_agent": AGENT,
    "http_version": "HTTP/1.1", "http_x_forwarded_for": IP, "request_type": "GET", "request_url": "/a?b=c",
    "status": "200", "stream": "stdout", "time": "2026-11-29T10:05:03.135Z",
}  # fmt: skip
CLOUDFRONT = {
    "timestamp(ms)": str(MILLIS), "x-edge-location": "FRA2", "sc-bytes": "5", "c-ip": IP, "cs-method": "GET",
    "cs(Host)": "d1.cloudfront.net", "cs-uri-stem": "/a", "sc-status": "200", "cs(Referer)": "https://r.example/",
    "cs(User-Agent)": AGENT.replace(" ", "%20"), "cs-uri-query": "b=c", "x-host-header": "site.example",
}  # fmt: skip

TRACING = {
    "timestamp": "2026-11-29T10:05:03.123Z", "level": "INFO", "fields": {"message": "request"}, "target": "tracing_actix_web",
    "span": {
        "http.client_ip": IP, "http.method": "GET", "http.target": "/a?b=c", "http.user_agent": AGENT, "http.status_code": 200,
        "http.host": "site.example", "http.referer": "https://r.example/", "name": "HTTP request",
    },
}  # fmt: skip
LOG_ANALYTICS = {
    "TimeGenerated": "2026-11-29T10:05:03.123Z", "requestUri_s": "https://site.example/a?b=c", "clientIp_s": IP,
    "httpMethod_s": "GET", "httpStatusCode_d": 200, "userAgent_s": AGENT, "referer_s": "https://r.example/",
}  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [TRACING, LOG_ANALYTICS, AZURE, APP_ENGINE, CDN77, ALIBABA_LIVE, HUAWEI_LIVE, DATADOG, WRANGLER, WORDPRESS_VIP, CLOUDFRONT],
    ids=["tracing", "Log Analytics", "Azure's store", "App Engine", "CDN77", "Alibaba", "Huawei", "Datadog", "Workers", "WordPress VIP", "CloudFront"],
)  # fmt: skip
def test_an_object_of_a_service(values: dict[str, Any]) -> None:
    _, record = read(values)
    columns = record.columns
    assert columns["url"].removeprefix("https://site.example") == "/a?b=c"
    assert (columns["ip_address"], columns["user_agent"], columns["referrer"]) == (IP, AGENT, "https://r.example/")
    assert columns["event_data"]["status"] == 200
    assert columns["event_data"]["method"] == "GET"
    assert record.host in ("site.example", None)
    assert record.kind == "page"


@pytest.mark.parametrize(
    "values",
    [
        {
            "time": "2026-11-29T10:05:03.123Z", "severity": "info", "message": "",
            "request": {"client": {"ip": IP, "user_agent": AGENT}, "connection": {"method": "GET", "path": "/a", "status": 200}},
        },
        {
            "timestamp": "2026-11-29T10:05:03.123Z", "level": "info", "name": "Shop", "message": "Completed #show",
            "payload": {"method": "GET", "path": "/a", "status": 200, "remote_ip": IP, "user_agent": AGENT},
        },
        {"TimeGenerated": "2026-11-29T10:05:03.123Z", "Log_s": COMBINED.replace("/a?b=c", "/a"), "ContainerAppName_s": "shop"},
    ],
    ids=["Elixir's logger_json", "Ruby's semantic_logger", "Container Apps"],
)  # fmt: skip
def test_an_object_of_a_logger(values: dict[str, Any]) -> None:
    columns = read(values)[1].columns
    assert (columns["url"], columns["ip_address"], columns["user_agent"]) == ("/a", IP, AGENT)
    assert columns["event_data"]["status"] == 200


@pytest.mark.parametrize("colour", ["", "\x1b[36m"])
@pytest.mark.parametrize("logger", ["HTTP_ACCESS_LOGGER -", "i.m.AccessLogger --"])
def test_what_logback_puts_before_a_line_where_nothing_is_configured(colour: str, logger: str) -> None:
    end = "\x1b[0m" if colour else ""
    reader, record = read(
        f"{colour}10:05:03.123{end} {colour}[nioEventLoop-1-3]{end} {colour}INFO {end} {logger} {COMBINED}"
    )
    assert (list(reader.counts), record.columns["url"]) == (["combined in logging"], "/a?b=c")


@pytest.mark.parametrize(
    ("before", "wrapper"),
    [
        ("10:05:03 web.1 | ", "compose"),
        ("[web-66b6c48dd5-7x2kq] ", "pod"),
        ("[web-66b6c48dd5-7x2kq nginx] ", "pod"),
        ("default/web-66b6c48dd5-7x2kq[nginx]: ", "pod"),
        ("2026/11/29 10:05:03 ", "logging"),
        ("2026/11/29 10:05:03.123456 ", "logging"),
    ],
    ids=["honcho 2.0.0", "kubetail", "kubetail with containers", "kail", "Go", "Go with microseconds"],
)
def test_what_else_stands_before_a_line(before: str, wrapper: str) -> None:
    reader, record = read(before + COMBINED)
    assert (list(reader.counts), record.columns["url"]) == ([f"combined in {wrapper}"], "/a?b=c")


def test_pantheon_has_two_blanks_before_the_request() -> None:
    line = COMBINED.replace('] "', ']  "') + f' 0.123 "{IP}, 10.0.0.1"'
    assert read(line)[1].columns["url"] == "/a?b=c"


def test_a_gateway_of_azure_names_the_caller_apart() -> None:
    _, record = read(API_MANAGEMENT)
    assert (record.columns["ip_address"], record.columns["url"]) == (IP, "https://site.example/a?b=c")


def test_the_lines_of_cloudfront_may_count_milliseconds() -> None:
    reader = reader_of(None)
    names = [name for name in CLOUDFRONT if name != "x-host-header"]
    assert reader(f"#Fields: {' '.join(names)}".encode()) is None
    record = reader("\t".join(CLOUDFRONT[name] for name in names).encode())
    assert record is not None
    assert record.created_at == MOMENT + timedelta(milliseconds=123)
    assert (record.columns["url"], record.columns["user_agent"], reader.unread) == (
        "/a?b=c",
        AGENT,
        {"x-edge-location"},
    )


@pytest.mark.parametrize(
    ("operation", "kind"),
    [("GetObject", "page"), ("HeadObject", "request"), ("PutObject", "request"), ("DeleteObject", "request"), ("X", "page")],
)  # fmt: skip
def test_an_operation_of_a_store_tells_the_method(operation: str, kind: str) -> None:
    minio = {
        "version": "1", "time": "2026-11-29T10:05:03.123Z", "trigger": "incoming", "remotehost": IP, "userAgent": AGENT,
        "api": {"name": operation, "bucket": "b", "status": "OK", "statusCode": 200, "rx": 0, "tx": 5},
        "requestPath": "/b/a", "requestHost": "site.example",
    }  # fmt: skip
    _, record = read(minio)
    assert (record.kind, record.host, record.columns["url"]) == (kind, "site.example", "/b/a")
    assert (record.columns["event_data"]["status"], record.columns["event_data"]["bytes"]) == (200, 5)
    _, record = read(AZURE | {"operationName": operation.replace("Object", "Blob")})
    assert record.kind == kind


def test_what_azure_tells_of_a_file_without_its_content_is_no_page() -> None:
    assert read(AZURE | {"operationName": "GetBlobProperties"})[1].kind == "request"


@pytest.mark.parametrize(
    ("values", "how"),
    [
        ({"messageType": "DATA_MESSAGE", "logEvents": [{"message": COMBINED}]}, r"\.logEvents\[\]"),
        ({"events": [{"timestamp": MILLIS, "message": COMBINED}], "searchedLogStreams": []}, r"\.events\[\]"),
        (
            {"status": "success", "data": {"resultType": "streams", "result": [{"values": [["1", COMBINED]]}]}},
            r"Loki, several lines in one object: jq -c",
        ),
        ({"streams": [{"stream": {"app": "web"}, "values": [["1", COMBINED]]}]}, r"\.streams\[\]"),
        (
            {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": COMBINED}}]}]}]},
            r"\.resourceLogs\[\]",
        ),
        ({"took": 1, "hits": {"total": 1, "hits": [{"_source": {"message": COMBINED}}]}}, r"\.hits\.hits\[\]"),
    ],
)
def test_an_object_of_several_lines_is_named_with_what_takes_it_apart(values: dict[str, Any], how: str) -> None:
    with pytest.raises(Malformed, match=how):
        read(values)


def test_what_takes_an_answer_apart_makes_lines() -> None:
    uvicorn = f'{IP}:4711 - "GET /a?b=c HTTP/1.1" 200'
    assert read({"time": f"{MILLIS}000000", "message": uvicorn})[1].columns["url"] == "/a?b=c"
    assert read({"id": "1", "timestamp": MILLIS, "message": uvicorn})[1].columns["url"] == "/a?b=c"
    assert read({"_index": "logs", "_source": {"@timestamp": "2026-11-29T10:05:03Z", "message": uvicorn}})[1].columns["url"] == "/a?b=c"  # fmt: skip
