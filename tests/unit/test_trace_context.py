"""`traceparent` as the W3C has it: what is none costs a hit nothing."""

import orjson
import pytest

from tracker.trace_context import trace_of, traceparent, traceparent_of_hit, traceparent_of_payload

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADER = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (HEADER, HEADER),
        (f"cc-{TRACE}-b7ad6b7169203331-01", HEADER),  # A later version: its fields are as those of version 00 ...
        (f"cc-{TRACE}-b7ad6b7169203331-01-what-ever", HEADER),  # ... and more may follow.
        (f"{HEADER}-more", None),
        (f"{HEADER}-", None),
        (f"ff-{TRACE}-b7ad6b7169203331-01", None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (HEADER.upper(), None),
        (f" {HEADER}", None),
        ("", None),
        (None, None),
        (7, None),
        (f"00-{TRACE}-b7ad6b7169203331", None),
    ],
)
def test_what_is_a_traceparent(value: object, taken: str | None) -> None:
    assert traceparent(value) == taken


def test_a_request_without_one_adds_nothing() -> None:
    assert trace_of({}) == {}
    assert trace_of({"HTTP_TRACEPARENT": "nonsense"}) == {}
    assert trace_of({"HTTP_TRACEPARENT": HEADER}) == {"traceparent": HEADER}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"url": "/a", "traceparent": HEADER}, HEADER),
        ({"event_data": {"traceparent": HEADER}}, None),
        ({"traceparent": "edited by somebody"}, None),
        ({"traceparent": {"no": "text"}}, None),
        (["traceparent"], None),
        ({}, None),
    ],
)
def test_of_a_hit_and_of_what_is_sent_about_it(columns: object, expected: str | None) -> None:
    assert traceparent_of_hit(orjson.dumps(columns)) == expected
    if isinstance(columns, dict):
        assert traceparent_of_payload(orjson.dumps({"type": "t", "data": columns}).decode()) == expected
