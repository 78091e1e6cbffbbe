from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.queue_entries import CREATED, entry
from tracker.queueing.connection import lua
from tracker.queueing.entry import BULK, FIELDS, NORMAL, URGENT, Entry, stream_of

STREAM_ID = b"1700000000123-5"


def as_redis_returns(written: Entry) -> dict[bytes, bytes]:
    return {
        name.encode(): value if isinstance(value, bytes) else str(value).encode()
        for name, value in zip(FIELDS, written.to_fields(), strict=True)
    }


def test_an_entry_has_exactly_the_columns_of_batch_queue() -> None:
    assert sorted(Entry._fields) == sorted(FIELDS)


def test_the_accept_script_names_the_fields_in_the_order_in_which_they_are_sent() -> None:
    places = [lua("accept").index(f"'{name}', {'id' if name == 'id' else 'ARGV'}") for name in FIELDS]
    assert places == sorted(places)


@pytest.mark.parametrize(("priority", "stream"), [(1, URGENT), (900, URGENT), (0, NORMAL), (-1, BULK), (-900, BULK)])
def test_a_priority_has_its_stream(priority: int, stream: str) -> None:
    assert stream_of(priority) == stream


@pytest.mark.parametrize(
    "written",
    [
        entry(),
        entry(
            priority=-5,
            retry_count=2,
            max_retries=7,
            status="failed",
            processed_at=CREATED + timedelta(seconds=1),
            error_message="列 \n went wrong",
            updated_at=CREATED + timedelta(hours=1),
            tracking_data='{"url":"https://例え.jp/\\u0000"}'.encode(),
        ),
    ],
)
def test_an_entry_comes_back_as_it_was_written(written: Entry) -> None:
    assert Entry.from_fields(as_redis_returns(written), STREAM_ID) == written
    assert Entry.from_member(written.to_member()) == written


def test_a_failed_try_counts_and_says_why() -> None:
    later = CREATED + timedelta(minutes=1)
    failed = entry().failed_once_more("index row too large", later)
    assert (failed.retry_count, failed.error_message, failed.updated_at) == (1, "index row too large", later)
    assert (failed.id, failed.tracking_data, failed.created_at) == (entry().id, entry().tracking_data, CREATED)


def test_fields_that_cannot_be_read_get_their_defaults_and_the_rest_stays() -> None:
    garbage = {
        b"id": b"\xff",
        b"tracking_data": b"\xff\x00",
        b"priority": b"high",
        b"retry_count": b"99999999999999999999",
        b"max_retries": b"",
        b"status": b"\xff" * 100,
        b"processed_at": b"yesterday",
        b"created_at": b"0000-00-00",
        b"something": b"else",
    }
    read = Entry.from_fields(garbage, STREAM_ID)
    assert read.tracking_data == b"\xff\x00"
    assert (read.priority, read.retry_count, read.max_retries) == (0, 2**31 - 1, 3)
    assert len(read.status) <= 20
    assert read.processed_at is None
    assert read.created_at == read.updated_at == datetime.fromtimestamp(1_700_000_000.123, UTC)
    assert read.id == Entry.from_fields(garbage, STREAM_ID).id != Entry.from_fields(garbage, b"1-1").id


def test_a_time_without_a_zone_is_taken_for_utc() -> None:
    assert Entry.from_fields({b"created_at": b"2026-11-23T06:35:00"}, STREAM_ID).created_at.tzinfo is UTC


@given(st.dictionaries(st.sampled_from([name.encode() for name in FIELDS]), st.binary(max_size=40)), st.binary())
def test_no_fields_whatever_stop_the_reader(fields: dict[bytes, bytes], stream_id: bytes) -> None:
    read = Entry.from_fields(fields, stream_id)
    assert isinstance(read.id, UUID)
    assert Entry.from_member(read.failed_once_more("why", CREATED).to_member()).id == read.id


@given(st.binary() | st.from_regex(rb'\A\{"(id|tracking_data|created_at)": ?(1|null|\[\]|"[^"]*"|1e400|\{\})\}\Z'))
def test_no_member_whatever_stops_the_reader(member: bytes) -> None:
    assert Entry.from_member(member).retry_count == 0
