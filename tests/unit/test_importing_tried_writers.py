"""Lines as programs wrote them that were run, or that are known by the logs of those who run them."""

from datetime import UTC
from typing import Any

import orjson
import pytest

from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0"
MOMENT = "2026-11-29T10:05:03"
ODOO = "2026-11-29 10:05:03,060 1 INFO shop_v18-test werkzeug: "
WERKZEUG = '198.51.100.7 - - [29/Nov/2026 10:05:03] "GET /shop?search=a HTTP/1.1" 200 -'
STRUCTLOG_JSON = (
    '{"request": "GET /a?x=1&q=%E3%81%82+b", "user_agent": "AGENT", "event": "request_started", '
    '"request_id": "01f8da50-2cfa-419b-94d7-d75cba407d3b", "ip": "198.51.100.7", '
    '"timestamp": "2026-11-29T10:05:03.680603Z", '
    '"logger": "django_structlog.middlewares.request", "level": "info"}'
).replace("AGENT", AGENT)
STRUCTLOG_PAIRS = (
    "timestamp='2026-11-29T10:05:03.680603Z' level='info' event='request_started' "
    "logger='django_structlog.middlewares.request' request='GET /a?x=1&q=%E3%81%82+b' "
    f"user_agent='{AGENT}' request_id='01f8da50-2cfa-419b-94d7-d75cba407d3b' ip='198.51.100.7'"
)


def reader() -> LogReader:
    return reader_of(None, rules=ReadingRules(assume_zone=UTC))


def read(line: str) -> dict[str, Any]:
    record = reader()(line.encode())
    assert record is not None
    assert record.created_at.isoformat()[:19] == MOMENT
    data = record.columns.get("event_data") or {}
    return {**record.columns, "host": record.host, "status": data.get("status"), "method": data.get("method")}


@pytest.mark.parametrize(
    "behind",
    [
        "",
        " 25 0.006 0.024",
        " - - -",
        " 25 0.006 0.024 ro->rw",
        " \x1b[1;33m\x1b[1;49m125\x1b[0m 0.006 0.024 \x1b[1;32m\x1b[1;49mro\x1b[0m",
    ],
    ids=["older", "queries", "static", "replica", "colours"],
)
def test_a_line_of_odoo(behind: str) -> None:
    columns = read(f"{ODOO}{WERKZEUG}{behind}")
    assert (columns["ip_address"], columns["url"], columns["status"]) == ("198.51.100.7", "/shop?search=a", 200)


def test_odoo_on_a_terminal_and_without_a_database() -> None:
    coloured = ODOO.replace("INFO", "\x1b[1;32m\x1b[1;49mINFO\x1b[0m").replace("shop_v18-test", "?")
    assert read(f"{coloured}{WERKZEUG} 1 0.005 0.057")["url"] == "/shop?search=a"


def test_what_else_odoo_logs_is_no_line() -> None:
    with pytest.raises(Malformed):
        reader()(b"2026-11-29 10:05:03,060 1 INFO shop odoo.modules.registry: Caches invalidated, signaling")


@pytest.mark.parametrize("line", [STRUCTLOG_JSON, STRUCTLOG_PAIRS], ids=["json", "pairs"])
def test_a_request_that_django_structlog_tells_twice_counts_once(line: str) -> None:
    columns = read(line)
    assert (columns["ip_address"], columns["url"]) == ("198.51.100.7", "/a?x=1&q=%E3%81%82+b")
    assert (columns["user_agent"], columns["method"]) == (AGENT, "GET")
    for end, code in (("request_finished", 200), ("request_failed", 500)):
        told_again = line.replace("request_started", end).replace('"request":', f'"code": {code}, "request":')
        with pytest.raises(Malformed, match="django-structlog"):
            reader()(told_again.replace(" request=", f" code={code} request=").encode())


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("'a \"quoted\" agent'", 'a "quoted" agent'),
        ('"it\'s an agent"', "it's an agent"),
        (r"'both \' and \"'", "both ' and \""),
    ],
)
def test_pairs_have_quotes_of_either_kind(value: str, read_as: str) -> None:
    line = f"timestamp='{MOMENT}Z' request='GET /a' user_agent={value} ip='198.51.100.7'"
    assert read(line)["user_agent"] == read_as


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("--> GET /a?x=1 \x1b[32m200\x1b[0m 0ms", "Hono's logger"),
        ("  [11:15:06] 200 ─ 26.59ms ─ /a?x=1", "sirv-cli"),
        ('"2026-11-29 10:05:03.123","198.51.100.7 - - [29/Nov/2026:10:05:03 +0000] ""GET /"" 200","1795"', "Grafana"),
    ],
)
def test_what_is_no_access_log_is_named(line: str, named: str) -> None:
    with pytest.raises(Malformed, match=named):
        reader()(line.encode())


