"""The panels of an application's page: what reports say, in both languages, whatever is in it."""

import csv
import html
import io
import re
import shutil
import threading
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from tests.support.browsing import Browsing, cards, chart_rows
from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, drain, enqueue, hit_of
from tracker.application import Application
from tracker.config import Settings
from tracker.dashboard.panel_kinds import GROUPS
from tracker.errors import Refused
from tracker.management import settings as setting
from tracker.queueing.connection import Connection
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
HOSTILE = "<script>alert('x')</script>{{ 7*7 }}"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 "
    "Mobile/15E148 Safari/604.1"
)


def with_three_visits(
    managing: Managing, application_key: str, database: Database, redis: Connection, application: Application
) -> Browsing:
    """Somebody who has signed in at an application with three hits of the day before, of three visitors."""
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


@pytest.fixture
def browsing(
    managing: Managing, application_key: str, database: Database, redis: Connection, application: Application
) -> Browsing:
    return with_three_visits(managing, application_key, database, redis, application)


def panels(page: str) -> dict[str, list[tuple[str, str]]]:
    """Each panel's rows by its heading."""
    rows_of = {}
    for section in re.findall(r'<section class="panel part".*?<h2[^>]*>([^<]+)</h2>(.*?)</section>', page, re.DOTALL):
        rows = re.findall(r"</svg><span[^>]*>(.*?)</span></th><td class=\"n\">([^<]*)<", section[1], re.DOTALL)
        if rows:
            rows_of[section[0]] = [(html.unescape(re.sub(r"<[^>]+>", "", value)), count) for value, count in rows]
    return rows_of


