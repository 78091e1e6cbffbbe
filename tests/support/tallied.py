"""An application whose hits are counted by day, and everything that a tally tells compared with a plain count."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.facts import writer_of
from tests.support.queued_hits import drain, enqueue, rows
from tests.support.raw_hits import make_months
from tests.support.reporting import BROWSERS, Reporting, counted, grouped, path
from tests.support.standing_clock import StandingClock
from tests.support.steps_taken import compare_steps, make_goals
from tests.support.told_visits import MIDNIGHT, channel, compare_pages, compare_sources
from tracker.application import Application
from tracker.hit import Hit
from tracker.management import settings as management_settings
from tracker.queueing.connection import Connection
from tracker.reports import tally_making
from tracker.reports.readers import Readers
from tracker.reports.zone_days import ZoneDays
from tracker.store import facts_tallies
from tracker.store.database import Database
from tracker.store.partitions import Month

TWO_DAYS = [
    (-60, "a", None, "/x", None, None, None),
    (-3, "a", None, "/y", None, None, None),
    (2, "a", None, "/z", None, None, None),
    (400, "b", "s1", "/x", "click", None, None),
]


WHOLE = "requests,page_views,visitors,sessions,views_per_session,duration,bounce_rate"
OF_VALUES = "requests,page_views,visitors"
FROM_ELSEWHERE = orjson.dumps([["channel", "is_not", "internal"]]).decode()
AFTERNOON, NEXT_DAY = MIDNIGHT + timedelta(hours=15), MIDNIGHT + timedelta(days=1, hours=1)
"""When the day after midnight goes on, and when it is over."""


class Tallied:
    """An application whose hits are counted by day, and who says of each answer whether a tally gave it."""

    def __init__(self, database: Database, redis: Connection, readers: Readers, application: Application) -> None:
        self.database, self.redis, self.readers, self.application = database, redis, readers, application
        self.writer = writer_of(database, readers.folder.path)

    def store(self, hits: list[Hit]) -> None:
        enqueue(self.redis, hits)
        drain(self.redis, self.database)
        self.write()

    def write(self) -> None:
        self.writer.turn(seconds=60)
        self.writer.remove_replaced(0)

    def count(self, now: datetime) -> int:
        """Make the tally of the days before `now`."""
        rows(self.database, "DELETE FROM facts_tallies RETURNING 1")
        return tally_making.make_tallies(
            self.database, self.writer.folder, StandingClock(now), min_facts=1, rest_seconds=0
        )

    @property
    def has_tally(self) -> bool:
        with self.database.transaction() as tx:
            return facts_tallies.find(tx, self.application.id) is not None

    def compare(self, hits: list[Hit], zone: str) -> None:
        """Everything that a tally tells, of all days and of each run of them."""
        management_settings.set_(self.database, self.application.app_id, "timezone", zone)
        reporting = Reporting(self.database, self.readers, hits)
        first, last = ((MIDNIGHT + timedelta(days=days)).date() for days in (-2, 1))
        for begin in range(4):
            for end in range(begin, 4):
                days = ZoneDays(first + timedelta(days=begin), first + timedelta(days=end), zone)
                of_days = [hit for hit in hits if days.start <= hit.created_at < days.end]
                if of_days and (begin, end) in ((0, 3), (1, 2), (2, 2), (2, 3)):
                    self._compare(reporting, of_days, days)
        assert last == first + timedelta(days=3)

    def _compare(self, reporting: Reporting, hits: list[Hit], days: ZoneDays) -> None:
        asked = {"start_date": str(days.first), "end_date": str(days.last)}
        assert reporting.rows(**asked, measures=WHOLE) == [without_sums(counted(hits, hits), WHOLE)]
        outside = [hit for hit in hits if channel(hit) != "internal"]
        by: list[tuple[str, list[Hit], Callable[[Hit], Any], dict[str, str]]] = [
            ("browser", hits, lambda hit: BROWSERS[hit.user_agent], {}),
            ("page", hits, path, {}),
            ("channel", hits, channel, {}),
            ("channel", outside, channel, {"filters": FROM_ELSEWHERE}),
            ("source", outside, source, {"filters": FROM_ELSEWHERE}),
        ]
        for dimension, some, key, given_filters in by:
            answered = {
                row.pop(dimension): row
                for row in reporting.rows(**asked, **given_filters, measures=OF_VALUES, dimensions=dimension)
            }
            expected = grouped(some, key)
            assert answered == {value: without_sums(numbers, OF_VALUES) for value, numbers in expected.items()}
        self._compare_first(reporting, hits, asked)
        self._compare_intervals(reporting, hits, days, asked)
        self._compare_filtered(reporting, hits, days, asked)
        compare_pages(reporting, hits, asked)
        compare_sources(reporting, hits, asked, measures=("sessions,bounce_rate",))
        compare_steps(reporting, hits, days)

    def _compare_intervals(self, reporting: Reporting, hits: list[Hit], days: ZoneDays, asked: dict[str, str]) -> None:
        for interval in ("day", "week"):
            answered = {
                row.pop("time"): row
                for row in reporting.rows(**asked, measures=OF_VALUES, interval=interval)
                if row["requests"]
            }
            expected = grouped(hits, lambda hit, interval=interval: str(local_day(hit, days, interval)))
            assert answered == {value: without_sums(numbers, OF_VALUES) for value, numbers in expected.items()}

    def _compare_filtered(self, reporting: Reporting, hits: list[Hit], days: ZoneDays, asked: dict[str, str]) -> None:
        """What a filter takes of the values of one dimension; visitors may have several of these."""
        for name, key in (("browser", lambda hit: BROWSERS[hit.user_agent]), ("page", path)):
            value = key(hits[0])
            for comparison in ("is", "is_not"):
                some = [hit for hit in hits if (key(hit) == value) == (comparison == "is")]
                filtered = {**asked, "filters": orjson.dumps([[name, comparison, value]]).decode()}
                self._compare_intervals(reporting, some, days, filtered)
                [whole] = reporting.rows(**filtered, measures=OF_VALUES)
                nothing = dict.fromkeys(OF_VALUES.split(","), 0)
                assert whole == (without_sums(counted(some, some), OF_VALUES) if some else nothing)

    def _compare_first(self, reporting: Reporting, hits: list[Hit], asked: dict[str, str]) -> None:
        """A page that is the first in some order: others need not be counted to know it."""
        pages = grouped(hits, path)
        for order in ("visitors", "requests", "page"):
            for sign, largest in (("-", True), ("", False)):
                [row] = reporting.rows(
                    **asked, measures=OF_VALUES, dimensions="page", limit="1", order=f"{sign}{order}"
                )
                numbers = {page: page if order == "page" else some[order] for page, some in pages.items()}
                best = (max if largest else min)(numbers.values())
                page = min(page for page, number in numbers.items() if number == best)
                assert row == {"page": page, **without_sums(pages[page], OF_VALUES)}, (order, sign)


def local_day(hit: Hit, days: ZoneDays, interval: Any) -> Any:
    for day, _ in days.buckets("day"):
        one = ZoneDays(day, day, days.zone)  # type: ignore[arg-type]
        if one.start <= hit.created_at < one.end:
            return days.first_day_of(day, interval)  # type: ignore[arg-type]
    raise AssertionError


def without_sums(numbers: dict[str, Any], names: str) -> dict[str, Any]:
    return {name: numbers[name] for name in names.split(",")}


def source(hit: Hit) -> str | None:
    return {"search": "Google", "referral": "blog.example"}.get(channel(hit))


def share_little(patch: pytest.MonkeyPatch) -> None:
    """Have visitors counted in several shares, however few there are."""
    for share in ("_HITS_A_SHARE", "_PARTS_A_SHARE"):
        patch.setattr(tally_making, share, 9)


@contextmanager
def tallied(database: Database, redis: Connection, folder: Path, application: Application) -> Iterator[Tallied]:
    """One with the months of its days, with goals and funnels, and readers of its facts."""
    make_months(database, Month.of(MIDNIGHT - timedelta(days=1)))
    make_goals(database, application.app_id)
    readers = Readers(folder)
    yield Tallied(database, redis, readers, application)
    readers.close()
