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
    found: str | None = None
    """The name of the format that is found, where none is given."""


LOGS_READ = {
    "gunicorn-27.0.1.log": Log("gunicorn"),
    "twisted-26.10.0.log": Log(found="twisted"),
    "h2o-2.2.5.log": Log("h2o"),
    "tomcat-10.1.60-extended.log": Log(found="w3c"),
    # A byte that is no UTF-8 is a letter: the best guess.
    "pino-http-11.0.0.log": Log(changed=("/latin-1",), found="jsonl"),
    "fastify-5.12.8.log": Log(writes_headers=False, found="jsonl"),
    "express-winston-4.2.0.log": Log(changed=("/latin-1",), found="jsonl"),
    "morgan-1.12.1-default.log": Log("morgan", found="combined"),
    "morgan-1.12.1-short.log": Log(writes_headers=False, carried=CRI, found="morgan-short in cri"),
    "hypercorn-0.18.0.log": Log(writes_query=False, unreadable=(*QUOTED, ENCODED), found="hypercorn"),
    "aiohttp-3.14.5.log": Log(unreadable=QUOTED, changed=("/latin-1",), found="aiohttp"),
    # Percent escapes undone, letters not ASCII in its escapes twice.
    "cherrypy-18.10.0.log": Log(
        unreadable=("/looks-escaped",), changed=(ENCODED, "/utf-8", "/latin-1", "/tab"), found="cherrypy"
    ),
    "granian-2.8.9.log": Log(writes_query=False, writes_headers=False, found="granian"),
    "uvicorn-0.54.0.log": Log(writes_headers=False, changed=QUOTED_ANEW, carried=CRI, found="uvicorn in cri"),
    "daphne-4.2.3.log": Log(writes_headers=False, found="daphne"),
    "werkzeug-3.1.9.log": Log(writes_headers=False, unreadable=(ENCODED,), found="werkzeug"),
    "uwsgi-2.0.31.log": Log(writes_headers=False, found="uwsgi"),
    "puma-5.6.5.log": Log(writes_headers=False, found="common"),
    "sanic-25.12.1.log": Log(writes_headers=False, found="sanic"),
    "tornado-6.6.1.log": Log(writes_headers=False, found="tornado"),
    "gevent-26.9.0.log": Log(writes_headers=False, found="gevent"),
    "eventlet-0.41.3.log": Log(writes_headers=False, found="werkzeug"),
    "wsgiref-3.11.log": Log(writes_headers=False, found="werkzeug"),
    "django-5.2.19.log": Log(writes_headers=False, writes_address=False, found="django"),
    "php-8.2.36.log": Log(writes_headers=False, found="php"),
    "uvicorn-0.54.0-json.log": Log(writes_headers=False, changed=QUOTED_ANEW, found="uvicorn in json"),
    # Escapes nothing: without its name `\"` in an agent is taken for an escaped quote.
    "zope.server-5.0.log": Log("paste", unreadable=QUOTED, found="combined in logging"),
    "paste-3.10.1-logging.log": Log("paste", unreadable=(*QUOTED, *QUOTED_ANEW, ENCODED), found="combined in logging"),
    "jetty-9.4.57.log": Log("jetty", unreadable=QUOTED, found="combined"),
    "webrick-1.8.1-combined.log": Log(unreadable=QUOTED, changed=("/tab",), found="combined"),
    "starman-0.4016.log": Log("plack", unreadable=QUOTED, found="combined"),
    "nghttpx-1.52.0.log": Log("nginx", found="combined"),
    # hapi takes queries apart, and so they are put together anew.
    "hapi-pino-13.0.0.log": Log(changed=("/latin-1", ENCODED, QUOTED_ANEW[1]), found="jsonl"),
    "good-squeeze-6.0.0.log": Log(changed=("/latin-1", ENCODED, QUOTED_ANEW[1]), found="jsonl"),
    "log4js-6.9.1.log": Log(unreadable=QUOTED, found="log4js in logging"),
    "morgan-1.12.1-tiny.log": Log(writes_headers=False, writes_address=False, carried=CRI, found="morgan-tiny in cri"),
    "morgan-1.12.1-dev.log": Log(writes_headers=False, writes_address=False, carried=CRI, found="morgan-dev in cri"),
    "winston-3.19.0-morgan.log": Log("morgan", found="combined in json"),
    "http-server-14.1.1.log": Log(
        unreadable=QUOTED[:2], changed=("/plain?a=1", QUOTED_ANEW[1], "/referrer"), found="http-server"
    ),
    "caddy-2.11.7-console.log": Log(found="jsonl in console"),
    "nginx-host-first.log": Log(found="host"),
    "nginx-apisix.log": Log(found="combined-wide"),
    "nginx-iso-time.log": Log(found="combined"),
    "nginx-uri-and-args.log": Log(found="jsonl"),
    "apache-split-time.log": Log(
        '%h %l %u %{%Y-%m-%d}t %{%H:%M:%S}t.%{usec_frac}t %{%z}t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"', found=""
    ),
    "apache-json.log": Log(found="jsonl"),
    "haproxy-2.6.12-httpslog.log": Log(found="haproxy"),
    # Host, X-Forwarded-For and User-Agent are captured.
    "haproxy-2.6.12-captures.log": Log(changed=("/plain?a=1", QUOTED_ANEW[1], "/referrer"), found="haproxy"),
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
    found = set()
    for record in records:
        columns = record.columns
        url = columns.get("url", "").removeprefix("http://site.example").removeprefix("https://site.example")
        method = (columns.get("event_data") or {}).get("method", "")
        found.add((method, url, columns.get("user_agent"), columns.get("referrer")))
    return found


def expected(log: Log, request: Request) -> tuple[str, str, str | None, str | None]:
    method, url, agent, referrer = request.expected()
    url = url if log.writes_query else url.partition("?")[0]
    return (method, url, agent, referrer) if log.writes_headers else (method, url, None, None)


@pytest.mark.parametrize("name", list(LOGS_READ))
def test_what_is_read_is_what_was_sent(name: str) -> None:
    log = LOGS_READ[name]
    reader, records = read(name, log, log.format)
    found = said(records)
    for request in SENT:
        hit = expected(log, request)
        assert (hit in found) is (request.target not in (*log.unreadable, *log.changed)), hit
        if request.target in log.unreadable:
            assert hit[:2] not in {(method, url) for method, url, _, _ in found}, hit
    if log.format is None:
        assert set(reader.counts) == {log.found}
    # express-winston writes no address; of the one request that a proxy brought it has that of the header.
    without = [record for record in records if not record.columns["ip_address"]]
    expected_without = 0 if log.writes_address else len(records)
    assert len(without) == (len(records) - 1 if "express-winston" in name else expected_without)


@pytest.mark.parametrize("name", list(LOGS_READ))
def test_a_line_is_read_without_a_name_of_its_format(name: str) -> None:
    """The safe reading takes no line otherwise than the server's own, but for what only that undoes."""
    log = LOGS_READ[name]
    if not (log.format is None or log.found != ""):
        return  # A configuration of its own, which nothing tells from a torn line.
    reader, records = read(name, log, None)
    _, own = read(name, log, log.format)
    if log.found:
        assert set(reader.counts) == {log.found}
    # What was sent as an escape is taken for one.
    misread = {("GET", "/semi;a=1"), ("GET", "/looks-escaped")}
    targets = {(method, url.partition("?")[0]) for method, url, _, _ in said(records)}
    assert targets <= {(method, url.partition("?")[0]) for method, url, _, _ in said(own)} | misread
    assert sum(reader.counts.values()) >= len(own) - 1
