"""A week's summary as the event `report.weekly`: told once, when the week is over and all of it is in the facts.

Weeks that were over while no scheduler was at work are told by the next one, MAX_MISSED at most.

The event is written in the transaction that notes the week as told: whoever is killed before its end has told nothing,
and the next turn tells it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import orjson

from tracker.application import Application
from tracker.clock import Clock
from tracker.errors import Refused
from tracker.log import logger
from tracker.outbox.event import Event, event_id
from tracker.outbox.event_types import EVERYTHING, WEEK_SUMMARY
from tracker.outbox.publish import publish
from tracker.reports import answer
from tracker.reports import goals as goal_reports
from tracker.reports.facts_of_days import site_of
from tracker.reports.readers import Readers
from tracker.reports.zone_days import ZoneDays, today_in
from tracker.store import batch_jobs, goals, weekly_reports
from tracker.store.database import Database

JOB_TYPE = "weekly_reports"
_GRACE: Final = timedelta(hours=1)
"""So long after its end a week is waited for: hits come late."""
_WEEK: Final = timedelta(days=7)
MAX_MISSED: Final = 4
"""Weeks before the last one that are told late; of a time longer ago nobody wants to hear by the week."""
_NAMES: Final = (WEEK_SUMMARY, EVERYTHING)
_TOP: Final = "5"
_MEASURES: Final = "requests,page_views,visitors,sessions"

_log = logger(__name__)


def tell_weeks(
    database: Database, readers: Readers, clock: Clock, *, should_continue: Callable[[], bool] = lambda: True
) -> int:
    """Tell the last week of each application whose webhooks ask for it, and what was missed; return how many weeks.

    Raises DatabaseUnavailable. Where reports cannot be made just now, a later turn tells the week.
    """
    started_at = clock.now()
    with database.transaction() as tx:
        app_ids = weekly_reports.subscribed(tx, _NAMES)
    told = 0
    for app_id in app_ids:
        if not should_continue():
            break
        with _put_off_where_refused(readers, app_id):
            told += _tell(database, readers, clock, app_id)
    readers.close()  # Until the next week.
    if told:
        with database.transaction() as tx:
            batch_jobs.add_run(tx, JOB_TYPE, count=told, started_at=started_at, completed_at=clock.now())
    return told


def _tell(database: Database, readers: Readers, clock: Clock, app_id: str) -> int:
    """Tell those weeks that are over and not told; return how many were told."""
    now = clock.now()
    application, site = site_of(database, app_id)
    today = today_in(site.zone, now)
    this_week = ZoneDays(today, today, site.zone, site.starts_sunday).first_day_of(today, "week")
    weeks = [
        ZoneDays(first, first + _WEEK - timedelta(days=1), site.zone, site.starts_sunday)
        for first in (this_week - number * _WEEK for number in range(MAX_MISSED + 1, 0, -1))
    ]
    last_week = weeks[-1].first
    over = {week.first: week for week in weeks if now >= week.end + _GRACE}
    with database.transaction() as tx:
        untold = weekly_reports.untold(
            tx, application.id, {first: week.end for first, week in over.items()}, last_week=last_week, names=_NAMES
        )
    told = 0
    for first in sorted(untold):
        with _put_off_where_refused(readers, app_id):
            told += _tell_week(database, readers, clock, application, over[first], is_last=first == last_week)
    return told


@contextmanager
def _put_off_where_refused(readers: Readers, app_id: str) -> Iterator[None]:
    """Go on with the next week, or application: a later turn tells what could not be told now."""
    try:
        yield
    except Refused as refused:
        _log.warning("weekly report put off", app_id=app_id, code=refused.code, reason=refused.message)
        readers.close()  # What took too long has ended its engine: the next one has another.


def _tell_week(
    database: Database, readers: Readers, clock: Clock, application: Application, week: ZoneDays, *, is_last: bool
) -> bool:
    """Tell a week where it is complete, and not the end of two weeks without a hit."""
    data = _summary(database, readers, clock, application, week)
    # To a last week without a hit some may still come; none of those before it is looked at again and again.
    if data is None or (is_last and not data):
        return False
    event = Event(WEEK_SUMMARY, event_id("week", application.id, week.first), week.end, data)
    now = clock.now()
    with database.transaction() as tx:
        if not weekly_reports.note(tx, application.id, week.first, published_at=now) or not data:
            return False
        # Whether a webhook asked for a week that is told late nobody knows, if it was changed since.
        publish(tx, application.id, [event], now, unchanged_since=None if is_last else week.end)
    return True


def _summary(
    database: Database, readers: Readers, clock: Clock, application: Application, week: ZoneDays
) -> dict[str, Any] | None:
    """Return what the event says: nothing where there is nothing to say, None where something is still to come."""

    def report(**given: str) -> answer.Report:
        days = {"start_date": str(week.first), "end_date": str(week.last)}
        return answer.read(database, readers, app_id=application.app_id, given={**days, **given}, now=clock.now())

    whole = report(measures=_MEASURES, compare="previous")
    [numbers] = whole.rows
    if not whole.up_to_date:
        return None
    if not numbers["requests"] and not numbers["before"]["requests"]:
        return {}
    from_outside = orjson.dumps([["channel", "is_not", "internal"]]).decode()
    pages = report(measures="page_views", dimensions="page", limit=_TOP)
    sources = report(measures="visitors", dimensions="source", limit=_TOP, filters=from_outside)
    with database.transaction() as tx:
        known = goals.list_rows(tx, application.id)
    reached = goal_reports.read(database, readers, app_id=application.app_id, goals=known, days=week).whole
    return {
        "start_date": week.first,
        "end_date": week.last,
        "timezone": week.zone,
        **numbers,
        "pages": pages.rows,
        "sources": sources.rows,
        "goals": [
            {"name": goal.name, "visits": came.visits, "conversions": came.hits, "value": came.value}
            for goal, came in zip(known, reached.conversions, strict=True)
        ],
        "exact": whole.exact,
    }
