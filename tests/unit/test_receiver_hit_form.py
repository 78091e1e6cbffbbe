from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.application import ApiKey
from tracker.errors import Refused
from tracker.hit_values import MAX_DESCRIPTION_LENGTHS, MAX_IDENTIFIER_LENGTHS
from tracker.receiver.admission import app_id_in
from tracker.receiver.hit_form import (
    _BROWSER_FORM,
    _KEYED_FORM,
    _TRUSTED_FORM,
    _add_usual_fields_of_key,
    _usual_fields,
    load_hit,
)

FIRST_KEY = ApiKey(id=None, key_hash="")
TRACKING_KEY = ApiKey(id=uuid4(), key_hash="", permissions=frozenset({"track"}))


def load(key: ApiKey | None = None, **values: Any) -> dict[str, Any]:
    return load_hit(values, key)


def refused_fields(key: ApiKey | None = None, **values: Any) -> list[str]:
    with pytest.raises(Refused) as caught:
        load_hit(values, key)
    assert (caught.value.code, caught.value.status) == ("VALIDATION_ERROR", 400)
    return list(caught.value.details)


@pytest.mark.parametrize("field", ["client_sub_id", "module_id", "session_id", "event_name"])
def test_an_identifier_fits_its_column_or_is_refused(field: str) -> None:
    assert load(**{field: "é" * 100}) == {field: "é" * 100}
    assert refused_fields(**{field: "é" * 101}) == [field]


@pytest.mark.parametrize(
    ("field", "longest"),
    [("language", 10), ("screen_resolution", 20), ("timezone", 50), ("url", 8192), ("referrer", 8192)],
)
def test_a_description_is_cut_to_its_column(field: str, longest: int) -> None:
    assert load(**{field: "é" * (longest + 1)}) == {field: "é" * longest}


@pytest.mark.parametrize("field", ["client_sub_id", "session_id", "url", "language", "custom_params", "event_data"])
@pytest.mark.parametrize("value", [0, 1, False, True, 1.5, [], ["a"]])
def test_a_wrong_type_is_refused_by_name(field: str, value: object) -> None:
    assert refused_fields(**{field: value}) == [field]


def test_texts_are_no_objects_and_objects_no_texts() -> None:
    assert refused_fields(custom_params="{}", url={}) == ["url", "custom_params"]


def test_null_and_empty_texts_are_absent() -> None:
    assert load(session_id="", url=None, custom_params=None, event_id=None, age_ms=None, event_name="") == {}


@pytest.mark.parametrize("blanks", [" ", "\t\n", "\u3000", " " * 101])
def test_texts_of_blanks_alone_are_absent(blanks: str) -> None:
    texts = dict.fromkeys((*MAX_IDENTIFIER_LENGTHS, *MAX_DESCRIPTION_LENGTHS, "event_id", "ip_address"), blanks)
    assert load(**texts) == load(FIRST_KEY, **texts) == {}
    assert load(FIRST_KEY, **texts, age_ms=None, unknown={}, screen_res=[]) == {}
    assert load(session_id=f" {blanks[:9]}a") == {"session_id": f" {blanks[:9]}a"}


def test_a_parameter_key_fits_its_column_or_is_refused() -> None:
    assert load(custom_params={"k" * 100: 1}) == {"custom_params": {"k" * 100: 1}}
    assert refused_fields(custom_params={"k" * 101: 1}) == ["custom_params"]


def test_an_alias_of_the_screen_resolution() -> None:
    assert load(screen_res="1x1") == {"screen_resolution": "1x1"}
    assert load(screen_res="1x1", screen_resolution="2x2") == {"screen_resolution": "2x2"}
    assert load(screen_res="1x1", screen_resolution=None) == {"screen_resolution": "1x1"}


def test_without_a_key_what_only_keys_may_say_is_ignored_however_wrong() -> None:
    values = {"timestamp": 1, "priority": "x", "ip_address": "x", "user_agent": 1, "unknown": {}, "id": 1}
    assert load(**values) == {}


