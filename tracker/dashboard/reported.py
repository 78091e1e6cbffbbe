"""What reports say of an application as a whole: what visits are like, and the traffic of filters and of time zones.

Statistics are by days of UTC and know no filters. Where there are some, or the site keeps another time zone, cards and
chart are those of reports, by days of that zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from tracker.dashboard import traffic
from tracker.dashboard.cards import HEADLINE, OF_VISITS, Card, headline
from tracker.dashboard.chart import chart
from tracker.dashboard.equal_times import MAX_CUT, Counts, EqualTimes
from tracker.dashboard.formats import Days, change
from tracker.dashboard.panels import Asked, ask, counted_in, visits_question, whole_questions
from tracker.dashboard.ranges import Range
from tracker.dashboard.services import DashboardServices
from tracker.dashboard.traffic import Traffic
from tracker.errors import Refused
from tracker.reports.answer import Report


def visits(services: DashboardServices, app_id: str, asked: Asked, *, compares: bool) -> list[Card]:
    """Return how many visits there were, what they were like, and both in the time before.

    Raises Refused, DatabaseUnavailable.
    """
    report = ask(services, app_id, visits_question(asked), asked)
    row = report.rows[0]
    before = (EqualTimes(services, app_id, asked).visits() if compares else None) or {}
    return [
        Card(
            name=name,
            number=row[name],
            before=before.get(name),
            change=change(row[name], before.get(name)) if report.exact else None,
        )
        for name in OF_VISITS
    ]


def read(
    services: DashboardServices,
    app_id: str,
    asked: Asked,
    days: Days,
    notes: Sequence[Mapping[str, Any]],
    *,
    compares: bool = True,
) -> Traffic:
    """Return the page's traffic by reports, without visits, which take longer; the rest as `traffic.read` takes it.

    Raises Refused, DatabaseUnavailable.
    """
    time, earlier = asked.time, EqualTimes(services, app_id, asked)
    by_hours = time.name == "24h"
    series = ask(services, app_id, series_question(asked), asked)
    texts = traffic.by_day(notes, time)
    bars = [traffic.bar(_row(row), time, asked.now, days, texts) for row in series.rows]
    if by_hours:
        part = earlier.part_of_hour() if compares else None
        return traffic.of_last_hours(bars, None, compares=compares, part_before=part)
    [whole_question] = whole_questions(asked, with_visits=False)
    whole = ask(services, app_id, whole_question, asked)
    before, counts = None, None
    if compares:
        series_before, whole_before = questions_before(asked)
        numbers = [row["requests"] for row in ask(services, app_id, series_before, asked).rows]
        bars = traffic.with_before(bars, numbers)
        if time.goes_on and sum(numbers) <= MAX_CUT:
            counts = earlier.counts()
        if counts is None and (not asked.filters or sum(numbers) <= MAX_CUT):
            before = ask(services, app_id, whole_before, asked)
    return Traffic(
        cards=headline(_cards(whole, before, counts, is_over=not time.goes_on)),
        chart=chart(bars),
        bars=bars,
        equal_until="minute" if counts else "",
        parameters=[],
        complete_until=None,
        empty=not any(bar.requests for bar in bars),
        whole=counted_in(whole),
    )


def series_question(asked: Asked) -> dict[str, str | None]:
    """Return what the chart asks."""
    question = {**asked.question(",".join(HEADLINE), []), "interval": asked.time.group_by}
    # Of the 24 hours before these, a day more is needed than is shown.
    return {**question, "start_date": asked.time.period.first.isoformat()} if asked.time.name == "24h" else question


def questions_before(asked: Asked) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Return what is asked of the time before: of each interval, and of all of it."""
    before = asked.time.before
    whole = {
        **asked.question(",".join(HEADLINE), []),
        "start_date": before.first.isoformat(),
        "end_date": before.last.isoformat(),
    }
    return {**whole, "measures": "requests", "interval": asked.time.group_by}, whole


def read_or_in_utc(
    services: DashboardServices,
    app_id: str,
    asked: Asked,
    days: Days,
    notes: Sequence[Mapping[str, Any]],
    *,
    in_utc: Range,
    compares: bool = True,
) -> Traffic:
    """Return the page's traffic by reports; where they cannot be had, by days of UTC, with nothing to compare with.

    `in_utc` is the same time by its days. Only reports know filters. Raises Refused, DatabaseUnavailable.
    """
    try:
        return read(services, app_id, asked, days, notes, compares=compares)
    except Refused as refused:
        if refused.status != HTTPStatus.SERVICE_UNAVAILABLE or asked.filters:
            raise
    counted = traffic.read(services, app_id, in_utc, days, now=services.clock.now(), notes=notes, compares=False)
    return replace(counted, parameters=[], in_utc=True)


def _cards(whole: Report, compared: Report | None, counts: Counts | None, *, is_over: bool) -> list[Card]:
    """Return counts with those of the time before; by percent where both are exact and equally long."""
    row = whole.rows[0]
    before: Mapping[str, Any] = compared.rows[0] if compared else {}
    if counts is not None:
        before = {"requests": counts.requests, "visitors": counts.visitors}
    are_exact = whole.exact and (compared is None or compared.exact)
    is_equal = is_over or counts is not None
    return [
        Card(
            name=name,
            number=row[name],
            exact=whole.exact or name == "requests",
            before=before.get(name),
            before_exact=compared is None or compared.exact or name == "requests",
            change=change(row[name], before[name]) if before and is_equal and are_exact else None,
        )
        for name in HEADLINE
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
