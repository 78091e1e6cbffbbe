"""Filters that are typed into the form of an application's page: by the names that it shows, and kept where refused."""

import re
from datetime import timedelta
from urllib.parse import quote, unquote, urlencode

import pytest

from tests.integration.test_dashboard_panels import HOME, with_three_visits
from tests.support.browsing import Browsing, cards
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.reports import filters as report_filters
from tracker.store.database import Database
from tracker.traffic_filters import DIMENSIONS, MAX_FILTERS, MAX_VALUE_LENGTH


@pytest.fixture
def browsing(
    managing: Managing, application_key: str, database: Database, redis: Connection, application: Application
) -> Browsing:
    return with_three_visits(managing, application_key, database, redis, application)


def test_a_filter_is_typed_into_a_form(browsing: Browsing, database: Database, settings: Settings) -> None:
    make_facts(database, settings.facts_url)
    page = browsing.get(f"{HOME}?range=30d&page=%2Fcart&sources=channels").text
    [form] = re.findall(r'<details class="filter">.*?</details>', page, re.DOTALL)
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)">', form))
    assert kept == {"range": "30d", "page": "/cart", "sources": "channels"}
    assert '<option value="/cart" data-of="page"></option>' in page

    def leads(by: str, how: str, value: str, language: str = "en") -> str:
        fields = urlencode({**kept, "filter_by": by, "filter_how": how, "filter_value": value})
        answer = browsing.get(f"{HOME}?{fields}", headers={"Accept-Language": language})
        assert answer.status_code == 303
        return unquote(answer.headers["Location"])

    there = f"{HOME}?range=30d&page=/cart"
    assert leads("country", "is", "japan") == f"{there}&country=JP&sources=channels"
    assert leads("device", "is_not", "スマートフォン", "ja") == f"{there}&device.is_not=phone&sources=channels"
    assert (
        leads("referrer", "is", "münchen.example/Weg")
        == f"{there}&referrer=xn--mnchen-3ya.example/Weg&sources=channels"
    )
    assert leads("city", "contains", " Ber ") == f"{there}&city.contains=Ber&sources=channels"
    assert leads("page", "is", "/blog") == f"{HOME}?range=30d&page=/blog&sources=channels"
    assert leads("page", "is", " ") == f"{there}&sources=channels"
    assert browsing.get(f"{HOME}?filter_by=secret&filter_how=is&filter_value=x").status_code == 400
    assert browsing.get(f"{HOME}?filter_by=page&filter_how=begins&filter_value=x").status_code == 400


def test_what_contains_a_name_is_found_by_it_in_either_language(
    browsing: Browsing, database: Database, settings: Settings, redis: Connection, application: Application
) -> None:
    hosts = ["www.xn--mnchen-3ya.example", "plain.example"]
    hits = [
        hit_of(
            *(application, 100 + number),
            created_at=NOON - timedelta(days=2),
            client_sub_id=f"r{number}",
            referrer=f"https://{host}/",
        )
        for number, host in enumerate(hosts)
    ]
    enqueue(redis, hits)
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)

    def requests(query: str) -> str:
        return cards(browsing.get(f"{HOME}?range=30d&{query}"))["requests"]

    of_japan = requests("country=JP")
    assert of_japan != "0"
    for text in ("japa", "日本", "jp"):
        assert requests(f"country.contains={quote(text)}") == of_japan, text
    assert requests("country.contains=zzz") == "0"
    assert requests("device.contains=phon") == requests("device=phone") != "0"
    assert requests("language.contains=ese") == requests("language=ja")
    for text in ("münchen", "MÜNCHEN.example", "mnchen-3ya"):
        assert requests(f"referrer.contains={quote(text)}") == "1", text
    assert requests("source.contains=plain") == "1"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_filter_too_many_or_too_long_leads_back_with_what_was_typed(
    browsing: Browsing, database: Database, settings: Settings, language: str
) -> None:
    make_facts(database, settings.facts_url)
    browsing.language = language
    typed = {"filter_by": "event", "filter_how": "is_not"}
    chosen = {f"{name}.is_not": "x" for name in DIMENSIONS[:MAX_FILTERS]}
    for filters, value, said in (
        (chosen, "y", ("At most 18 filters can be chosen at once.", "一度に18個まで")),
        ({"page": "/cart"}, "y" * 1001, ("at most 1000 characters", "1000文字まで")),
        ({"page": "/" + "日" * 900}, "本" * 200, ("at most 3000 bytes", "3000バイトまで")),
    ):
        home = browsing.get(f"{HOME}?{urlencode({'range': '30d', **filters})}")
        path = home.location.partition("?")[0] if home.status_code == 303 else HOME
        kept = filters if path == HOME else {}
        page = browsing.get(f"{path}?{urlencode({'range': '30d', **kept, **typed, 'filter_value': value})}")
        assert page.status_code == 400
        alert = re.search(r'<details class="filter" open>.*?role="alert">(.*?)</p>', page.text, re.DOTALL)
        assert alert
        assert said[language == "ja"] in alert[1]
        assert ('<option value="event" selected>' in page.text, f'value="{value}"' in page.text) == (True, True)
        assert page.text.count('class="chip"') == len(filters), "what was chosen stays"


def test_as_many_filters_as_a_report_takes_beside_what_a_panel_asks() -> None:
    assert MAX_FILTERS + 2 == report_filters.MAX_FILTERS
    assert MAX_VALUE_LENGTH == report_filters.MAX_VALUE_LENGTH
