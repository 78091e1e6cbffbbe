"""Whatever bytes a log holds: a line is read whole, or it is malformed. Never a traceback, never half of a line."""

import random
from datetime import UTC
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.importing import log_record
from tracker.importing.escapes import ESCAPES
from tracker.importing.formats import NAMES, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed, Record
from tracker.privacy.addresses import normalise

LOGS = Path(__file__).parents[1] / "data/logs"
FILES = sorted(LOGS.glob("*.log"))
SPECIAL = (b'"', b"\\", b"\0", b" ", b"[", b"}")
LINES = [line for path in FILES for line in path.read_bytes().splitlines()]
_TAIL = b'"GET /%s?x=%s HTTP/1.1" 200 5'
_HEADERS = b' "https://%s.example/" "Agent/%s"'
_TIME = b"[28/Nov/2026:20:57:%02d +0000] "
SHAPES = {
    "combined": b"%s - - " + _TIME + _TAIL + _HEADERS,
    "user": b"%s - %s " + _TIME + _TAIL + _HEADERS,
    "vhost": b"site.example:443 %s - - " + _TIME + _TAIL + _HEADERS,
    "common": b"%s - - " + _TIME + _TAIL,
    "haproxy": b"%s:51234 [28/Nov/2026:20:57:%02d.187] web web/<NOSRV> 0/-1/-1/-1/0 200 85 - - PR-- 1/1/0/0/0 0/0 "
    b'{Agent/%s} "GET /%s?x=%s HTTP/1.1"',
    "host": b"%s.example %s - - " + _TIME + _TAIL + _HEADERS,
    "wide": b"%s - - " + _TIME[:-1] + b' %s.example "GET /%s?x=%s HTTP/1.1" 200 5' + _HEADERS,
    "gevent": b"%s - - [2026-11-28 20:57:%02d] " + _TAIL + b" 0.000102",
    "gin": b'[GIN] 2026/11/28 - 20:57:%02d | 200 | 123.4us | %s | GET "/%s?x=%s"',
    "chi": b'2026/11/28 20:57:%02d "GET http://site.example/%s?x=%s HTTP/1.1" from %s:4711 - 200 5B in 12.3us',
    "tornado": b"[I 261128 20:57:%02d web:1] 200 GET /%s?x=%s (%s) 0.48ms",
    "sanic": b"Main |2026-11-28 20:57:%02d +0000 INFO: %s:51234 GET http://site.example/%s?x=%s 200 2  0.3ms",
    "php": b"[Sat Nov 28 20:57:%02d 2026] %s:51234 [200]: GET /%s?x=%s",
    "rails": b'Started GET "/%s?x=%s" for %s at 2026-11-28 20:57:%02d +0000',
    "http-server": b'[2026-11-28T20:57:%02d.134Z] %s "GET /%s?x=%s" "Agent/%s"',
    "log4js": b"[2026-11-28T20:57:%02d.908] [INFO] http - %s - - " + _TAIL + _HEADERS,
    "logging": b"2026-11-28 20:57:%02d,123 INFO  [wsgi] %s - - " + _TIME + _TAIL + _HEADERS,
    "pod": b"[pod/web/nginx] 2026-11-28T20:57:%02d.1Z %s - - " + _TIME + _TAIL + _HEADERS,
    "json": b'{"time": "2026-11-28T20:57:%02dZ", "remote_addr": "%s", "request": "GET /%s HTTP/1.1", '
    b'"http_user_agent": "Agent/%s"}',
}


def line_of(shape: str, name: bytes, address: bytes, second: int) -> bytes:
    """A line in which every field says whose it is."""
    values: dict[str, tuple[Any, ...]] = {
        "combined": (address, second, name, name, name, name),
        "user": (address, name, second, name, name, name, name),
        "vhost": (address, second, name, name, name, name),
        "common": (address, second, name, name),
        "haproxy": (address, second, name, name, name),
        "host": (name, address, second, name, name, name, name),
        "wide": (address, second, name, name, name, name, name),
        "gevent": (address, second, name, name),
        "gin": (second, address, name, name),
        "chi": (second, name, name, address),
        "tornado": (second, name, name, address),
        "sanic": (second, address, name, name),
        "php": (second, address, name, name),
        "rails": (name, name, address, second),
        "http-server": (second, address, name, name, name),
        "log4js": (second, address, name, name, name, name),
        "logging": (second, address, second, name, name, name, name),
        "pod": (second, address, second, name, name, name, name),
        "json": (second, address, name, name),
    }
    return SHAPES[shape] % values[shape]


