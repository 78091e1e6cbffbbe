"""Reports say what a plain count over the hits says: by any dimension, filter, zone and comparison, for one tenant."""

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import orjson
import pytest

from tests.counted import fold_everything
from tests.facts import make_facts
from tests.managing import Managing
from tests.queued_hits import define, drain, enqueue, hit_of
from tests.raw_hits import make_months
from tests.settings_of import settings_of
from tracker.application import Application
from tracker.config import Settings
from tracker.embedded import Valkey
from tracker.errors import Refused
from tracker.hit import Hit
from tracker.management import applications
from tracker.management import settings as management_settings
from tracker.queueing.connection import Connection, connect
from tracker.reports import answer
from tracker.reports.readers import Readers
from tracker.store.database import Database
from tracker.store.partitions import Month

FIRST = datetime(2026, 10, 24, 20, tzinfo=UTC)
"""A little before the day of 25 hours in Berlin."""
NOW = datetime(2026, 10, 28, 12, tzinfo=UTC)
DAYS = {"start_date": "2026-10-24", "end_date": "2026-10-27"}
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0"
BROWSERS = {CHROME: "Chrome", FIREFOX: "Firefox", None: None}
TIMEOUT = timedelta(minutes=30)


def made_hits(application: Application, count: int) -> list[Hit]:
    chance = random.Random(5)
    return [
        hit_of(
            application,
            number,
            created_at=FIRST + timedelta(minutes=chance.randrange(3 * 24 * 60), seconds=number % 7),
            url=f"https://shop.example/{chance.choice(['a', 'b', 'c'])}?x={number}",
            referrer=chance.choice(
                [None, "https://www.google.de/", "https://blog.example/post", "https://shop.example/"]
            ),
            user_agent=chance.choice(list(BROWSERS)),
            client_sub_id=chance.choice(["p", "q", "r", None]),
            session_id=chance.choice([None, None, "s1", "s2"]),
            event_name=chance.choice([None, None, "click"]),
            custom_params={"price": number % 5},
        )
        for number in range(1, count + 1)
    ]


class Reporting:
    """Reports of the application, and its hits."""

    def __init__(self, database: Database, readers: Readers, hits: list[Hit]) -> None:
        self.database = database
        self.readers = readers
        self.hits = hits

    def rows(self, app_id: str = "shop", **given: str) -> list[dict[str, Any]]:
        return self.report(app_id, **given).rows

    def report(self, app_id: str = "shop", **given: str) -> answer.Report:
        return answer.read(self.database, self.readers, app_id=app_id, given={**DAYS, **given}, now=NOW)


