"""Entries for tests of the queue, which does not look into them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tracker.application import Application
from tracker.queueing.accept_command import Offer
from tracker.queueing.connection import Connection
from tracker.queueing.entry import Entry
from tracker.queueing.producer import Enqueued, Producer
from tracker.queueing.quota import UNLIMITED, Quota
from tracker.queueing.sharded_producer import ShardedProducer

APPLICATION = UUID(int=7)
CREATED = datetime(2026, 11, 23, 6, 35, 1, 234567, tzinfo=UTC)


def entry(number: int = 1, **columns: Any) -> Entry:
    """The `number`-th entry, which is known by its id."""
    given = {
        "id": UUID(int=number),
        "tracking_data": b'{"n":%d}' % number,
        "created_at": CREATED,
        "updated_at": CREATED,
    }
    return Entry(**{**given, **columns})


def offer_of(
    application_id: UUID,
    limit: int | None,
    entries: Sequence[Entry],
    now: datetime,
    event_ids: Sequence[str | None] = (),
    *,
    quota: Quota = UNLIMITED,
) -> Offer:
    """An offer of an application with this limit a minute, or without one."""
    application = Application(
        id=application_id, app_id="shop", status="active", deleted=False, rate_limit_per_minute=limit or 0
    )
    return Offer(application, entries, now, event_ids, quota, is_limited=limit is not None)


def add(redis: Connection, entries: Iterable[Entry]) -> Enqueued:
    """Add entries without a rate limit."""
    return Producer(redis, queue_limit=1_000_000).enqueue(offer_of(APPLICATION, None, list(entries), CREATED))


def numbers(claims: Iterable[Any]) -> list[int]:
    """Which entries these claims or entries are."""
    return [getattr(claim, "entry", claim).id.int for claim in claims]


def entry_naming(application_id: UUID, number: int, **columns: Any) -> Entry:
    """The `number`-th entry, of an application."""
    return entry(number, tracking_data=b'{"application_id":"%b"}' % str(application_id).encode(), **columns)


def enqueue_each(producer: ShardedProducer, applications: Sequence[UUID], hits: int = 1) -> list[Enqueued]:
    """Offer so many entries of each application."""
    return [
        producer.enqueue(
            offer_of(
                application_id, 100, [entry_naming(application_id, hits * place + hit) for hit in range(hits)], CREATED
            )
        )
        for place, application_id in enumerate(applications, 1)
    ]
