"""The table `operator_limits`: what the operator allows an application at most, whatever its owner sets."""

from uuid import UUID

from tracker.store.database import Transaction
from tracker.store.queries import execute, fetch_all


def get(tx: Transaction, application_id: UUID, limit_name: str) -> int | None:
    """Return what the operator has set, or None."""
    rows = fetch_all(tx, "operator_limits/get", {"application_id": application_id, "limit_name": limit_name})
    return rows[0]["limit_value"] if rows else None


def put(tx: Transaction, application_id: UUID, limit_name: str, limit_value: int) -> None:
    """Note what the operator sets, over what it was."""
    params = {"application_id": application_id, "limit_name": limit_name, "limit_value": limit_value}
    execute(tx, "operator_limits/put", params)


def unset(tx: Transaction, application_id: UUID, limit_name: str) -> None:
    """Forget what the operator had set."""
    execute(tx, "operator_limits/unset", {"application_id": application_id, "limit_name": limit_name})
