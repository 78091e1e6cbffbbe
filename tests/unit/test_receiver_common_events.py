"""The short way of a batch takes what it takes exactly as the long way does, and leaves it all that is unusual."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracker.application import ApiKey, Application
from tracker.dialects.original import translated
from tracker.errors import Refused
from tracker.hit import Hit
from tracker.hit_values import MAX_DESCRIPTION_LENGTHS, MAX_IDENTIFIER_LENGTHS
from tracker.json_rules import check, parse
from tracker.privacy.anonymization import Privacy
from tracker.queueing.entry import Entry
from tracker.receiver.admission import app_id_in
from tracker.receiver.batch_acceptance import MAX_EVENT_BYTES
from tracker.receiver.common_events import CommonEntries, common_batch_of
from tracker.receiver.hit_building import build_entry
from tracker.receiver.hit_form import TRUSTED, load_hit
from tracker.web.request_headers import Sender

NOW = datetime(2026, 11, 29, 12, 0, 0, 123456, tzinfo=UTC)
HIT_ID = 246751432950471256
APPLICATION = Application(
    id=UUID(int=7),
    app_id="shop",
    status="active",
    deleted=False,
    rate_limit_per_minute=10,
    domain=None,
    settings={},
    keys=(),
    parameters=("plan", "price"),
)
PRIVACY = Privacy.of({})
SENDER = Sender("192.0.2.17", "curl/8.5")
TRUSTED_KEY = ApiKey(id=UUID(int=1), key_hash="", permissions=frozenset({"track", TRUSTED}))
PLAIN_KEY = ApiKey(id=UUID(int=2), key_hash="", permissions=frozenset({"track"}))
USUAL = {
    "url": "https://shop.example/a?token=secret&page=2",
    "referrer": "https://shop.example/",
    "client_sub_id": "visitor-1",
    "session_id": "s-1",
    "event_name": "page_view",
    "custom_params": {"plan": "basic", "price": 12.5, "items": 3, "new": True, "none": None},
    "timestamp": "2026-11-29T11:00:00+01:00",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
    "ip_address": "2001:db8::00:1",
    "event_id": "0c6d7e3a-5f6b-4c1d-8e2f-1234567890ab",
}

Made = tuple[Hit, Entry, datetime]


def short_way(body: bytes, key: ApiKey) -> Made | None:
    batch = common_batch_of(body)
    if batch is None:
        return None
    entries = CommonEntries(
        APPLICATION,
        SENDER,
        PRIVACY,
        is_trusted=key.may(TRUSTED),
        speaks_original=True,
        now=NOW,
        since=None,
        max_retries=5,
        max_bytes=MAX_EVENT_BYTES,
    )
    made = entries.entry_of(batch.events[0], HIT_ID)
    return None if made is None else _read(*made)


def long_way(body: bytes, key: ApiKey) -> Made:
    parsed = parse(body)
    event = parsed.value["events"][0]
    check(event, suspicious=parsed.suspicious)
    assert app_id_in(event) in (None, APPLICATION.app_id)
    fields = load_hit(translated(event, APPLICATION.parameters), key)
    made = build_entry(
        APPLICATION, fields, SENDER, PRIVACY, hit_id=HIT_ID, now=NOW, max_retries=5, longest=MAX_EVENT_BYTES
    )
    return _read(*made)


def _read(entry: Entry, happened_at: datetime) -> Made:
    return Hit.decode(entry.tracking_data), entry._replace(tracking_data=b""), happened_at


def body_of(**event: Any) -> bytes:
    return orjson.dumps({"events": [event]})


TEXTS = st.text(max_size=12) | st.sampled_from(
    ["", " ", "\u3000\t", "a" * 101, "é" * 11, "x\0y", "http://a.example/?token=1&b=2"]
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5)
SCALARS = TEXTS | NUMBERS | st.booleans() | st.none()
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(TEXTS, SCALARS, max_size=2)
OBJECTS = st.dictionaries(TEXTS | st.just("event_type"), VALUES, max_size=3)
TIMES = (
    st.datetimes(NOW.replace(tzinfo=None) - timedelta(days=2), NOW.replace(tzinfo=None) + timedelta(minutes=10))
    .map(lambda time: f"{time.isoformat()}Z")
    .filter(lambda text: text.isascii())
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "app_id": st.sampled_from(["shop", "", "a" * 51]) | st.none(),
        **dict.fromkeys(("client_sub_id", "session_id", "url", "language", "event_name"), TEXTS | VALUES),
        "custom_params": OBJECTS | VALUES,
        "event_data": OBJECTS | VALUES,
        "event_id": st.uuids().map(str) | st.uuids().map(lambda one: str(one).upper()) | TEXTS,
        "age_ms": st.integers(-1, 86_400_001) | SCALARS,
        "timestamp": TIMES | SCALARS,
        "priority": st.integers(-3, 3) | SCALARS,
        "user_agent": TEXTS | SCALARS,
        "ip_address": st.ip_addresses().map(str) | TEXTS,
        "plan": SCALARS,
    },
)


@settings(max_examples=400, deadline=None)
@given(event=EVENTS, is_trusted=st.booleans())
@example(event=USUAL, is_trusted=True)
@example(event=USUAL | {"custom_params": {"event_type": "click"}, "event_name": None}, is_trusted=False)
@example(event={"event_id": "0c6d7e3a-5f6b-4c1d-8e2f-1234567890ab\n"}, is_trusted=False)
@example(event={"timestamp": "2026-W48-7T11:00:00Z"}, is_trusted=False)
def test_whatever_the_short_way_takes_the_long_way_makes_the_same_of(
    *, event: dict[str, Any], is_trusted: bool
) -> None:
    key = TRUSTED_KEY if is_trusted else PLAIN_KEY
    body = body_of(**event)
    made = short_way(body, key)
    if made is not None:
        assert made == long_way(body, key)


@pytest.mark.parametrize("key", [TRUSTED_KEY, PLAIN_KEY])
def test_the_usual_event_goes_the_short_way(key: ApiKey) -> None:
    made = short_way(body_of(**USUAL), key)
    assert made == long_way(body_of(**USUAL), key)
    assert made is not None
    assert made[0].url == "https://shop.example/a?page=2"
    assert made[0].user_agent == (USUAL["user_agent"] if key is TRUSTED_KEY else SENDER.user_agent)


@pytest.mark.parametrize(
    "body",
    [
        b'{"events": []}',
        b'{"events": [{}], "sent_at": 1}',
        b'[{"url": "/"}]',
        b'{"events": [{"url": "\\u0000"}]}',
        b'{"events": [{"url": "\\ud800"}]}',
        b'{"events": [{"url": "\xff"}]}',
        b'{"events": [{"screen_res": "1x1"}]}',
        b'{"events": [{"custom_params": {"a": 9007199254740992}}]}',
        b'{"events": [{"custom_params": {"a": [1]}}]}',
        b'{"events": [{"custom_params": {"a": NaN}}]}',
        b'{"events": [{"language": "much too long"}]}',
        b'{"events": [{"session_id": ""}]}',
        b'{"events": [{"priority": 1.0}]}',
        b'{"events": [' + b"{}," * 1000 + b"{}]}",
        b'{"events":' + b"[" * 100_000,
    ],
)
def test_what_is_unusual_is_left_to_the_long_way(body: bytes) -> None:
    assert common_batch_of(body) is None


@pytest.mark.parametrize(
    "event",
    [
        {"app_id": "another"},
        {"timestamp": "yesterday"},
        {"timestamp": "2026-11-27T12:00:00Z"},
        {"ip_address": "999.1.1.1"},
        {"custom_params": {"event_type": "click"}},
        {"custom_params": {"text": "x" * MAX_EVENT_BYTES}},
    ],
)
def test_an_event_that_has_to_be_judged_is_left_to_the_long_way(event: dict[str, Any]) -> None:
    assert common_batch_of(body_of(**event)) is not None
    assert short_way(body_of(**event), TRUSTED_KEY) is None


@pytest.mark.parametrize("field", [*MAX_IDENTIFIER_LENGTHS, *MAX_DESCRIPTION_LENGTHS])
def test_a_text_of_blanks_alone_is_left_to_the_long_way(field: str) -> None:
    body = body_of(**{field: " "})
    assert common_batch_of(body) is not None
    assert short_way(body, TRUSTED_KEY) is None
    hit, _, _ = long_way(body, TRUSTED_KEY)
    assert getattr(hit, field) == (SENDER.user_agent if field == "user_agent" else None)


def test_what_the_long_way_refuses_the_short_way_never_takes() -> None:
    body = body_of(timestamp="2026-11-30T12:00:00Z")
    with pytest.raises(Refused):
        long_way(body, PLAIN_KEY)
    assert short_way(body, PLAIN_KEY) is None
