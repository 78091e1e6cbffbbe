"""What values of reports are called on pages of either language."""

import pytest

from tools import names
from tracker.dashboard import labels
from tracker.dashboard.labels import label_of
from tracker.dashboard.wording import Words
from tracker.facts import source


@pytest.mark.parametrize(
    ("dimension", "value", "english", "japanese"),
    [
        ("country", "JP", "Japan", "日本"),
        ("country", "US", "United States", "アメリカ合衆国"),
        ("country", "HK", "Hong Kong", "香港"),
        ("country", "<b>", "<b>", "<b>"),
        ("language", "de", "German", "ドイツ語"),
        ("language", "xx-unknown", "xx-unknown", "xx-unknown"),
        ("device", "phone", "Phone", "スマートフォン"),
        ("channel", "ai", "AI assistants", "AIアシスタント"),
        ("screen", "very large", "Very large (from 1920 px)", "特大（1920px以上）"),
        ("city", "München", "München", "München"),
        ("browser", "phone", "phone", "phone"),
        ("source", "xn--mnchen-3ya.example", "münchen.example", "münchen.example"),
        ("referrer", "xn--mnchen-3ya.example/xn--a/", "münchen.example/xn--a/", "münchen.example/xn--a/"),
        ("page", "/xn--mnchen-3ya.example", "/xn--mnchen-3ya.example", "/xn--mnchen-3ya.example"),
    ],
)
def test_a_value_is_named_in_the_pages_language(dimension: str, value: str, english: str, japanese: str) -> None:
    assert label_of(Words("en"), dimension, value) == english
    assert label_of(Words("ja"), dimension, value) == japanese


def test_the_names_are_those_of_the_tool_that_makes_them() -> None:
    assert names.FILE.read_bytes() == names.made(), "python -m tools.names"


def test_of_each_click_id_that_is_read_it_is_said_whose_it_is() -> None:
    assert labels._SERVICES.keys() == source._CLICK_IDS.keys()
