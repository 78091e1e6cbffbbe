"""The latest hits of an application in `access_logs`, and how many visitors they are of."""

from dataclasses import dataclass
from datetime import datetime

from tracker.application import ApplicationIdentity
from tracker.store.database import Transaction
from tracker.store.queries import Row, fetch_all, fetch_one


@dataclass(frozen=True, slots=True)
class LatestHits:
    """Hits and visitors of a time; what was looked at are no more hits than was said."""

    hits: int
    visitors: int


def latest_visitors(
    tx: Transaction, application: ApplicationIdentity, start: datetime, end: datetime, *, limit: int
) -> LatestHits:
    """Count the hits from `start` until before `end`, and their visitors; of `limit` of them, the latest, at most."""
    row = fetch_one(tx, "access_logs/latest_visitors", {**_about(application, start, end), "limit": limit})
    assert row is not None
    return LatestHits(row["hits"], row["visitors"])


def latest(
    tx: Transaction, application: ApplicationIdentity, start: datetime, end: datetime, *, limit: int
) -> list[Row]:
    """Return `id`, `created_at`, `url`, `event_name` and `referrer` of the latest hits, the latest first."""
    return fetch_all(tx, "access_logs/latest", {**_about(application, start, end), "limit": limit})


def any_of(tx: Transaction, application: ApplicationIdentity) -> Row | None:
    """Return `created_at` and `url` of one of the hits, whichever; None where there is none."""
    return fetch_one(tx, "access_logs/any_of", {"application_id": application.id, "app_id": application.app_id})


def _about(application: ApplicationIdentity, start: datetime, end: datetime) -> dict[str, object]:
    return {"application_id": application.id, "app_id": application.app_id, "start": start, "end": end}
