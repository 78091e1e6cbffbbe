"""What a hit is for a reader: pages, sources, devices and countries, from texts that may hold anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.facts.agent import agent_of
from tracker.facts.page import page_of, referrer_of
from tracker.facts.place import country_of_zone
from tracker.facts.source import CHANNELS, source_of


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://Shop.Example:8443/a/B?x=1#y", "shop.example", "/a/B"),
        ("https://shop.example", "shop.example", "/"),
        ("/only/a/path?x", None, "/only/a/path"),
        ("//favicon.ico", None, "//favicon.ico"),
        ("https://shop.example/ä?id=7&utm_source=x", "shop.example", "/ä?id=7"),
        ("http://[nonsense/x?y", None, "http://[nonsense/x"),
        ("app://screen/home", "screen", "/home"),
    ],
)
def test_a_page_is_a_host_and_a_path(url: str, host: str | None, path: str) -> None:
    assert page_of(url, frozenset({"id"}))[:2] == (host, path)


@pytest.mark.parametrize(
    ("query", "source", "channel"),
    [
        ("utm_source=News&utm_medium=email", "news", "mail"),
        ("utm_campaign=spring", None, "campaign"),
        ("utm_source=x&utm_medium=cpc", "x", "campaign"),
        ("gclid=abc", "google", "campaign"),
        ("fbclid=abc", "facebook", "social"),
        ("msclkid=abc&utm_source=ads", "ads", "campaign"),
        ("utm_source=", None, None),
        ("q=1", None, None),
    ],
)
def test_a_campaign_is_read_from_the_query(query: str, source: str | None, channel: str | None) -> None:
    campaign = page_of(f"https://shop.example/?{query}").campaign
    assert (campaign.source, campaign.channel) == (source, channel)


@pytest.mark.parametrize(
    ("referrer", "name", "channel"),
    [
        ("https://www.google.co.jp/search?q=x", "Google", "search"),
        ("https://google.com.au/", "Google", "search"),
        ("https://duckduckgo.com/", "DuckDuckGo", "search"),
        ("https://chatgpt.com/c/1", "ChatGPT", "ai"),
        ("https://gemini.google.com/app", "Gemini", "ai"),
        ("https://t.co/abc", "X", "social"),
        ("https://old.reddit.com/r/x", "Reddit", "social"),
        ("https://mail.google.com/", "Gmail", "mail"),
        ("https://blog.example/post", "blog.example", "referral"),
        ("https://google.evil.example/", "google.evil.example", "referral"),
        ("https://notgoogle.com/", "notgoogle.com", "referral"),
    ],
)
def test_a_referrer_has_a_name_and_a_channel(referrer: str, name: str, channel: str) -> None:
    host, _ = referrer_of(referrer)
    assert host is not None
    assert source_of(host) == (name, channel)


@given(st.text(max_size=60))
def test_whatever_text_there_is_is_read(text: str) -> None:
    page_of(text, frozenset({"a"}))
    page_of(f"https://x.example/?{text}")
    host, _ = referrer_of(f"https://{text}")
    if host:
        assert source_of(host)[1] in CHANNELS
    agent_of(text)
    country_of_zone(text)


def test_devices_and_systems() -> None:
    ipad = "Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1"
    android = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36"
    assert agent_of(ipad)[3] == "tablet"
    assert agent_of(android) == ("Chrome Mobile", "120", "Android", "phone")
    assert agent_of("Googlebot/2.1 (+http://www.google.com/bot.html)").device == "bot"
    assert agent_of("curl/8.0") == ("curl", "8", None, None)


def test_countries_of_zones_also_by_old_names() -> None:
    zones = ["Asia/Tokyo", "Asia/Calcutta", "Europe/Kiev", "UTC", "Etc/GMT+5", "nonsense"]
    assert [country_of_zone(zone) for zone in zones] == ["JP", "IN", "UA", None, None, None]