GHOST = (
    '{"name":"ghost","hostname":"vm","pid":16680,"level":30,"req":{"meta":{"requestId":"r1","userId":null},'
    '"url":"/a?x=1","method":"GET","originalUrl":"/a?x=1","params":{},"headers":{"host":"shop.example",'
    f'"user-agent":"{AGENT}","referer":"https://search.example/?q=a+b","x-forwarded-for":"198.51.100.7"}},'
    '"query":{"x":"1"}},"res":{"_headers":{"content-length":"5"},"statusCode":200,"responseTime":"18ms"},"msg":"",'
    '"time":"2026-11-29T10:05:03.985Z","v":0}'
)
BUNYAN = (
    '{"name":"express","hostname":"vm","pid":16041,"level":30,"remote-address":"127.0.0.1","ip":"198.51.100.7",'
    '"method":"GET","url":"/a?x=1","referer":"https://search.example/?q=a+b","user-agent":"AGENT","body":{},'
    '"short-body":"{}","http-version":"1.1","response-time":1.5,"status-code":200,"req-headers":{"host":"shop.example",'
    '"user-agent":"AGENT"},"res-headers":{},"req":{"method":"GET","url":"/a?x=1","headers":{"host":"shop.example"}},'
    '"res":{"statusCode":200},"incoming":"<--","msg":"","time":"2026-11-29T10:05:03.985Z","v":0}'
).replace("AGENT", AGENT)


@pytest.mark.parametrize("line", [GHOST, BUNYAN], ids=["Ghost", "express-bunyan-logger"])
def test_an_object_of_bunyan(line: str) -> None:
    columns = read(line)
    assert (columns["ip_address"], columns["url"], columns["host"]) == ("198.51.100.7", "/a?x=1", "shop.example")
    assert (columns["user_agent"], columns["referrer"]) == (AGENT, "https://search.example/?q=a+b")
    assert columns["status"] == 200


WAF = (
    '{"timestamp":1795946703123,"formatVersion":1,"webaclId":"arn:aws:wafv2:x","terminatingRuleId":"Default_Action",'
    '"terminatingRuleType":"REGULAR","action":"ALLOW","httpSourceName":"ALB","ruleGroupList":[],'
    '"responseCodeSent":null,"httpRequest":{"clientIp":"198.51.100.7","country":"DE","headers":['
    f'{{"name":"Host","value":"shop.example"}},{{"name":"User-Agent","value":"{AGENT}"}},'
    '{"name":"referer","value":"https://search.example/?q=a+b"}],"uri":"/a","args":"x=1","httpVersion":"HTTP/1.1",'
    '"httpMethod":"GET","requestId":"1-5"},"labels":[]}'
)


def test_an_object_of_amazons_waf() -> None:
    columns = read(WAF)
    assert (columns["ip_address"], columns["url"], columns["host"]) == ("198.51.100.7", "/a?x=1", "shop.example")
    assert (columns["user_agent"], columns["referrer"]) == (AGENT, "https://search.example/?q=a+b")
    blocked = WAF.replace("ALLOW", "BLOCK")
    assert (columns["status"], read(blocked)["status"]) == (None, 403)
    assert read(blocked.replace('"responseCodeSent":null', '"responseCodeSent":429'))["status"] == 429
    assert read(WAF.replace("ALLOW", "CAPTCHA"))["status"] == 405
    challenged = WAF.replace("ALLOW", "CHALLENGE")
    assert read(challenged)["status"] == 403, "whoever was challenged did not see the page"
    assert read(challenged.replace('"responseCodeSent":null', '"responseCodeSent":202'))["status"] == 403


@pytest.mark.parametrize(
    "pod",
    ["nginx-deployment-66b6c48dd5-7x2kq nginx ", "shop web-66b6c48dd5-7x2kq nginx 2026-11-29T10:05:03.123456789Z "],
)
def test_what_stern_puts_before_a_line(pod: str) -> None:
    line = f'198.51.100.7 - - [29/Nov/2026:10:05:03 +0000] "GET /a?x=1 HTTP/1.1" 200 5 "-" "{AGENT}"'
    assert (read(pod + line)["url"], read(pod + line)["user_agent"]) == ("/a?x=1", AGENT)
    with pytest.raises(Malformed):
        reader()(f"some words {line}".encode())