def test_a_key_may_give_time_and_priority_but_not_the_address() -> None:
    loaded = load(TRACKING_KEY, timestamp="2026-01-31T12:00:00Z", priority=-1, ip_address="x", user_agent=1)
    assert loaded == {"timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC), "priority": -1}


def test_the_first_key_may_give_the_address_too() -> None:
    loaded = load(FIRST_KEY, ip_address="::ffff:203.0.113.9", user_agent="x" * 2001)
    assert loaded == {"ip_address": "203.0.113.9", "user_agent": "x" * 2000}
    assert refused_fields(FIRST_KEY, ip_address="203.0.113.256") == ["ip_address"]


@pytest.mark.parametrize(
    "text", ["2026-01-31T12:00:00Z", "2026-01-31t13:00:00+01:00", "2026-01-31 12:00:00.000000999Z"]
)
def test_a_timestamp_is_rfc_3339(text: str) -> None:
    assert load(TRACKING_KEY, timestamp=text) == {"timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC)}


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T12:00:00",
        "2026-01-31",
        "20260131T120000Z",
        "2026-02-30T12:00:00Z",
        "2026-01-31T12:00:00+25:00",
        "0001-01-01T00:00:00+23:59",
        "now",
        1_769_860_800,
        1_769_860_800_000,
        True,
    ],
)
def test_what_is_not_rfc_3339_is_no_timestamp(value: object) -> None:
    assert refused_fields(TRACKING_KEY, timestamp=value) == ["timestamp"]


@pytest.mark.parametrize("value", [True, 1.5, "1", 2**31, -(2**31) - 1])
def test_a_priority_is_a_whole_number_of_its_column(value: object) -> None:
    assert refused_fields(TRACKING_KEY, priority=value) == ["priority"]


@pytest.mark.parametrize("value", [-1, 86_400_001, True, "1", float("nan"), float("inf")])
def test_an_age_is_at_most_a_day(value: object) -> None:
    assert refused_fields(age_ms=value) == ["age_ms"]
    assert load(age_ms=86_400_000) == {"age_ms": 86_400_000}


def test_an_event_id_has_one_spelling() -> None:
    spelled = "0F8FAD5B-D9CB-469F-A165-70867728950E"
    assert load(event_id=spelled) == load(event_id=spelled.replace("-", "").lower())
    assert refused_fields(event_id="17") == refused_fields(event_id=17) == ["event_id"]


def test_every_bad_field_is_named_at_once() -> None:
    assert refused_fields(session_id=1, custom_params=[], url=1) == ["session_id", "url", "custom_params"]


def test_an_app_id_is_a_text_of_at_most_fifty_characters() -> None:
    assert app_id_in({"app_id": "x" * 50}) == "x" * 50
    assert app_id_in({}) is app_id_in({"app_id": None}) is app_id_in({"app_id": ""}) is None
    for bad in (1, True, [], {}, "x" * 51):
        with pytest.raises(Refused) as caught:
            app_id_in({"app_id": bad})
        assert list(caught.value.details) == ["app_id"]


VALUES = st.one_of(
    st.none(),
    st.text(max_size=120),
    st.sampled_from(["2026-11-29T01:02:03.5+09:00", "2026-11-29 01:02:03Z", "192.0.2.1", "[2001:db8::1]:80"]),
    st.sampled_from(["", "é" * 100, "x" * 8193, str(uuid4()), str(uuid4()).upper(), uuid4().hex, "1920x1080"]),
    st.integers(-5, 100_000_000),
    st.floats(allow_nan=False),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.one_of(st.text(max_size=5), st.just("k" * 101)), st.integers(), max_size=3),
)
NAMES = (*_TRUSTED_FORM.fields, "screen_res", "unknown")


@settings(max_examples=500)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_the_short_way_takes_what_the_form_takes_and_nothing_else(values: dict[str, Any]) -> None:
    usual = _usual_fields(values)
    if usual is not None:
        assert usual == _BROWSER_FORM.load(values, partial=True)
        for is_trusted, form in ((False, _KEYED_FORM), (True, _TRUSTED_FORM)):
            loaded = dict(usual)
            if _add_usual_fields_of_key(loaded, values, is_trusted=is_trusted):
                assert loaded == form.load(values, partial=True)


def test_an_ordinary_hit_goes_the_short_way() -> None:
    """Otherwise the test above would show nothing."""
    hit: dict[str, Any] = {
        "url": "https://shop.example/",
        "session_id": "s",
        "event_id": str(uuid4()),
        "event_data": {},
        "custom_params": {"a": 1},
        "age_ms": 12,
    }
    assert _usual_fields({**hit, "app_id": "shop", "language": "", "referrer": None}) == hit
    of_key = {"timestamp": "2026-11-29T01:02:03Z", "priority": -1, "user_agent": "Own/1", "ip_address": "192.0.2.1"}
    loaded = dict(hit)
    assert _add_usual_fields_of_key(loaded, of_key, is_trusted=True)
    assert loaded == {**hit, **of_key, "timestamp": datetime(2026, 11, 29, 1, 2, 3, tzinfo=UTC)}