def read(line: bytes, format_: str | None = None) -> Record | None:
    """What a line says. Any exception but Malformed, and anything that could not be stored, fails the test."""
    try:
        record = reader_of(format_, rules=ReadingRules(assume_zone=UTC))(line)
    except Malformed:
        return None
    if record is not None:
        assert record.created_at.utcoffset() is not None
        columns = record.columns
        assert columns.get("ip_address") is None or normalise(columns["ip_address"]) == columns["ip_address"]
        if url := columns.get("url"):
            assert not any(character < " " or character == "\x7f" for character in url)
        for name in ("user_agent", "referrer"):
            text = columns.get(name) or ""
            assert not any(character < " " and character != "\t" for character in text)
        assert b"\\u0000" not in orjson.dumps(dict(columns))
    return record


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_no_bytes_are_a_traceback(line: bytes) -> None:
    read(line)


@given(st.data())
@settings(max_examples=300)
def test_no_changed_line_is_a_traceback(data: st.DataObject) -> None:
    line = bytearray(data.draw(st.sampled_from(LINES)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(line)))
        match data.draw(st.sampled_from(("insert", "delete", "change", "copy"))):
            case "insert":
                line[at:at] = data.draw(
                    st.binary(min_size=1, max_size=6) | st.sampled_from((b'"', b"\\", b"\0", b" ", b"[", b"}"))
                )
            case "delete":
                del line[at : at + data.draw(st.integers(1, 30))]
            case "change":
                line[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
            case _:
                line[at:at] = line[at : at + 40]
    read(bytes(line))
    read(bytes(line), data.draw(st.sampled_from(NAMES)))


@given(st.lists(st.sampled_from(("GET", "PROPFIND", "/a", "/b c", "HTTP/1.1", "HTTP/2", "null", "1.1", "*", "", " "))))
def test_the_short_way_of_a_request_leads_where_the_pattern_leads(parts: list[str]) -> None:
    request = " ".join(parts)
    match = log_record._REQUEST.fullmatch(request)
    is_one = match is not None and (match[3] or match[2].startswith("/"))
    assert log_record._parts_of(request) == ((match[1], match[2].strip()) if match and is_one else (None, None))


@given(st.sampled_from(sorted(ESCAPES)), st.binary(max_size=60) | st.text('\\xu0e4T"n#é', max_size=30).map(str.encode))
def test_undoing_escapes_never_fails_and_needs_its_mark(name: str, field: bytes) -> None:
    escape = ESCAPES[name]
    undone = escape.undo(field)
    assert isinstance(undone, bytes)
    if field.isascii() and escape.mark not in field:
        assert undone == field


def whose(record: Record) -> set[str]:
    """To whom the fields of a record belong."""
    columns = record.columns
    names = {{"192.0.2.1": "one", "2001:db8::2": "two"}[columns["ip_address"]]}
    names.add({1: "one", 2: "two"}[record.created_at.second])
    text = " ".join(str(columns.get(name) or "") for name in ("url", "referrer", "user_agent"))
    return names | {name for name in ("one", "two") if name in text}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_a_torn_line_before_a_whole_one_never_mixes_two_visitors(shape: str) -> None:
    """The address of one never gets the page of the other."""
    first, second = line_of(shape, b"one", b"192.0.2.1", 1), line_of(shape, b"two", b"2001:db8::2", 2)
    chance = random.Random(shape)
    cuts = range(1, len(first) + 1)
    for cut in cuts:
        for glue in (b"", b" ", b'"', b"\0"):
            record = read(first[:cut] + glue + second)
            assert record is None or len(whose(record)) == 1, first[:cut] + glue + second
    for _ in range(300):
        torn = first[: chance.choice(cuts)] + first[: chance.choice(cuts)] + second[: chance.choice(cuts)]
        record = read(torn)
        assert record is None or len(whose(record)) == 1, torn


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"common", "php"}))
def test_a_line_that_lost_its_end_or_its_beginning_is_no_line(shape: str) -> None:
    line = line_of(shape, b"one", b"192.0.2.1", 1)
    whole = read(line)
    assert whole is not None
    after_address = line.index(b"192.0.2.1") + len(b"192.0.2.1")
    parts = [line[:cut] for cut in range(1, len(line))] + [line[cut:] for cut in range(after_address, len(line))]
    for part in parts:
        record = read(part)
        # What is left may be a whole line of another format: then it says nothing that was not sent.
        if record is not None:
            kept = {name: value for name, value in record.columns.items() if name != "event_data"}
            assert {**whole.columns, **kept} == whole.columns, part
