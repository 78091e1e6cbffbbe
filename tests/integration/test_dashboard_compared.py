"""A time is compared with the one before, a year before, or nothing: as much of it as has passed, with filters too."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.conftest import TEMPLATE_WITH_SHOP
from tests.integration.conftest import MovableClock
from tests.support.browsing import Browsing, cards, chart_rows, text_of
from tests.support.compared_times import NOW, TODAY, YEAR_AGO, YESTERDAY, come, store_hits
from tests.support.facts import make_facts
from tests.support.made_hits import MadeHits, made_hits
from tests.support.managing import Managing
from tests.support.raw_hits import count_days, execute
from tests.support.waiting import wait_until
from tracker.application import Application
from tracker.config import Settings
from tracker.dashboard import equal_times
from tracker.dashboard.panels import ask
from tracker.embedded import Postgres
from tracker.management import annotations
from tracker.management import settings as setting
from tracker.reports import answer
from tracker.reports.answer import Report
from tracker.reports.passing_files import PassingFiles
from tracker.store.database import Database

HOME = "/dashboard/applications/shop"


@pytest.fixture
def browsing(managing: Managing, application_key: str, monkeypatch: pytest.MonkeyPatch) -> Browsing:
    monkeypatch.setattr(equal_times, "PATIENCE_SECONDS", 60.0)
    clock = MovableClock()
    clock.advance((NOW - clock.now()).total_seconds())
    managing.parts = replace(managing.parts, clock=clock)
    opened = Browsing(managing)
    opened.sign_in(application_key)
    return opened


@pytest.fixture(scope="module")
def made(
    postgres: Postgres, shop_and_key: tuple[Application, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MadeHits]:
    """To make them takes as long as twenty copies."""
    shop, _ = shop_and_key

    def make(database: Database, folder: Path) -> None:
        store_hits(database, shop)
        make_facts(database, folder)

    with made_hits(postgres, tmp_path_factory.mktemp("made") / "facts", make) as hits:
        yield hits


@pytest.fixture
def copied(template: str, request: pytest.FixtureRequest) -> str:
    if "counted" in request.fixturenames:
        return str(request.getfixturevalue("made").database)
    return TEMPLATE_WITH_SHOP


@pytest.fixture
def counted(made: MadeHits, settings: Settings) -> None:
    """What was made is in the test's database and in its folder of facts."""
    made.copy_facts(settings)


def card(page: TestResponse, name: str) -> str:
    """The HTML of a card."""
    card = re.search(rf'<div class="card {name}">(.*?)</div>', page.text, re.DOTALL)
    assert card, page.text
    return card[1]


def told(page: TestResponse, name: str) -> str:
    """What a card says below its number."""
    below = card(page, name).partition('class="number"')[2].partition("</p>")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", below).split())


def before(page: TestResponse) -> list[str]:
    """The last column of the table below the chart."""
    return [row[-1] for row in chart_rows(page)]


@pytest.mark.usefixtures("counted")
def test_what_goes_on_is_compared_up_to_the_same_minute(browsing: Browsing) -> None:
    page = browsing.get(f"{HOME}?range=today")
    assert (cards(page)["requests"], cards(page)["visitors"]) == ("76", "13")
    assert told(page, "requests") == "+49% before: 51", "twelve hours of four, and 12:00, 12:15 and 12:30"
    assert told(page, "visitors") == "±0% before: 13"
    assert "had come by the same minute" in text_of(page)
    assert before(page) == ["4"] * 24, "the line goes through all of yesterday"
    line = page.text.partition('id="before"')[2].partition("</g>")[0]
    assert line.count("<line ") == 23
    assert "The broken line is the requests of the period before." in page.text, "to whoever does not see it"
    japanese = browsing.get(f"{HOME}?range=today", headers={"Accept-Language": "ja"})
    assert "破線は前の期間" in japanese.text