def test_words_without_quotes_do_not_stand_beside_pythons_texts() -> None:
    with pytest.raises(Malformed):
        reader()(f"at=info method=GET path=/b fwd=192.0.2.1 {STRUCTLOG_PAIRS}".encode())


UVICORN = '198.51.100.7:35428 - "GET /a%20b?x=1 HTTP/1.1" 200'


@pytest.mark.parametrize(
    ("line", "format_"),
    [
        (f"2026-11-29 10:05:03.139 | INFO     | uvicorn.protocols.http.httptools_impl:send:482 - {UVICORN}", "uvicorn in logging"),
        (
            f"\x1b[32m2026-11-29 10:05:03.490\x1b[0m | \x1b[1mINFO    \x1b[0m | \x1b[36m__main__\x1b[0m:\x1b[36m<module>\x1b[0m:\x1b[36m4\x1b[0m - \x1b[1m{UVICORN}\x1b[0m",
            "uvicorn in logging",
        ),
        (
            orjson.dumps(
                {
                    "text": f"2026-11-29 19:05:03.155 | INFO     | uvicorn:send:482 - {UVICORN}\n",
                    "record": {
                        "elapsed": {"repr": "0:00:07.713046", "seconds": 7.713046}, "exception": None, "extra": {},
                        "level": {"icon": "i", "name": "INFO", "no": 20}, "line": 482, "message": UVICORN,
                        "time": {"repr": "2026-11-29 19:05:03.155228+09:00", "timestamp": 1795946703.155228},
                    },
                }
            ).decode(),
            "uvicorn in json in json",
        ),
        (f"2026-11-29T10:05:03.1Z stdout F       INFO   {UVICORN}", "uvicorn in cri"),
    ],
    ids=["loguru", "loguru on a terminal", "loguru serialized", "fastapi-cli 0.0.7"],
)  # fmt: skip
def test_what_fastapis_users_have_write_uvicorns_lines(line: str, format_: str) -> None:
    columns = read(line)
    assert (columns["ip_address"], columns["url"], columns["status"]) == ("198.51.100.7", "/a%20b?x=1", 200)
    known = reader()
    known(line.encode())
    assert list(known.counts) == [format_]


CIVETWEB = '198.51.100.7 - - [29/Nov/2026:10:05:03 +0000] "GET /a b?x=1 HTTP/1.1" 404 255 {} {}'


@pytest.mark.parametrize(
    ("referrer", "agent"),
    [("https://r.example/", AGENT), ("-", 'Mozilla/5.0 (X11) "q" [x]'), ("-", "-"), ("android-app://org.example/", "curl/7.88.1")],
)  # fmt: skip
def test_civetweb_where_it_is_named_has_headers_without_quotes(referrer: str, agent: str) -> None:
    record = reader_of("civetweb")(CIVETWEB.format(referrer, agent).encode())
    assert record is not None
    assert (record.columns["url"], record.columns["ip_address"]) == ("/a%20b?x=1", "198.51.100.7")
    assert record.columns.get("user_agent", "-") == agent
    assert record.columns.get("referrer", "-") == referrer
    assert record.columns["event_data"] == {"method": "GET", "status": 404, "bytes": 255}


@pytest.mark.parametrize(
    "line",
    [
        f'[2026-11-29T10:05:03Z INFO  warp::filters::log] 198.51.100.7:4711 "GET /a?x=1 HTTP/1.1" 200 "-" "{AGENT}" 105.2µs',
        '"198.51.100.7" "NULL-AUTH-USER" "29/Nov/2026:10:05:03 +0000" "GET /a?x=1 HTTP/1.1" 200 5',
    ],
    ids=["warp", "GlassFish and Payara"],
)
def test_a_line_as_it_is_documented(line: str) -> None:
    columns = read(line)
    assert (columns["ip_address"], columns["url"], columns["status"]) == ("198.51.100.7", "/a?x=1", 200)
    assert columns.get("user_agent") == (AGENT if AGENT in line else None)


def test_log4js_as_it_logs_where_nothing_is_configured() -> None:
    columns = read(
        "\x1b[32m[2026-11-29T10:05:03.460] [INFO] http - \x1b[39m198.51.100.7:4711, 10.0.0.1 - - "
        f'"GET /a?x=1 HTTP/1.1" 200 2 "" "{AGENT}"'
    )
    assert (columns["ip_address"], columns["url"], columns["user_agent"]) == ("198.51.100.7", "/a?x=1", AGENT)
