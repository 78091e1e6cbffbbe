"""`sessions`: one row a session, of the application whose hit named it first (decision 0008)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tracker.application import ApplicationIdentity
from tracker.store.database import Transaction
from tracker.store.queries import Row, execute, fetch_all, sql


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionActivity:
    """What some new hits of one application add to one session; the columns of `sessions`."""

    session_id: str
    application_id: UUID
    app_id: str
    client_sub_id: str | None
    module_id: str | None
    user_agent: str | None
    ip_address: str | None
    first_accessed_at: datetime
    last_accessed_at: datetime
    page_views: int
    session_custom_params: dict[str, Any] | None
    is_active: bool = True
    """Whether the session goes on with it: what was imported is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSession:
    """A session that has just ended, with what an announcement says of it."""

    session_id: str
    application_id: UUID
    app_id: str
    client_sub_id: str | None
    module_id: str | None
    first_accessed_at: datetime
    last_accessed_at: datetime
    page_views: int

    @property
    def seconds(self) -> float:
        """From the first hit to the last."""
        return (self.last_accessed_at - self.first_accessed_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilter:
    """Which sessions: those that began from `start` until before `end` (aware); None elsewhere takes all.

    `custom_params` is the text of a JSON object that the session's own parameters contain.
    """

    start: datetime
    end: datetime
    is_active: bool | None = None
    session_id: str | None = None
    client_sub_id: str | None = None
    module_id: str | None = None
    custom_params: str | None = None


def page(
    tx: Transaction,
    application: ApplicationIdentity,
    wanted: SessionFilter,
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """Sessions, the latest beginning first, after the place `before` (first_accessed_at and id of a session)."""
    params = {
        **asdict(wanted),
        "application_id": application.id,
        "app_id": application.app_id,
        "before": before and before[0],
        "before_id": before and before[1],
        "limit": limit,
    }
    return fetch_all(tx, "sessions/page", params)


def end_idle(tx: Transaction, idle_since: Mapping[UUID, datetime], *, limit: int) -> list[EndedSession]:
    """End active sessions whose last hit lies before their application's time; each end is returned once.

    A session that goes on with a later hit is active again, and ends again.
    """
    limits = [{"id": application, "idle_since": time} for application, time in idle_since.items()]
    params = {"limits": orjson.dumps(limits).decode(), "limit": limit}
    return [EndedSession(**row) for row in fetch_all(tx, "sessions/end_idle", params)]


def delete_old(tx: Transaction, *, before: datetime, limit: int, application_id: UUID | None = None) -> int:
    """Forget sessions whose last hit lies before a time, of one application or of all; how many."""
    return execute(tx, "sessions/delete_old", {"before": before, "limit": limit, "application_id": application_id})


def upsert(tx: Transaction, activities: Sequence[SessionActivity]) -> list[str]:
    """Begin or go on with sessions, each named once; the ids of those that are new.

    A session of another application is left alone, and nothing says so: the hit itself is stored all the same.
    """
    rows = tx.execute(sql("sessions/upsert"), {"sessions": orjson.dumps(activities).decode()}).fetchall()
    return [row[0] for row in rows if row[1]]
