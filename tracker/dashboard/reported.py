"""What reports say of an application as a whole: what visits are like, and the traffic of filters and of time zones.

Statistics are by days of UTC and know no filters. Where there are some, or the site keeps another time zone, cards and
chart are those of reports, by days of that zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from tracker.dashboard import traffic
from tracker.dashboard.chart import chart
from tracker.dashboard.formats import Days, change
from tracker.dashboard.panels import Asked, ask
from tracker.dashboard.ranges import Range
from tracker.dashboard.services import DashboardServices
from tracker.dashboard.traffic import Card, Traffic
from tracker.errors import Refused
from tracker.reports.answer import Report

_COUNTED: Final = ("requests", "visitors")
_VISITS: Final = ("page_views", "views_per_session", "bounce_rate", "duration")


def visits(services: DashboardServices, app_id: str, asked: Asked, *, with_sessions: bool) -> list[Card]:
    """Return how many visits there were, if that is asked for, and what they were like.

    Raises Refused, DatabaseUnavailable.
    """
    names = ("sessions", *_VISITS) if with_sessions else _VISITS
    report = ask(services, app_id, asked.question(",".join(names), []), asked.now)
    return [Card(name=name, number=report.rows[0][name]) for name in names]


def read(
    services: DashboardServices, app_id: str, asked: Asked, days: Days, notes: Sequence[Mapping[str, Any]]
) -> Traffic:
    """Return the page's traffic by reports, without visits, which take longer; `notes` as `traffic.read` takes them.

    Raises Refused, DatabaseUnavailable.
    """
    time = asked.time
    by_hours = time.name == "24h"
    question = asked.question(",".join(_COUNTED), [])
    # Of the 24 hours before these, a day more is needed than is shown.
    first = {"start_date": time.period.first.isoformat()} if by_hours else {}
    series = ask(services, app_id, {**question, **first, "interval": time.group_by}, asked.now)
    texts = traffic.by_day(notes, time)
    bars = [traffic.bar(_row(row), time, asked.now, days, texts) for row in series.rows]
    if by_hours:
        return traffic.of_last_hours(bars, None)
    compares = {} if asked.filters else {"compare": "previous"}
    whole = ask(services, app_id, {**question, **compares}, asked.now)
    return Traffic(
        cards=_cards(whole, is_over=not time.goes_on),
        chart=chart(bars),
        bars=bars,
        parameters=[],
        complete_until=None,
        empty=not any(bar.requests for bar in bars),
    )


def read_or_in_utc(
    services: DashboardServices,
    app_id: str,
    asked: Asked,
    days: Days,
    notes: Sequence[Mapping[str, Any]],
    *,
    in_utc: Range,
) -> Traffic:
    """Return the page's traffic by reports; where they cannot be had, by days of UTC, with nothing to compare with.

    `in_utc` is the same time by its days. Only reports know filters. Raises Refused, DatabaseUnavailable.
    """
    try:
        return read(services, app_id, asked, days, notes)
    except Refused as refused:
        if refused.status != HTTPStatus.SERVICE_UNAVAILABLE or asked.filters:
            raise
    counted = traffic.read(services, app_id, in_utc, days, services.clock.now(), notes)
    cards = [replace(card, before=None, change=None) for card in counted.cards]
    return replace(counted, cards=cards, parameters=[], in_utc=True)


def _cards(whole: Report, *, is_over: bool) -> list[Card]:
    """Return counts with those of the time before; by percent where both are exact and over."""
    row = whole.rows[0]
    before: Mapping[str, Any] = row.get("before") or {}
    return [
        Card(
            name=name,
            number=row[name],
            exact=whole.exact or name == "requests",
            before=before.get(name),
            before_exact=whole.exact or name == "requests",
            change=change(row[name], before[name]) if before and is_over and whole.exact else None,
        )
        for name in _COUNTED
    ]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an interval as statistics have it: `2026-11`, `2026-11-30`, `2026-11-30T05:00+09:00`."""
    day, _, time = str(row["time"]).partition("T")
    return {
        "date": day,
        "hour": int(time[:2] or 0),
        "requests": row["requests"],
        "unique_visitors": row["visitors"],
        "unique_visitors_exact": True,
        "unique_sessions": None,
        "unique_sessions_exact": True,
    }
