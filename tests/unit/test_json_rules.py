import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Refused
from tracker.json_rules import MAX_DEPTH, check, parse


def refused_fields(text: bytes) -> list[str]:
    with pytest.raises(Refused) as caught:
        accepted(text)
    assert (caught.value.code, caught.value.status) == ("VALIDATION_ERROR", 400)
    return list(caught.value.details)


def accepted(text: bytes) -> Any:
    parsed = parse(text)
    check(parsed.value, suspicious=parsed.suspicious)
    return parsed.value


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"{'a': 1}", "body"),
        (b'{"a": 1} {}', "body"),
        (b'\xef\xbb\xbf{"a": 1}', "body"),
        (b'{"a": NaN}', "a"),
        (b'{"a": {"b": [0, -Infinity]}}', "a.b[1]"),
        (b'{"a": 9007199254740992}', "a"),
        (b'{"a": [1, -9007199254740992]}', "a[1]"),
        (b'{"a": 9007199254740993.0}', "a"),
        (b'{"a": 1e300}', "a"),
        (b'{"a": 1e400}', "a"),
        (b'{"a": 123456789012345678901234567890}', "a"),
        (b'{"a": ' + b"1" * 5000 + b"}", "a"),
        (b'{"a": {"b": "x\\u0000y"}}', "a.b"),
        (b'{"a": {"b\\u0000": 1}}', "a.b\x00"),
        (b'{"a": "\\ud800"}', "a"),
        (b'{"a": {"\\udfff": 1}}', "a.?"),
        (b'{"a": "\xff"}', "a"),
        (b'{"a": "\xed\xa0\x80"}', "a"),
        (b'{"a": "\x00"}', "body"),
    ],
)
def test_what_is_not_to_be_stored_is_refused_by_the_name_of_its_field(text: bytes, field: str) -> None:
    assert refused_fields(text) == [field]


def nested(levels: int) -> bytes:
    return b'{"a": ' * (levels - 1) + b"{}" + b"}" * (levels - 1)


def test_twenty_levels_are_taken_and_twenty_one_are_not() -> None:
    assert accepted(nested(MAX_DEPTH))
    assert refused_fields(nested(MAX_DEPTH + 1)) == [".".join("a" * MAX_DEPTH)]


def test_an_array_is_a_level_too() -> None:
    assert accepted(b'{"a": ' + b"[" * 19 + b"]" * 19 + b"}")
    assert refused_fields(b'{"a": ' + b"[" * 20 + b"]" * 20 + b"}") == ["a" + "[0]" * 19]


@pytest.mark.parametrize("levels", [600, 5_000, 30_000])
def test_a_tower_of_brackets_is_refused_and_breaks_nothing(levels: int) -> None:
    assert refused_fields(b'{"a": ' + b"[" * levels + b"]" * levels + b"}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"a": 9007199254740991, "b": -9007199254740991}', {"a": 2**53 - 1, "b": -(2**53) + 1}),
        (b'{"a": 0.1, "b": 1e-400, "c": null, "d": true}', {"a": 0.1, "b": 0.0, "c": None, "d": True}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        (b'{"a": "C:\\\\u0000"}', {"a": "C:\\u0000"}),
    ],
)
def test_what_is_in_order_is_taken_as_it_is(text: bytes, value: object) -> None:
    assert accepted(text) == value


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=8), anything, max_size=5))
def test_of_any_json_either_a_field_is_named_or_all_of_it_can_be_stored(value: dict[str, Any]) -> None:
    text = json.dumps(value).encode()
    try:
        taken = accepted(text)
    except Refused as refused:
        assert refused.details  # noqa: PT017 any JSON comes in, so either end is right
    else:
        assert "\\u0000" not in json.dumps(taken).replace("\\\\", "")
        assert taken == value


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(text: bytes) -> None:
    try:
        parsed = parse(text)
        if isinstance(parsed.value, dict):
            check(parsed.value, suspicious=parsed.suspicious)
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017 anything comes in, so either end is right


def test_of_duplicate_keys_the_last_one_counts() -> None:
    assert accepted(b'{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}') == {"a": 3, "b": {"c": 2}}
    assert accepted(b'{"a": "first", "a": "last"}') == {"a": "last"}