@pytest.fixture(scope="module")
def settings_of_all(database_of_all: str, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(database_of_all, valkey.url, tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def reporting(settings_of_all: Settings) -> Iterator[Reporting]:
    settings = settings_of_all
    database, redis = Database(settings.database_url, name="tests"), connect(settings.redis_url, name="tests")
    redis.flushall()
    application, other = (
        applications.create(database, name=name, app_id=name, rate_limit=1000)[0] for name in ("shop", "blog")
    )
    make_months(database, Month(2026, 10))
    define(database, application, "price", "number")
    management_settings.set_(database, "shop", "timezone", "Europe/Berlin")
    hits = made_hits(application, 400)
    enqueue(redis, hits)
    enqueue(redis, [hit_of(other, 1000, created_at=FIRST, url="https://blog.example/secret")])
    drain(redis, database)
    fold_everything(database)
    make_facts(database, settings.facts_url)
    readers = Readers(settings.facts_url)
    yield Reporting(database, readers, hits)
    readers.close()
    database.close()
    redis.close()


def visitor(hit: Hit) -> Any:
    return hit.client_sub_id or (hit.ip_address, hit.user_agent)


def visits(hits: list[Hit]) -> dict[int, Any]:
    """The visit of each hit by the hit's id."""
    found: dict[int, Any] = {hit.id: hit.session_id for hit in hits if hit.session_id}
    by_visitor = defaultdict(list)
    for hit in hits:
        if not hit.session_id:
            by_visitor[visitor(hit)].append(hit)
    for who, theirs in by_visitor.items():
        theirs.sort(key=lambda hit: hit.created_at)
        number = 0
        for before, hit in zip([None, *theirs], theirs, strict=False):
            number += before is None or hit.created_at - before.created_at > TIMEOUT
            found[hit.id] = (who, number)
    return found


def counted(hits: list[Hit], every: list[Hit]) -> dict[str, Any]:
    """Every measure of some hits, of all the hits of the time."""
    of = visits(every)
    whole = defaultdict(list)
    for hit in every:
        whole[of[hit.id]].append(hit)
    own = {of[hit.id] for hit in hits}
    lasts = [max(h.created_at for h in whole[one]) - min(h.created_at for h in whole[one]) for one in own]
    bounced = [len(whole[one]) == 1 and whole[one][0].event_name is None for one in own]
    views = sum(hit.event_name is None for hit in hits)
    prices = [int((hit.custom_params or {})["price"]) for hit in hits]
    return {
        "requests": len(hits),
        "page_views": views,
        "visitors": len({visitor(hit) for hit in hits}),
        "sessions": len(own),
        "views_per_session": pytest.approx(views / len(own)),
        "duration": pytest.approx(sum(last.total_seconds() for last in lasts) / len(own)),
        "bounce_rate": pytest.approx(sum(bounced) / len(own)),
        "sum:price": pytest.approx(sum(prices)),
        "mean:price": pytest.approx(sum(prices) / len(prices)),
    }


MEASURES = ",".join(
    (
        *("requests", "page_views", "visitors", "sessions", "views_per_session", "duration", "bounce_rate"),
        *("sum:price", "mean:price"),
    )
)


def grouped(hits: list[Hit], key: Any) -> dict[Any, dict[str, Any]]:
    groups = defaultdict(list)
    for hit in hits:
        groups[key(hit)].append(hit)
    return {value: counted(some, hits) for value, some in groups.items()}


def path(hit: Hit) -> str:
    return "/" + str(hit.url).split("/")[3].split("?")[0]


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


def test_where_readers_came_from(reporting: Reporting) -> None:
    channels = {None: "direct", "https://www.google.de/": "search", "https://blog.example/post": "referral"}
    found = {row["channel"]: row["requests"] for row in reporting.rows(measures="requests", dimensions="channel")}
    assert found == {
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
        found = {row[name]: row["sessions"] for row in reporting.rows(measures="sessions", dimensions=name)}
        assert found == {page: len(some) for page, some in expected.items()}


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
    found, cursor, pages = [], "", 0
    while True:
        report = reporting.report(**asked, cursor=cursor)
        found += report.rows
        pages += 1
        if report.next_cursor is None:
            break
        cursor = report.next_cursor
    assert (pages, len(found)) == (3, 9)
    assert found == reporting.rows(**{**asked, "limit": "100"})
    with pytest.raises(Refused) as refused:
        reporting.report(**{**asked, "dimensions": "page"}, cursor=cursor)
    assert refused.value.status == 400


def test_another_application_is_never_seen(reporting: Reporting) -> None:
    assert reporting.rows("blog", measures="requests", dimensions="page") == [{"page": "/secret", "requests": 1}]
    assert "/secret" not in {row["page"] for row in reporting.rows(dimensions="page")}


BAD = [
    {"measures": "nonsense"},
    {"measures": "sum:nobody"},
    {"measures": "requests,requests"},
    {"dimensions": "page,host,browser"},
    {"dimensions": 'page"; DROP TABLE x; --'},
    {"dimensions": "param:\"'"},
    {"dimensions": "visitor"},
    {"filters": "{"},
    {"filters": '{"page": "x"}'},
    {"filters": '[["page", "like", "x"]]'},
    {"filters": '[["page", "is", 5]]'},
    {"filters": '[["page", "any_of", []]]'},
    {"filters": '[["page", "is", "a\\u0000b"]]'},
    {"filters": orjson.dumps([["page", "any_of", [str(n) for n in range(10_000)]]]).decode()},
    {"filters": orjson.dumps([["page", "is", "x"]] * 21).decode()},
    {"interval": "fortnight"},
    {"interval": "minute"},
    {"compare": "tomorrow"},
    {"order": "browser"},
    {"limit": "0"},
    {"limit": "1e3"},
    {"cursor": "xyz"},
    {"cursor": "ä"},
    {"start_date": "2026-10-28"},
    {"start_date": "2026-13-01"},
    {"start_date": "0001-01-01"},
    {"start_date": "1999-01-01"},
    {"end_date": "9999-12-31"},
]


@pytest.mark.parametrize("given", BAD, ids=lambda given: f"{next(iter(given.items()))}"[:60])
def test_what_is_no_question_is_a_400_that_names_the_field(reporting_api: Managing, given: dict[str, str]) -> None:
    query = "&".join(f"{name}={quote(value)}" for name, value in {"app_id": "shop", **DAYS, **given}.items())
    response = reporting_api.get(f"/v1/reports?{query}")
    assert response.status_code == 400, response.text
    error = orjson.loads(response.data)["error"]
    [field] = error["details"]
    assert field in given or field in DAYS


@pytest.fixture(scope="module")
def reporting_api(settings_of_all: Settings, reporting: Reporting) -> Iterator[Managing]:
    managing = Managing(settings_of_all)
    yield managing
    managing.close()


def test_over_http_and_where_there_are_no_facts(
    settings: Settings, database: Database, redis: Connection, application: Application
) -> None:
    api = Managing(settings)
    try:
        early = api.get("/v1/reports?app_id=shop")
        assert (early.status_code, "facts" in early.text) == (503, True)
        hostile = "</script>'\"; DROP TABLE applications; -- \N{PILE OF POO}\n\t"
        enqueue(redis, [hit_of(application, 1, url=f"https://shop.example/{hostile}", module_id=hostile)])
        drain(redis, database)
        make_facts(database, settings.facts_url)
        asked = orjson.dumps([["module", "is", hostile]]).decode()
        found = api.get(f"/v1/reports?app_id=shop&dimensions=module&measures=requests&filters={quote(asked)}")
        assert orjson.loads(found.data)["data"]["rows"] == [{"module": hostile, "requests": 1}]
        [file] = settings.facts_url.rglob("*.parquet")
        file.write_bytes(file.read_bytes()[:-8])
        damaged = api.get("/v1/reports?app_id=shop&dimensions=page")
        assert (damaged.status_code, "stats rebuild" in damaged.text) == (503, True)
        assert api.get("/v1/reports?app_id=nobody").status_code == 404
    finally:
        api.close()


def test_an_answer_that_has_no_room_is_a_503(reporting: Reporting) -> None:
    small = Readers(reporting.readers.folder.path, memory_megabytes=1)
    try:
        with pytest.raises(Refused) as refused:
            answer.read(
                reporting.database,
                small,
                app_id="shop",
                given={**DAYS, "measures": MEASURES, "dimensions": "entry_page,browser"},
                now=NOW,
            )
        assert refused.value.status == 503
    finally:
        small.close()
