from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.support.read_lines import LINE, START, columns, combined, common, read
from tracker.importing.record import Malformed, Record


def test_a_combined_line_fills_its_columns() -> None:
    assert combined(START + b'"GET /a?b=c HTTP/1.1" 200 203023 "https://r.example/" "Mozilla/5.0"') == Record(
        created_at=datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC),
        columns={
            "ip_address": "192.0.2.1",
            "url": "/a?b=c",
            "referrer": "https://r.example/",
            "user_agent": "Mozilla/5.0",
            "event_data": {"method": "GET", "status": 200, "bytes": 203023},
        },
    )


def test_a_common_line_ends_after_the_bytes() -> None:
    line = START + b'"GET / HTTP/1.0" 304 -'
    assert dict(common(line).columns) == {
        "ip_address": "192.0.2.1",
        "url": "/",
        "event_data": {"method": "GET", "status": 304},
    }
    with pytest.raises(Malformed):
        combined(line)
    with pytest.raises(Malformed):
        common(line + b' "-" "Mozilla"')
    assert dict(common(line + b" 0.0012 TCP_MISS").columns) == dict(common(line).columns)


@pytest.mark.parametrize(
    ("quoted", "text"),
    [
        (rb"a \"quoted\" name", 'a "quoted" name'),
        (rb"back\\slash", "back\\slash"),
        (rb"caf\xc3\xa9", "café"),
        ("café".encode(), "café"),
        (b"caf\xe9", "caf\N{REPLACEMENT CHARACTER}"),
        (rb"C:\temp\new", r"C:\temp\new"),
        (rb"\x41", r"\x41"),
        (rb"\u00e6\u0097\u00a5", "日"),
        (rb"a\x1b[31mred\x01", "a[31mred"),
        (rb"nul\x00nul", "nulnul"),
        (b"-", None),
        (b"", None),
        (b"x" * 3000, "x" * 2000),
    ],
)
def test_a_quoted_field_is_unescaped_decoded_and_cut(quoted: bytes, text: str | None) -> None:
    assert columns(START + b'"GET / HTTP/1.1" 200 1 "-" "' + quoted + b'"').get("user_agent") == text


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (b"2001:DB8::0:1", "2001:db8::1"),
        (b"::ffff:192.0.2.7", "192.0.2.7"),
        (b"fe80::1%eth0", "fe80::1"),
        (b"fe80::1%eth0.12", "fe80::1"),
        (b"64:ff9b::192.0.2.7", "64:ff9b::c000:207"),
        (b"crawl.example.net", None),
        (b"-", None),
        (b"unknown", None),
        (b"10.0.0.7, 203.0.113.9, 198.51.100.4", "203.0.113.9"),
        (b"10.0.0.7,10.0.0.8", "10.0.0.7"),
        (b"unknown, 2001:db8::5", "2001:db8::5"),
    ],
)
def test_an_address_is_canonical_and_a_host_name_is_none(host: bytes, address: str | None) -> None:
    line = host + START.removeprefix(b"192.0.2.1") + b'"GET / HTTP/1.1" 200 1 "-" "-"'
    assert columns(line)["ip_address"] == address


def test_an_address_that_is_glued_to_another_is_none() -> None:
    with pytest.raises(Malformed):
        combined(b"2001:db8::" + LINE)


