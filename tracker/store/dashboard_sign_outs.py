"""`dashboard_sign_outs`: sessions of the dashboard that somebody has ended before their time."""

from datetime import datetime

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_one


def add(tx: Transaction, session_id: str, *, expires_at: datetime, now: datetime) -> None:
    """End a session that counts until `expires_at`, and forget a few that count no more by themselves."""
    execute(tx, "dashboard_sign_outs/add", {"session_id": session_id, "expires_at": expires_at, "now": now})


def has(tx: Transaction, session_id: str) -> bool:
    """Return whether a session was ended."""
    row = fetch_one(tx, "dashboard_sign_outs/has", {"session_id": session_id})
    return row is not None and row["signed_out"]


def of_application(tx: Transaction, session_id: str, app_id: str) -> tuple[bool, datetime | None]:
    """Return whether a session was ended, and when its application was last changed; None where there is none."""
    row = fetch_one(tx, "dashboard_sign_outs/of_application", {"session_id": session_id, "app_id": app_id})
    return (False, None) if row is None else (row["signed_out"], row["changed_at"])


def is_there(tx: Transaction) -> bool:
    """Return whether the table is there; before `migrate` it may not be."""
    row = fetch_one(tx, "dashboard_sign_outs/is_there", {})
    return row is not None and row["is_there"]
