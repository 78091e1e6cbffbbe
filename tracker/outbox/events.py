"""What each kind of event says to the webhooks that subscribe to it; pure.

A hit's fields are the columns of `access_logs`. Who the visitor is (address, user agent) is left out unless the
application's settings ask for it; the address then is the one that is stored, after anonymization.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from tracker.application_settings import WEBHOOK_IP_ADDRESS, WEBHOOK_USER_AGENT
from tracker.hit import Hit
from tracker.outbox.event import Event, event_id
from tracker.outbox.event_types import (
    BATCH_FAILED,
    DAY_COMPLETE,
    HIT,
    HOUR_COMPLETE,
    LEDGER_UNBALANCED,
    SESSION_ENDED,
    SESSION_STARTED,
    WEBHOOK_DISABLED,
    WEBHOOK_TEST,
)
from tracker.store.ledger import LedgerHour
from tracker.store.sessions import EndedSession, SessionActivity
from tracker.store.statistics_periods import CompletedPeriod
from tracker.trace_context import NAME as TRACEPARENT

_MAX_FAILED_HITS = 20
_FIELDS = (
    "url",
    "referrer",
    "event_name",
    "event_data",
    "custom_params",
    "session_id",
    "client_sub_id",
    "module_id",
)
_ON_REQUEST = {"ip_address": WEBHOOK_IP_ADDRESS, "user_agent": WEBHOOK_USER_AGENT}


def hit_fields(settings: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the columns that the webhooks of an application with these settings get."""
    return (*_FIELDS, *(name for name, setting in _ON_REQUEST.items() if setting.value(settings)))


def hit_event(hit: Hit, fields: tuple[str, ...], traceparent: str | None = None) -> Event:
    """Return the event that a stored hit is.

    Its id follows from the tracking id, however often the hit is delivered. `traceparent` is that of the request which
    brought it, where that had one.
    """
    tracking_id = hit.tracking_id
    columns = {name: getattr(hit, name) for name in fields}
    data: dict[str, Any] = {"tracking_id": tracking_id, **columns, "created_at": hit.created_at}
    if traceparent is not None:
        data[TRACEPARENT] = traceparent
    return Event(HIT, f"hit_{tracking_id.hex}", hit.created_at, data)


def session_started(session: SessionActivity) -> Event:
    """Return the event of a session that has begun: its first hits are stored."""
    data = {
        "session_id": session.session_id,
        "client_sub_id": session.client_sub_id,
        "module_id": session.module_id,
        "first_accessed_at": session.first_accessed_at,
    }
    identity = event_id("started", session.application_id, session.session_id, session.first_accessed_at)
    return Event(SESSION_STARTED, identity, session.first_accessed_at, data)


def session_ended(session: EndedSession) -> Event:
    """Return the event of a session that has ended; with a later hit it ends again, as another event."""
    data = {
        "session_id": session.session_id,
        "client_sub_id": session.client_sub_id,
        "module_id": session.module_id,
        "first_accessed_at": session.first_accessed_at,
        "last_accessed_at": session.last_accessed_at,
        "duration_seconds": session.seconds,
        "page_views": session.page_views,
    }
    identity = event_id("ended", session.application_id, session.session_id, session.last_accessed_at)
    return Event(SESSION_ENDED, identity, session.last_accessed_at, data)


def period_completed(period: CompletedPeriod) -> Event:
    """Return the event of an hour or a day (UTC) that is complete. Late hits may still change its numbers."""
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


@dataclass(frozen=True, slots=True)
class FailedHit:
    """A hit that went to `batch_queue`. `kind` is the class of the failure; `queued_at` tells its tries apart."""

    tracking_id: UUID
    kind: str
    reason: str
    queued_at: datetime


def batch_failed(application_id: UUID, hits: Sequence[FailedHit], now: datetime) -> Event:
    """Return the event of hits of one application that failed in one transaction: how many, of which kinds."""
    data = {
        "failed": len(hits),
        "kinds": dict(Counter(hit.kind for hit in hits)),
        "hits": [{"tracking_id": hit.tracking_id, "reason": hit.reason} for hit in hits[:_MAX_FAILED_HITS]],
    }
    what = sorted((hit.tracking_id.hex, hit.queued_at) for hit in hits)
    identity = event_id("failed", application_id, *(part for hit in what for part in hit))
    return Event(BATCH_FAILED, identity, now, data)


def ledger_unbalanced(hour: LedgerHour, now: datetime) -> Event:
    """Return the event of an hour of which accepted hits are missing, or more were stored: one for each hour."""
    data = {
        "hour": hour.hour,
        "missing": hour.open,
        "accepted": hour.accepted,
        "stored": hour.stored,
        "repeated": hour.repeated,
        "failed": hour.failed,
        "discarded": hour.discarded,
        "erased": hour.erased,
        "written_off": hour.written_off,
    }
    return Event(LEDGER_UNBALANCED, event_id("ledger", hour.application_id, hour.hour), now, data)


def webhook_disabled(webhook_id: UUID, reason: str, at: datetime) -> Event:
    """Return the event for the application's other webhooks: nothing is sent to this one any more.

    Its URL, which may be one that only its owner knows, is not told.
    """
    data = {"webhook_id": webhook_id, "reason": reason, "disabled_at": at}
    return Event(WEBHOOK_DISABLED, event_id("disabled", webhook_id, at), at, data)


def webhook_test(webhook_id: UUID, at: datetime) -> Event:
    """Return an event to send when somebody wants to see a webhook work."""
    data = {"webhook_id": webhook_id, "message": "A test: somebody asked for it."}
    return Event(WEBHOOK_TEST, event_id("test", webhook_id, at), at, data)
