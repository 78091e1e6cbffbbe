from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.support.queue_entries import CREATED, entry
from tracker.queueing.connection import lua
from tracker.queueing.entry import BULK, FIELDS, NORMAL, URGENT, Entry, spelled_id, spelled_ids, spelled_time, stream_of

STREAM_ID = b"1700000000123-5"


def as_redis_returns(written: Entry) -> dict[bytes, bytes]:
    return {
        name.encode(): value if isinstance(value, bytes) else str(value).encode()
        for name, value in zip(FIELDS, written.to_fields(), strict=True)
    }


def test_an_entry_has_exactly_the_columns_of_batch_queue() -> None:
    assert sorted(Entry._fields) == sorted(FIELDS)


def test_the_accept_script_names_the_fields_in_the_order_in_which_they_are_sent() -> None:
    script = lua("accept")
    local_names = {name: name for name in FIELDS} | {"tracking_data": "data"}
    places = [script.index(f"'{name}', {local_names[name]}") for name in FIELDS]
    assert places == sorted(places)
    assert f"{', '.join(FIELDS[2:])} =\n            unpack(ARGV, row, row + FURTHER - 1)" in script


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


@given(st.uuids(), st.datetimes(timezones=st.timezones() | st.none()))
def test_ids_and_times_are_spelled_as_python_does(tracking_id: UUID, time: datetime) -> None:
    offset = time.utcoffset()
    assume(offset is None or not offset % timedelta(minutes=1))
    assert spelled_id(tracking_id) == str(tracking_id).encode()
    assert spelled_time(time) == time.isoformat().encode()


@given(st.lists(st.uuids(), max_size=5))
def test_ids_of_a_batch_are_spelled_as_each_alone(tracking_ids: list[UUID]) -> None:
    assert spelled_ids(tracking_ids) == [spelled_id(tracking_id) for tracking_id in tracking_ids]


DIGITS = "00cc2c7d7f748f7a836ca31ef47bda58"


@given(st.text("0aF-{} _+", min_size=30, max_size=40) | st.permutations([*DIGITS, *"----"]).map("".join))
@example("00cc2c7d-7f74-8f7a-836c-a31ef47bda58")
@example("00CC2C7D-7F74-8F7A-836C-A31EF47BDA58")
@example(DIGITS)
@example("{" + DIGITS[2:] + "}----")
@example(f"urn:{DIGITS}")
@example(f"----{DIGITS[:-1]}é")
@example("----" + "\uff11" * 32)
@example("+" + DIGITS[1:] + "----")
def test_an_id_is_read_as_python_reads_it(text: str) -> None:
    """The short way for those of the usual length takes no other text, and takes none for another id."""
    try:
        expected = UUID(text)
    except ValueError:
        expected = None
    read = Entry.from_fields({b"id": text.encode(), b"tracking_data": b"x"}, STREAM_ID).id
    assert read == expected if expected is not None else read.version == 5


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
