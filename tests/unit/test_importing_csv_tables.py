"""Tables (CSV) as tools that keep logs have them downloaded: their first line says what the others are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tracker.importing.formats import LogReader, reader_of
from tracker.importing.log_record import ReadingRules
from tracker.importing.record import Malformed

IP = "203.0.113.9"
MOMENT = datetime(2026, 11, 29, 10, 5, 3, tzinfo=UTC)
LINE = f'{IP} - - [29/Nov/2026:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 5 "https://r.example/" "UA, x"'
QUOTED = LINE.replace('"', '""')
UVICORN = f'{IP}:4711 - ""GET /a?b=c HTTP/1.1"" 200'
OBJECT = f'{{""remote_addr"":""{IP}"",""request"":""GET /a?b=c HTTP/1.1"",""status"":200}}'


def read(*lines: str, reader: LogReader | None = None) -> dict[str, Any]:
    reader = reader or reader_of(None, rules=ReadingRules(assume_zone=UTC))
    *before, last = lines
    assert [reader(line.encode()) for line in before] == [None] * len(before)
    record = reader(last.encode())
    assert record is not None
    assert record.created_at.replace(microsecond=0) == MOMENT
    return {**record.columns, "host": record.host, "read as": list(reader.counts)}


@pytest.mark.parametrize(
    ("names", "row", "read_as"),
    [
        ("@timestamp,@message,@logStream", f'2026-11-29 10:05:03.123,"{QUOTED}",web1', "combined in json in csv"),
        ("@timestamp,@message", f'2026-11-29 10:05:03.123,"{UVICORN}"', "uvicorn in json in csv"),
        ("@timestamp,@message", f'2026-11-29 10:05:03.123,"{OBJECT}"', "jsonl in json in csv"),
        ("Date,Host,Service,Content", f'2026-11-29T10:05:03.123Z,web1,nginx,"{QUOTED}"', "combined in json in csv"),
        (
            '"Time","Line","labels","tsNs","id"',
            f'"2026-11-29 11:05:03.123","{QUOTED}","{{""app"":""web""}}","1795946703123000000","x"',
            "combined in json in csv",
        ),
        ('"timestamp","source","message"', f'"2026-11-29T10:05:03.123Z","web1","{QUOTED}"', "combined in json in csv"),
        ("TimeGenerated,Log_s", f'2026-11-29T10:05:03.123Z,"{QUOTED}"', "combined in json in csv"),
    ],
    ids=["CloudWatch", "a line without a time", "an object", "Datadog", "Grafana", "Graylog", "Log Analytics"],
)
def test_a_column_holds_the_lines(names: str, row: str, read_as: str) -> None:
    columns = read(names, row)
    assert (columns["ip_address"], columns["url"], columns["read as"]) == (IP, "/a?b=c", [read_as])
    assert columns.get("user_agent") == ("UA, x" if "UA" in row else None)


def test_columns_are_the_fields_of_a_request() -> None:
    columns = read(
        "ClientIP,ClientRequestHost,ClientRequestMethod,ClientRequestURI,EdgeStartTimestamp,EdgeResponseStatus,ClientRequestUserAgent",
        f'{IP},site.example,GET,/a?b=c,2026-11-29T10:05:03Z,200,"UA, x"',
    )
    assert (columns["url"], columns["user_agent"], columns["host"]) == ("/a?b=c", "UA, x", "site.example")
    assert columns["event_data"] == {"method": "GET", "status": 200}


def test_the_usage_log_of_google_cloud_storage_is_a_table() -> None:
    columns = read(
        '"time_micros","c_ip","c_ip_type","c_ip_region","cs_method","cs_uri","sc_status","cs_bytes","sc_bytes",'
        '"time_taken_micros","cs_host","cs_referer","cs_user_agent","s_request_id","cs_operation","cs_bucket","cs_object"',
        f'"1795946703123000","{IP}","1","","GET","/a?b=c","200","0","5","1000","site.example","https://r.example/","UA x",'
        '"x","GET_Object","bucket","a"',
    )
    assert columns.pop("read as") == ["jsonl in csv"]
    assert columns == {
        "ip_address": IP, "url": "/a?b=c", "referrer": "https://r.example/", "user_agent": "UA x", "host": "site.example",
        "event_data": {"method": "GET", "status": 200, "bytes": 5},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (f'2026-11-29 10:05:03.123,"{QUOTED}', "may go on in the next line"),
        (f'2026-11-29 10:05:03.123,"{QUOTED}",x', "3 columns where the first line of the table names 2"),
        ("", "columns|not whole"),
        ('2026-11-29 10:05:03.123,"GET / made nothing"', "not a line of a format that is known"),
    ],
)
def test_a_row_that_is_not_whole_is_malformed(row: str, reason: str) -> None:
    reader = reader_of(None)
    assert reader(b"@timestamp,@message") is None
    with pytest.raises(Malformed, match=reason):
        reader(row.encode())
    assert read(f'2026-11-29 10:05:03.123,"{QUOTED}"', reader=reader)["url"] == "/a?b=c"


@pytest.mark.parametrize(
    "first", [LINE, "time,of,nothing", "path,url", "message", f'{IP},"x,y"', "@timestamp,@message,"]
)
def test_what_is_no_line_of_names_makes_no_table(first: str) -> None:
    reader = reader_of(None)
    if first == LINE:
        assert reader(first.encode()) is not None
    else:
        with pytest.raises(Malformed):
            reader(first.encode())
    assert reader(LINE.encode()) is not None
    with pytest.raises(Malformed):
        reader(b"@timestamp,@message")  # The names stand in the first line, or are none.


def test_a_table_is_gone_on_with_after_its_names() -> None:
    reader = reader_of(None)
    assert reader(b"@timestamp,@message") is None
    other = reader_of(None)
    other.resume(reader.header, b"")
    assert read(f'2026-11-29 10:05:03.123,"{QUOTED}"', reader=other)["url"] == "/a?b=c"


def test_lines_that_arrive_one_by_one_make_no_table() -> None:
    """Whoever may send a line would else say how all others are read."""
    reader = LogReader()
    with pytest.raises(Malformed):
        reader(b"@timestamp,@message")
    assert reader(LINE.encode()) is not None
