"""The panels of an application's page: what reports say, in both languages, whatever is in it."""

import csv
import html
import io
import re
import shutil
from datetime import timedelta

import pytest

from tests.support.browsing import Browsing, cards
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.queueing.connection import Connection
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
HOSTILE = "<script>alert('x')</script>{{ 7*7 }}"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 "
    "Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def browsing(
    managing: Managing, application_key: str, database: Database, redis: Connection, application: Application
) -> Browsing:
    visits = [
        {"url": "https://shop.example/cart", "referrer": "https://www.google.com/"},
        {"url": "https://shop.example/cart", "referrer": "https://shop.example/", "timezone": "Asia/Tokyo"},
        {"url": f"https://shop.example/{HOSTILE}", "user_agent": PHONE},
    ]
    times = [NOON - timedelta(days=1, minutes=number) for number in range(3)]
    enqueue(
        redis,
        [
            hit_of(application, number + 1, created_at=time, client_sub_id=f"c{number}", **visit)
            for number, (time, visit) in enumerate(zip(times, visits, strict=True))
        ],
    )
    drain(redis, database)
    fold_everything(database)
    opened = Browsing(managing)
    opened.sign_in(application_key)
    return opened


def panels(page: str) -> dict[str, list[tuple[str, str]]]:
    """Each panel's rows by its heading."""
    found = {}
    for section in re.findall(
        r'<section class="panel">\s*(?:<div class="heading">)?<h2>([^<]+)</h2>(.*?)</section>', page, re.DOTALL
    ):
        rows = re.findall(r"<span title[^>]*>(.*?)</span></th><td class=\"n\">([^<]*)<", section[1], re.DOTALL)
        if rows:
            found[section[0]] = [(html.unescape(re.sub(r"<[^>]+>", "", value)), count) for value, count in rows]
    return found


def test_panels_show_what_was_read_from_where_and_on_what(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    page = browsing.get(HOME).text
    assert panels(page) == {
        "Pages": [("/cart", "2"), (f"/{HOSTILE}", "1")],
        "Sources": [("Google", "1"), ("direct", "1")],
        "Devices": [("not known", "2"), ("Phone", "1")],
        "Countries": [("not known", "2"), ("JP", "1")],
    }
    assert "<script>alert" not in page
    japanese = browsing.get(HOME, headers={"Accept-Language": "ja"}).text
    assert "流入元" in japanese


def test_a_value_filters_stands_in_the_address_and_is_taken_off_again(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    [link] = re.findall(r'href="([^"]*)">Google</a>', browsing.get(f"{HOME}?range=30d").text)
    page = browsing.get(HOME + html.unescape(link))
    assert html.unescape(link) == "?range=30d&source=Google"
    assert cards(page) == {"requests": "1", "page_views": "1", "visitors": "1", "sessions": "1"}
    assert panels(page.text)["Pages"] == [("/cart", "1")]
    [chip] = re.findall(r'<a class="chip" href="([^"]*)"', page.text)
    assert chip == "?range=30d"
    assert 'href="?source=Google&amp;range=7d"' in page.text, "another time keeps the filter"
    assert 'name="source" value="Google"' in page.text
    nothing = browsing.get(f"{HOME}?page=%3Cscript%3Ealert%281%29%3C%2Fscript%3E")
    assert nothing.status_code == 200
    assert "<script>alert" not in nothing.text
    assert cards(nothing)["requests"] == "0"
    assert browsing.get(f"{HOME}?page=%00").status_code == 400
    assert browsing.get(f"{HOME}?page={'x' * 1001}").status_code == 400


def test_a_panel_is_there_as_csv_that_no_spreadsheet_computes(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    answer = browsing.get(f"{HOME}/panel.csv?panel=pages&range=30d")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows == [["page", "page_views"], ["/cart", "2"], [f"/{HOSTILE}", "1"]]
    filtered = browsing.get(f"{HOME}/panel.csv?panel=pages&source=Google")
    assert list(csv.reader(io.StringIO(filtered.text))) == [["page", "page_views"], ["/cart", "1"]]
    assert browsing.get(f"{HOME}/panel.csv?panel=nothing").status_code == 404


def test_a_page_without_facts_says_so_in_a_line_and_shows_the_rest(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    shutil.rmtree(settings.facts_url)
    page = browsing.get(HOME)
    assert page.status_code == 200
    assert "cannot be shown just now" in page.text
    assert panels(page.text) == {}
