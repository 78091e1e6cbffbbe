"""The body of a webhook: whatever goes in, what comes out is valid, under 20 KB, and says what was cut."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.outbox.event import Event, event_id
from tracker.outbox.payload import MAX_BYTES, payload

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def made(**data: Any) -> dict[str, Any]:
    text = payload(Event("tracking.created", "hit_1", NOON, data), "shop")
    assert len(text.encode()) <= MAX_BYTES < 20_000
    body: dict[str, Any] = orjson.loads(text)
    assert list(body) == ["type", "timestamp", "data"]
    return body


def test_what_fits_is_sent_as_it_is() -> None:
    assert made(a=1, b={"c": ["日本", None]}) == {
        "type": "tracking.created",
        "timestamp": "2026-11-23T12:00:00Z",
        "data": {"app_id": "shop", "a": 1, "b": {"c": ["日本", None]}},
    }


def test_another_name_for_the_event_is_the_type() -> None:
    text = payload(Event("tracking.created", "hit_1", NOON, {}), "shop", "tracking.purchase")
    assert orjson.loads(text)["type"] == "tracking.purchase"


@pytest.mark.parametrize("letter", ["a", "é", "日", "😀", '"', "\\", "\n", "\x01", "\x7f"])
def test_a_long_text_is_cut_at_a_character_as_late_as_possible(letter: str) -> None:
    data = made(url=letter * 20_000, small="kept")["data"]
    assert data["truncated"] == ["url"]
    assert data["small"] == "kept"
    assert set(data["url"]) == {letter}
    one_more = len(orjson.dumps(letter)) - 2
    assert len(orjson.dumps(data["url"])) > MAX_BYTES - 300 - one_more


def test_an_object_loses_the_members_that_have_no_room_and_keeps_the_others() -> None:
    event_data = {"first": 1, "html": "<" * 30_000, "price": 3}
    data = made(event_data=event_data)["data"]
    assert data["event_data"] == {"first": 1, "price": 3}
    assert data["truncated"] == ["event_data"]


def test_a_list_loses_members_too() -> None:
    data = made(items=list(range(10_000)))["data"]
    assert data["items"] == list(range(len(data["items"])))
    assert 3000 < len(data["items"]) < 10_000


def test_several_large_fields_share_the_room_that_small_ones_leave() -> None:
    data = made(a="a" * 30_000, b="b" * 9_000, c="c" * 3_000)["data"]
    assert data["truncated"] == ["a", "b"]
    assert len(data["c"]) == 3000
    assert len(data["a"]) == len(data["b"]) > 8000


_long_text = st.builds(lambda text, times: (text * times)[:2000], st.text(max_size=10), st.integers(1, 600))
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | _long_text,
    lambda children: st.lists(children, max_size=8) | st.dictionaries(st.text(max_size=8), children, max_size=8),
    max_leaves=8,
)


@given(data=st.dictionaries(st.text("abcdef", min_size=1, max_size=8), _json, max_size=8), stretch=st.integers(1, 40))
def test_every_body_is_valid_and_small_and_says_what_differs(data: dict[str, Any], stretch: int) -> None:
    given_data = {
        name: value * stretch if isinstance(value, str | list) else value
        for name, value in data.items()
        if name not in ("app_id", "truncated")
    }
    sent = made(**given_data)["data"]
    cut = sent.pop("truncated", [])
    assert sent.pop("app_id") == "shop"
    expected = orjson.loads(orjson.dumps(given_data))
    assert sent.keys() == expected.keys()
    assert {name for name in expected if sent[name] != expected[name]} <= set(cut)


def test_an_event_s_id_follows_from_what_happened_and_has_no_point() -> None:
    same = event_id("started", "a.b", NOON)
    assert same == event_id("started", "a.b", NOON) == "started_" + same.partition("_")[2]
    assert "." not in same
    assert len({same, event_id("started", "a", ".b", NOON), event_id("ended", "a.b", NOON), event_id("started")}) == 4
    assert len(same) <= 100
