"""Two lines of any two formats, cut at any byte and glued: what is taken is of one visitor alone.

Where a cut leaves a line that a server might have written so, nobody can tell (docs/formats.md says which these are);
everywhere else nothing is taken that mixes two.
"""

import random
from collections.abc import Iterator
from datetime import UTC

import orjson
import pytest

from tests.support.log_lines import (
    FIELD_LINES,
    JSON,
    ONE,
    SHAPES,
    TWO,
    WITHOUT_PROTOCOL,
    is_seamless,
    is_text_in_text,
    line_of,
    whose,
)
from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed, Record

PAIRS = [(shape, other) for shape in SHAPES for other in SHAPES]
GLUES = (b"", b" ", b'"', b"\0", b"\0" * 9)
A_LOG_S_LINE = b'192.0.2.1 - %s [28/Nov/2026:20:57:01 +0000] "%s" 200 5 "https://one.example/" "%s"%s'


def reader(*shapes: str) -> LogReader:
    """A reader that knows the fields of the first of the shapes that needs that."""
    made = reader_of(None, rules=ReadingRules(assume_zone=UTC))
    for shape in shapes:
        if shape in FIELD_LINES:
            made(FIELD_LINES[shape])
            break
    return made


def read(line: bytes, *shapes: str) -> Record | None:
    try:
        return reader(*shapes)(line)
    except Malformed:
        return None


def cuts(seed: str, times: int) -> Iterator[tuple[str, str, int, random.Random]]:
    """Every pair of shapes, cut at some bytes of the first: the same ones in every run."""
    chance = random.Random(seed)
    for shape, other in PAIRS:
        for _ in range(times):
            yield shape, other, chance.randint(1, len(line_of(shape, ONE))), chance


@pytest.mark.parametrize("shape", SHAPES)
def test_each_line_is_read_alone(shape: str) -> None:
    for visitor in (ONE, TWO):
        record = reader(shape)(line_of(shape, visitor))
        assert record is not None
        assert whose(record) == {visitor.name}


def test_a_line_that_lost_its_end_before_a_whole_one_is_not_mixed_with_it() -> None:
    for shape, other, cut, chance in cuts("end", 1):
        line = line_of(shape, ONE)[:cut] + chance.choice(GLUES) + line_of(other, TWO)
        record = read(line, shape, other)
        if record is not None and not is_seamless(shape, cut, other, 0):
            assert len(whose(record)) == 1, line


def test_two_lines_that_lost_their_ends_are_not_mixed() -> None:
    for shape, other, cut, chance in cuts("ends", 1):
        whole = line_of(other, TWO)
        line = line_of(shape, ONE)[:cut] + chance.choice(GLUES) + whole[: chance.randint(1, len(whole))]
        record = read(line, shape, other)
        if record is not None and not is_seamless(shape, cut, other, 0):
            assert len(whose(record)) == 1, line


def test_a_beginning_and_an_end_of_two_lines_are_mixed_only_where_nobody_can_tell() -> None:
    for shape, other, cut, chance in cuts("middle", 1):
        whole = line_of(other, TWO)
        begin = chance.randrange(len(whole))
        glue = chance.choice((b"", b"", b"\0"))
        line = line_of(shape, ONE)[:cut] + glue + whole[begin:]
        record = read(line, shape, other)
        if record is None or len(whose(record)) == 1:
            continue
        assert not glue, line
        if not {shape, other} <= JSON and not is_seamless(shape, cut, other, begin):
            assert is_text_in_text(shape, cut, other, begin), line
            assert shape in WITHOUT_PROTOCOL or len(whose(record, ("url",))) == 1, line


@pytest.mark.parametrize(
    ("user", "request_line", "agent", "rest"),
    [
        (b"-e -", b"GET / HTTP/1.1", b"A", b""),
        (b"- [00.2", b"GET / HTTP/1.1", b"A", b""),
        (b"bob [2", b"GET / HTTP/1.1", b"A", b""),
        (b"GE198.51.100.2", b"GET / HTTP/1.1", b"A", b""),
        (b".51.100.2", b"GET / HTTP/1.1", b"A", b""),
        (b"GET /one?x=one HTTP/1.1 2", b"GET / HTTP/1.1", b"A", b""),
        (b"-", b"GET / HTTP/1.1", b"Agent/oneET /two HTTP/1.1", b' 200 5 "https://two.example/" "Agent/two"'),
        (b"-", b"GET / HTTP/1.1", b"Agent/o://two.example/two HTTP/2.0", b' "Agent/two" - -'),
        (b"-", b"GET /ontwo.example/", b"Agent/two", b""),
        (b"-", b"GEo?x=two HTTP/1.1", b"Agent/two", b""),
        (b"-", b"GET / HTTP/1.1", b"A\0\0B", b""),
    ],
)
def test_a_line_that_gives_itself_away_is_malformed(
    user: bytes, request_line: bytes, agent: bytes, rest: bytes
) -> None:
    with pytest.raises(Malformed):
        reader()(A_LOG_S_LINE % (user, request_line, agent, rest))


