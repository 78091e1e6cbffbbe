"""Returning visitors: of those who were first seen in a week, how many came again in each week after it.

Only hits with a `client_sub_id` count: other visitors cannot be known again from one day to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from tracker.reports.buckets import bucket_of
from tracker.reports.facts_of_days import ask_facts, site_of
from tracker.reports.facts_read import FactsRead
from tracker.reports.readers import Readers
from tracker.reports.zone_days import ZoneDays, today_in
from tracker.store.database import Database

WEEKS: Final = 8


@dataclass(frozen=True, slots=True)
class Cohort:
    """The visitors of a week who had not been seen in those before it; how many of them came in it and each after."""

    week: date
    came: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReturningReport:
    """Weeks with their cohorts, the earliest first; none where nobody is known."""

    cohorts: list[Cohort]
    exact: bool


def read(database: Database, readers: Readers, *, app_id: str, now: datetime) -> ReturningReport:
    """Return the last WEEKS weeks, this one included. Raises Refused (404, 503) and DatabaseUnavailable."""
    application, site = site_of(database, app_id)
    today = today_in(site.zone, now)
    this_week = ZoneDays(today, today, site.zone, site.starts_sunday).first_day_of(today, "week")
    weeks = [this_week - timedelta(weeks=number) for number in reversed(range(WEEKS))]
    days = ZoneDays(weeks[0], today, site.zone, site.starts_sunday)
    rows, facts = ask_facts(
        database,
        readers,
        application,
        days,
        lambda cursor, files: cursor.rows(*statement_of(days, files)),
        key=(__name__, days),
    )
    counts = {(first, week): count for first, week, count in rows or ()}
    return ReturningReport(_cohorts(weeks, counts), exact=not facts.missing_days)


def statement_of(days: ZoneDays, files: FactsRead) -> tuple[str, list[object]]:
    """Return the statement and its values: the week in which they came first, the week, how many."""
    source, params = files.hits(days)
    text = f"""
        WITH seen AS (
            SELECT DISTINCT client, {bucket_of(days, "week")} AS week FROM (FROM {source}) WHERE client IS NOT NULL
        ),
        firsts AS (SELECT client, min(week) AS first FROM seen GROUP BY client)
        SELECT first, week, count(*) FROM seen JOIN firsts USING (client) GROUP BY first, week
    """  # noqa: S608 our own names; every value has its place
    return text, params


def _cohorts(weeks: Sequence[date], counts: dict[tuple[date, date], int]) -> list[Cohort]:
    if not counts:
        return []
    begins = min(first for first, _ in counts)
    shown = [week for week in weeks if week >= begins]
    return [Cohort(first, tuple(counts.get((first, week), 0) for week in shown if week >= first)) for first in shown]
