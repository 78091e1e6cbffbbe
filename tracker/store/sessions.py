"""`sessions` (specification 2.4): one row a session, of the application whose hit named it first (ruling 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tracker.store.database import Transaction
from tracker.store.queries import sql


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


def upsert(tx: Transaction, activities: Sequence[SessionActivity]) -> list[str]:
    """Begin or go on with sessions, each named once; the ids of those that are new.

    A session of another application is left alone, and nothing says so: the hit itself is stored all the same.
    """
    rows = tx.execute(sql("sessions/upsert"), {"sessions": orjson.dumps(activities).decode()}).fetchall()
    return [row[0] for row in rows if row[1]]