def test_panels_show_what_was_read_from_where_and_on_what(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    page = browsing.get(HOME).text
    assert panels(page) == {
        "Pages": [("/cart", "2"), (f"/{HOSTILE}", "1")],
        "Sources": [("direct", "2"), ("Google", "1")],
        "Countries": [("not known", "2"), ("Japan", "1")],
        "Devices": [("not known", "2"), ("Phone", "1")],
    }
    assert "<script>alert" not in page
    japanese = panels(browsing.get(HOME, headers={"Accept-Language": "ja"}).text)
    assert japanese["国"] == [("不明", "2"), ("日本", "1")]
    assert japanese["デバイス"] == [("不明", "2"), ("スマートフォン", "1")]
    assert list(japanese) == ["ページ", "流入元", "国", "デバイス"]


def test_each_panel_of_a_group_is_there_on_the_page_as_a_part_of_it_and_as_csv(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    page = browsing.get(f"{HOME}?range=30d").text
    links = re.findall(r'<a href="([^"]+)#(\w+)" data-part="([^"]+)"', page)
    assert {group for _, group, _ in links} == {"pages", "sources", "places", "devices"}
    assert len(links) == sum(len(names) for group, names in GROUPS.items() if group not in ("campaigns", "events"))
    for to, group, part in links:
        chosen = browsing.get(f"{HOME}{html.unescape(to)}")
        assert chosen.status_code == 200, to
        alone = panels(browsing.get(f"{part}{html.unescape(to)}&group={group}").text)
        assert alone.items() <= panels(chosen.text).items(), (group, part)
        assert alone or "No data for this period." in chosen.text, part
    for name in (name for names in GROUPS.values() for name in names):
        assert browsing.get(f"{HOME}/panel.csv?panel={name}").status_code == 200, name
    entered = panels(browsing.get(f"{HOME}?range=30d&pages=entry_pages&devices=browsers").text)
    assert entered["Entry pages"] == [("/cart", "2"), (f"/{HOSTILE}", "1")]
    assert entered["Browsers"][0] == ("not known", "2")
    assert browsing.get(f"{HOME}/panel?group=nothing").status_code == 404
    assert browsing.get(f"{HOME}/panel").status_code == 404


def test_campaigns_and_events_have_a_panel_where_there_are_some(
    browsing: Browsing, application: Application, redis: Connection, database: Database, settings: Settings
) -> None:
    hit = hit_of(
        application,
        9,
        created_at=NOON - timedelta(days=1),
        url=f"https://shop.example/?utm_campaign=Spring&utm_source=letter&utm_medium={quote(HOSTILE)}",
        referrer=f"https://elsewhere.example/{HOSTILE}",
        event_name=HOSTILE,
        language="<b>",
        place=f"JP/{HOSTILE}/{HOSTILE}",
    )
    enqueue(redis, [hit])
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    shown = panels(browsing.get(f"{HOME}?range=30d").text)
    assert shown["Campaigns"] == [("Spring", "1")]
    assert shown["Events"] == [(HOSTILE, "1")]
    hostile: dict[str, str] = {}
    for group, names in GROUPS.items():
        for name in names:
            part = browsing.get(f"{HOME}/panel?range=30d&group={group}&{group}={name}").text
            assert "<script>alert" not in part, name
            assert "<b>" not in part, name
            for link in re.findall(r'<a href="\?([^"#]*)">', part):
                hostile |= {key: value for key, value in parse_qsl(html.unescape(link)) if ">" in value}
    assert set(hostile) == {
        *("page", "entry_page", "exit_page", "event", "utm_medium", "referrer", "language", "city", "region"),
    }
    page = browsing.get(f"{HOME}?{urlencode({'range': '30d', **hostile})}", follow_redirects=True)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<b>" not in page.text
    assert page.text.count('class="chip"') == len(hostile)


def test_the_head_and_the_first_numbers_are_there_before_any_report(
    browsing: Browsing, database: Database, settings: Settings, managing: Managing
) -> None:
    make_facts(database, settings.facts_url)
    asked: list[str] = []

    def waits(*_: object, **given: object) -> None:
        asked.append(str(given))
        assert released.wait(60)
        raise Refused("SERVICE_UNAVAILABLE", 503, "Enough is seen.")

    released = threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tracker.reports.answer.read", waits)
        answer = browsing.get(f"{HOME}?range=30d", buffered=False)
        pieces = iter(answer.response)
        first = next(pieces)
        text = first.decode() if isinstance(first, bytes) else first
        assert len(asked) <= 2, "others of the application ask, too"
        released.set()
        rest = b"".join(piece if isinstance(piece, bytes) else piece.encode() for piece in pieces).decode()
    assert "</h1>" in text
    assert 'class="card requests"' in text
    assert 'class="plot"' in text
    assert "cannot be shown just now" not in text
    assert "cannot be shown just now" in rest


def test_days_are_those_of_the_sites_own_zone(
    browsing: Browsing, database: Database, redis: Connection, application: Application, settings: Settings
) -> None:
    setting.set_(database, "shop", "timezone", "Pacific/Kiritimati")  # 14 hours ahead: noon there is yesterday's here.
    late = hit_of(application, 20, created_at=NOON - timedelta(days=2) + timedelta(hours=11), client_sub_id="late")
    enqueue(redis, [late])
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    day = (NOON - timedelta(days=1)).date()
    page = browsing.get(f"{HOME}?from={day}&to={day}")
    assert cards(page)["requests"] == "1", "late in the evening before, by UTC"
    assert "Pacific/Kiritimati" in page.text
    assert [row[1] for row in chart_rows(page)].count("1") == 1
    after = browsing.get(f"{HOME}?from={day + timedelta(days=1)}&to={day + timedelta(days=1)}")
    assert cards(after)["requests"] == "3"
    for time in ("24h", "today", "7d", "12m"):
        shown = browsing.get(f"{HOME}?range={time}")
        assert shown.status_code == 200
        assert "cannot be shown" not in shown.text, time


def test_by_reports_too_nothing_is_compared_with_a_time_before_the_first_hit(
    browsing: Browsing, database: Database, application: Application, redis: Connection, settings: Settings
) -> None:
    setting.set_(database, "shop", "timezone", "Asia/Tokyo")
    make_facts(database, settings.facts_url)
    page = browsing.get(HOME).text
    assert "before:" not in page
    assert "Counted since" in page
    earlier = hit_of(application, 21, created_at=NOON - timedelta(days=20), client_sub_id="earlier")
    later = hit_of(application, 22, created_at=NOON - timedelta(days=9), client_sub_id="later")
    enqueue(redis, [earlier, later])
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    page = browsing.get(HOME).text
    assert page.partition('id="chart"')[0].count("before: 1") == 2, "requests and visitors"
    assert "Counted since" not in page


def test_without_reports_another_zone_is_shown_the_days_of_utc_and_told_so(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    setting.set_(database, "shop", "timezone", "Asia/Kathmandu")
    make_facts(database, settings.facts_url)
    day = (NOON - timedelta(days=1)).date()
    whole = cards(browsing.get(f"{HOME}?from={day}&to={day}"))
    shutil.rmtree(settings.facts_url)
    page = browsing.get(f"{HOME}?from={day}&to={day}&places=languages")
    shown = cards(page)
    assert (shown["requests"], shown["visitors"]) == (whole["requests"], whole["visitors"]) == ("3", "3")
    assert sum(int(row[1]) for row in chart_rows(page)) == 3
    assert "by days of UTC, not of Asia/Kathmandu" in page.text
    assert "cannot be shown just now" in page.text, "what only reports know"
    assert "not of Asia/Kathmandu" not in browsing.get(f"{HOME}?from={day}&to={day}&device=phone").text, "reports alone"


def test_a_panel_is_there_as_csv_that_no_spreadsheet_computes(
    browsing: Browsing, database: Database, settings: Settings
) -> None:
    make_facts(database, settings.facts_url)
    answer = browsing.get(f"{HOME}/panel.csv?panel=pages&range=30d")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows == [["page", "page_views", "share"], ["/cart", "2", "0.666667"], [f"/{HOSTILE}", "1", "0.333333"]]
    filtered = browsing.get(f"{HOME}/panel.csv?panel=pages&source=Google")
    assert list(csv.reader(io.StringIO(filtered.text))) == [["page", "page_views", "share"], ["/cart", "1", "1.000000"]]
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
