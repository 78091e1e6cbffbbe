"""The sessions of one application, page by page, the latest beginning first.

The order is that of `first_accessed_at`, then `id`. A session that goes on while somebody turns pages keeps its place,
which the time of its last hit would not give it; only a hit that arrives late, from before its first, moves it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tracker.errors import invalid
from tracker.reading import cursor as cursors
from tracker.reading.asked import asked_of
from tracker.reading.identifier import identifier
from tracker.reading.parameter_filter import filter_text
from tracker.reading.period import Period
from tracker.store import sessions
from tracker.store.database import Database
from tracker.store.sessions import SessionFilter

MAX_DAYS: Final = 366
DEFAULT_LIMIT: Final = 100
MAX_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class SessionPage:
    """Some sessions, each with its columns and its length in seconds, and where the next page begins, if any does."""

    sessions: list[dict[str, Any]]
    next_cursor: str | None


def read(
    database: Database,
    *,
    app_id: str,
    period: Period,
    is_active: bool | None = None,
    session_id: str | None = None,
    client_sub_id: str | None = None,
    module_id: str | None = None,
    custom_params: Mapping[str, Any] | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> SessionPage:
    """Return a page of the sessions that began within the period and are as the other arguments say.

    Raises Refused as `tracker.reading.statistics.read` does, also for a cursor of another list, and
    DatabaseUnavailable.
    """
    period.demand_at_most(MAX_DAYS, "sessions")
    if not 1 <= limit <= MAX_ROWS:
        reason = f"Must be a whole number from 1 to {MAX_ROWS}."
        raise invalid(f"limit: {reason}", limit=[reason])
    wanted = SessionFilter(
        start=period.start,
        end=period.end,
        is_active=is_active,
        session_id=identifier("session_id", session_id),
        client_sub_id=identifier("client_sub_id", client_sub_id),
        module_id=identifier("module_id", module_id),
        custom_params=None if custom_params is None else filter_text(custom_params),
    )
    before = None if cursor is None else cursors.decode(cursor)
    with asked_of(database, app_id) as (tx, application):
        # One more than is shown tells whether there is a next page.
        rows = sessions.page(tx, application, wanted, before=before, limit=limit + 1)
    shown = rows[:limit]
    more = len(rows) > limit
    next_cursor = cursors.encode((shown[-1]["first_accessed_at"], shown[-1]["id"])) if more else None
    return SessionPage([_session(row) for row in shown], next_cursor)


def _session(row: dict[str, Any]) -> dict[str, Any]:
    seconds = (row["last_accessed_at"] - row["first_accessed_at"]).total_seconds()
    return {**row, "seconds": seconds}