@pytest.mark.usefixtures("counted")
def test_the_last_hours_are_as_long_as_those_before(browsing: Browsing) -> None:
    page = browsing.get(f"{HOME}?range=24h")
    assert cards(page)["requests"] == "120", "from 13:00: eleven hours of four, and 76"
    assert told(page, "requests") == "+135% before: 51"
    assert before(page) == ["0"] * 11 + ["4"] * 13
    assert re.findall(r'href="[^"]*compare=(\w+)[^"]*#chart"', page.text) == ["none"], "a year before is no day's hours"


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("zone", ["UTC", "Africa/Abidjan"])
def test_filters_and_other_zones_are_compared_too(browsing: Browsing, database: Database, zone: str) -> None:
    """Abidjan's clocks are UTC's: the same numbers, by the other way."""
    setting.set_(database, "shop", "timezone", zone)
    page = browsing.get(f"{HOME}?range=today&page=%2Feven")
    assert cards(page)["requests"] == "38"
    assert told(page, "requests") == "+46% before: 26"
    assert told(page, "visitors") == "±0% before: 13"
    assert before(page) == ["2"] * 24
    hours = browsing.get(f"{HOME}?range=24h&page=%2Feven")
    assert told(hours, "requests") == "+131% before: 26", "60: eleven hours of two, and 38"
    over = browsing.get(f"{HOME}?from={YESTERDAY.date()}&to={YESTERDAY.date()}&page=%2Feven")
    assert told(over, "requests") == "+1,500% before: 3", "a whole day and the one before it"
    assert "by the same minute" not in text_of(over)


@pytest.mark.usefixtures("counted")
def test_a_year_before_or_nothing_is_chosen_and_lasts(browsing: Browsing) -> None:
    page = browsing.get(f"{HOME}?range=today&compare=year")
    assert before(page) == ["2"] * 24
    assert f"{YEAR_AGO:%b} {YEAR_AGO.day}, {YEAR_AGO.year}" in text_of(page)
    assert 'aria-current="true">previous year</a>' in page.text
    assert 'name="compare" value="year"' in page.text, "the form keeps it"
    assert 'href="?compare=year&amp;range=30d"' in page.text, "and so does another time"
    nothing = browsing.get(f"{HOME}?range=today&compare=none")
    assert told(nothing, "requests") == ""
    assert 'id="before"' not in nothing.text
    assert "before:" not in text_of(nothing)
    assert "“Before” is" not in text_of(nothing)
    assert 'href="?range=today#chart"' in nothing.text, "back to the time before"
    assert browsing.get(f"{HOME}?compare=%3Cscript%3E").status_code == 400


