"""One application's numbers over some time: cards, a chart, and what its custom parameters were."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import zip_longest
from typing import Any, Final

from tracker.dashboard.cards import Card, headline
from tracker.dashboard.chart import Bar, Chart, chart
from tracker.dashboard.equal_times import MAX_CUT, Counts, EqualTimes
from tracker.dashboard.formats import Days, change
from tracker.dashboard.ranges import Range
from tracker.dashboard.services import DashboardServices
from tracker.management import parameters
from tracker.reading import comparison, statistics
from tracker.reading.comparison import Comparison
from tracker.reading.period import Period
from tracker.reading.series import Numbers

_HOURS: Final = 24
_VALUES: Final = 8
"""Values of a parameter that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the page shows."""

    cards: list[Card]
    chart: Chart
    bars: list[Bar]
    parameters: list[dict[str, Any]]
    complete_until: datetime | None
    empty: bool
    equal_until: str = ""
    """Up to where both times are compared while this one goes on: `minute`, `hour`, or nowhere."""
    in_utc: bool = False
    """Whether these are days of UTC though the site keeps another zone: reports could not be had."""

    whole: Mapping[str, int] | None = None
    """What there is of panels' measures in all, where reports were asked for it here."""

    @property
    def has_sessions(self) -> bool:
        """Return whether sessions are told by day or month: of an imported log they are not."""
        return any(bar.sessions for bar in self.bars)

    @property
    def compares(self) -> bool:
        """Return whether there is anything before to compare with."""
        return bool(self.chart.before) or any(card.before is not None for card in self.cards)


def read(
    services: DashboardServices,
    app_id: str,
    asked: Range,
    days: Days,
    *,
    now: datetime,
    notes: Sequence[Mapping[str, Any]] = (),
    compares: bool = True,
    earlier: EqualTimes | None = None,
) -> Traffic:
    """Return the numbers of the API for this time, and those of the time before, unless nothing was counted yet then.

    `now` is the time from which `asked` was made; `notes` are those of its days (`day`, `text`); `earlier` tells of the
    time before as much as has passed of this one. Raises Refused and DatabaseUnavailable.
    """
    numbers = statistics.read(
        services.reading, services.redis, services.clock, app_id=app_id, period=asked.period, group_by=asked.group_by
    )
    texts = by_day(notes, asked)
    bars = [bar(row, asked, now, days, texts) for row in numbers.requests_by_date]
    if asked.name == "24h":
        part = earlier.part_of_hour() if earlier and compares else None
        return of_last_hours(bars, numbers.data_complete_until, compares=compares, part_before=part)
    before = comparison.read(
        services.reading,
        app_id=app_id,
        period=asked.before,
        group_by=asked.group_by,
        until_hour=_until_hour(asked, now),
        other_day=asked.today,
    )
    counts = None
    if earlier and compares and asked.goes_on and before.whole.requests <= MAX_CUT:
        counts = earlier.counts()
    if compares:
        bars = with_before(bars, before.requests)
    return Traffic(
        cards=headline(_cards(numbers, before, asked, counts), compares=compares),
        chart=chart(bars),
        bars=bars,
        equal_until=("minute" if counts else "hour") if asked.goes_on else "",
        parameters=_parameters(services, app_id, numbers),
        complete_until=numbers.data_complete_until,
        empty=not numbers.total_requests,
    )


def _until_hour(asked: Range, now: datetime) -> int:
    return now.hour if asked.goes_on else _HOURS


def _cards(
    numbers: statistics.Statistics, before: Comparison, asked: Range, counts: Counts | None = None
) -> list[Card]:
    whole: Numbers = before.whole
    # Where it is not known up to the minute, the hour that goes on is left out on both sides.
    requests_before, until_now = whole.requests, numbers.total_requests
    if counts is not None:
        requests_before = counts.requests
    elif asked.goes_on:
        requests_before, until_now = before.requests_until_hour, numbers.total_requests - before.since_hour
    visitors_before = counts.visitors if counts else whole.visitors
    # Visitors of days cannot be cut: while the time goes on, what the whole time before had says nothing by percent.
    is_equal = counts is not None or (not asked.goes_on and whole.visitors_exact)
    return [
        Card(
            name="requests",
            number=numbers.total_requests,
            before=requests_before,
            change=change(until_now, requests_before),
        ),
        Card(
            name="visitors",
            number=numbers.unique_visitors,
            exact=numbers.unique_visitors_exact,
            before=visitors_before,
            before_exact=counts is not None or whole.visitors_exact,
            change=change(numbers.unique_visitors, visitors_before)
            if is_equal and numbers.unique_visitors_exact
            else None,
        ),
    ]


def with_before(bars: Sequence[Bar], requests: Sequence[int]) -> list[Bar]:
    """Return bars with what stands at the same place in the time before, as far as that goes."""
    return [replace(bar, before=before) for bar, before in zip_longest(bars, requests[: len(bars)])]