@pytest.mark.parametrize(
    ("request_line", "url", "method"),
    [
        (b"GET /with space HTTP/1.1", "/with space", "GET"),
        (b"GET /old", "/old", "GET"),
        (b"CONNECT example.com:443 HTTP/1.1", None, "CONNECT"),
        (b"OPTIONS * HTTP/1.1", None, "OPTIONS"),
        (b"PRI * HTTP/2.0", None, "PRI"),
        (b"GET - HTTP/1.1", None, "GET"),
        (b"not a request", None, None),
        (rb"GET /a\x08\x1b HTTP/1.1", "/a%08%1B", "GET"),
        (b"GET http://proxy.example/x HTTP/2.0", "http://proxy.example/x", "GET"),
        (rb"\x16\x03\x01\x02", None, None),
        (b"-", None, None),
        (b"", None, None),
    ],
)
def test_a_request_that_is_none_is_a_hit_without_a_url(
    request_line: bytes, url: str | None, method: str | None
) -> None:
    hit = columns(START + b'"' + request_line + b'" 400 0 "-" "-"')
    assert hit.get("url") == url
    assert hit["event_data"] == ({"method": method} if method else {}) | {"status": 400, "bytes": 0}


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        (b"01/Jan/2020:00:30:00 +0900", datetime(2019, 12, 31, 15, 30, tzinfo=UTC)),
        (b"01/Jan/2020:00:30:00 -0330", datetime(2020, 1, 1, 4, 0, tzinfo=UTC)),
        (b"31/DEC/2016:23:59:60 +0000", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (b"01/Jan/2020:00:30:00.250 +1345", datetime(2019, 12, 31, 10, 45, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_times_are_taken_with_their_offset(time: bytes, utc: datetime) -> None:
    assert combined(b"::1 - - [" + time + b'] "GET / HTTP/1.1" 200 1 "-" "-"').created_at == utc


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense",
        START + b'"GET / HTTP/1.1" 200 1 "-" "no end',
        START + b'"GET / HTTP/1.1" 200 1 "-" "a "quote" inside"',
        START + b'"GET / HTTP/1.1" 2000 1 "-" "-"',
        b'::1 - - [31/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'::1 - - [17/Mai/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'::1 - - [01/Jan/0001:00:00:00 +2300] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'::1 - - [17/May/2015:10:05:03 +9900] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'::1 - - [17/May/2015:10:05:03 +0575] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'::1 - - [17/May/2015:10:05:03 -03-30] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'::1 - - [17/May/2015:10:05:61 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
        b'\xff\xfe - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
    ],
)
def test_a_line_that_cannot_be_read_is_malformed(line: bytes) -> None:
    for format_ in ("combined", "apache", None):
        with pytest.raises(Malformed):
            read(line, format_)


def test_a_user_with_spaces_and_fields_after_the_user_agent_are_no_obstacle() -> None:
    line = (
        b'192.0.2.1 - John [the] Doe [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "UA" "203.0.113.9" 0.004'
    )
    assert columns(line)["user_agent"] == "UA"
    assert columns(line)["ip_address"] == "192.0.2.1"
    assert columns(line, address_from="forwarded")["ip_address"] == "203.0.113.9"


@pytest.mark.parametrize("line", [b"h - - " + b"a [" * 20_000, b'h - "' + b"\\" * 60_000, b"h " * 30_000])
@pytest.mark.timeout(10)
def test_a_line_made_to_be_slow_is_not(line: bytes) -> None:
    with pytest.raises(Malformed):
        combined(line)


@pytest.mark.parametrize("cut", range(1, len(LINE)))
def test_a_line_that_was_torn_and_went_on_with_another_is_no_line_of_its_own(cut: int) -> None:
    """One visitor's address never gets another's page."""
    second = b'198.51.100.7 - - [17/May/2015:10:05:04 +0000] "GET /second HTTP/1.1" 200 1 "-" "Second"'
    try:
        record = read(LINE[:cut] + second)
    except Malformed:
        return
    pytest.fail(f"taken: {record}")


@pytest.mark.parametrize("tail", [b"", b"\n"])
def test_two_lines_in_one_are_malformed(tail: bytes) -> None:
    for first in (LINE, START + b'"GET / HTTP/1.1" 200 1', START):
        with pytest.raises(Malformed):
            read(first + b" " + LINE + tail)


def test_a_line_behind_nuls_is_malformed() -> None:
    with pytest.raises(Malformed, match="truncated"):
        read(b"\0" * 100 + LINE)


@pytest.mark.parametrize("offset", ["+0000", "+0575", "-03-30"])
def test_an_offset_that_is_wrong_can_be_overridden(offset: str) -> None:
    line = f'::1 - - [01/Jul/2020:12:00:00 {offset}] "GET / HTTP/1.1" 200 1 "-" "-"'.encode()
    assert read(line, zone=ZoneInfo("Europe/Berlin")).created_at == datetime(2020, 7, 1, 10, tzinfo=UTC)