@pytest.mark.usefixtures("counted")
def test_of_many_hits_visitors_are_not_told_apart_for_a_minutes_sake(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.dashboard.traffic.MAX_CUT", 95)
    page = browsing.get(f"{HOME}?range=today")
    assert told(page, "requests") == "+50% before: 48", "72 and 48, of whole hours"
    assert told(page, "visitors") == "before: 24"
    assert "up to the last full hour" in text_of(page)


@pytest.mark.usefixtures("counted")
def test_what_visits_were_like_is_compared_too(browsing: Browsing, monkeypatch: pytest.MonkeyPatch) -> None:
    page = browsing.get(f"{HOME}?range=today")
    assert told(page, "page_views") == "+49% before: 51", "up to the same minute"
    assert told(page, "sessions") == "±0% before: 13"
    assert told(page, "views_per_session") == "+49% before: 3.9"
    assert re.fullmatch(r"[-+±]\d+% before: \d+m \d\ds", told(page, "duration"))
    over = browsing.get(f"{HOME}?from={YESTERDAY.date()}&to={YESTERDAY.date()}")
    assert told(over, "page_views") == "+1,820% before: 5", "a whole day and the one before it"
    assert cards(over)["bounce_rate"] == "0%"
    assert told(over, "bounce_rate") == "-100% before: 100%"
    assert told(browsing.get(f"{HOME}?range=today&compare=none"), "page_views") == ""
    after = YEAR_AGO.date() + timedelta(days=1)
    nobody = browsing.get(f"{HOME}?from={after}&to={after}")
    assert told(nobody, "page_views") == "-100% before: 48"
    assert re.fullmatch(r"before: [12]\.0", told(nobody, "views_per_session")), "no visit has no views, not zero"
    even = f"{HOME}?range=today&page=%2Feven"
    assert told(browsing.get(even), "page_views") == "+46% before: 26"
    monkeypatch.setattr(equal_times, "MAX_CUT", 95)
    assert told(browsing.get(f"{HOME}?range=today"), "page_views") == "", "96 are too many to be cut"
    assert told(browsing.get(even), "page_views") == "", "whatever a filter leaves of them"
    assert (
        told(browsing.get(f"{HOME}?from={YESTERDAY.date()}&to={YESTERDAY.date()}"), "page_views") == "+1,820% before: 5"
    )


def test_without_facts_whole_hours_are_compared(
    browsing: Browsing, database: Database, application: Application
) -> None:
    for day, count, minutes, first in ((TODAY, 76, 10, 1), (YESTERDAY, 96, 15, 500), (YESTERDAY, 1, 1, 900)):
        come(database, application, day - timedelta(days=first == 900), count, minutes, first)
        count_days(database, (day - timedelta(days=1)).date(), day.date())
    page = browsing.get(f"{HOME}?range=today")
    assert told(page, "requests") == "+50% before: 48"
    hours = browsing.get(f"{HOME}?range=24h")
    assert told(hours, "requests") == "+142% before: 48", "116 without the hour that goes on"
    assert "up to the last full hour" in text_of(hours)


@pytest.mark.usefixtures("counted")
def test_the_first_numbers_do_not_wait_for_a_report_that_takes_long(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go_on, given_up = threading.Event(), []

    def ask_slowly(*arguments: Any) -> Report | None:
        if arguments[2]["measures"] != equal_times.COUNTS:  # What visits were like stands in a later part of the page.
            return ask(*arguments)
        given_up.append(may_go_on.wait(60))
        return None

    monkeypatch.setattr(equal_times, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(equal_times, "ask", ask_slowly)
    for _ in range(6):
        page = browsing.get(f"{HOME}?range=today")
        assert told(page, "requests") == "+50% before: 48"
        assert "up to the last full hour" in text_of(page)
        said = {
            name: re.findall(r'class="change" title="([^"]*)"', card(page, name)) for name in ("requests", "duration")
        }
        assert "last full hour" in said["requests"][0]
        assert "same minute" in said["duration"][0], "each says what it is compared with"
    may_go_on.set()
    wait_until(lambda: given_up == [True] * 4)
    assert equal_times._PLACES.acquire(timeout=60), "each place is given back"
    equal_times._PLACES.release()


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("query", ["range=today", "range=24h", "range=7d&pages=entry_pages", "range=30d&compare=year"])
def test_what_filters_leave_is_read_once_for_a_page(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    asked, files, read, file = [], [], answer.read, PassingFiles.file

    def noted_read(*arguments: Any, **more: Any) -> Report:
        asked.append((more["given"], more["together"]))
        return read(*arguments, **more)

    def noted_file(*arguments: Any, **more: Any) -> Any:
        files.append(arguments[1:3])
        return file(*arguments, **more)

    monkeypatch.setattr(answer, "read", noted_read)
    monkeypatch.setattr(PassingFiles, "file", noted_file)
    browsing.get(f"{HOME}?{query}&page=/even").get_data()
    alone = [given for given, together in asked if given["filters"] and given not in together]
    assert [given["interval"] for given in alone] == (["hour"] if query == "range=24h" else []), (
        "and an hour of yesterday"
    )
    of_rows = [key for key, name in files if name == "sifted"]
    assert len(of_rows) > 2 * len(set(of_rows)) > 0, "of the period, and of that before"


def test_the_page_of_the_most_days_is_light(browsing: Browsing, database: Database, application: Application) -> None:
    """Ninety-two days, with a bar, a note and a piece of the line each: what is longer is shown by months."""
    execute(
        database,
        "INSERT INTO daily_statistics (application_id, app_id, date, total_requests, unique_visitors, unique_sessions)"
        " SELECT %s, 'shop', %s - n, 4, 3, 4 FROM generate_series(0, 190) AS n",
        *(application.id, TODAY.date()),
    )
    for number in range(92):
        annotations.create(database, "shop", day=(TODAY - timedelta(days=number)).date(), text="Sale <b>&</b> " * 30)
    for language in ("en", "ja"):
        page = browsing.get(
            f"{HOME}?from={(TODAY - timedelta(days=91)).date()}&to={TODAY.date()}",
            headers={"Accept-Language": language},
        )
        assert page.text.count("<line x1=") >= 91
        files = sum(
            len(browsing.get(path).data) for path in re.findall(r'(?:href|src)="(/dashboard/files/[^"]+)"', page.text)
        )
        assert len(page.data) + files < 180_000, "and there are no panels yet"
        assert page.text.count('<button class="quiet" name="id"') == 20
        assert ("The latest 20 of 92" if language == "en" else "92件のうち新しい20件") in text_of(page)
