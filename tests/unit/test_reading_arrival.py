"""What a single hit says of where its visitor came from: as reports say it of the same hit."""

import pytest

from tracker.facts.recipe import Recipe
from tracker.reading.arrival import country, is_internal, page_name, source_name

SHOP = Recipe("shop.example", frozenset({"id"}), (), has_whole_addresses=True, timeout_minutes=30)
HOME = "https://www.shop.example/"


@pytest.mark.parametrize(
    ("url", "referrer", "source"),
    [
        (HOME, "https://www.google.co.jp/", "Google"),
        (HOME, "https://kitchens.example/best", "kitchens.example"),
        (f"{HOME}?utm_source=News&utm_medium=email", "https://mail.example/", "news"),
        (f"{HOME}?gclid=1", None, "google"),
        (HOME, None, None),
        (HOME, "android-app://", None),
        (HOME, "https://[broken", None),
        (f"{HOME}?utm_source=News", f"{HOME}cart", None),
        (HOME, "https://blog.shop.example/", None),
        ("https://other.example/", "https://www.other.example/", None),
        ("https://[broken", "https://www.bing.com/", "Bing"),
        (None, None, None),
    ],
)
def test_a_source_is_a_campaign_or_a_host_that_is_not_the_sites_own(
    url: str | None, referrer: str | None, source: str | None
) -> None:
    assert source_name(url, referrer, SHOP) == source


def test_a_page_of_the_site_or_below_its_domain_is_within_it() -> None:
    assert is_internal(HOME, "https://blog.shop.example/", SHOP)
    assert is_internal("https://other.example/a", "https://www.other.example/", SHOP)
    assert not is_internal(HOME, "https://notshop.example/", SHOP)
    assert not is_internal(HOME, None, SHOP)


def test_a_page_keeps_the_parameters_that_belong_to_it() -> None:
    assert page_name(f"{HOME}item?id=7&ref=x#top", SHOP) == "/item?id=7"
    assert page_name("/var/log", SHOP) == "/var/log"


def test_a_country_is_that_of_the_address_before_that_of_the_zone() -> None:
    assert country("DE/Bavaria/Munich", "Asia/Tokyo") == "DE"
    assert country(None, "Asia/Tokyo") == "JP"
    assert country("", "Etc/UTC") is None
    assert country(None, None) is None
