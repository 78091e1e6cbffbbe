"""Lines of labelled values between tabs (LTSV): labels that the format recommends, and nginx' variables."""

import pytest

from tracker.importing.formats import reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed, Record

LINE = (
    "time:[29/Nov/2026:19:05:03 +0900]\thost:203.0.113.9\tforwardedfor:-\tuser:-\treq:GET /a?b=c HTTP/1.1\tstatus:200\t"
    "size:5\treferer:https://r.example/\tua:UA x\tvhost:site.example\treqtime:0.001\tapptime:-"
)

NGINX = (
    "time_iso8601:2026-11-29T10:05:03+00:00\tremote_addr:203.0.113.9\thost:site.example\trequest:GET /a?b=c HTTP/1.1"
    "\tstatus:200\tbody_bytes_sent:5\thttp_referer:https://r.example/\thttp_user_agent:UA x"
)


def read(line: str, format_: str | None = None, rules: ReadingRules | None = None) -> Record:
    record = reader_of(format_, rules=rules or ReadingRules())(line.encode())
    assert record is not None
    return record


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        LINE.replace("size:5\t", "", 1) + "\tsize:5",
        LINE.replace("[29/Nov/2026:19:05:03 +0900]", "2026-11-29T10:05:03+00:00"),
        LINE.replace("req:GET /a?b=c HTTP/1.1", "method:GET\turi:/a?b=c\tprotocol:HTTP/1.1"),
        NGINX,
        f"<190>Nov 29 19:05:03 web nginx: {LINE}",
    ],
    ids=["recommended", "another order", "iso", "request in parts", "nginx", "syslog"],
)
@pytest.mark.parametrize("format_", [None, "ltsv"])
def test_labelled_values_are_found_by_their_labels(line: str, format_: str | None) -> None:
    record = read(line, format_)
    assert record.created_at.isoformat() == "2026-11-29T10:05:03+00:00"
    assert (record.host, record.kind) == ("site.example", "page")
    assert record.columns == {
        "ip_address": "203.0.113.9",
        "url": "/a?b=c",
        "referrer": "https://r.example/",
        "user_agent": "UA x",
        "event_data": {"method": "GET", "status": 200, "bytes": 5},
    }


def test_what_stands_in_a_value_is_what_was_sent() -> None:
    assert read(LINE.replace("UA x", 'U: "q" \\x09 \\x22')).columns["user_agent"] == 'U: "q" \t "'
    assert read(LINE.replace("/a?b=c", "/a?t=10:05:03")).columns["url"] == "/a?t=10:05:03"
    assert read(LINE.replace("r.example/", "r.example/?t=10:05:03")).columns["referrer"].endswith("10:05:03")
    bad = read(
        LINE.replace("GET /a?b=c HTTP/1.1", "\\x16\\x03").replace("https://r.example/", "-").replace("UA x", "-")
    )
    assert bad.columns.get("url") is None
    forwarded = LINE.replace("forwardedfor:-", "forwardedfor:198.51.100.4, 10.0.0.1")
    assert read(forwarded).columns["ip_address"] == "203.0.113.9"
    assert read(forwarded, rules=ReadingRules(address_from="forwarded")).columns["ip_address"] == "198.51.100.4"


@pytest.mark.parametrize(
    "more",
    [
        "sent_http_last_modified:Wed, 21 Oct 2015 07:28:00 GMT",
        "unixtime:1700000000.123",
        "reqid:1700000000.55-1",
        'uri:/api?f={"a":1}',
        'cookie:s={"a":1}',
    ],
)
def test_labels_that_are_not_read_may_have_any_value(more: str) -> None:
    for line in (f"{LINE}\t{more}", LINE.replace("\tstatus", f"\t{more}\tstatus")):
        assert read(line).columns["url"] == "/a?b=c"


def test_a_host_that_is_no_address_is_the_site() -> None:
    record = read(LINE.replace("host:203.0.113.9", "host:shop.example").replace("\tvhost:site.example", ""))
    assert (record.host, record.columns.get("ip_address")) == ("shop.example", None)


def test_a_request_may_be_its_target_alone() -> None:
    assert read(LINE.replace("req:GET /a?b=c HTTP/1.1", "method:GET\treq:/a?b=c")).columns["url"] == "/a?b=c"


@pytest.mark.parametrize(
    "line",
    [
        LINE.replace("UA x", "Utime:[29/Nov/2026:19:05:04 +0900]"),
        LINE + LINE,
        f'{LINE}203.0.113.9 - - [29/Nov/2026:19:05:03 +0900] "GET / HTTP/1.1" 200 5',
        LINE[:150] + LINE,
        LINE.replace("UA x", 'U198.51.100.4 - - [29/Nov/2026:19:05:03 +0900] "GET / HTTP/1.1" 200 5'),
        LINE.replace("UA x", 'U{"time":1795946703}'),
        LINE.replace("GET /a?b=c HTTP/1.1", "GET /a?b"),
        "colour:red\tshape:round\tsize:5",
    ],
)
def test_torn_and_glued_lines_are_malformed(line: str) -> None:
    with pytest.raises(Malformed):
        read(line)
