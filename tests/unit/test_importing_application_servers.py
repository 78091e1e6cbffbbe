"""Lines that application servers wrote for the requests of `odd_requests`: what is read is what was sent.

tests/data/logs has them by server and version. What a server does not write is told here, and so is what it writes so
that nobody can read it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import pytest

from tests.support.odd_requests import REQUESTS, Request
from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed, Record

LOGS = Path(__file__).parents[1] / "data/logs"
SENT = [request for request in REQUESTS if "xxx" not in request.target]
CRI = b"2026-11-29T06:00:23Z stdout F "
ENCODED = "/p%C3%A9%20x%22?q=%E6%97%A5+b"
QUOTED_ANEW = ("/semi;a=1?b=[1]|{2}", "/quotes'in?x='y'&&==")
QUOTED = ("/quote", "/looks-escaped", "/referrer")


@dataclass(frozen=True)
class Log:
    """How a server's log is read, and which of the requests cannot be."""

    format: str | None = None
    writes_query: bool = True
    writes_headers: bool = True
    writes_address: bool = True
    unreadable: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Requests that it writes otherwise than they were sent."""
    carried: bytes = b""
    """What stands before each line, where it says no time."""
    guess: str | None = None
    """The name of the format that is recognised, where none is given."""


LOGS_READ = {
    "gunicorn-27.0.1.log": Log("gunicorn"),
    "twisted-26.10.0.log": Log(guess="twisted"),
    "h2o-2.2.5.log": Log("h2o"),
    "tomcat-10.1.60-extended.log": Log(guess="w3c"),
    # A byte that is no UTF-8 is a letter: the best guess.
    "pino-http-11.0.0.log": Log(changed=("/latin-1",), guess="jsonl"),
    "fastify-5.12.8.log": Log(writes_headers=False, guess="jsonl"),
    "express-winston-4.2.0.log": Log(changed=("/latin-1",), guess="jsonl"),
    "morgan-1.12.1-default.log": Log("morgan", guess="combined"),
    "morgan-1.12.1-short.log": Log(writes_headers=False, carried=CRI, guess="morgan-short in cri"),
    "hypercorn-0.18.0.log": Log(writes_query=False, unreadable=(*QUOTED, ENCODED), guess="hypercorn"),
    "aiohttp-3.14.5.log": Log(unreadable=QUOTED, changed=("/latin-1",), guess="aiohttp"),
    # Percent escapes undone, letters not ASCII in its escapes twice.
    "cherrypy-18.10.0.log": Log(
        unreadable=("/looks-escaped",), changed=(ENCODED, "/utf-8", "/latin-1", "/tab"), guess="cherrypy"
    ),
    "granian-2.8.9.log": Log(writes_query=False, writes_headers=False, guess="granian"),
    "uvicorn-0.54.0.log": Log(writes_headers=False, changed=QUOTED_ANEW, carried=CRI, guess="uvicorn in cri"),
    "daphne-4.2.3.log": Log(writes_headers=False, guess="daphne"),
    "werkzeug-3.1.9.log": Log(writes_headers=False, unreadable=(ENCODED,), guess="werkzeug"),
    "uwsgi-2.0.31.log": Log(writes_headers=False, guess="uwsgi"),
    "puma-5.6.5.log": Log(writes_headers=False, guess="common"),
    "sanic-25.12.1.log": Log(writes_headers=False, guess="sanic"),
    "tornado-6.6.1.log": Log(writes_headers=False, guess="tornado"),
    "gevent-26.9.0.log": Log(writes_headers=False, guess="gevent"),
    "eventlet-0.41.3.log": Log(writes_headers=False, guess="werkzeug"),
    "wsgiref-3.11.log": Log(writes_headers=False, guess="werkzeug"),
    "django-5.2.19.log": Log(writes_headers=False, writes_address=False, guess="django"),
    "php-8.2.36.log": Log(writes_headers=False, guess="php"),
    "uvicorn-0.54.0-json.log": Log(writes_headers=False, changed=QUOTED_ANEW, guess="uvicorn in json"),
    # Escapes nothing: without its name `\"` in an agent is taken for an escaped quote.
    "zope.server-5.0.log": Log("paste", unreadable=QUOTED, guess="combined in logging"),
    "paste-3.10.1-logging.log": Log("paste", unreadable=(*QUOTED, *QUOTED_ANEW, ENCODED), guess="combined in logging"),
    "jetty-9.4.57.log": Log("jetty", unreadable=QUOTED, guess="combined"),
    "webrick-1.8.1-combined.log": Log(unreadable=QUOTED, changed=("/tab",), guess="combined"),
    "starman-0.4016.log": Log("plack", unreadable=QUOTED, guess="combined"),
    "nghttpx-1.52.0.log": Log("nginx", guess="combined"),
    # hapi takes queries apart, and so they are put together anew.
    "hapi-pino-13.0.0.log": Log(changed=("/latin-1", ENCODED, QUOTED_ANEW[1]), guess="jsonl"),
    "good-squeeze-6.0.0.log": Log(changed=("/latin-1", ENCODED, QUOTED_ANEW[1]), guess="jsonl"),
    "log4js-6.9.1.log": Log(unreadable=QUOTED, guess="log4js in logging"),
    "morgan-1.12.1-tiny.log": Log(writes_headers=False, writes_address=False, carried=CRI, guess="morgan-tiny in cri"),
    "morgan-1.12.1-dev.log": Log(writes_headers=False, writes_address=False, carried=CRI, guess="morgan-dev in cri"),
    "winston-3.19.0-morgan.log": Log("morgan", guess="combined in json"),
    "http-server-14.1.1.log": Log(
        unreadable=QUOTED[:2], changed=("/plain?a=1", QUOTED_ANEW[1], "/referrer"), guess="http-server"
    ),
    "caddy-2.11.7-console.log": Log(guess="jsonl in console"),
    "nginx-host-first.log": Log(guess="host"),
    "nginx-apisix.log": Log(guess="combined-wide"),
    "nginx-iso-time.log": Log(guess="combined"),
    "nginx-uri-and-args.log": Log(guess="jsonl"),
    "apache-split-time.log": Log(
        '%h %l %u %{%Y-%m-%d}t %{%H:%M:%S}t.%{usec_frac}t %{%z}t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"', guess=""
    ),
    "apache-json.log": Log(guess="jsonl"),
    "haproxy-2.6.12-httpslog.log": Log(guess="haproxy"),
    # Envoy's default has no referrer; of its JSON a byte that is no UTF-8 is a letter.
    "envoy-1.40.0.log": Log(changed=("/plain?a=1", QUOTED_ANEW[1], "/referrer"), guess="envoy"),
    "envoy-1.40.0-json.log": Log(changed=("/latin-1",), guess="jsonl"),
    # Host, X-Forwarded-For and User-Agent are captured.
    "haproxy-2.6.12-captures.log": Log(changed=("/plain?a=1", QUOTED_ANEW[1], "/referrer"), guess="haproxy"),
}  # fmt: skip


def read(name: str, log: Log, format_: str | None) -> tuple[LogReader, list[Record]]:
    reader = reader_of(format_, rules=ReadingRules(assume_zone=UTC))
    records: list[Record] = []
    for line in (LOGS / name).read_bytes().splitlines():
        try:
            record = reader(log.carried + line)
        except Malformed:
            continue
        records += [record] if record is not None else []
    return reader, records


def said(records: Iterable[Record]) -> set[tuple[str, str, str | None, str | None]]:
    hits = set()
    for record in records:
        columns = record.columns
        url = columns.get("url", "").removeprefix("http://site.example").removeprefix("https://site.example")
        method = (columns.get("event_data") or {}).get("method", "")
        hits.add((method, url, columns.get("user_agent"), columns.get("referrer")))
    return hits


def expected(log: Log, request: Request) -> tuple[str, str, str | None, str | None]:
    method, url, agent, referrer = request.expected()
    url = url if log.writes_query else url.partition("?")[0]
    return (method, url, agent, referrer) if log.writes_headers else (method, url, None, None)


@pytest.mark.parametrize("name", list(LOGS_READ))
def test_what_is_read_is_what_was_sent(name: str) -> None:
    log = LOGS_READ[name]
    reader, records = read(name, log, log.format)
    hits = said(records)
    for request in SENT:
        hit = expected(log, request)
        assert (hit in hits) is (request.target not in (*log.unreadable, *log.changed)), hit
        if request.target in log.unreadable:
            assert hit[:2] not in {(method, url) for method, url, _, _ in hits}, hit
    if log.format is None:
        assert set(reader.counts) == {log.guess}
    # express-winston writes no address; of the one request that a proxy brought it has that of the header.
    without = [record for record in records if not record.columns["ip_address"]]
    expected_without = 0 if log.writes_address else len(records)
    assert len(without) == (len(records) - 1 if "express-winston" in name else expected_without)


@pytest.mark.parametrize("name", list(LOGS_READ))
def test_a_line_is_read_without_a_name_of_its_format(name: str) -> None:
    """The safe reading takes no line otherwise than the server's own, but for what only that undoes."""
    log = LOGS_READ[name]
    if not (log.format is None or log.guess != ""):
        return  # A configuration of its own, which nothing tells from a torn line.
    reader, records = read(name, log, None)
    _, of_format = read(name, log, log.format)
    if log.guess:
        assert set(reader.counts) == {log.guess}
    # What was sent as an escape is taken for one.
    misread = {("GET", "/semi;a=1"), ("GET", "/looks-escaped")}
    targets = {(method, url.partition("?")[0]) for method, url, _, _ in said(records)}
    assert targets <= {(method, url.partition("?")[0]) for method, url, _, _ in said(of_format)} | misread
    assert sum(reader.counts.values()) >= len(of_format) - 1


