"""Lines that the documentation of servers and shippers shows, in their less usual kinds."""

import time
from contextlib import suppress

import pytest

from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed, Record

COMMON = '203.0.113.9 - - [29/Nov/2026:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 5'
COMBINED = f'{COMMON} "https://r.example/" "UA x"'
FORWARDED = ReadingRules(address_from="forwarded")
FLUENTD = (
    '{"remote":"203.0.113.9","host":"-","user":"-","method":"GET","path":"/a?b=c","code":"200","size":"5",'
    '"referer":"https://r.example/","agent":"UA x"}'
)
GOROUTER = (
    'site.example - [2026-11-29T10:05:03.123+0000] "GET /a?b=c HTTP/1.1" 200 7 5 "https://r.example/" "UA x" '
    '"10.0.0.1:4711" "10.0.0.2:61001" x_forwarded_for:"203.0.113.9, 10.0.0.1" x_forwarded_proto:"https" '
    'vcap_request_id:"e1" response_time:0.012 gorouter_time:0.0001 app_id:"a" app_index:"0" x_cf_routererror:"-"'
)
TIME_ALONE = b"#Fields: time c-ip cs-method cs-uri-stem sc-status"


def read(line: str, rules: ReadingRules | None = None) -> tuple[LogReader, Record]:
    reader = reader_of(None, rules=rules or ReadingRules())
    record = reader(line.encode())
    assert record is not None
    return reader, record


@pytest.mark.parametrize(
    ("line", "format_"),
    [
        (COMMON.replace('] "', ']"') + " 6f7c-4d5e", "api-gateway"),
        (COMMON.replace('] "', ']"').replace("- -", "arn:aws:iam::12:user/x AIDA") + " 6f7c Bd+Ehx=", "api-gateway"),
        (f'{COMMON} - "UA x" 12 "web@docker" "http://10.0.0.2:80" 3ms', "traefik"),
        (f'{COMMON} - - 12 "web@docker" "http://10.0.0.2:80" 3ms', "traefik"),
        (COMMON.replace("+0000", "+00:00"), "common"),
        (f'{COMMON} site.example "https://r.example/" "UA x" "-"', "host-behind"),
        (GOROUTER, "gorouter"),
        (f"   2026-11-29T10:05:03.12+0000 [RTR/0]      OUT {GOROUTER}", "gorouter in cf"),
        (f"site.example 203.0.113.9, 10.0.0.1{COMBINED.removeprefix('203.0.113.9')}", "host"),
        (f"_ {COMBINED}", "host"),
        (f" {COMBINED}", "host"),
        (f"2026-11-29T10:05:03+00:00\tnginx.access\t{FLUENTD}", "jsonl in fluentd"),
        (f"2026-11-29 19:05:03.123456789 +0900 nginx.access: {FLUENTD}", "jsonl in fluentd"),
    ],
)
def test_a_line_is_read_as_it_is_documented(line: str, format_: str) -> None:
    reader, record = read(line)
    assert list(reader.counts) == [format_]
    assert record.created_at.isoformat()[:19] == "2026-11-29T10:05:03"
    assert (record.columns["ip_address"], record.columns["url"]) == ("203.0.113.9", "/a?b=c")
    assert record.columns["event_data"] == {"method": "GET", "status": 200, "bytes": 5}
    assert record.columns.get("user_agent") == ("UA x" if "UA x" in line else None)
    assert record.host == ("site.example" if "site.example" in line else None)


@pytest.mark.parametrize(
    ("behind", "address"),
    [
        (' "198.51.100.4, 10.0.0.1"', "198.51.100.4"),
        (' X-Forwarded-For="198.51.100.4"', "198.51.100.4"),
        (' x-forwarded-for="10.0.0.7, 198.51.100.4" 0.001', "198.51.100.4"),
        (' "198.51.100.4:4711"', "198.51.100.4"),
        (' "[2001:db8::1]:443"', "2001:db8::1"),
        (' "unknown, 198.51.100.4"', "198.51.100.4"),
        (' X-Forwarded-For="-"', "203.0.113.9"),
        # nginx' $gzip_ratio, a status, a trace: none of them is an address.
        (' "1.20"', "203.0.113.9"),
        (' "200" "0.001"', "203.0.113.9"),
        (' "deadbeef"', "203.0.113.9"),
    ],
)
def test_addresses_behind_a_combined_line_are_the_visitor_s_where_that_is_said(behind: str, address: str) -> None:
    assert read(COMBINED + behind)[1].columns["ip_address"] == "203.0.113.9"
    assert read(COMBINED + behind, FORWARDED)[1].columns["ip_address"] == address


@pytest.mark.parametrize(
    ("target", "url"), [("*", None), ("/a", "/a"), ("http://other.example/a", "http://other.example/a")]
)
def test_an_object_s_request_may_be_its_target_alone(target: str, url: str | None) -> None:
    values = f'"request":"{target}","method":"OPTIONS","status":"200","user_agent":"UA x"'
    _, record = read(f'{{"time":"2026-11-29T10:05:03Z","remote_ip":"203.0.113.9",{values}}}')
    assert (record.columns.get("url"), record.kind) == (url, "request")


