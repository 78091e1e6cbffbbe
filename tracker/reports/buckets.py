"""The interval of a zone that a hit lies in, as SQL. Pure."""

from collections.abc import Sequence
from datetime import datetime

from tracker.reports.facts_read import naive
from tracker.reports.zone_days import Interval, OffsetSpan, ZoneDays


def bucket_of(days: ZoneDays, interval: Interval) -> str:
    """Return the key of the interval that a hit lies in, as `ZoneDays.buckets` has it."""
    spans = days.offsets()
    offset = _by_span(spans, [f"to_minutes({int(span.offset.total_seconds()) // 60})" for span in spans])
    local = f"(time + {offset})"
    if interval in ("minute", "hour"):
        begin = f"date_trunc('{interval}', {local}) - {offset}"
        # Where an offset changes within an hour, the hours before and after it would begin at the same instant.
        return f"greatest({begin}, {_by_span(spans, [_at(span.start) for span in spans])})" if len(spans) > 1 else begin
    if interval == "week" and days.starts_sunday:
        return f"CAST(date_trunc('week', {local} + INTERVAL 1 DAY) - INTERVAL 1 DAY AS DATE)"
    return f"CAST(date_trunc('{interval}', {local}) AS DATE)"


def _by_span(spans: Sequence[OffsetSpan], values: Sequence[str]) -> str:
    """Return the value of the span that a hit lies in."""
    *earlier, last = zip(spans, values, strict=True)
    cases = "".join(f"WHEN time < {_at(span.end)} THEN {value} " for span, value in earlier)
    return f"CASE {cases}ELSE {last[1]} END" if cases else last[1]


def _at(instant: datetime) -> str:
    return f"TIMESTAMP '{naive(instant):%Y-%m-%d %H:%M:%S}'"
