"""Days without facts in the numbers of a report: what the statistics say of each of them, added up.

A visitor of two such days is counted twice, and one of such a day and of another; the report says that it is so.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from tracker.facts.engine_connection import EngineRow
from tracker.reports.question import Question

_COUNTED: Final = {"requests": "total_requests", "visitors": "unique_visitors", "sessions": "unique_sessions"}
"""By measure: the column of the statistics."""
_BY_DAYS: Final = (None, "day", "week", "month")


def is_summable(question: Question) -> bool:
    """Return whether statistics by day can tell what is asked: of all hits, and of nothing shorter than a day."""
    is_of_all = not question.dimensions and not question.filters
    return (
        is_of_all and question.interval in _BY_DAYS and any(measure.name in _COUNTED for measure in question.measures)
    )


def with_old_days(
    question: Question, rows: Sequence[EngineRow], days: Mapping[date, Mapping[str, Any]], empty: EngineRow
) -> list[EngineRow]:
    """Add the numbers of days (UTC) to the rows of such a question; a day counts for the zone's day of its date."""
    width = int(question.interval is not None)
    summed = {row[:width]: row[width:] for row in rows}
    for day, numbers in days.items():
        if not question.days.first <= day <= question.days.last:
            continue
        key = () if question.interval is None else (question.days.first_day_of(day, question.interval),)
        row = summed.get(key, empty)
        summed[key] = tuple(
            (value or 0) + numbers[_COUNTED[measure.name]] if measure.name in _COUNTED else value
            for measure, value in zip(question.measures, row, strict=True)
        )
    return [(*key, *row) for key, row in summed.items()]
