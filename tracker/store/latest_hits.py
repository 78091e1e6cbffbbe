"""The latest hits of an application in `access_logs`, and how many visitors they are of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tracker.application import ApplicationIdentity
from tracker.store.database import Transaction
from tracker.store.queries import Row, fetch_all, fetch_one

_PAGES: Final = 50
_PAGES_WITH_QUERY: Final = 1000
"""Different pages that are told apart; parameters that belong to none are taken off later."""


@dataclass(frozen=True, slots=True)
class LatestHits:
    """Hits and visitors of a time; what was looked at are no more hits than was said.

    `minutes` have `minute` (ISO 8601), `hits` and `visitors`, those without hits left out; `pages`, the most frequent
    ones, have `url`, without scheme and host, and without its query unless that was asked for, and `views`. Of the
    visitors' first hits, `arrivals` have what decides the source, of `url` and `referrer`, and `countries` have
    `country` or else `timezone`, both with how many `visitors`.
    """

    hits: int
    visitors: int
    minutes: list[Row]
    pages: list[Row]
    arrivals: list[Row]
    countries: list[Row]


def goes_on(
    tx: Transaction,
    application: ApplicationIdentity,
    start: datetime,
    end: datetime,
    *,
    present: datetime,
    limit: int,
    domain: str | None,
    with_query: bool,
) -> LatestHits:
    """Return what goes on from `start` until before `end`: of `limit` hits, the latest, at most.

    Hits after the minute `present` are counted in it. Pages of `domain` and below it are the site's own, as are those
    of a hit's own host.
    """
    asked: dict[str, object] = {"present": present, "limit": limit, "domain": domain, "with_query": with_query}
    asked["pages"] = _PAGES_WITH_QUERY if with_query else _PAGES
    row = fetch_one(tx, "access_logs/goes_on", {**_about(application, start, end), **asked})
    assert row is not None
    return LatestHits(**row)


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
