"""What a complete hour or day says to those who listen; pure."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from tracker.outbox.event_types import DAY_COMPLETE, HOUR_COMPLETE
from tracker.outbox.events import Event, event_id
from tracker.store.statistics_periods import CompletedPeriod


def completed(period: CompletedPeriod) -> Event:
    """An hour or a day (UTC) is complete: its numbers at this moment. Late hits may still change them."""
    midnight = datetime.combine(period.date, time(), UTC)
    is_day = period.hour < 0
    begins = midnight if is_day else midnight + timedelta(hours=period.hour)
    data: dict[str, Any] = {"date": period.date, "total_requests": period.total_requests}
    if not is_day:
        data["hour"] = period.hour
    data["unique_visitors"] = period.unique_visitors
    if is_day:
        data["unique_sessions"] = period.unique_sessions
    data["custom_param_stats"] = period.custom_param_stats
    identity = event_id("day" if is_day else "hour", period.application_id, begins)
    ends = begins + (timedelta(days=1) if is_day else timedelta(hours=1))
    return Event(DAY_COMPLETE if is_day else HOUR_COMPLETE, identity, ends, data)
