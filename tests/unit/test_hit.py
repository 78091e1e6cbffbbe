import pickle
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.hit import EPOCH, NO_HIT, PROCESS_NUMBERS, Hit, IdSource, identity_of, imported_id, tracking_id_of

APPLICATION = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

ENCODED = {
    "id": 7,
    "created_at": "2026-03-01T12:00:00Z",
    "application_id": str(APPLICATION),
    "app_id": "shop",
}

ids = st.integers(min_value=0, max_value=2**63 - 1)
times = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
json_objects = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
texts = st.none() | st.text(max_size=30)
hits = st.builds(
    Hit,
    id=ids,
    created_at=times,
    application_id=st.uuids(),
    app_id=st.text(min_size=1, max_size=20),
    client_sub_id=texts,
    url=texts,
    user_agent=texts,
    session_id=texts,
    event_name=texts,
    event_data=st.none() | json_objects,
    custom_params=st.none() | json_objects,
)


@given(ids, times)
def test_a_tracking_id_carries_the_identity_and_gives_it_back(hit_id: int, created_at: datetime) -> None:
    assert identity_of(tracking_id_of(hit_id, created_at)) == (hit_id, created_at)


@given(ids, times)
def test_a_tracking_id_is_a_uuid_of_version_8(hit_id: int, created_at: datetime) -> None:
    tracking_id = tracking_id_of(hit_id, created_at)
    assert tracking_id.version == 8
    assert tracking_id.variant == "specified in RFC 4122"
    assert UUID(str(tracking_id)) == tracking_id


@given(st.tuples(times, ids), st.tuples(times, ids))
def test_tracking_ids_sort_by_time_and_then_by_id(one: tuple[datetime, int], other: tuple[datetime, int]) -> None:
    by_tracking_id = sorted([one, other], key=lambda pair: tracking_id_of(pair[1], pair[0]).bytes)
    assert by_tracking_id == sorted([one, other])


@given(st.uuids(version=4) | st.uuids(version=1))
def test_another_kind_of_uuid_is_no_tracking_id(uuid: UUID) -> None:
    with pytest.raises(ValueError, match="a UUID version 8 is expected"):
        identity_of(uuid)


def test_a_tracking_id_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond the calendar"):
        identity_of(UUID("ffffffff-ffff-8fff-bfff-ffffffffffff"))


@pytest.mark.parametrize(
    ("hit_id", "created_at"), [(-1, NOON), (2**63, NOON), (1, datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))]
)
def test_an_identity_out_of_bounds_has_no_tracking_id(hit_id: int, created_at: datetime) -> None:
    with pytest.raises(ValueError, match="a time since 1970 and an id of 63 bits"):
        tracking_id_of(hit_id, created_at)


@given(hits)
def test_a_hit_survives_its_way_through_json(hit: Hit) -> None:
    assert Hit.decode(hit.encode()) == hit
    assert Hit.decode(orjson.loads(hit.encode())) == hit


def test_encoding_leaves_out_what_is_null() -> None:
    hit = Hit(id=7, created_at=NOON, application_id=APPLICATION, app_id="shop")
    assert orjson.loads(hit.encode()) == ENCODED


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not JSON",
        b"[]",
        b"{}",
        orjson.dumps({**ENCODED, "created_at": "yesterday"}),
        orjson.dumps({**ENCODED, "created_at": 5}),
        orjson.dumps({**ENCODED, "application_id": "no uuid"}),
        orjson.dumps({**ENCODED, "colour": "red"}),
        orjson.dumps({name: value for name, value in ENCODED.items() if name != "id"}),
        orjson.dumps(ENCODED)[:-1] + b',"event_data":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    ],
)
def test_what_is_not_a_hit_is_refused_in_one_of_few_ways(data: bytes) -> None:
    with pytest.raises(NO_HIT):
        Hit.decode(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"created_at": "2026-03-01T12:00:00+00:00"},
        {"created_at": "2026-03-01 21:00:00.000+09:00"},
        {"application_id": str(APPLICATION).upper()},
        {"application_id": f"{{{APPLICATION}}}"},
        {"url": None},
        {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    ],
)
def test_a_hit_that_is_spelled_otherwise_is_the_same(changes: dict[str, str | None]) -> None:
    assert Hit.decode(orjson.dumps(ENCODED | changes)) == Hit.decode(orjson.dumps(ENCODED))


