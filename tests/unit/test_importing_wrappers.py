"""Lines that something else carried: syslog, journald, Docker, Kubernetes, and among lines that nothing did."""

from collections.abc import Callable
from datetime import UTC, datetime

import orjson
import pytest

from tests.support.log_lines import FIELD_LINES, ONE, SHAPES, line_of
from tracker.importing.formats import reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed, Record

LINE = b'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-"'


ISO = "2026-11-28T20:57:01"
CARRIERS = {
    "cri": lambda line: f"{ISO}.123456789Z stdout F ".encode() + line,
    "docker": lambda line: orjson.dumps({"log": f"{line.decode()}\n", "stream": "stdout", "time": f"{ISO}Z"}),
    "journald": lambda line: orjson.dumps({"MESSAGE": line.decode(), "__REALTIME_TIMESTAMP": "1795899421000000"}),
    "RFC 3164": lambda line: b"<190>Nov 28 20:57:01 web1 nginx[12]: " + line,
    "RFC 5424": lambda line: f"<134>1 {ISO}.5Z web1 nginx 12 - - ".encode() + line,
    "rsyslog": lambda line: f"{ISO}.1+00:00 web1 nginx: ".encode() + line,
    "compose": lambda line: b"web-1  | " + line,
    "kubectl": lambda line: f"[pod/web-1/nginx] {ISO}.1Z ".encode() + line,
    "filebeat": lambda line: orjson.dumps({"@timestamp": f"{ISO}Z", "message": line.decode(), "log": {"offset": 1}}),
}
CARRIED = frozenset(
    (
        "cri",
        "docker",
        "journald",
        "syslog-3164",
        "syslog-priority",
        "syslog-5424",
        "rsyslog",
        "compose",
        "pod",
        "heroku",
        "cee",
        "digitalocean",
        "fluent-bit",
        "go",
        "honcho",
        "papertrail",
        "render",
    )
)


def read(line: bytes) -> Record:
    record = reader_of(None)(line)
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("wrapped", "name"),
    [
        (b"<190>Nov 28 20:58:25 web1 nginx: " + LINE, "syslog"),
        (b"Nov  8 20:58:25 nginx[12]: " + LINE, "syslog"),
        (b"<134>1 2015-05-17T10:05:03.5Z web1 nginx 12 - - " + LINE, "syslog"),
        (b'<134>1 2015-05-17T10:05:03.5Z web1 nginx 12 - [x@1 a="b\\]c"] ' + LINE, "syslog"),
        (b"<134>1 2015-05-17T10:05:03.5+00:00 - haproxy 7 - [x@1 bytes=1 status=200] " + LINE, "syslog"),
        (b"<134>" + LINE, "syslog"),
        (b"<6>2015-05-17T10:05:03.442934+00:00 " + LINE, "timestamps in syslog"),
        (b"[2015-05-17 10:05:03,123] INFO in app: " + LINE, "logging"),
        (b"<190>2015-05-17T10:05:03.123+00:00 web1 nginx: " + LINE, "syslog"),
        (b"Sun 2015-05-17 10:05:03 UTC web1 nginx[12]: " + LINE, "syslog"),
        (b"May 17 10:05:03.123456 web1 nginx[12]: " + LINE, "syslog"),
        (b"2015-05-17T10:05:03+0000 [twisted.python.log#info] " + LINE, "twistd"),
        (b"2015-05-17T10:05:03.123+00:00 web1 nginx: " + LINE, "syslog"),
        (b"2015-05-17T10:05:03.123456789Z stdout F " + LINE, "cri"),
        (b"2015-05-17T10:05:03.123456789Z " + LINE, "timestamps"),
        (b"web-1  | " + LINE, "compose"),
        (orjson.dumps({"log": LINE.decode() + "\n", "stream": "stdout", "time": "2015-05-17T10:05:03Z"}), "docker"),
        (orjson.dumps({"MESSAGE": LINE.decode(), "__REALTIME_TIMESTAMP": "1431857103000000"}), "journald"),
        (orjson.dumps({"MESSAGE": list(LINE), "__REALTIME_TIMESTAMP": "1431857103000000"}), "journald"),
        # `journalctl` where the machine's zone is not UTC, and since the machine was started.
        (b"Sun 2015-05-17 12:05:03 CEST web1 nginx.service/nginx[12]: " + LINE, "syslog"),
        (b"Sun 2015-05-17 07:05:03 -03 web1 nginx@a[12]: " + LINE, "syslog"),
        (b"[   12.123456] web1 nginx[12]: " + LINE, "syslog"),
        (b'2015-05-17T10:05:03Z {app="nginx", path="/v \\"x\\""} ' + LINE, "logcli"),
        (b"2015-05-17T12:05:03+02:00 {} " + LINE, "logcli"),
        (b"2015-05-17T10:05:03.000000+00:00 web/nginx/0a1b " + LINE, "cloudwatch"),
        (b"2015-05-17T10:05:03Z app[148ed127] ams [info]" + LINE, "fly in timestamps"),
        (b"2015-05-17_10:05:03.12345 " + LINE, "timestamps"),
        (b"@400000005558674f1234abcd " + LINE, "timestamps"),
        (b"2015-05-17 10:05:03.123456789  " + LINE, "timestamps"),
        (orjson.dumps({"HOST": "web1", "PROGRAM": "nginx", "MESSAGE": LINE.decode()}), "json"),
        (orjson.dumps({"time": 1431857103.5, "host": "web1", "event": LINE.decode()}), "json"),
        (orjson.dumps({"event": LINE.decode(), "data": {"a": 1}}), "json"),
        (orjson.dumps({"event": LINE.decode(), "result": {}}), "json"),
        (orjson.dumps({"preview": False, "result": {"_raw": LINE.decode()}}), "json in json"),
        (orjson.dumps({"_entry": LINE.decode(), "app": "nginx"}), "json"),
    ],
)
def test_what_carried_a_line_is_taken_off(wrapped: bytes, name: str) -> None:
    reader = reader_of(None)
    assert reader(wrapped) == read(LINE)
    assert reader.counts == {f"combined in {name}": 1}


