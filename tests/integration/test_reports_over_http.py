"""Reports by HTTP: a year before, minutes, and hostile text in each thing that hits are told apart by."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import orjson

from tests.support.facts import make_facts
from tests.support.managing import Managing, data
from tests.support.queued_hits import NOON, define, drain, enqueue, hit_of
from tests.support.raw_hits import make_months
from tracker.application import Application
from tracker.config import Settings
from tracker.hit import Hit
from tracker.management import applications
from tracker.queueing.connection import Connection
from tracker.reports.dimensions import NAMES
from tracker.store.database import Database
from tracker.store.partitions import Month

DAY = "2026-03-10"
YEAR_BEFORE = datetime(2025, 3, 10, tzinfo=UTC)
HOSTILE = (
    "<script>alert('x')</script>\"; DROP TABLE applications; -- "
    "%00 \\ $1 {0} 日本語 \N{PILE OF POO}\N{RIGHT-TO-LEFT OVERRIDE}"
)
OUR_OWN = {
    *("channel", "click_id", "visit_channel", "visit_click_id", "browser", "browser_version", "system", "device"),
    *("country_by", "screen", "status"),
}
"""What is one of our own words or of a parser's, or a number, whatever a hit says."""


def stored(redis: Connection, database: Database, settings: Settings, hits: Sequence[Hit]) -> None:
    make_months(database, *{Month.of(hit.created_at) for hit in hits})
    enqueue(redis, hits)
    drain(redis, database, batch_size=500)
    make_facts(database, settings.facts_url)


def report(managing: Managing, **asked: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={quote(value)}" for name, value in {"app_id": "shop", **asked}.items())
    answered = data(managing.get(f"/v1/reports?{query}"))
    assert (answered["exact"], answered["up_to_date"]) == (True, True)
    return list(answered["rows"])


def test_a_time_is_compared_with_the_same_a_year_before(
    managing: Managing, settings: Settings, database: Database, redis: Connection, application: Application
) -> None:
    begin = datetime.fromisoformat(DAY).replace(tzinfo=UTC)
    before = [  # Three days, of which the middle one is asked about.
        hit_of(
            application,
            number,
            created_at=YEAR_BEFORE - timedelta(days=1) + timedelta(hours=number),
            url=f"https://shop.example/{number % 3}",
            client_sub_id=f"v{number % 5}",
        )
        for number in range(1, 72)
    ]
    now = [
        hit_of(
            application,
            number,
            created_at=begin + timedelta(minutes=11 * number),
            url=f"https://shop.example/{number % 2}",
            client_sub_id=f"v{number % 7}",
        )
        for number in range(100, 130)
    ]
    stored(redis, database, settings, before + now)
    asked = {"start_date": DAY, "end_date": DAY, "compare": "year", "measures": "requests,visitors"}

    def counted(hits: Sequence[Hit]) -> dict[str, int]:
        return {"requests": len(hits), "visitors": len({hit.client_sub_id for hit in hits})}

    of_day = [hit for hit in before if hit.created_at.date() == YEAR_BEFORE.date()]
    assert len(of_day) == 24
    assert report(managing, **asked) == [{**counted(now), "before": counted(of_day)}]
    of_page = {page: [hit for hit in of_day if str(hit.url).endswith(page)] for page in ("/0", "/1", "/2")}
    rows = report(managing, **asked, dimensions="page", order="page")
    assert [(row["page"], row["before"]) for row in rows] == [(page, counted(of_page[page])) for page in ("/0", "/1")]
    only = orjson.dumps([["page", "is", "/2"]]).decode()
    [filtered] = report(managing, **asked, filters=only)
    assert filtered == {"requests": 0, "visitors": 0, "before": counted(of_page["/2"])}
    by_hour = report(managing, **asked, interval="hour")
    assert [row["before"]["requests"] for row in by_hour] == [1] * 24
    assert [row["requests"] for row in by_hour] == [
        sum(hit.created_at.hour == hour for hit in now) for hour in range(24)
    ]


def test_minutes_are_those_of_a_plain_count(
    managing: Managing, settings: Settings, database: Database, redis: Connection, application: Application
) -> None:
    begin = datetime.fromisoformat(DAY).replace(tzinfo=UTC)
    hits = [
        hit_of(application, number, created_at=begin + timedelta(seconds=number * number % 86_400), client_sub_id="v")
        for number in range(1, 300)
    ]
    stored(redis, database, settings, hits)
    rows = report(managing, start_date=DAY, end_date=DAY, interval="minute", measures="requests,visitors")
    assert len(rows) == 1440
    minutes = Counter(f"{hit.created_at:%Y-%m-%dT%H:%M}+00:00" for hit in hits)
    assert len(minutes) > 100
    assert {row["time"]: row["requests"] for row in rows if row["requests"]} == minutes
    assert {row["time"] for row in rows if row["visitors"]} == minutes.keys()
    assert [row["time"] for row in rows] == [
        (begin + timedelta(minutes=minute)).isoformat(timespec="minutes") for minute in range(1440)
    ]


def test_hostile_text_in_all_that_hits_are_told_apart_by_is_text(
    managing: Managing, settings: Settings, database: Database, redis: Connection, application: Application
) -> None:
    other, _ = applications.create(database, name="Other", app_id="other")
    define(database, application, "colour", "string")
    in_query, in_place = quote(HOSTILE), HOSTILE.replace("/", "")[:80]
    utm = "&".join(f"utm_{name}={in_query}" for name in ("source", "medium", "campaign", "term", "content"))
    hostile = hit_of(
        application,
        1,
        url=f"https://<b>'\";.example/{HOSTILE}?{utm}&gclid={in_query}",
        referrer=f"https://from.example/{HOSTILE}",
        user_agent=HOSTILE,
        client_sub_id=HOSTILE[:100],
        session_id=HOSTILE[:100],
        module_id=HOSTILE[:100],
        event_name=HOSTILE[:100],
        screen_resolution=HOSTILE[:20],
        language=HOSTILE[:10],
        timezone=HOSTILE[:50],
        place=f"<b/{in_place}/{in_place}",
        custom_params={"colour": HOSTILE},
    )
    stored(redis, database, settings, [hostile, hit_of(application, 2), hit_of(other, 3, module_id="theirs")])
    day = {"start_date": f"{NOON:%F}", "end_date": f"{NOON:%F}", "measures": "requests"}
    told: dict[str, set[str | None]] = {}
    for dimension in (*NAMES, "param:colour"):
        rows = report(managing, **day, dimensions=dimension)
        assert sum(row["requests"] for row in rows) == 2, (dimension, "nobody else's")
        told[dimension] = {row[dimension] for row in rows}
        for value in filter(is_hostile, told[dimension]):
            same = [[dimension, how, value] for how in ("is", "contains", "begins_with")]
            same.append([dimension, "any_of", [value, HOSTILE]])
            assert report(managing, **day, filters=orjson.dumps(same).decode()) == [{"requests": 1}], dimension
            others = [[dimension, "is_not", value]]
            assert report(managing, **day, filters=orjson.dumps(others).decode()) == [{"requests": 1}], dimension
        if not any(map(is_hostile, told[dimension])):
            asked = orjson.dumps([[dimension, "is", HOSTILE]]).decode()
            assert report(managing, **day, filters=asked) == [{"requests": 0}], dimension
    assert {dimension for dimension, values in told.items() if not any(map(is_hostile, values))} == OUR_OWN


def is_hostile(value: str | None) -> bool:
    return value is not None and "<" in value