@pytest.mark.parametrize("behind", ["", " inbound|80|| 127.0.0.6:1 10.0.0.1:80 203.0.113.9:0 - default"])
def test_the_id_that_envoy_gives_to_a_request_ends_the_user_agent(behind: str) -> None:
    """Quotes stand there as a visitor sent them: what looks like the fields behind it is still the visitor's."""
    agent, uuid = 'A" "0a0a" "evil.example" "10.0.0.9:80" x', "dd16e5dc-7e90-4469-9c3f-2a5b4f7a9d10"
    line = (
        f'[2026-11-29T10:05:03.123Z] "GET /"q"?a=1 HTTP/1.1" 200 - 0 2 1 - "203.0.113.9" "{agent}" "{uuid}" '
        f'"site.example" "10.0.0.1:80"{behind}'
    )
    record = reader_of(None)(line.encode())
    assert record is not None
    assert (record.columns["user_agent"], record.columns["url"], record.host) == (agent, '/"q"?a=1', "site.example")


@pytest.mark.parametrize("status", [400, 426])
def test_what_envoy_could_not_read_is_an_error_in_its_json_too(status: int) -> None:
    values = (
        f'"method":null,"path":null,"response_code":{status},"downstream_remote_address":"203.0.113.9:4711",'
        '"user_agent":null,"authority":null,"bytes_sent":11'
    )
    record = reader_of(None)(f'{{"start_time":"2026-11-29T10:05:03.123Z",{values}}}'.encode())
    assert record is not None
    assert (record.kind, record.columns["ip_address"], "url" in record.columns) == ("error", "203.0.113.9", False)
    for without in (f'"response_code":{status},', '"path":null,'):
        with pytest.raises(Malformed, match="request's target"):
            reader_of(None)(f'{{"start_time":"2026-11-29T10:05:03.123Z",{values.replace(without, "")}}}'.encode())