def test_a_column_of_another_type_is_left_to_whoever_checks_the_hit() -> None:
    assert Hit.decode(orjson.dumps({**ENCODED, "url": 5})).url == 5  # type: ignore[comparison-overlap]


def test_a_hit_knows_its_tracking_id() -> None:
    hit = Hit(id=7, created_at=NOON, application_id=APPLICATION, app_id="shop")
    assert identity_of(hit.tracking_id) == (7, NOON)


@given(st.lists(st.datetimes(datetime(2025, 1, 2), datetime(2090, 1, 1), timezones=st.just(UTC)), min_size=2))  # noqa: DTZ001
def test_ids_of_a_process_only_grow_whatever_its_clock_does(clock: list[datetime]) -> None:
    source = IdSource(12)
    drawn = [source.next(now) for now in clock]
    assert all(earlier < later for earlier, later in pairwise(drawn))
    assert all(0 <= number < 2**63 for number in drawn)


@given(st.lists(st.tuples(st.integers(-500, 500), st.integers(1, 9)), min_size=1))
def test_ids_drawn_together_are_those_drawn_one_by_one(draws: list[tuple[int, int]]) -> None:
    together, one_by_one = IdSource(12), IdSource(12)
    for microseconds, count in draws:
        now = NOON + timedelta(microseconds=microseconds)
        assert together.several(now, count) == [one_by_one.next(now) for _ in range(count)]


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**59 - 1))
def test_a_tracking_id_is_a_uuid_like_any_other(hit_id: int, micros: int) -> None:
    made = tracking_id_of(hit_id, EPOCH + timedelta(microseconds=micros % (8000 * 365 * 86_400 * 10**6)))
    plain = UUID(int=made.int)
    assert (made, hash(made), str(made), made.version) == (plain, hash(plain), str(plain), 8)
    assert (pickle.loads(pickle.dumps(made)), made.is_safe) == (plain, plain.is_safe)


@given(
    st.integers(0, PROCESS_NUMBERS - 1),
    st.integers(0, PROCESS_NUMBERS - 1),
    st.lists(st.integers(0, 500), min_size=1, max_size=50),
)
def test_processes_with_different_numbers_never_share_an_id(one: int, other: int, microseconds: list[int]) -> None:
    sources = [IdSource(number) for number in {one, other}]
    drawn = [source.next(NOON + timedelta(microseconds=offset)) for offset in microseconds for source in sources]
    assert len(set(drawn)) == len(drawn)


def test_ids_follow_the_clock() -> None:
    source = IdSource(0)
    assert source.next(NOON) < source.next(NOON + timedelta(seconds=1))
    assert IdSource(65_535).next(NOON) < IdSource(0).next(NOON + timedelta(microseconds=16))


def test_threads_of_a_process_never_share_an_id() -> None:
    source = IdSource(3)
    drawn: list[list[int]] = [[] for _ in range(4)]
    threads = [
        threading.Thread(target=lambda mine=mine: mine.extend(source.next(NOON) for _ in range(5_000)))
        for mine in drawn
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({number for mine in drawn for number in mine}) == 20_000


@pytest.mark.parametrize("number", [-1, PROCESS_NUMBERS])
def test_a_process_number_out_of_bounds_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="from 0 to 65535"):
        IdSource(number)


sources = st.text(max_size=10)
lines = st.binary(max_size=20)
ordinals = st.integers(0, 10**9)


@given(st.uuids(), sources, lines, ordinals)
def test_an_imported_line_has_the_same_id_every_time(application: UUID, source: str, line: bytes, ordinal: int) -> None:
    once = imported_id(application, source, line, ordinal)
    assert once == imported_id(application, source, line, ordinal)
    assert 0 <= once < 2**63


@given(st.sets(st.tuples(st.uuids(), sources, lines, ordinals), min_size=2, max_size=20))
def test_different_imported_lines_have_different_ids(identities: set[tuple[UUID, str, bytes, int]]) -> None:
    assert len({imported_id(*identity) for identity in identities}) == len(identities)


def test_parts_of_an_imported_line_do_not_run_into_each_other() -> None:
    assert imported_id(APPLICATION, "ab", b"c", 0) != imported_id(APPLICATION, "a", b"bc", 0)
