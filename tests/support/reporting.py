"""Reports of a site in Berlin over a day of 25 hours, and a plain count over the same hits."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.counted import fold_everything
from tests.support.facts import make_facts
from tests.support.queued_hits import define, drain, enqueue, hit_of
from tests.support.raw_hits import make_months
from tracker.application import Application
from tracker.config import Settings
from tracker.hit import Hit
from tracker.management import applications
from tracker.management import settings as management_settings
from tracker.queueing.connection import connect
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

    def rows(
        self, app_id: str = "shop", together: Sequence[Mapping[str, str]] = (), **given: str
    ) -> list[dict[str, Any]]:
        return self.report(app_id, together, **given).rows

    def report(self, app_id: str = "shop", together: Sequence[Mapping[str, str]] = (), **given: str) -> answer.Report:
        """Ask a question; `together` are those that are asked at the same time, it among them."""
        asked = {**DAYS, **given}
        return answer.read(self.database, self.readers, app_id=app_id, given=asked, now=NOW, together=together)


@contextmanager
def reporting_of(settings: Settings) -> Iterator[Reporting]:
    """Two applications with their hits, counted and in the facts."""
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
    visit_of: dict[int, Any] = {hit.id: hit.session_id for hit in hits if hit.session_id}
    by_visitor = defaultdict(list)
    for hit in hits:
        if not hit.session_id:
            by_visitor[visitor(hit)].append(hit)
    for who, theirs in by_visitor.items():
        theirs.sort(key=lambda hit: hit.created_at)
        number = 0
        for before, hit in zip([None, *theirs], theirs, strict=False):
            number += before is None or hit.created_at - before.created_at > TIMEOUT
            visit_of[hit.id] = (who, number)
    return visit_of


def counted(hits: list[Hit], every: list[Hit]) -> dict[str, Any]:
    """Every measure of some hits, of all the hits of the time."""
    of = visits(every)
    whole = defaultdict(list)
    for hit in every:
        whole[of[hit.id]].append(hit)
    visits_of_hits = {of[hit.id] for hit in hits}
    lasts = [max(h.created_at for h in whole[one]) - min(h.created_at for h in whole[one]) for one in visits_of_hits]
    bounced = [len(whole[one]) == 1 and whole[one][0].event_name is None for one in visits_of_hits]
    views = sum(hit.event_name is None for hit in hits)
    prices = [int((hit.custom_params or {})["price"]) for hit in hits]
    return {
        "requests": len(hits),
        "page_views": views,
        "visitors": len({visitor(hit) for hit in hits}),
        "sessions": len(visits_of_hits),
        "views_per_session": pytest.approx(views / len(visits_of_hits)),
        "duration": pytest.approx(sum(last.total_seconds() for last in lasts) / len(visits_of_hits)),
        "bounce_rate": pytest.approx(sum(bounced) / len(visits_of_hits)),
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
