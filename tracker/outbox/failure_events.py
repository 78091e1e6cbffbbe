"""What hits that failed for good say to those who listen; pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tracker.outbox.event_types import BATCH_FAILED
from tracker.outbox.events import Event, event_id

_MOST_HITS = 20


@dataclass(frozen=True, slots=True)
class FailedHit:
    """A hit that went to `batch_queue`. `kind` is the class of the failure; `queued_at` tells its tries apart."""

    tracking_id: UUID
    kind: str
    reason: str
    queued_at: datetime


def failed(application_id: UUID, hits: Sequence[FailedHit], now: datetime) -> Event:
    """Hits of one application failed in one transaction: how many, of which kinds, and the first of them."""
    data = {
        "failed": len(hits),
        "kinds": dict(Counter(hit.kind for hit in hits)),
        "hits": [{"tracking_id": hit.tracking_id, "reason": hit.reason} for hit in hits[:_MOST_HITS]],
    }
    what = sorted((hit.tracking_id.hex, hit.queued_at) for hit in hits)
    identity = event_id("failed", application_id, *(part for each in what for part in each))
    return Event(BATCH_FAILED, identity, now, data)
