"""Where the time is chosen that a page is about: one piece, the same on each page that has one."""

import html
import re
from datetime import date, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from tests.support.browsing import Browsing, heading, text_of
from tests.support.facts import make_facts
from tests.support.managing import Managing
from tests.support.queued_hits import NOON, define
from tests.support.raw_hits import count_days, execute, fill
from tracker.application import Application
from tracker.config import Settings
from tracker.management import goals, shares
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"
PAGES = ("", "/goals", "/quality")
YESTERDAY = (NOON - timedelta(days=1)).date()


@pytest.fixture
def browsing(
    managing: Managing, application_key: str, database: Database, application: Application, settings: Settings
) -> Browsing:
    """Somebody who has signed in where two came yesterday and three on the day before, one of each day to the till."""
    define(database, application, "colour", "string")
    for days, count, first in ((1, 2, 1), (2, 3, 10)):
        start = NOON - timedelta(days=days, hours=first)
        url = f"'https://shop.example/' || CASE n WHEN {first} THEN 'till' ELSE '' END"
        values = {"client_sub_id": "'v' || n", "url": url, "custom_params": "jsonb_build_object('size', n)"}
        fill(database, application, count, start=start, every="1 hour", first=first, **values)
    count_days(database, YESTERDAY - timedelta(days=1), YESTERDAY)
    make_facts(database, settings.facts_url)
    goals.create_goal(database, "shop", name="Till", step="page:/till")
    goals.create_funnel(database, "shop", name="Way", steps=["page:/", "page:/till"])
    opened = Browsing(managing)
    opened.sign_in(application_key)
    return opened


def fields(page: TestResponse) -> dict[str, str]:
    """The fields of the form in which days are written."""
    form = page.text.partition('<form class="dates"')[2].partition("</form>")[0]
    return {name: html.unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form)}


def days_told(first: date, last: date, written: str = "%Y-%m-%d") -> dict[str, str]:
    return {"from": f"{first:{written}}", "to": f"{last:{written}}"}


def test_each_page_says_its_days_and_takes_others(browsing: Browsing, database: Database) -> None:
    today = datetime.now(NOON.tzinfo).date()
    shared = f"/dashboard/share/{shares.create(database, 'shop', name='Board')[1]}"
    for path in (*(f"{HOME}{page}" for page in PAGES), f"{shared}/goals"):
        week = browsing.get(path)
        assert fields(week) == days_told(today - timedelta(days=6), today), path
        japanese = browsing.get(path, headers={"Accept-Language": "ja"})
        assert fields(japanese) == days_told(today - timedelta(days=6), today, "%Y/%m/%d"), path
        [(earlier, label)] = re.findall(r'class="arrow" href="([^"]+)" title="[^"]+" aria-label="(\w+): ', week.text)
        assert label == "Earlier", path
        before = browsing.get(path + html.unescape(earlier))
        assert fields(before) == days_told(today - timedelta(days=13), today - timedelta(days=7)), path
        chosen = browsing.get(f"{path}?from={YESTERDAY:%Y/%m/%d}&to={YESTERDAY}")
        assert fields(chosen) == days_told(YESTERDAY, YESTERDAY), path
        assert 'aria-current="true">7 days<' not in chosen.text
        assert browsing.get(f"{path}?from=yesterday").status_code == 400, path
        for name, label in (("today", "Today"), ("30d", "30 days"), ("month", "This month")):
            assert f'aria-current="true">{label}</a>' in browsing.get(f"{path}?range={name}").text, path


def test_numbers_of_goals_and_their_files_are_of_the_days_that_are_written(browsing: Browsing) -> None:
    page = browsing.get(f"{HOME}/goals?from={YESTERDAY}&to={YESTERDAY}")
    assert "Visits 1 of 2" in text_of(page)
    assert "Of 2 visits" in text_of(page)
    files = [html.unescape(to) for to in re.findall(r'href="([^"]+goals\.csv[^"]+)" download', page.text)]
    of_days = [to for to in files if "returning" not in to]
    assert len(of_days) == 2
    for to in of_days:
        assert f"from={YESTERDAY}&to={YESTERDAY}" in to
        assert f"-{YESTERDAY}-{YESTERDAY}.csv" in browsing.get(to).headers["Content-Disposition"]
    assert "Visits 2 of 5" in text_of(browsing.get(f"{HOME}/goals?range=7d"))
    assert browsing.get(f"{HOME}/goals?range=24h").status_code == 400, "which are no whole days"


def test_data_quality_is_of_the_days_that_are_written_and_of_so_many(
    browsing: Browsing, database: Database, application: Application
) -> None:
    at = "INSERT INTO filtered_hits VALUES (%s, %s, 'bot', %s)"
    execute(database, at, application.id, NOON - timedelta(days=1), 31)
    execute(database, at, application.id, NOON - timedelta(days=2), 17)
    one = text_of(browsing.get(f"{HOME}/quality?from={YESTERDAY}&to={YESTERDAY}"))
    assert "Bots and crawlers 31" in one
    assert "All 2 hits of this period were looked at" in one
    assert "Bots and crawlers 48" in text_of(browsing.get(f"{HOME}/quality?range=7d"))
    for language, title, said in (("en", "That cannot be shown", "93 days"), ("ja", "表示できません", "93日間")):
        browsing.language = language
        long = browsing.get(f"{HOME}/quality?from={YESTERDAY - timedelta(days=92)}&to={YESTERDAY}")
        assert (long.status_code, heading(long)) == (400, title)
        assert said in text_of(long)
        assert '<span lang="en">' not in long.text
    assert browsing.get(f"{HOME}/quality?range=12m").status_code == 400


@pytest.mark.parametrize("path", ["", "?page=%2Ftill", "/goals", "/quality", "/values?panel=pages"])
def test_each_page_of_numbers_says_how_fresh_they_are(browsing: Browsing, path: str) -> None:
    stored = ("some seconds after it was stored", "数秒後に反映")
    said = stored if path != "/quality" else ("as soon as it was stored", "保存後すぐに反映")
    for language, words in zip(("en", "ja"), said, strict=True):
        browsing.language = language
        assert text_of(browsing.get(HOME + path)).count(words) == 1


def test_the_form_of_traffic_keeps_what_else_is_chosen(browsing: Browsing) -> None:
    page = browsing.get(f"{HOME}?range=30d&page=%2Ftill&sources=channels&compare=none")
    kept = {name: value for name, value in fields(page).items() if name not in ("from", "to")}
    assert kept == {"page": "/till", "sources": "channels", "compare": "none"}
