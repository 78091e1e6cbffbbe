from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.hit import Hit
from tracker.ingest.check import Failed, Read, read
from tracker.queueing.consumer import Claim
from tracker.queueing.entry import Entry
from tracker.store.batch_queue import storable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOUND: dict[str, Any] = {
    "id": 1,
    "created_at": NOW.isoformat(),
    "application_id": str(UUID(int=5)),
    "app_id": "shop",
    "custom_params": {"a": 1},
}


def claim_of(data: bytes) -> Claim:
    entry = Entry(id=UUID(int=9), tracking_data=data, created_at=NOW, updated_at=NOW)
    return Claim(entry, "tracker:hits:normal", b"1-1")


def test_a_hit_is_read_as_it_was_written() -> None:
    hit = Hit(id=1, created_at=NOW, application_id=UUID(int=5), app_id="shop", custom_params={"a": {"b": [1, None]}})
    outcome = read(claim_of(hit.encode()))
    assert isinstance(outcome, Read)
    assert outcome.hit == hit


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"id": "1"}, "id"),
        ({"id": True}, "id"),
        ({"id": -1}, "id"),
        ({"id": 2**63}, "id"),
        ({"id": None}, "id"),
        ({"created_at": "yesterday"}, "type"),
        ({"created_at": "2026-03-01T12:00:00"}, "created_at"),
        ({"created_at": 5}, "type"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "calendar"),
        ({"created_at": "9999-12-31T23:59:59-00:01"}, "calendar"),
        ({"application_id": "x"}, "type"),
        ({"app_id": None}, "app_id"),
        ({"url": 5}, "url"),
        ({"session_id": ["s"]}, "session_id"),
        ({"place": {"country": "JP"}}, "place"),
        ({"custom_params": [1]}, "custom_params"),
        ({"event_data": "text"}, "event_data"),
        ({"no_such_column": 1}, "unknown"),
        ({"url": "a\0b"}, "NUL"),
        ({"custom_params": {"a": {"b": ["\0"]}}}, "NUL"),
        ({"custom_params": {"a\0": 1}}, "NUL"),
    ],
)
def test_what_does_not_fit_the_columns_fails_with_a_reason(change: dict[str, Any], word: str) -> None:
    outcome = read(claim_of(orjson.dumps({**SOUND, **change})))
    assert isinstance(outcome, Failed)
    assert outcome.kind == "unreadable"
    assert word in outcome.reason


@pytest.mark.parametrize("data", [b"", b"{", b'{"url": "\xff"}', b'{"event_data": {"\xed\xa0\x80": 1}}'])
def test_what_is_no_json_is_said_to_be_none(data: bytes) -> None:
    outcome = read(claim_of(data))
    assert isinstance(outcome, Failed)
    assert "it is not JSON" in outcome.reason


@pytest.mark.parametrize("missing", ["id", "created_at", "application_id", "app_id"])
def test_a_missing_column_is_named(missing: str) -> None:
    outcome = read(claim_of(orjson.dumps({name: value for name, value in SOUND.items() if name != missing})))
    assert isinstance(outcome, Failed)
    assert missing in outcome.reason


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b"5", b'"text"', b"\xff\xfe", b"[" * 5000, b'{"a":NaN}', b'{"url":"\\ud800"}', b"\0"],
)
def test_what_is_no_hit_fails_and_its_bytes_can_be_kept(data: bytes) -> None:
    outcome = read(claim_of(data))
    assert isinstance(outcome, Failed)
    orjson.loads(storable(data))


def test_an_escaped_backslash_before_u0000_is_not_nul() -> None:
    outcome = read(claim_of(orjson.dumps({**SOUND, "url": "C:\\u0000"})))
    assert isinstance(outcome, Read)
    assert outcome.hit.url == "C:\\u0000"


def test_nesting_that_cannot_be_written_again_fails() -> None:
    nested = b"[" * 300 + b"]" * 300
    outcome = read(claim_of(orjson.dumps({**SOUND, "custom_params": {"a": orjson.Fragment(nested)}})))
    assert isinstance(outcome, Failed)


def test_a_reason_never_quotes_a_value() -> None:
    outcome = read(claim_of(orjson.dumps({**SOUND, "created_at": "secret", "application_id": "secret"})))
    assert isinstance(outcome, Failed)
    assert "secret" not in outcome.reason


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_nothing_raises_and_whatever_fails_can_be_kept(data: bytes) -> None:
    assert isinstance(read(claim_of(data)), Failed)
    kept = orjson.loads(storable(data))
    assert b"\\u0000" not in storable(data) or kept == {"raw": kept["raw"]}
