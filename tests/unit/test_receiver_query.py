from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import Refused
from tracker.receiver.query import _pairs, read_query


def test_parameters_are_the_fields_of_a_hit() -> None:
    assert read_query("app_id=shop&url=https%3A%2F%2Fx.example%2F%3Fa%3Db&language=") == {
        "app_id": "shop",
        "url": "https://x.example/?a=b",
    }


def test_custom_parameters_come_one_by_one_as_json_or_both() -> None:
    assert read_query('custom_params={"a":1,"b":2}&cp.b=3&cp.c=4%20') == {
        "custom_params": {"a": 1, "b": "3", "c": "4 "}
    }


def test_event_data_is_json() -> None:
    assert read_query('event_data={"a":[1]}') == {"event_data": {"a": [1]}}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("custom_params=[1]", "custom_params"),
        ("custom_params={", "custom_params"),
        ('event_data={"a":NaN}', "event_data.a"),
        ('event_data={"a":1e30}', "event_data.a"),
        ('custom_params={"a":"\\u0000"}', "custom_params.a"),
        ('custom_params={"a":"\\ud800"}', "custom_params.a"),
        ("custom_params=" + '{"a":' * 20 + "1" + "}" * 20, "custom_params" + ".a" * 19),
        ("session_id=a%00b", "session_id"),
        ("cp.a=x%00", "custom_params.a"),
        ("cp.a%00=x", "custom_params.a\x00"),
    ],
)
def test_bad_json_and_nul_are_refused_by_name(query: str, field: str) -> None:
    with pytest.raises(Refused) as caught:
        read_query(query)
    assert list(caught.value.details) == [field]


def test_a_null_is_nothing() -> None:
    assert read_query("custom_params=null") == {"custom_params": None}


def test_the_last_of_equal_names_holds() -> None:
    assert read_query("app_id=a&app_id=b") == {"app_id": "b"}


def test_what_is_not_utf_8_is_replaced() -> None:
    assert read_query("url=%ff%fe&language=\xff") == {"url": "��", "language": "�"}


def test_text_that_is_not_escaped_is_utf_8() -> None:
    assert read_query("url=é".encode().decode("latin-1")) == {"url": "é"}


@pytest.mark.parametrize(("text", "value"), [("1500", 1500.0), ("1.5", 1.5), ("soon", "soon"), ("9" * 30, "9" * 30)])
def test_numbers_are_numbers(text: str, value: object) -> None:
    assert read_query(f"age_ms={text}") == {"age_ms": value}


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_any_query_is_read_or_refused(query: str) -> None:
    try:
        read_query(query)
    except Refused as refused:
        assert refused.status == 400  # noqa: PT017 anything comes in, so either end is right


@given(st.text(alphabet="ab=&+%0aeé. cp", max_size=60))
def test_pairs_are_those_of_the_standard_library(query: str) -> None:
    assert list(_pairs(query)) == parse_qsl(query, errors="replace")
