"""Shares in panels: of all visitors, visits, page views or requests of the time and its filters, where known."""

import csv
import html
import io
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.browsing import Browsing
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.made_hits import MadeHits, made_hits
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tests.support.raw_hits import execute
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Postgres, Valkey
from tracker.management import settings as setting
from tracker.queueing.connection import connect
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
DAY = (NOON - timedelta(days=1)).date()
SPAN = f"from={DAY}&to={DAY}"
HITS = (
    ("a", "/", "https://www.google.com/", None),
    ("a", "/cart", "https://shop.example/", None),
    ("a", "/", "https://www.bing.com/", None),
    ("b", "/", "https://www.google.com/", None),
    ("b", "/cart", "https://shop.example/", "buy"),
    ("c", "/cart", None, None),
    ("d", "/help", None, None),
)
"""By whom, on which page, from where, with which event: four visitors, six page views, seven requests and visits."""


@pytest.fixture(scope="module")
def made(
    postgres: Postgres, valkey: Valkey, shop_and_key: tuple[Application, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MadeHits]:
    shop, _ = shop_and_key
    hits = [
        hit_of(
            shop,
            number + 1,
            created_at=NOON - timedelta(days=1, hours=-number),
            client_sub_id=who,
            url=f"https://shop.example{page}",
            referrer=referrer,
            event_name=event,
        )
        for number, (who, page, referrer, event) in enumerate(HITS)
    ]

    def make(database: Database, folder: Path) -> None:
        with closing(connect(valkey.url, name="tests")) as redis:
            redis.flushall()
            enqueue(redis, hits)
            drain(redis, database)
        fold_everything(database)
        make_facts(database, folder)

    with made_hits(postgres, tmp_path_factory.mktemp("made") / "facts", make) as one:
        yield one


@pytest.fixture
def copied(made: MadeHits) -> str:
    return made.database


@pytest.fixture
def visited(made: MadeHits, settings: Settings) -> None:
    made.copy_facts(settings)


@pytest.fixture
def browsing(managing: Managing, application_key: str, visited: None) -> Browsing:
    """Somebody who has signed in where four visitors came, one of them from two sources."""
    opened = Browsing(managing)
    opened.sign_in(application_key)
    return opened


def shares(page: str, group: str) -> dict[str, tuple[str, str]]:
    """The count and the share of each row of a panel, by its value."""
    section = page.partition(f'id="{group}"')[2].partition("</section>")[0]
    rows = re.findall(
        r'</svg><span[^>]*>(.*?)</span></th><td class="n">([^<]*)</td><td class="n share">([^<]*)<', section, re.DOTALL
    )
    return {html.unescape(re.sub(r"<[^>]+>", "", value)): (count, part) for value, count, part in rows}


@pytest.mark.parametrize("zone", ["UTC", "Africa/Abidjan"])
def test_shares_are_of_all_visitors_views_visits_or_requests(browsing: Browsing, database: Database, zone: str) -> None:
    """Abidjan's clocks are UTC's: the same numbers, by the other way."""
    setting.set_(database, "shop", "timezone", zone)
    page = browsing.get(f"{HOME}?{SPAN}")
    assert shares(page.text, "pages") == {"/": ("3", "50.0%"), "/cart": ("2", "33.3%"), "/help": ("1", "16.7%")}
    sources = shares(page.text, "sources")
    assert sources == {"direct": ("4", "57.1%"), "Google": ("2", "28.6%"), "Bing": ("1", "14.3%")}
    assert shares(page.text, "events") == {"buy": ("1", "14.3%")}
    assert "A visitor may be in several rows." in page.text
    assert "1人のビジターが複数の行で" in browsing.get(f"{HOME}?{SPAN}", headers={"Accept-Language": "ja"}).text
    of_few = browsing.get(f"{HOME}?{SPAN}&source=Google").text
    assert shares(of_few, "pages") == {"/": ("2", "100%")}, "of those that filters leave"


@pytest.mark.parametrize("query", ["", "&device.is_not=phone"])
def test_visits_are_counted_where_a_panel_is_of_them(browsing: Browsing, query: str) -> None:
    page = browsing.get(f"{HOME}?{SPAN}&pages=entry_pages{query}").text
    [visits] = re.findall(r'<div class="card sessions">.*?<p class="number">(\d+)</p>', page, re.DOTALL)
    entered = shares(page, "pages")
    assert sum(int(count) for count, _ in entered.values()) == int(visits)
    assert entered["/help"] == ("1", f"{1 / int(visits):.1%}")
    assert shares(page, "sources")["Google"] == ("2", "28.6%")


def test_a_part_of_a_page_and_the_page_of_all_values_say_the_same(browsing: Browsing) -> None:
    for group, name in (("pages", "exit_pages"), ("sources", "channels"), ("devices", "browsers")):
        whole = shares(browsing.get(f"{HOME}?{SPAN}&{group}={name}").text, group)
        assert whole, group
        part = browsing.get(f"{HOME}/panel?{SPAN}&group={group}&{group}={name}").text
        assert shares(part, group) == whole
        listed = browsing.get(f"{HOME}/values?{SPAN}&panel={name}").text
        assert shares(f'id="{group}"{listed.partition("<section")[2]}', group) == whole
        assert "A visitor may be in several rows." in listed


def test_a_file_has_them_as_numbers(browsing: Browsing) -> None:
    rows = list(csv.reader(io.StringIO(browsing.get(f"{HOME}/panel.csv?{SPAN}&panel=sources").text)))
    assert rows == [
        ["source", "sessions", "share"],
        ["", "4", "0.571429"],
        ["Google", "2", "0.285714"],
        ["Bing", "1", "0.142857"],
    ]


def test_nothing_is_a_share_of_what_is_not_known(browsing: Browsing, database: Database) -> None:
    missing = DAY - timedelta(days=1)
    execute(
        database,
        "INSERT INTO daily_statistics (application_id, app_id, date, total_requests, unique_visitors, unique_sessions) "
        "SELECT id, app_id, %s, 5, 2, 0 FROM applications WHERE app_id = 'shop'",
        missing,
    )
    span = f"from={missing}&to={DAY}"
    page = browsing.get(f"{HOME}?{span}").text
    assert "Some of these days are missing here" in page
    assert 'class="n share"' not in page
    assert "A visitor may be in several rows." not in page
    rows = list(csv.reader(io.StringIO(browsing.get(f"{HOME}/panel.csv?{span}&panel=sources").text)))
    assert [row[2] for row in rows] == ["share", "", "", ""]