@pytest.mark.parametrize(
    ("user", "request_line", "agent", "rest"),
    [
        (b"bob@192.0.2.9", b"GET / HTTP/1.1", b"A", b""),
        (b"bob smith", b"GET / HTTP/1.1", b"A", b""),
        (b'bob \\"x\\" smith', b"GET / HTTP/1.1", b"A", b""),
        (b"bob \\x22x smith", b"GET / HTTP/1.1", b"A", b""),
        (b'""', b"GET / HTTP/1.1", b"A", b""),  # Apache's, of a user without a name.
        (b"a[b] c-d", b"GET / HTTP/1.1", b"A", b""),
        (b"-", b"GET / HTTP/1.1", b"A HTTP/1.1", b""),
        (b"-", b"GET / HTTP/1.1", b'A HTTP/1.1\\" 200 5', b" 0.001"),
        (b"-", b"", b"-", b""),
    ],
)
def test_an_odd_line_is_read(user: bytes, request_line: bytes, agent: bytes, rest: bytes) -> None:
    record = reader()(A_LOG_S_LINE % (user, request_line, agent, rest))
    assert record is not None
    assert whose(record) == {"one"}


def test_a_request_of_http_0_9_has_no_protocol_and_no_headers() -> None:
    record = reader()(b'192.0.2.1 - - [28/Nov/2026:20:57:01 +0000] "GET /one" 200 5 "-" "-"')
    assert record is not None
    assert record.columns["url"] == "/one"


def test_a_long_request_that_haproxy_cut_is_read_as_it_stands() -> None:
    line = line_of("haproxy", ONE).replace(b"/one?x=one HTTP/1.1", b"/one?x=" + b"o" * 1012)
    record = reader()(line)
    assert record is not None
    assert record.columns["url"].startswith("/one?x=oo")
    assert record.columns["user_agent"] == "Agent/one"


def test_an_object_says_a_name_once() -> None:
    values = (
        b'{"time":"2026-11-28T20:57:01Z","remote_addr":"192.0.2.1","request":"GET /one HTTP/1.1","msg":"a","msg":"b"%s}'
    )
    assert read(values % b"") is not None
    assert read(values % b',"remote_addr":"192.0.2.1"') is not None
    assert read(values % b',"http_user_agent":"\\"remote_addr\\":\\"192.0.2.9\\""') is not None
    with pytest.raises(Malformed, match=r"two records.*remote_addr twice"):
        reader()(values % b',"remote_addr":"198.51.100.2"')
    inside = b'{"ts":1795899421,"request":{"remote_ip":"192.0.2.1","uri":"/one","uri":"/two"}}'
    with pytest.raises(Malformed, match=r"two records.*uri twice"):
        reader()(inside)


def test_a_carried_line_s_end_is_no_end_of_a_header() -> None:
    values = {"time": "2026-11-28T20:57:01Z", "remote_addr": "192.0.2.1", "request": "GET /one HTTP/1.1"}
    with pytest.raises(Malformed, match="two records"):
        reader()(orjson.dumps({**values, "http_user_agent": 'A" 200 5\n', "stream": "stdout"}))
    with pytest.raises(Malformed, match="MESSAGE"):
        reader()(orjson.dumps({**values, "__REALTIME_TIMESTAMP": "1795899421000000"}))


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ("date time c-ip cs-uri-stem sc-status time-taken", "2026-11-28 20:57:01 192.0.2.1 /one 200 HTTP/1.1"),
        ("date time c-ip cs-uri-stem sc-status", "2026-11-28 20:57:01 GET /one 200"),
        ("date time c-ip cs-uri-stem sc-status", "[2026-11-28 20:57:01 192.0.2.1 /one 200"),
        ("date\ttime\tc-ip\tcs-uri-stem\tsc-status", "2026-11-28\t20:57:01\t192.0.2.1\t/one HTTP/1.1\t200"),
        ("date time x-edge-location c-ip cs-uri-query", '2026-11-28\t20:57:01\tFRA2\t192.0.2.1\tone","ts":1'),
    ],
    ids=["number", "address", "date", "space", "quote"],
)
def test_a_w3c_field_holds_what_its_name_says(fields: str, line: str) -> None:
    made = reader()
    made(f"#Fields: {fields}".encode())
    with pytest.raises(Malformed, match="its "):
        made(line.encode())
