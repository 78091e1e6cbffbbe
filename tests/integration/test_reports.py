"""Reports say what a plain count over the hits says: by any dimension, filter, zone and comparison, for one tenant."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from tests.support.reporting import BROWSERS, FIREFOX, MEASURES, Reporting, counted, grouped, path, reporting_of, visits
from tests.support.settings_of import settings_of
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.errors import Refused
from tracker.hit import Hit
from tracker.management import settings as management_settings


@pytest.fixture(scope="module")
def settings_of_all(database_of_all: str, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(database_of_all, valkey.url, tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def reporting(settings_of_all: Settings) -> Iterator[Reporting]:
    with reporting_of(settings_of_all) as made:
        yield made


def test_measures_are_those_of_a_plain_count(reporting: Reporting) -> None:
    report = reporting.report(measures=MEASURES)
    assert report.rows == [counted(reporting.hits, reporting.hits)]
    assert (report.exact, report.up_to_date, report.timezone) == (True, True, "Europe/Berlin")


def test_one_and_two_dimensions(reporting: Reporting) -> None:
    by_page = {row.pop("page"): row for row in reporting.rows(measures=MEASURES, dimensions="page")}
    assert by_page == grouped(reporting.hits, path)
    rows = reporting.rows(measures=MEASURES, dimensions="browser,param:price")
    by_two = {(row.pop("browser"), row.pop("param:price")): row for row in rows}
    assert by_two == grouped(reporting.hits, lambda h: (BROWSERS[h.user_agent], str((h.custom_params or {})["price"])))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu"])
@pytest.mark.parametrize("dimension", [None, "entry_page", "exit_page"])
def test_visits_alone_are_what_they_are_beside_hits(reporting: Reporting, dimension: str | None, zone: str) -> None:
    """Where visits alone are counted each is read once."""
    management_settings.set_(reporting.database, "shop", "timezone", zone)
    alone = ("sessions", "duration", "bounce_rate")
    asked = {"order": "sessions", **({"dimensions": dimension} if dimension else {})}
    for filters in ([], [["entry_page", "is", "/a"]], [["exit_page", "is_not", "/a"], ["entry_page", "is_not", None]]):
        given = {**asked, "filters": orjson.dumps(filters).decode()}
        beside = reporting.rows(**given, measures="sessions,duration,bounce_rate,visitors,views_per_session")
        expected = {row.get(dimension): [pytest.approx(row[name]) for name in alone] for row in beside}
        answered = reporting.rows(**given, measures=",".join(alone))
        assert {row.get(dimension): [row[name] for name in alone] for row in answered} == expected
    management_settings.set_(reporting.database, "shop", "timezone", "Europe/Berlin")


def test_where_readers_came_from(reporting: Reporting) -> None:
    channels = {None: "direct", "https://www.google.de/": "search", "https://blog.example/post": "referral"}
    by_channel = {row["channel"]: row["requests"] for row in reporting.rows(measures="requests", dimensions="channel")}
    assert by_channel == {
        channel: sum(channels.get(hit.referrer, "internal") == channel for hit in reporting.hits)
        for channel in (*channels.values(), "internal")
    }
    sources = [row["source"] for row in reporting.rows(measures="requests", dimensions="source", order="source")]
    assert sources == ["Google", "blog.example", None]


@pytest.mark.parametrize(
    ("given", "takes"),
    [
        ([["page", "is", "/a"]], lambda hit: path(hit) == "/a"),
        ([["page", "is_not", "/a"], ["browser", "is", None]], lambda h: path(h) != "/a" and h.user_agent is None),
        ([["browser", "any_of", ["Chrome", None]]], lambda hit: hit.user_agent != FIREFOX),
        ([["browser", "contains", "fox"]], lambda hit: hit.user_agent == FIREFOX),
        ([["browser", "contains_any_case", "FOX"]], lambda hit: hit.user_agent == FIREFOX),
        ([["referrer", "begins_with", "blog."]], lambda hit: "blog" in str(hit.referrer)),
        ([["param:price", "is", "3"], ["event", "is", "click"]], lambda h: h.id % 5 == 3 and h.event_name == "click"),
    ],
    ids=lambda value: str(value) if isinstance(value, list) else "",
)
def test_filters(reporting: Reporting, given: list[Any], takes: Any) -> None:
    rows = reporting.rows(measures=MEASURES, filters=orjson.dumps(given).decode())
    assert rows == [counted([hit for hit in reporting.hits if takes(hit)], reporting.hits)]


def test_pages_that_visits_begin_and_end_with(reporting: Reporting) -> None:
    of = visits(reporting.hits)
    whole = defaultdict(list)
    for hit in reporting.hits:
        whole[of[hit.id]].append(hit)
    for name, end in (("entry_page", min), ("exit_page", max)):
        expected: dict[str, set[Any]] = defaultdict(set)
        for visit, hits in whole.items():
            views = [hit for hit in hits if hit.event_name is None] or hits
            expected[path(end(views, key=lambda hit: (hit.created_at, path(hit))))].add(visit)
        by_page = {row[name]: row["sessions"] for row in reporting.rows(measures="sessions", dimensions=name)}
        assert by_page == {page: len(some) for page, some in expected.items()}


@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
def test_intervals_are_those_of_the_sites_zone(reporting: Reporting, interval: str) -> None:
    zone = ZoneInfo("Europe/Berlin")

    def name(hit: Hit) -> str:
        local = hit.created_at.astimezone(zone)
        if interval == "hour":
            return local.replace(minute=0, second=0).isoformat(timespec="minutes")
        day = local.date()
        if interval == "week":
            day -= timedelta(days=day.weekday())
        return f"{day:%Y-%m}" if interval == "month" else day.isoformat()

    rows = reporting.rows(measures="requests,visitors", interval=interval)
    assert len(rows) == {"hour": 97, "day": 4, "week": 2, "month": 1}[interval]
    expected = grouped(reporting.hits, name)
    assert {row["time"]: row["requests"] for row in rows if row["requests"]} == {
        time: numbers["requests"] for time, numbers in expected.items()
    }
    assert {row["time"]: row["visitors"] for row in rows if row["requests"]} == {
        time: numbers["visitors"] for time, numbers in expected.items()
    }


def test_a_comparison_with_the_days_before(reporting: Reporting) -> None:
    def of(day: date, page: str) -> int:
        zone = ZoneInfo("Europe/Berlin")
        return sum(hit.created_at.astimezone(zone).date() == day and path(hit) == page for hit in reporting.hits)

    one_day = {"start_date": "2026-10-26", "end_date": "2026-10-26", "measures": "requests", "compare": "previous"}
    rows = reporting.rows(dimensions="page", order="page", **one_day)
    assert [(row["page"], row["requests"], row["before"]["requests"]) for row in rows] == [
        (page, of(date(2026, 10, 26), page), of(date(2026, 10, 25), page)) for page in ("/a", "/b", "/c")
    ]
    [whole] = reporting.rows(**one_day)
    assert whole["before"]["requests"] == sum(row["before"]["requests"] for row in rows)
    hours = reporting.rows(interval="hour", **one_day)
    # The 25th has an hour more than the 26th, whose 24 hours are compared with its first 24.
    assert 0 < sum(row["before"]["requests"] for row in hours) <= whole["before"]["requests"]
    year = reporting.rows(**{**one_day, "compare": "year"})
    assert year[0]["before"] == {"requests": 0}


def test_pages_of_rows_by_cursor(reporting: Reporting) -> None:
    asked = {"measures": "requests", "dimensions": "page,browser", "limit": "4"}
    rows, cursor, pages = [], "", 0
    while True:
        report = reporting.report(**asked, cursor=cursor)
        rows += report.rows
        pages += 1
        if report.next_cursor is None:
            break
        cursor = report.next_cursor
    assert (pages, len(rows)) == (3, 9)
    assert rows == reporting.rows(**{**asked, "limit": "100"})
    with pytest.raises(Refused) as refused:
        reporting.report(**{**asked, "dimensions": "page"}, cursor=cursor)
    assert refused.value.status == 400


def test_another_application_is_never_seen(reporting: Reporting) -> None:
    assert reporting.rows("blog", measures="requests", dimensions="page") == [{"page": "/secret", "requests": 1}]
    assert "/secret" not in {row["page"] for row in reporting.rows(dimensions="page")}
