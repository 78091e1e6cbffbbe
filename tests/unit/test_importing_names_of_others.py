"""Names that stand for a request's fields in the objects of some services, and for something else in others'."""

from typing import Any

import orjson
import pytest

from tests.support.read_lines import read
from tracker.importing.record import Record

REQUEST = {"remote_addr": "192.0.2.1", "request_uri": "/a", "time": "2026-11-28T20:57:31Z"}
MESSAGE = {"message": 'INFO:     192.0.2.1:4711 - "GET /a HTTP/1.1" 200 OK'}
AGENT = {"http_user_agent": "UA"}


def record_of(values: dict[str, Any], before: str = "") -> Record:
    return read(before.encode() + orjson.dumps(values))


@pytest.mark.parametrize("name", ["eventTimestamp", "unixtime", "TimeGenerated", "EventTimestampMs", "time_micros"])
def test_the_time_around_an_object_goes_before_names_of_times_that_were_read_later(name: str) -> None:
    values = {"remote_addr": "192.0.2.1", "request_uri": "/a", name: 1795899452}
    assert record_of(values, "2026-11-28T20:57:33.500Z stdout F ").created_at.isoformat() == (
        "2026-11-28T20:57:33.500000+00:00"
    )
    assert record_of(values).created_at.year == 2026


@pytest.mark.parametrize("date", ["2026-11-28", "2026-11-28T20:57:33.499Z"])
@pytest.mark.parametrize("name", ["dt", "date", "TimeGenerated"])
def test_the_time_around_a_message_goes_before_what_may_be_one_beside_it(name: str, date: str) -> None:
    record = record_of(MESSAGE | {name: date}, "2026-11-28T20:57:33.500Z stdout F ")
    assert record.created_at.isoformat() == "2026-11-28T20:57:33.500000+00:00"


def test_how_long_a_request_took_is_not_its_time() -> None:
    record = record_of(REQUEST | {"request_time": 0.012, "uri_param": "x", "domain": "other.example"})
    assert (record.created_at.isoformat(), record.host) == ("2026-11-28T20:57:31+00:00", None)


@pytest.mark.parametrize(
    "others",
    [
        {"request_type": "xhr"},
        {"request_type": "page view"},
        {"properties": {"method": "foo"}},
        {"httpMethod_s": "a b"},
        {"return_code": 0},
        {"return_code": "ok"},
        {"http_code": "-1"},
        {"operationName": "PostOrder"},
        {"api": {"name": "PostOrder"}},
        {"contentLength": "n/a"},
        {"responseBytes": "1.2k"},
        {"network": {"bytes_written": "x"}},
        {"container": "web-1", "from": "admin@x.example"},
    ],
    ids=str,
)
def test_what_does_not_look_like_it_says_nothing_of_a_request(others: dict[str, Any]) -> None:
    assert record_of(REQUEST | AGENT | others) == record_of(REQUEST | AGENT)
    beside = {"request_uri": "/a", "time": "2026-11-28T20:57:31Z"} | AGENT
    assert record_of(beside | others) == record_of(beside)
