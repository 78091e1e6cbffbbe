"""`access_logs` read page by page, in the order of `created_at` and `id`, which never change."""

from dataclasses import dataclass
from datetime import datetime

from tracker.application import ApplicationIdentity
from tracker.store.database import Transaction
from tracker.store.queries import Row, fetch_all

HitPosition = tuple[datetime, int]
"""`created_at` and `id` of a hit: where a page ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFilter:
    """Which hits of an application; None takes all. `custom_params` is the text of a JSON object that they contain."""

    application: ApplicationIdentity
    custom_params: str | None = None
    event_name: str | None = None
    session_id: str | None = None
    client_sub_id: str | None = None
    with_params: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """Hits in the order of their places, JSON columns as text. More follow where it is full or cut off."""

    rows: list[Row]
    is_full: bool
    """There are as many hits as were asked for."""
    is_cut_off: bool
    """There are fewer than were found, since they have as many bytes as were asked for."""


def page(
    tx: Transaction,
    wanted: ExportFilter,
    start: datetime,
    end: datetime,
    *,
    after: HitPosition | None,
    limit: int,
    max_bytes: int,
) -> Page:
    """Read the first hits from `start` until before `end` that come after a place, at least one where there is one.

    They end with `limit`, or with the hit whose texts make them `max_bytes` long.
    """
    params = {
        "application_id": wanted.application.id,
        "app_id": wanted.application.app_id,
        "custom_params": wanted.custom_params,
        "event_name": wanted.event_name,
        "session_id": wanted.session_id,
        "client_sub_id": wanted.client_sub_id,
        "with_params": wanted.with_params,
        "start": start,
        "end": end,
        "after": after and after[0],
        "after_id": after and after[1],
        "limit": limit,
        "bytes": max_bytes,
    }
    rows = fetch_all(tx, "access_logs/page", params)
    return Page(rows, is_full=len(rows) == limit, is_cut_off=bool(rows) and len(rows) < rows[0]["hits_found"])