def test_a_line_without_a_time_has_that_of_what_carried_it() -> None:
    line = b'INFO:     203.0.113.9:5000 - "GET /a?b=c HTTP/1.1" 200 OK'
    with pytest.raises(Malformed, match="no time"):
        read(line)
    record = read(b"2015-05-17T10:05:03.5Z stdout F " + line)
    assert record.created_at == datetime(2015, 5, 17, 10, 5, 3, 500_000, tzinfo=UTC)
    assert (record.columns["url"], record.columns["ip_address"]) == ("/a?b=c", "203.0.113.9")


@pytest.mark.parametrize("name", ["jsonPayload", "_source", "result", "data"])
def test_an_object_in_another_s_object_is_read_by_its_own_names(name: str) -> None:
    inner = {"remote_addr": "203.0.113.9", "request": "GET /a?b=c HTTP/1.1", "status": "200"}
    record = read(orjson.dumps({"timestamp": "2015-05-17T10:05:03Z", "insertId": "x", name: inner}))
    assert record.created_at == datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)
    assert (record.columns["url"], record.columns["ip_address"]) == ("/a?b=c", "203.0.113.9")
    outer = {
        "timestamp": "2015-05-17T10:05:03Z",
        **inner,
        "status": "404",
        name: inner | {"request": "GET /b HTTP/1.1"},
    }
    assert read(orjson.dumps(outer)).columns["url"] == "/a?b=c"


def test_a_line_that_was_cut_on_its_way_is_put_together_again() -> None:
    reader = reader_of(None)
    assert reader(b"2015-05-17T10:05:03Z stdout P " + LINE[:40]) is None
    assert reader(b"2015-05-17T10:05:03Z stdout F " + LINE[40:]) == read(LINE)


def test_lines_that_were_carried_and_others_may_stand_in_any_order() -> None:
    reader = reader_of(None)
    lines = {"combined": LINE, "combined in cri": b"2015-05-17T10:05:03.5Z stdout F " + LINE}
    json = b'{"time": "2015-05-17T10:05:03Z", "remote_addr": "192.0.2.1", "request": "GET / HTTP/1.1"}'
    lines |= {"combined in syslog": b"<190>Nov 28 20:58:25 web1 nginx: " + LINE, "jsonl": json}
    for name in ("combined", "combined in cri", "combined", "jsonl", "combined in cri", "combined in syslog", "jsonl"):
        before = reader.counts.get(name, 0)
        assert reader(lines[name]) is not None
        assert reader.counts[name] == before + 1


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_format_is_read_in_every_carrier(carrier: str) -> None:
    def read_one(shape: str, carried: Callable[[bytes], bytes]) -> Record | None:
        reader = reader_of(None, rules=ReadingRules(assume_zone=UTC))
        if shape in FIELD_LINES:
            assert reader(carried(FIELD_LINES[shape])) is None
        return reader(carried(line_of(shape, ONE)))

    for shape in SHAPES.keys() - CARRIED:
        assert read_one(shape, CARRIERS[carrier]) == read_one(shape, bytes), shape


@pytest.mark.parametrize("name", ["data", "event"])
def test_a_word_for_what_happened_hides_no_object(name: str) -> None:
    inner = {"ip": "203.0.113.9", "method": "GET", "uri": "/x"}
    record = read(orjson.dumps({"time": "2015-05-17T10:05:03Z", "event": "request_finished", name: inner}))
    assert (record.columns["url"], record.columns["ip_address"]) == ("/x", "203.0.113.9")


@pytest.mark.parametrize("word", ["x", "user=3 did=y"])
def test_of_an_object_with_a_word_for_what_happened_its_names_are_said(word: str) -> None:
    line = orjson.dumps({"time": "2015-05-17T10:05:03Z", "event": word, "a": 3})
    with pytest.raises(Malformed, match=r"none of its names is known \(time, event, a\).*--map address"):
        read(line)


def test_of_a_line_in_an_event_the_reason_is_its_own() -> None:
    with pytest.raises(Malformed, match="its request has no protocol"):
        read(orjson.dumps({"event": LINE.decode().replace(' HTTP/1.1" 200 1 "-" "-"', '" 200 1 "-" "UA x"')}))
