"""The statistics of one custom parameter: its most frequent values, and who had them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from tracker.application import ApplicationIdentity
from tracker.clock import Clock
from tracker.errors import invalid, not_found
from tracker.queueing.connection import Connection
from tracker.reading.asked import asked_of
from tracker.reading.identifier import identifier
from tracker.reading.period import Period
from tracker.reading.statistics import complete_until, queue_settled_until
from tracker.store import custom_parameter_definitions, matching_hits, statistics_reading, statistics_removals
from tracker.store.database import Database, Transaction
from tracker.store.matching_hits import Values
from tracker.store.statistics_reading import Frequent

MAX_DAYS: Final = 366
DEFAULT_LIMIT: Final = 10
MAX_VALUES: Final = 1000
MAX_RAW_ROWS: Final = 500_000
"""Values up to which visitors and sessions are counted from the raw rows, which takes some three seconds then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterStatistics:
    """The answer; its fields, in this order, are those of the HTTP interface.

    `breakdown` has a row for each of the most frequent values: `value`, `count`, `unique_visitors`, `unique_sessions`.
    The last two are None where too many hits had to be read, or raw rows were removed.
    `exact` is false where `count`s may be too low, because of some days only the most frequent values are left.
    `distinct_values` is how many values there are in all, `other_count` how often those came that are not shown.
    `numbers` has `sum`, `min`, `max` and `mean` of a number, which has no breakdown.
    """

    app_id: str
    parameter_key: str
    parameter_name: str | None
    parameter_type: str | None
    start_date: date
    end_date: date
    count: int
    distinct_values: int
    other_count: int
    exact: bool
    numbers: dict[str, Any] | None
    breakdown: list[dict[str, Any]]
    data_complete_until: datetime | None


def read(
    database: Database,
    redis: Connection,
    clock: Clock,
    *,
    app_id: str,
    period: Period,
    parameter_key: str,
    limit: int = DEFAULT_LIMIT,
) -> ParameterStatistics:
    """Answer for a parameter that is defined, or was when it was counted.

    Raises Refused: VALIDATION_ERROR, APPLICATION_NOT_FOUND, NOT_FOUND for an unknown parameter, SERVICE_UNAVAILABLE
    where it took PostgreSQL too long. Raises DatabaseUnavailable.
    """
    period.demand_at_most(MAX_DAYS, "the statistics of a parameter")
    identifier("parameter_key", parameter_key)
    if not 1 <= limit <= MAX_VALUES:
        reason = f"Must be a whole number from 1 to {MAX_VALUES}."
        raise invalid(f"limit: {reason}", limit=[reason])
    queue = queue_settled_until(redis, clock)
    with asked_of(database, app_id) as (tx, application):
        stat = statistics_reading.parameters(tx, application.id, period.first, period.last).get(parameter_key, {})
        definitions = custom_parameter_definitions.by_application(tx, [application.id]).get(application.id, ())
        definition = next((definition for definition in definitions if definition.parameter_key == parameter_key), None)
        if definition is None and not stat:
            raise not_found(f"There is no custom parameter {parameter_key!r}.")
        dates = list(period.dates())
        frequent = statistics_reading.most_frequent(tx, application.id, dates, parameter_key, limit=limit)
        known = _Known(parameter_key, stat, frequent)
        who = _who(tx, application, period, known)
        until = complete_until(tx, application.id, queue, folded=True)
    shown = sum(count for _, count in frequent.values)
    return ParameterStatistics(
        app_id=application.app_id,
        parameter_key=parameter_key,
        parameter_name=None if definition is None else definition.parameter_name,
        parameter_type=stat.get("type") or (None if definition is None else definition.parameter_type),
        start_date=period.first,
        end_date=period.last,
        count=stat.get("count", 0),
        distinct_values=frequent.different,
        other_count=_listed(stat) - shown,
        exact=frequent.exact,
        numbers={name: stat[name] for name in ("sum", "min", "max", "mean")} if "sum" in stat else None,
        breakdown=[_row(value, count, who) for value, count in frequent.values],
        data_complete_until=until,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What the statistics say of a parameter."""

    key: str
    stat: dict[str, Any]
    frequent: Frequent


def _who(
    tx: Transaction, application: ApplicationIdentity, period: Period, known: _Known
) -> dict[str, tuple[int, int]] | None:
    """Visitors and sessions of each value that is shown; None where they would be too much to count, or too few."""
    removed_before = statistics_removals.before(tx, application.id)
    if known.stat.get("count", 0) > MAX_RAW_ROWS or (removed_before is not None and period.first < removed_before):
        return None
    asked = Values(
        key=known.key,
        values=tuple(value for value, _ in known.frequent.values),
        is_array=known.stat.get("type") == "array",
    )
    return matching_hits.who_had(tx, application.id, period.start, period.end, asked)


def _listed(stat: dict[str, Any]) -> int:
    """Return how many values of texts, booleans and elements of arrays were counted, under a value or as other."""
    return sum(int(value["count"]) for value in stat.get("values", ())) + int(stat.get("other", 0))


def _row(value: str, count: int, who: dict[str, tuple[int, int]] | None) -> dict[str, Any]:
    visitors, sessions = (None, None) if who is None else who.get(value, (0, 0))
    return {"value": value, "count": count, "unique_visitors": visitors, "unique_sessions": sessions}