def of_last_hours(
    bars: Sequence[Bar], complete_until: datetime | None, *, compares: bool, part_before: int | None = None
) -> Traffic:
    """Return the last 24 hours, the present one included, from three days by hour: sums of hours, marked as such.

    `part_before` is what had come a day before in as much as has passed of the present hour. Where that is not known,
    the hour is left out on both sides.
    """
    end = next((number for number, hour in enumerate(bars, 1) if hour.goes_on), len(bars))
    shown, before = bars[end - _HOURS : end], bars[end - 2 * _HOURS : end - _HOURS]
    requests = sum(bar.requests for bar in shown)
    requests_before = sum(bar.requests for bar in before[:-1]) + (part_before or 0)
    visitors, visitors_before = (sum(bar.visitors for bar in hours) for hours in (shown, before))
    until_now = requests - (shown[-1].requests if part_before is None else 0)
    cards = [
        Card(name="requests", number=requests, before=requests_before, change=change(until_now, requests_before)),
        Card(name="visitors", number=visitors, exact=False, before=visitors_before, before_exact=False),
    ]
    if compares:
        shown = with_before(shown, [bar.requests for bar in before])
    return Traffic(
        cards=headline(cards, compares=compares),
        chart=chart(shown),
        bars=list(shown),
        equal_until="hour" if part_before is None else "minute",
        parameters=[],
        complete_until=complete_until,
        empty=not requests,
    )


def by_day(notes: Sequence[Mapping[str, Any]], asked: Range) -> dict[date, tuple[str, ...]]:
    """Return the texts of notes by the first day of what a bar stands for, in the order in which they were made."""
    texts: dict[date, tuple[str, ...]] = {}
    for dated_note in reversed(notes):
        day = dated_note["day"].replace(day=1) if asked.group_by == "month" else dated_note["day"]
        texts[day] = (*texts.get(day, ()), dated_note["text"])
    return texts


def bar(row: Mapping[str, Any], asked: Range, now: datetime, days: Days, notes: Mapping[date, tuple[str, ...]]) -> Bar:
    """Return the bar of an hour, a day or a month as statistics have it; `now` is in the zone of its days."""
    counted = {"requests": row["requests"], "visitors": row["unique_visitors"]}
    if asked.group_by == "month":
        month = date.fromisoformat(f"{row['date']}-01")
        end = month.replace(day=monthrange(month.year, month.month)[1])
        return Bar(
            label=days.month(month),
            notes=notes.get(month, ()),
            name=days.month(month),
            sessions=row["unique_sessions"],
            visitors_exact=row["unique_visitors_exact"],
            sessions_exact=row["unique_sessions_exact"],
            goes_on=(month.year, month.month) == (now.year, now.month),
            days=Period(max(month, asked.period.first), min(end, asked.period.last)),
            **counted,
        )
    day = date.fromisoformat(row["date"])
    if asked.group_by == "hour":
        hour = f"{row['hour']:02}:00"
        return Bar(
            label=hour,
            notes=notes.get(day, ()) if row["hour"] == 0 else (),
            name=f"{days.long(day)} {hour}",
            goes_on=day == now.date() and row["hour"] == now.hour,
            **counted,
        )
    return Bar(
        label=days.short(day),
        notes=notes.get(day, ()),
        name=days.long(day),
        sessions=row["unique_sessions"],
        goes_on=day == now.date(),
        days=Period(day, day),
        **counted,
    )


def parameters_of(services: DashboardServices, app_id: str, asked: Range) -> list[dict[str, Any]]:
    """Return what custom parameters were over this time, by days of UTC. Raises Refused and DatabaseUnavailable."""
    numbers = statistics.read(
        services.reading, services.redis, services.clock, app_id=app_id, period=asked.period, group_by=asked.group_by
    )
    return _parameters(services, app_id, numbers)


def _parameters(services: DashboardServices, app_id: str, numbers: statistics.Statistics) -> list[dict[str, Any]]:
    """Return each parameter with its most frequent values, or what its numbers come to; the most used first."""
    definitions = parameters.list_(services.database, app_id)
    names = {definition.parameter_key: definition.parameter_name for definition in definitions}
    shown = []
    for key, stat in numbers.custom_param_stats.items():
        breakdown = numbers.custom_param_breakdown.get(key, {})
        values = sorted(breakdown.items(), key=lambda item: (-item[1], item[0]))[:_VALUES]
        rest = stat.get("other", 0) + sum(breakdown.values()) - sum(count for _, count in values)
        shown.append({"key": key, "name": names.get(key), **stat, "values": values, "rest": rest})
    return sorted(shown, key=lambda parameter: (-parameter["count"], parameter["key"]))
