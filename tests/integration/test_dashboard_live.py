"""What a site's owner sees first and watches: the first hit, or why none comes, and what goes on now."""

import html
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import TestResponse

from tests.integration.conftest import MovableClock
from tests.support.browsing import Browsing, cards, text_of
from tests.support.facts import make_facts
from tests.support.failed_hits import fail
from tests.support.managing import Managing
from tests.support.raw_hits import count_days, execute, fill
from tests.support.servers_away import redis_away
from tracker.application import Application
from tracker.config import Settings
from tracker.dashboard.live_page import LOOK_AGAIN
from tracker.embedded import Valkey
from tracker.management import applications
from tracker.management import settings as management_settings
from tracker.queueing import filtered
from tracker.queueing.connection import Connection
from tracker.reading import live
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
HOSTILE = "https://shop.example/<script>alert(1)</script>?q=secret"


@pytest.fixture
def browsing(managing: Managing, application_key: str) -> Browsing:
    opened = Browsing(managing)
    opened.sign_in(application_key)
    return opened


def test_a_new_site_shows_the_tag_and_waits_for_the_first_hit(
    browsing: Browsing, database: Database, application: Application
) -> None:
    page = browsing.get(HOME)
    assert 'data-app-id="shop"' in page.text
    assert 'data-copy="tag"' in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text
    assert "Waiting for the first hit" in text_of(page)
    part = browsing.get(f"{HOME}/first-hit")
    assert "data-done" not in part.text
    again = browsing.get(f"{HOME}/first-hit", headers={"If-None-Match": part.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    fill(database, application, 1, start=datetime.now(UTC), url=f"'{HOSTILE}'")
    arrived = browsing.get(f"{HOME}/first-hit", headers={"If-None-Match": part.headers["ETag"]})
    assert arrived.status_code == 200
    assert "The first hit has arrived" in text_of(arrived)
    assert "data-done" in arrived.text
    assert "<script>alert" not in arrived.text


def test_it_says_what_is_wrong_when_no_hit_comes(
    browsing: Browsing, database: Database, application: Application, redis: Connection
) -> None:
    applications.update(database, "shop", {"domain": "shop.example"})
    execute(database, "INSERT INTO filtered_hits VALUES (%s, date_trunc('hour', now()), 'domain', 2)", application.id)
    redis.hset(filtered.COUNTS, filtered.field_of(application.id, "domain", datetime.now(UTC)), 3)
    redis.hset(filtered.COUNTS, filtered.field_of(application.id, "bot", datetime.now(UTC)), 1)
    other, _ = applications.create(database, name="Other", app_id="other")
    redis.hset(filtered.COUNTS, filtered.field_of(other.id, "dnt", datetime.now(UTC)), 9)
    told = text_of(browsing.get(f"{HOME}/first-hit"))
    assert "is not of the application&#39;s domain: 5. Only pages of shop.example and below" in told
    applications.update(database, "shop", {"domain": "münchen.example"})
    told = text_of(browsing.get(f"{HOME}/first-hit"))
    assert "Only pages of münchen.example (xn--mnchen-3ya.example) and below" in told
    assert "Bots and crawlers: 1." in told
    assert "Do Not Track" not in told, "another application's"
    assert "No worker is registered" in told
    assert "No scheduler works" in told
    assert "could not be stored" not in told
    fail(database, application, 1)
    applications.set_status(database, "shop", "suspended")
    told = text_of(browsing.get(f"{HOME}/first-hit"))
    assert "could not be stored" in told
    assert "not active" in told


def test_it_says_which_server_is_away(browsing: Browsing, valkey: Valkey) -> None:
    with redis_away(valkey):
        told = text_of(browsing.get(f"{HOME}/first-hit"))
    assert "Redis does not answer" in told


def test_live_shows_the_visitors_of_half_an_hour_and_the_newest_hits(
    managing: Managing,
    browsing: Browsing,
    database: Database,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime.now(UTC)
    fill(database, application, 9, start=now - timedelta(minutes=29), every="1 minute", client_sub_id="'v' || n % 4")
    fill(
        database, application, 2, start=now - timedelta(minutes=31), first=100, client_sub_id="'old' || n", every="1 ms"
    )
    stranger, key = applications.create(database, name="Stranger", app_id="stranger")
    fill(database, stranger, 3, start=now - timedelta(minutes=1), every="1 ms", first=200, client_sub_id="'s' || n")
    page = browsing.get(f"{HOME}/live")
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page.text
    assert cards(page) == {"visitors": "4", "requests": "9"}
    assert page.text.index("/9<") < page.text.index("/8<"), "the newest first"
    part = browsing.get(f"{HOME}/live/now")
    again = browsing.get(f"{HOME}/live/now", headers={"If-None-Match": part.headers["ETag"]})
    assert again.status_code == 304
    fill(database, application, 1, start=now, every="1 ms", first=300, client_sub_id="'new'", url=f"'{HOSTILE}'")
    monkeypatch.setattr(live, "_FRESH_SECONDS", 0.0)
    after = browsing.get(f"{HOME}/live/now", headers={"If-None-Match": part.headers["ETag"]})
    assert after.status_code == 200
    assert cards(after) == {"visitors": "5", "requests": "10"}
    assert "<script>alert" not in after.text
    other = Browsing(managing)
    other.sign_in(key)
    assert other.get(f"{HOME}/live/now").status_code == 404
    assert cards(other.get("/dashboard/applications/stranger/live")) == {"visitors": "3", "requests": "3"}
    monkeypatch.setattr(live, "MAX_HITS", 6)
    part = browsing.get(f"{HOME}/live/now")
    assert cards(part) == {"visitors": "≥5", "requests": "≥6"}
    drawn = re.findall(r'dy="17">([0-9]+) requests?', part.text)
    assert 5 <= len(drawn) <= 30, "minutes that nobody looked at are not shown as empty ones"
    assert sum(map(int, drawn)) == 6 - 1, "the oldest of six hits is of a minute that may have had more"
    same = browsing.get(f"{HOME}/live/now", headers={"If-None-Match": part.headers["ETag"]})
    assert same.status_code == 304
    for answer in (part, same):
        assert 1875 <= int(answer.headers[LOOK_AGAIN]) <= 2125


def test_live_tells_minutes_pages_sources_and_countries_in_the_words_of_traffic(
    browsing: Browsing, database: Database, application: Application
) -> None:
    applications.update(database, "shop", {"domain": "shop.example"})
    now = datetime.now(UTC)
    came = [
        ("a", "https://shop.example/?utm_source=News", "https://www.google.com/", "Asia/Tokyo", None),
        ("a", "https://shop.example/cart?x=1", "https://www.shop.example/", "Asia/Tokyo", None),
        ("b", "https://shop.example/", "https://www.bing.com/search", None, "FR/Paris"),
        ("c", "https://shop.example/cart?x=2#top", None, None, None),
        ("d", "https://www.shop.example/cart", "https://blog.shop.example/", None, None),
    ]
    for number, (client, url, referrer, zone, place) in enumerate(came):
        values = {"client_sub_id": client, "url": url, "referrer": referrer, "timezone": zone, "place": place}
        literal = {name: "NULL" if value is None else f"'{value}'" for name, value in values.items()}
        fill(
            database,
            application,
            1,
            start=now - timedelta(minutes=5 - number // 3),
            every="0 s",
            first=1 + number,
            **literal,
        )
    page = browsing.get(f"{HOME}/live")
    assert (
        re.findall(r'dy="17">([0-9]+) requests? · ([0-9]+)', page.text)
        == [("0", "0")] * 24 + [("3", "2"), ("2", "2")] + [("0", "0")] * 4
    )
    assert panels_of(page) == ["/cart 3 / 2", "direct 2 Bing 1 news 1", "not known 2 France 1 Japan 1"]
    assert f'href="{HOME}?range=today&amp;source=Bing"' in page.text
    assert re.findall(r'<td class="wrap[^>]*>(?:<i>|<a [^>]*>)?([^<]*)', page.text)[1::2] == [
        *("Within the site", "direct", "Bing", "Within the site", "news"),
    ]


def panels_of(page: TestResponse) -> list[str]:
    """Return the rows of each panel, as somebody reads them."""
    tables = re.findall(r'<table class="bars">.*?<tbody>(.*?)</tbody>', page.text, re.DOTALL)
    return [html.unescape(" ".join(re.sub(r"<[^>]+>", " ", table.replace("<wbr>", "")).split())) for table in tables]


def test_many_who_look_cost_one_look(database: Database, application: Application, clock: MovableClock) -> None:
    reader = live.LiveReader(database, clock)
    first = reader.read("shop")
    assert reader.read("shop") is first
    clock.advance(1.1)
    assert reader.read("shop") is not first


def test_live_tells_the_time_of_the_sites_zone(
    browsing: Browsing, database: Database, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    fill(database, application, 1, start=now - timedelta(minutes=3), every="0 s")
    in_utc = browsing.get(f"{HOME}/live/now")
    assert "Time (UTC)" in in_utc.text
    management_settings.set_(database, "shop", "timezone", "Asia/Kathmandu")
    monkeypatch.setattr(live, "_FRESH_SECONDS", 0.0)
    for address in (f"{HOME}/live", f"{HOME}/live/now"):
        page = browsing.get(address, headers={"If-None-Match": in_utc.headers["ETag"]})
        there = (now - timedelta(minutes=3)).astimezone(ZoneInfo("Asia/Kathmandu"))
        assert f'<td class="when">{there:%H:%M:%S}</td>' in page.text
        assert f'<tspan class="when" x="0">{there:%H:%M}</tspan>' in page.text
        assert "Time (Asia/Kathmandu)" in page.text
    assert "Days and hours here are those of Asia/Kathmandu" in text_of(browsing.get(f"{HOME}/live"))


def test_live_counts_every_source_country_and_page_whatever_makes_addresses_differ(
    browsing: Browsing, database: Database, application: Application
) -> None:
    start = datetime.now(UTC) - timedelta(minutes=5)
    fill(
        database,
        application,
        1500,
        start=start,
        every="10 ms",
        client_sub_id="'v' || n",
        url="'https://u' || n || '.shop.example/home?fbclid=' || n",
        referrer="CASE WHEN n % 3 > 0 THEN 'https://www.google.com/' || n END",
        timezone="'Asia/Tokyo'",
    )
    fill(
        database,
        application,
        300,
        start=start,
        every="10 ms",
        first=2000,
        client_sub_id="'v' || n",
        url="'https://shop.example/q' || (n % 60)",
    )
    pages, sources, countries = panels_of(browsing.get(f"{HOME}/live"))
    assert pages.startswith("/home 1,500 /q0 5 ")
    assert sources == "facebook 1,500 direct 300"
    assert countries == "Japan 1,500 not known 300"


def test_a_visitor_ahead_of_the_clock_is_one_and_the_minutes_are_all_there_is(
    database: Database, application: Application
) -> None:
    now = datetime.now(UTC)
    for number, ahead in enumerate((0, 65, 110, -29 * 60 - now.second - 1)):
        start = now + timedelta(seconds=ahead)
        fill(database, application, 1, start=start, every="0 s", first=1 + number, client_sub_id="'same'")
    view = live.read(database, "shop", now)
    assert (view.latest.hits, view.latest.visitors) == (3, 1)
    assert [(minute.hits, minute.visitors) for minute in view.minutes] == [(0, 0)] * 29 + [(3, 1)]


def test_a_host_found_in_its_letters_has_visitors_and_bounce_rate(
    browsing: Browsing, database: Database, application: Application, settings: Settings
) -> None:
    start = datetime.now(UTC) - timedelta(days=1)
    referrer = "'https://xn--mnchen-3ya.example/x'"
    fill(database, application, 3, start=start, every="0 s", client_sub_id="'c' || n", referrer=referrer)
    count_days(database, start.date(), start.date())
    make_facts(database, settings.facts_url)
    search = f"{HOME}/values?range=7d&panel=referrers&find="
    listed = [
        re.findall(r'<td class="n[^>]*>(.*?)</td>', browsing.get(search + text).text) for text in ("münchen", "mnchen")
    ]
    assert listed[0] == listed[1]
    assert listed[0][:2] == ["3", "100%"]