def test_a_text_of_azure_is_the_object_that_it_holds() -> None:
    _, record = read(
        '{"time":"2026-11-29T10:05:03Z","category":"AppServiceHTTPLogs","properties":"{\\"CsHost\\":\\"site.example\\",'
        '\\"CIp\\":\\"203.0.113.9\\",\\"CsUriStem\\":\\"/a\\",\\"CsUriQuery\\":\\"b=c\\",\\"CsMethod\\":\\"GET\\",'
        '\\"ScStatus\\":200,\\"ScBytes\\":5,\\"UserAgent\\":\\"UA x\\"}"}'
    )
    assert (record.host, record.columns["url"], record.columns["user_agent"]) == ("site.example", "/a?b=c", "UA x")


def test_a_line_of_uwsgi_that_was_torn_before_its_user_has_nothing_of_the_next_one() -> None:
    line = (
        "[pid: 1|app: 0|req: 1/1] 203.0.113.9 (bob) {40 vars in 800 bytes} [Sat Nov 28 20:57:02 2026] GET /a => "
        "generated 5 bytes in 1 msecs (HTTP/1.1 200) 2 headers in 79 bytes (1 switches on core 0)"
    )
    assert read(line)[1].columns["url"] == "/a"
    with pytest.raises(Malformed):
        read(line.partition("bob")[0] + line.replace("203.0.113.9", "198.51.100.2"))


@pytest.mark.parametrize("tail", ["", ", x", ", 2001:db8::1:"])
@pytest.mark.parametrize("address", ["2001:db8:1:2:3:4:5:6", "::", "203.0.113.9:80", "[::1]:443", "unknown", ":" * 900])
def test_a_list_of_addresses_takes_no_longer_for_what_a_client_put_into_it(address: str, tail: str) -> None:
    """Each address fits a format in one way: with several, a list of eight took a second, one of sixteen days."""
    line = f'{COMMON} "https://r.example/" "UA x" "{", ".join([address] * 200)}{tail}"'
    began = time.process_time()
    with suppress(Malformed):
        reader_of(None)(line.encode())
    assert time.process_time() - began < 1


def times(*lines: str) -> list[str]:
    reader = reader_of(None)
    reader(TIME_ALONE)
    records = [reader(line.encode()) for line in lines]
    return [f"{record.created_at:%d %H:%M:%S}" for record in records if record is not None]


def test_a_time_of_day_has_the_date_that_was_said_last() -> None:
    rest = " 203.0.113.9 GET /a 200"
    first = "#Date: 2026-11-29 09:00:00"
    assert times(first, f"10:05:03{rest}", f"23:59:58{rest}", f"23:59:57{rest}") == [
        *("29 10:05:03", "29 23:59:58", "29 23:59:57")
    ]
    # The server went on after midnight without saying so.
    assert times(first, f"23:59:58{rest}", f"00:00:01{rest}", f"15:00:00{rest}") == [
        *("29 23:59:58", "30 00:00:01", "30 15:00:00")
    ]
    # Nobody came in the night.
    assert times(first, f"17:30:00{rest}", f"08:10:00{rest}", f"07:00:00{rest}", f"06:05:00{rest}") == [
        *("29 17:30:00", "30 08:10:00", "30 07:00:00", "01 06:05:00")
    ]
    # An answer of the day before is late, and so is nobody behind it.
    assert times(first, f"23:59:59{rest}", f"00:00:00{rest}", f"23:59:59{rest}", f"00:00:01{rest}") == [
        *("29 23:59:59", "30 00:00:00", "29 23:59:59", "30 00:00:01")
    ]
    # What is no record, or no time, moves no date.
    reader = reader_of(None)
    for line in (TIME_ALONE, first.encode(), f"17:30:00{rest}".encode()):
        reader(line)
    for torn in ("03:00:00 203.0.113.9 GET /a x", "99:00:00 203.0.113.9 GET /a 200"):
        with pytest.raises(Malformed):
            reader(torn.encode())
    record = reader(f"17:30:01{rest}".encode())
    assert record is not None
    assert record.created_at.day == 29
    assert times(first, f"10:05:03{rest}", "#Date: 2026-11-27 01:00:00", f"01:00:01{rest}") == [
        *("29 10:05:03", "27 01:00:01")
    ]
    for directive in ("#Date: yesterday", "#Version: 1.0", "#Date: 9999-12-31 23:59:59", "#Date: 0001-01-01 00:00:00"):
        with pytest.raises(Malformed, match="no date"):
            times(directive, f"10:05:03{rest}")


def test_a_follower_that_starts_again_knows_the_date() -> None:
    before = reader_of(None)
    for line in (
        b"#Date: 2026-11-29 09:00:00",
        TIME_ALONE,
        b"23:59:58 203.0.113.9 GET /a 200",
        b"00:00:01 ::1 GET /a 200",
    ):
        before(line)
    after = reader_of(None)
    after.resume(before.header, b"")
    record = after(b"00:00:02 203.0.113.9 GET /a 200")
    assert record is not None
    assert record.created_at.isoformat() == "2026-11-30T00:00:02+00:00"


def test_traefik_is_read_by_its_name_too() -> None:
    for headers in ('- "UA x"', '"-" "UA x"'):
        record = reader_of("traefik")(f'{COMMON} {headers} 12 "web@docker" "http://10.0.0.2:80" 3ms'.encode())
        assert record is not None
        assert (record.columns.get("referrer"), record.columns["user_agent"]) == (None, "UA x")
    assert reader_of("traefik-common")(COMMON.encode()) is not None
